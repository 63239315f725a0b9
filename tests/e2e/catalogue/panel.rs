//! Many targets in one run, each of which goes wrong in a way of its own.
//!
//! Each is asked two questions, one after the other, and each question at most twice. The number of calls that
//! come of it, and how many of them may have been paid, say what the failure was taken for.

use serde_json::Value;
use ultra_testkit::command::{Run, Sandbox};
use ultra_testkit::server::{Reply, Script, Server};

use super::raw::Raw;
use super::{DIALECTS, ends, fanout, keyless, questions};

/// What a reply is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// An answer.
    Fine,
    /// Not processed: asked again.
    Free,
    /// Perhaps paid: asked again, half as often.
    Unsure,
    /// The end of this question.
    Record,
    /// The end of the target.
    Target,
}

impl Class {
    /// How many calls come of two questions with two attempts each, and how many of them may have been paid.
    fn price(self) -> (usize, u64) {
        match self {
            Self::Fine | Self::Record => (2, 0),
            Self::Free => (4, 0),
            Self::Unsure => (2, 2),
            Self::Target => (1, 0),
        }
    }
}

/// A reply to every call of a target, what it is taken for, and the kind of the records (or their type, when it
/// is an answer).
pub(super) type Row<T> = (T, Class, &'static str);

/// Checks that each reply is taken for what it is, in both dialects.
pub(super) fn judge(rows: &[Row<Reply>]) {
    drop(judged(&DIALECTS, rows, &[]));
}

/// The same in one dialect.
pub(super) fn judge_in(dialect: &str, rows: &[Row<Reply>]) {
    drop(judged(&[dialect], rows, &[]));
}

/// The same in these dialects, and with more arguments. Returns the run.
pub(super) fn judged(dialects: &[&str], rows: &[Row<Reply>], arguments: &[&str]) -> Run {
    let replies: Vec<Reply> = rows.iter().map(|(reply, ..)| reply.clone()).collect();
    let server = Server::start(Script::choose(move |_, request| replies[number(request.model())].clone()));
    let run = interview(&server.url(), dialects, rows.len(), arguments);
    for (dialect, wire) in [("vllm", "/chat/completions"), ("anthropic", "/v1/messages")] {
        if dialects.contains(&dialect) {
            let calls = server.calls();
            let of = |number| {
                let same = |call: &&ultra_testkit::server::Call| {
                    call.request.path.ends_with(wire) && call.request.model() == format!("m{number}")
                };
                calls.iter().filter(same).count()
            };
            check(&run, dialect, rows, of);
        }
    }
    run
}

/// Checks that each reply, exactly these bytes, is taken for what it is. Returns the run.
pub(super) fn judged_bytes(rows: &[Row<Vec<u8>>]) -> Run {
    let server = Raw::bytes(rows.iter().map(|(bytes, ..)| bytes.clone()).collect());
    let run = interview(&server.url(), &["vllm"], rows.len(), &[]);
    let asked = server.asked();
    let of = |number| asked.iter().filter(|asked| asked.model == format!("m{number}")).count();
    check(&run, "vllm", rows, of);
    run
}

/// The same without the run.
pub(super) fn judge_bytes(rows: &[Row<Vec<u8>>]) {
    drop(judged_bytes(rows));
}

fn interview(url: &str, dialects: &[&str], count: usize, arguments: &[&str]) -> Run {
    let targets = dialects.iter().flat_map(|dialect| (0..count).map(move |n| format!("{dialect}:m{n}")));
    let targets = targets.flat_map(|target| ["-m".to_owned(), target]);
    let run = fanout(&Sandbox::new(), url)
        .args(targets)
        .args(["-j", "1", "--attempts", "2", "--total", "64", "--deadline", "30s", "--summary", "summary"])
        .args(arguments)
        .stdin(questions(2))
        .run();
    keyless(&run);
    assert!(!run.stderr().contains("panicked") && !run.stderr().contains("internal error"), "{run}");
    run
}

fn check<T: std::fmt::Debug>(run: &Run, dialect: &str, rows: &[Row<T>], calls: impl Fn(usize) -> usize) {
    let summary: Value = serde_json::from_slice(&run.sandbox().read("summary")).expect("the summary is JSON");
    let fine = rows.iter().filter(|(_, class, _)| *class == Class::Fine).count();
    let status = if fine == rows.len() { 0 } else { 4 - 3 * i32::from(fine > 0) };
    run.assert_status(status);
    let targets = summary["targets"].as_array().expect("targets");
    for (number, (reply, class, kind)) in rows.iter().enumerate() {
        let target = format!("{dialect}:m{number}");
        let about = format!("{target}: {reply:.300?}");
        let records: Vec<Value> = ends(run).into_iter().filter(|record| record["target"] == target).collect();
        let word = if *class == Class::Fine { "type" } else { "kind" };
        let found: Vec<_> = records.iter().map(|record| record[word].as_str().unwrap_or_default()).collect();
        assert_eq!(found, [*kind; 2], "{about}\n{records:#?}");
        let told = targets.iter().find(|one| one["target"] == target).expect("a target of the summary");
        let paid = told["possibly_paid"].as_u64().unwrap_or_default();
        assert_eq!((calls(number), paid), class.price(), "{about}: calls and what may be paid\n{records:#?}");
        assert_eq!(told["calls"], calls(number), "{about}: the summary and the server agree");
    }
}

/// The number in the name of a model.
fn number(model: &str) -> usize {
    model.trim_start_matches('m').parse().expect("a number after m")
}
