//! Cases 65 to 71: what each status means for the question and for the target.

use std::io::Write as _;

use ultra_testkit::command::{Run, Sandbox};
use ultra_testkit::server::{Reply, Script, Server};

use crate::catalogue::panel::{Class as C, judge, judge_bytes};
use crate::catalogue::raw::{Raw, Then};
use crate::catalogue::{DIALECTS, KEY, ask, end, fanout, keyless, questions};

/// Asks a server that always answers this ten questions, one after the other, each once.
fn ten(reply: Reply) -> (Server, Run) {
    let server = Server::start(Script::always(reply));
    let run = fanout(&Sandbox::new(), &server.url())
        .args(["-m", "vllm:m", "-j", "1", "--attempts", "1", "--deadline", "2500ms"])
        .stdin(questions(10))
        .run();
    (server, run)
}

/// Checks that a target that always answers this is left alone until the deadlines. From the eighth failure in a row
/// on they are no fault of the calls, which wait; after sixteen nothing more is sent.
fn breaks(reply: Reply, kind: &str) {
    let (server, run) = ten(reply);
    let errors = run.records("error");
    let of = |kind: &str| errors.iter().filter(|error| error["kind"] == kind).count();
    assert_eq!((of(kind), of("deadline"), server.count()), (7, 3, 16), "{run}");
    run.assert_status(4);
}

#[test]
fn case_65_a_wrong_request_is_not_sent_again_and_is_no_outage() {
    judge(&[
        (Reply::error(400, "x"), C::Record, "request"),
        (Reply::error(405, "x"), C::Record, "request"),
        (Reply::error(413, "x"), C::Record, "request"),
        (Reply::error(422, "x"), C::Record, "request"),
        // A call names nothing but the model and the address, and both are the same for every question.
        (Reply::error(404, "x"), C::Target, "not_found"),
    ]);
    for status in [400, 422] {
        let (server, run) = ten(Reply::error(status, "x"));
        assert_eq!((run.records("error").len(), server.count()), (10, 10), "{run}");
    }
}

#[test]
fn case_66_a_refused_key_or_account_closes_the_target() {
    judge(&[
        (Reply::error(401, "x"), C::Target, "auth"),
        (Reply::error(402, "x"), C::Target, "billing"),
        (Reply::error(403, "x"), C::Target, "forbidden"),
    ]);
    // It costs at most the calls in flight, and nobody else.
    let server = Server::start(Script::choose(|_, request| match request.model() {
        "bad" => Reply::error(401, "x").once_in_flight(3),
        _ => Reply::text("yes"),
    }));
    let run = fanout(&Sandbox::new(), &server.url())
        .args(["-m", "vllm:bad", "-m", "vllm:good", "-j", "3"])
        .stdin(questions(50))
        .run();
    run.assert_status(1);
    assert_eq!((run.records("error").len(), run.records("response").len()), (50, 50), "{run}");
    let bad = server.calls().iter().filter(|call| call.request.model() == "bad").count();
    assert!(bad <= 3, "{bad} calls with a key that is wrong");
}

#[test]
fn case_67_what_was_not_processed_is_sent_again() {
    judge(&[
        (Reply::error(408, "x"), C::Free, "server"),
        (Reply::error(425, "x"), C::Free, "server"),
        (Reply::error(409, "x"), C::Free, "server"),
    ]);
    let server = Server::start(Script::always(Reply::error(409, "x")));
    let run = ask(&server, &[]);
    assert_eq!((end(&run)["kind"].as_str(), server.count()), (Some("server"), 2), "a conflict twice at most");
}

#[test]
fn case_68_a_failed_server_is_asked_again_and_its_gateway_half_as_often() {
    let statuses = [500, 502, 504, 520, 521, 522, 523, 524];
    let own = statuses.map(|status| (Reply::error(status, "x"), C::Free, "server"));
    let html = statuses.map(|status| (Reply::html(status), C::Unsure, "server"));
    let empty = statuses.map(|status| (Reply::empty(status), C::Unsure, "server"));
    judge(&own.into_iter().chain(html).chain(empty).collect::<Vec<_>>());
    breaks(Reply::error(500, "x"), "server");
}

#[test]
fn case_68_at_most_eight_and_four_attempts() {
    for (reply, calls, paid) in [(Reply::error(500, "x"), 4, 0), (Reply::html(502), 2, 2)] {
        let server = Server::start(Script::always(reply));
        let run = ask(&server, &["--attempts", "4", "--summary", "s"]);
        assert_eq!((&end(&run)["attempts"], server.count()), (&calls.into(), calls), "{run}");
        let summary: serde_json::Value = serde_json::from_slice(&run.sandbox().read("s")).expect("JSON");
        assert_eq!(summary["total"]["possibly_paid"], paid, "{run}");
    }
    let run =
        ask(&Server::start(Script::list([Reply::html(502), Reply::html(504), Reply::text("yes")])), &[]);
    assert_eq!(end(&run)["attempts"], 3, "{run}");
}

#[test]
fn case_69_an_overloaded_server_is_asked_again_whoever_says_it() {
    let statuses = [503, 529];
    let own = statuses.map(|status| (Reply::error(status, "x"), C::Free, "overloaded"));
    let html = statuses.map(|status| (Reply::html(status), C::Free, "overloaded"));
    let empty = statuses.map(|status| (Reply::empty(status), C::Free, "overloaded"));
    judge(&own.into_iter().chain(html).chain(empty).collect::<Vec<_>>());
    breaks(Reply::html(529), "overloaded");
}

#[test]
fn case_70_a_status_without_a_meaning_is_a_breach_of_protocol() {
    let body = r#"{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}"#;
    judge(&[
        (Reply::json(204, ""), C::Record, "protocol"),
        (Reply::json(206, body), C::Record, "protocol"),
        (Reply::json(201, body), C::Record, "protocol"),
        (Reply::json(600, body), C::Record, "protocol"),
        (Reply::json(999, body), C::Record, "protocol"),
    ]);
    let line = |status: &str| format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n").into_bytes();
    judge_bytes(&[
        (line("099"), C::Record, "protocol"),
        (line("1000"), C::Record, "protocol"),
        (line("2x0"), C::Record, "protocol"),
        (line("101"), C::Record, "protocol"),
    ]);
}

#[test]
fn case_70_a_flood_of_interim_replies_ends_with_the_attempt() {
    let server = Raw::start(|_, stream| {
        while stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").is_ok() {}
        Then::Close
    });
    let mut running = fanout(&Sandbox::new(), &server.url())
        .args(["-m", "vllm:m", "--attempts", "1", "--timeout", "1s"])
        .spawn();
    running.write("q\n").expect("is read");
    let line = running.wait_for_lines(3, std::time::Duration::from_secs(50));
    assert!(line[2].contains(r#""kind":"timeout.attempt""#), "{line:?}");
    assert!(running.peak_memory().is_none_or(|bytes| bytes < 64 << 20), "memory is bounded");
    running.wait().assert_status(4);
}

#[test]
fn case_71_a_redirect_is_never_followed_and_the_other_host_sees_nothing() {
    let other = Server::start(Script::always(Reply::text("stolen")));
    for status in [301, 302, 303, 307, 308] {
        let server = Server::start(Script::choose({
            let other = other.url();
            move |_, request| match request.model() {
                "other" => Reply::redirect(status, &format!("{other}/v1/chat/completions")),
                "same" => Reply::redirect(status, "/v2/chat/completions"),
                "encrypted" => Reply::redirect(status, &other.replace("http:", "https:")),
                _ => Reply::redirect(status, "//"),
            }
        }));
        let models = ["other", "same", "encrypted", "nowhere"];
        let targets = DIALECTS.iter().flat_map(|one| models.map(|model| format!("{one}:{model}")));
        let run = fanout(&Sandbox::new(), &server.url())
            .args(targets.flat_map(|target| ["-m".to_owned(), target]))
            .stdin("q\n")
            .run();
        run.assert_status(4);
        let kinds: Vec<_> = run.records("error").iter().map(|error| error["kind"].to_string()).collect();
        assert_eq!(kinds, ["\"redirect\""; 8], "{run}");
        let calls = server.calls();
        assert_eq!(calls.len(), 8, "{run}");
        assert!(
            calls.iter().all(|call| call.key.as_deref() == Some(KEY) && !call.request.path.contains("v2"))
        );
        keyless(&run);
    }
    assert_eq!(other.connections(), 0);
}
