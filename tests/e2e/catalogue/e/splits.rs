//! Cases 104 to 107: wherever a stream is cut and however its lines end, the answer is the same.

use std::collections::BTreeMap;

use serde_json::json;
use ultra_testkit::command::Sandbox;
use ultra_testkit::fixtures::{Case, cases};
use ultra_testkit::server::{Script, Server};

use super::{DONE, STOP, USAGE, answer, chunk, stream};
use crate::catalogue::{fanout, questions};

/// The streams that come to an answer, with the provider of their dialect.
fn streams() -> Vec<(&'static str, Case)> {
    let files = [("openai-chat", "vllm"), ("anthropic-messages", "anthropic")];
    let of = |(file, provider): (&str, &'static str)| {
        let good = cases(file).into_iter().filter(|case| case.stream && case.expect["ok"] == true);
        good.map(|case| (provider, case)).collect::<Vec<_>>()
    };
    files.into_iter().flat_map(of).collect()
}

#[test]
fn case_104_a_cut_at_any_byte_changes_nothing() {
    for (provider, case) in streams() {
        let (expected, length) = (case.expect["text"].clone(), case.body.len());
        let server = Server::start(Script::choose(move |_, request| {
            let size: usize = request.prompt().trim_start_matches("question ").parse().expect("a number");
            // Chunks of every size end at every byte. The limits in the headers would only make it slow.
            stream(case.body.clone()).chunked(size)
        }));
        let run = fanout(&Sandbox::new(), &server.url())
            .args(["-m", &format!("{provider}:m"), "--stream"])
            .stdin(questions(length))
            .run();
        run.assert_status(0);
        let mut told: BTreeMap<String, String> = BTreeMap::new();
        for delta in run.records("delta") {
            *told.entry(delta["request_id"].to_string()).or_default() +=
                delta["text"].as_str().expect("text");
        }
        let responses = run.records("response");
        assert_eq!(responses.len(), length, "{}", run.stderr());
        let rest =
            |record: &serde_json::Value| json!([record["finish_reason"], record["usage"], record["model"]]);
        for response in &responses {
            assert_eq!(response["text"], expected, "{response}");
            assert_eq!(rest(response), rest(&responses[0]), "{response}");
            assert_eq!(Some(told[&response["request_id"].to_string()].as_str()), expected.as_str());
        }
    }
}

/// The same answer in each of these forms.
fn same(forms: Vec<String>) {
    let count = forms.len();
    let server = Server::start(Script::choose(move |_, request| {
        let (number, size) = request.model().split_once('-').expect("two numbers");
        stream(forms[number.parse::<usize>().expect("a number")].clone())
            .chunked(size.parse().expect("a number"))
    }));
    let models: Vec<String> =
        (0..count).flat_map(|number| [1, 2, 3, 100_000].map(|size| format!("{number}-{size}"))).collect();
    let run = fanout(&Sandbox::new(), &server.url())
        .args(models.iter().flat_map(|model| ["-m".to_owned(), format!("vllm:{model}")]))
        .args(["--stream", "--attempts", "1"])
        .stdin("q\n")
        .run();
    run.assert_status(0);
    for model in models {
        let (found, told) = answer(&run, &format!("vllm:{model}"));
        let usage = json!({"input_tokens": 3, "output_tokens": 2});
        assert_eq!(found, json!(["Zürich lies", "stop", usage, "s", null]), "{model}: {run}");
        assert_eq!(told, "Zürich lies", "{model}: {run}");
    }
}

fn plain() -> Vec<String> {
    [&chunk("Zürich"), &chunk(" lies"), STOP, USAGE, DONE].map(|data| format!("data: {data}")).to_vec()
}

#[test]
fn case_105_lines_may_end_in_any_way() {
    let joined = |end: &str| plain().join(end) + end;
    same(vec![
        joined("\n\n"),
        joined("\r\n\r\n"),
        joined("\r\r"),
        joined("\n\r\n"),
        joined("\r\n\n"),
        format!("\u{feff}{}", joined("\r\n\r\n")),
        format!("\n\n{}", joined("\n\n\n")),
        plain().join("\n\n") + "\n",
    ]);
}

#[test]
fn case_106_what_is_not_data_is_passed_over() {
    let between = |more: &str| more.to_owned() + &plain().join(&format!("\n\n{more}")) + "\n\n";
    same(vec![
        between(": PROCESSING\n\n"),
        between(":\n"),
        between("retry: 1\nid: 7\n"),
        between("event: ping\n\n"),
        between("unknown: field\n"),
        between("nothing\n\n"),
    ]);
}

#[test]
fn case_107_data_of_several_lines_is_joined() {
    let with = |change: &dyn Fn(&str) -> String| plain().iter().map(|line| change(line) + "\n\n").collect();
    same(vec![
        with(&|line| line.replace("data: ", "data:")),
        with(&|line| line.replace(",\"delta\"", "\ndata: ,\"delta\"")),
        with(&|line| line.replace(",\"delta\"", "\r\ndata:,\"delta\"")),
        with(&|line| format!("data:\n\ndata\n\ndata: \n\n{line}")),
    ]);
}
