//! Cases 55 to 64: how long to wait, and whether to ask again at all.

use std::io::Write as _;
use std::time::Duration;

use ultra_testkit::command::Sandbox;
use ultra_testkit::server::{Call, Limit, Reply, Script, Server, Tells};

use crate::catalogue::panel::{Class as C, judge};
use crate::catalogue::raw::{Raw, Then};
use crate::catalogue::{ask, between, end, ends, fanout, questions};

const NOON: &str = "Sun, 22 Nov 2026 12:00:00 GMT";

fn slow_down() -> Reply {
    Reply::error(429, "slow down")
}

/// Meets each of these refusals once, each at a target of its own; returns how long each kept the target waiting.
fn waits(refusals: Vec<Reply>, arguments: &[&str]) -> Vec<Duration> {
    let count = refusals.len();
    let server = Server::start(Script::choose(move |_, request| {
        let number: usize = request.model().trim_start_matches('m').parse().expect("a number");
        if request.repeat == 0 { refusals[number].clone() } else { Reply::text("yes") }
    }));
    let run = fanout(&Sandbox::new(), &server.url())
        .args((0..count).flat_map(|number| ["-m".to_owned(), format!("vllm:m{number}")]))
        .args(["--deadline", "20s"])
        .args(arguments)
        .stdin("q\n")
        .run();
    run.assert_status(0);
    assert_eq!(run.records("response").len(), count, "{run}");
    let calls = server.calls();
    let of = |number: usize| {
        let model = format!("m{number}");
        let calls: Vec<Call> = calls.iter().filter(|call| call.request.model() == model).cloned().collect();
        assert_eq!(calls.len(), 2, "calls of {model}\n{run}");
        between(&calls)
    };
    (0..count).map(of).collect()
}

#[test]
fn case_55_a_pause_belongs_to_the_target_and_is_not_charged() {
    let server = Server::start(Script::choose(|number, _| match number {
        0 => slow_down().header("retry-after", "1"),
        _ => Reply::text("yes"),
    }));
    let run = fanout(&Sandbox::new(), &server.url())
        .args(["-m", "vllm:m", "-j", "1", "--attempts", "1"])
        .stdin(questions(3))
        .run();
    run.assert_status(0);
    assert_eq!(run.records("response").len(), 3, "{run}");
    let calls = server.calls();
    assert_eq!(calls.len(), 4, "{run}");
    assert!(between(&calls) >= Duration::from_secs(1), "all its calls wait: {:?}", between(&calls));
}

#[test]
fn case_56_a_pause_that_is_none_is_ignored() {
    let digits = "9".repeat(35);
    let values = ["0", "", "abc", "nan", "inf", "-10", &digits, "0x10", "1e3", "10, 20"];
    waits(values.iter().map(|value| slow_down().header("retry-after", value)).collect(), &[]);
    // Nor does anybody ask in a circle.
    judge(&[
        (slow_down().header("retry-after", "0"), C::Free, "rate_limited"),
        (slow_down().header("retry-after-ms", "0"), C::Free, "rate_limited"),
    ]);
}

#[test]
fn case_57_a_date_counts_from_the_date_of_the_reply() {
    let at = |now: &str, then: &str| slow_down().header("date", now).header("retry-after", then);
    let waits = waits(
        vec![
            at(NOON, "Sun, 22 Nov 2026 12:00:01 GMT"),
            at("Mon, 01 Jan 2001 00:00:00 GMT", "Mon, 01 Jan 2001 00:00:01 GMT"),
            at("Thu, 01 Jan 2099 00:00:00 GMT", "Thu, 01 Jan 2099 00:00:01 GMT"),
        ],
        &["--attempts", "1"],
    );
    assert!(waits.iter().all(|wait| *wait >= Duration::from_secs(1)), "{waits:?}");
}

#[test]
fn case_58_a_date_that_cannot_be_is_ignored() {
    let dates = [
        "Sun, 22 Nov 2026 11:00:00 GMT",
        NOON,
        "Sat, 01 Jan 100000 00:00:00 GMT",
        "Mon, 22 Nov 2026 13:00:00 GMT",
        "Sun, 32 Nov 2026 13:00:00 GMT",
        "2026-11-22T13:00:00Z",
    ];
    waits(
        dates.iter().map(|date| slow_down().header("date", NOON).header("retry-after", date)).collect(),
        &[],
    );
    // A date without one to count from says nothing.
    waits(vec![slow_down().header("retry-after", "Thu, 01 Jan 2099 00:00:00 GMT")], &[]);
}

#[test]
fn case_59_milliseconds_win() {
    let waits = waits(
        vec![slow_down().header("retry-after-ms", "1500").header("retry-after", "60")],
        &["--attempts", "1"],
    );
    assert!(waits[0] >= Duration::from_millis(1500), "{waits:?}");
}

#[test]
fn case_60_a_pause_beyond_the_deadline_ends_the_call_at_once() {
    let (server, sandbox) = (
        Server::start(Script::choose(|number, _| match number {
            0 => slow_down().header("retry-after", "99999"),
            _ => Reply::text("yes"),
        })),
        Sandbox::new(),
    );
    let again = || {
        fanout(&sandbox, &server.url())
            .args(["-m", "vllm:m", "-j", "1", "--journal", "j", "--limits", "process"])
            .stdin(questions(2))
            .run()
    };
    let run = again();
    let errors = run.records("error");
    assert_eq!((errors.len(), server.count()), (2, 1), "{run}");
    for error in &errors {
        assert_eq!(
            (&error["kind"], error["retry_after_s"].as_f64()),
            (&"rate_limited".into(), Some(99_999.0))
        );
    }
    let run = again();
    run.assert_status(0);
    assert_eq!((run.records("response").len(), server.count()), (2, 3), "{run}");
}

#[test]
fn case_61_of_two_pauses_the_larger_counts() {
    let server = Raw::start(|asked, stream| {
        let [first, second] = if asked.model == "a" { ["1", "99999"] } else { ["99999", "1"] };
        let head = format!("HTTP/1.1 429 No\r\nretry-after: {first}\r\nretry-after: {second}\r\n");
        drop(stream.write_all(format!("{head}content-length: 0\r\n\r\n").as_bytes()));
        Then::Keep
    });
    let run =
        fanout(&Sandbox::new(), &server.url()).args(["-m", "vllm:a", "-m", "vllm:b"]).stdin("q\n").run();
    let pauses: Vec<_> = ends(&run).iter().map(|end| end["retry_after_s"].as_f64()).collect();
    assert_eq!((pauses, server.asked().len()), (vec![Some(99_999.0); 2], 2), "{run}");
}

#[test]
fn case_62_without_a_pause_the_backoff_of_throttling_begins_at_a_second() {
    let waits = waits(vec![slow_down(); 16], &[]);
    let long = waits.iter().filter(|wait| **wait > Duration::from_millis(500)).count();
    assert!(long > 0, "a backoff from half a second would be shorter: {waits:?}");
    let short = waits.iter().filter(|wait| **wait < Duration::from_millis(500)).count();
    assert!(short > 0, "it is drawn from the whole second: {waits:?}");
}

#[test]
fn case_62_refusals_lower_the_rate() {
    let limit = Limit::per_second(10, Tells::Nothing);
    let server = Server::start(Script::always(Reply::text("yes")).limited(limit));
    let run =
        fanout(&Sandbox::new(), &server.url()).args(["-m", "vllm:m", "-j", "8"]).stdin(questions(30)).run();
    run.assert_status(0);
    assert!(run.stderr().contains("refuses more; sending"), "{run}");
    assert!(server.count() <= 45, "{} calls for 30 questions", server.count());
}

#[test]
fn case_63_an_empty_account_closes_the_target_whatever_the_status() {
    let with = |error: &str| Reply::json(429, format!(r#"{{"error":{error}}}"#));
    let mut rows: Vec<_> = [
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
        "insufficient_quota",
    ]
    .iter()
    .map(|code| (with(&format!(r#"{{"message":"x","type":"t","code":"{code}"}}"#)), C::Target, "billing"))
    .collect();
    rows.push((with(r#"{"type":"insufficient_quota","message":"x","code":null}"#), C::Target, "billing"));
    rows.push((
        with(r#"{"type":"rate_limit_error","message":"x","details":{"error_code":"enforced_spend_limit_reached"}}"#),
        C::Target,
        "billing",
    ));
    judge(&rows);
}

#[test]
fn case_64_the_provider_may_say_whether_to_ask_again() {
    judge(&[
        (Reply::error(500, "x").header("x-should-retry", "false"), C::Record, "server"),
        (Reply::error(429, "x").header("x-should-retry", "false"), C::Record, "rate_limited"),
        // Obeyed, and once.
        (Reply::error(400, "x").header("x-should-retry", "true"), C::Free, "request"),
        // A wrong key stays wrong.
        (Reply::error(401, "x").header("x-should-retry", "true"), C::Target, "auth"),
    ]);
    let server = Server::start(Script::always(Reply::error(400, "x").header("x-should-retry", "true")));
    let run = ask(&server, &[]);
    assert_eq!(
        (end(&run)["kind"].as_str(), server.count()),
        (Some("request"), 2),
        "once, not eight times\n{run}"
    );
}
