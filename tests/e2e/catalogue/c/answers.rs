//! Cases 72 to 78 and 81: what is in a reply with status 200, and around it.

use serde_json::{Value, json};
use ultra_testkit::command::Sandbox;
use ultra_testkit::server::{Reply, Script, Server};

use crate::catalogue::panel::{Class as C, judge, judge_in, judged, judged_bytes};
use crate::catalogue::{DIALECTS, KEY, ask, end, fanout, questions};

/// A Chat Completions answer that ended for this reason.
fn ended(text: Option<&str>, reason: &str) -> Reply {
    let choice =
        json!({"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": reason});
    Reply::json(200, json!({"model": "m", "choices": [choice]}).to_string())
}

#[test]
fn case_72_an_error_in_a_success_is_what_its_code_says() {
    let with = |error: Value| Reply::json(200, json!({"error": error}).to_string());
    judge(&[
        (with(json!({"message": "x", "type": "rate_limit_error"})), C::Free, "rate_limited"),
        (with(json!({"message": "x", "type": "overloaded_error"})), C::Free, "overloaded"),
        (with(json!({"message": "x", "code": 502})), C::Free, "server"),
        (with(json!({"message": "x", "code": 401})), C::Target, "auth"),
        (with(json!({"message": "x", "code": 402})), C::Target, "billing"),
        (with(json!({"message": "x", "code": 403})), C::Target, "forbidden"),
        (with(json!({"message": "x", "code": "insufficient_quota"})), C::Target, "billing"),
        (with(json!({"message": "x", "code": "model_not_found"})), C::Target, "not_found"),
        (with(json!({"message": "x", "type": "invalid_request_error"})), C::Record, "request"),
        (with(json!({"message": "x", "code": "content_policy_violation"})), C::Record, "blocked"),
        (with(json!("x")), C::Free, "server"),
        (with(json!({})), C::Free, "server"),
    ]);
    // What was written before it may have been paid.
    let within = |error: Value| {
        let choice = json!({"message": {"content": "half"}, "finish_reason": "error", "error": error});
        Reply::json(200, json!({"choices": [choice]}).to_string())
    };
    judge_in(
        "vllm",
        &[
            (within(json!({"code": 502, "message": "x"})), C::Unsure, "server"),
            (within(json!({"code": 429, "message": "x"})), C::Free, "rate_limited"),
            (within(json!({"code": 403, "message": "x"})), C::Target, "forbidden"),
        ],
    );
}

#[test]
fn case_73_a_page_is_no_answer_and_its_excerpt_is_short_and_harmless() {
    let page = format!("<html><title>\u{1b}[31m{KEY} {}</title></html>", "x\u{7}".repeat(10_000));
    let run = judged(
        &DIALECTS,
        &[
            (Reply::html(200), C::Unsure, "bad_json"),
            (Reply::raw(200, page.clone()).header("content-type", "text/html"), C::Unsure, "bad_json"),
            (Reply::raw(200, "upstream error"), C::Unsure, "bad_json"),
            (Reply::html(503), C::Free, "overloaded"),
            (Reply::raw(503, page).header("content-type", "text/html"), C::Free, "overloaded"),
        ],
        &[],
    );
    for error in run.records("error") {
        let message = error["message"].as_str().expect("a message");
        assert!(message.len() < 256 + 300 && !message.contains(['\u{1b}', '\u{7}']), "{message:?}");
    }
    assert!(!run.stdout_bytes().contains(&0x1b) && !run.stderr().contains(['\u{1b}', '\u{7}']), "{run}");
}

#[test]
fn case_74_an_empty_answer_is_no_answer() {
    let body = |body: &str| Reply::json(200, body);
    judge(&[
        (Reply::empty(200), C::Unsure, "empty"),
        (body("  \n\n"), C::Unsure, "empty"),
        (body("null"), C::Unsure, "empty"),
        (body("[]"), C::Unsure, "empty"),
        (body("\"\""), C::Unsure, "empty"),
        (body("{}"), C::Unsure, "empty"),
        (body("7"), C::Unsure, "bad_json"),
        (body(r#"{"id":"x"}"#), C::Unsure, "bad_json"),
    ]);
    let message = |message: Value| {
        let choice = json!({"message": message, "finish_reason": "stop"});
        Reply::json(200, json!({"choices": [choice]}).to_string())
    };
    judge_in(
        "vllm",
        &[
            (body(r#"{"candidates":[],"promptFeedback":{"blockReason":"SAFETY"}}"#), C::Record, "blocked"),
            (body(r#"{"choices":[]}"#), C::Unsure, "empty"),
            (body(r#"{"choices":null}"#), C::Unsure, "bad_json"),
            (message(json!({"content": null})), C::Unsure, "empty"),
            (message(json!({"content": ""})), C::Unsure, "empty"),
            (message(json!({})), C::Unsure, "empty"),
            (message(json!({"content": []})), C::Unsure, "empty"),
            (message(json!({"content": {"a": 1}})), C::Unsure, "bad_json"),
            (message(json!({"content": 7})), C::Unsure, "bad_json"),
        ],
    );
    judge_in(
        "anthropic",
        &[
            (body(r#"{"content":[],"stop_reason":"end_turn"}"#), C::Unsure, "empty"),
            (body(r#"{"content":null,"stop_reason":"end_turn"}"#), C::Unsure, "bad_json"),
            (body(r#"{"content":[{"type":"text","text":""}],"stop_reason":"end_turn"}"#), C::Unsure, "empty"),
            (body(r#"{"content":[{"type":"text"}],"stop_reason":"end_turn"}"#), C::Unsure, "empty"),
        ],
    );
}

#[test]
fn case_75_an_answer_says_why_it_ended_and_only_a_finished_one_is_kept() {
    for (text, given, told, kept) in [
        (Some("whole"), "stop", "stop", true),
        (Some("half"), "length", "length", false),
        (Some("half"), "content_filter", "content_filter", false),
        (Some("half"), "SAFETY", "content_filter", false),
        (None, "content_filter", "content_filter", false),
        (None, "tool_calls", "tool_calls", false),
    ] {
        let (server, sandbox) = (Server::start(Script::always(ended(text, given))), Sandbox::new());
        for _ in 0..2 {
            let run =
                fanout(&sandbox, &server.url()).args(["-m", "vllm:m", "--cache=c.db"]).stdin("q\n").run();
            run.assert_status(0);
            let response = &run.records("response")[0];
            assert_eq!(response["finish_reason"], told, "{run}");
            assert_eq!(response["text"], text.unwrap_or_default(), "{run}");
        }
        assert_eq!(server.count(), if kept { 1 } else { 2 }, "{given}");
    }
}

#[test]
fn case_76_the_model_that_answered_is_recorded() {
    let body =
        json!({"model": "another-1", "choices": [{"message": {"content": "x"}, "finish_reason": "stop"}]});
    let run = ask(&Server::start(Script::always(Reply::json(200, body.to_string()))), &[]);
    let response = end(&run);
    assert_eq!((&response["target"], &response["model"]), (&json!("vllm:m"), &json!("another-1")), "{run}");
}

#[test]
fn case_77_counts_that_cannot_be_poison_no_total() {
    let answer = |usage: &str| {
        let choice = r#"{"message":{"content":"x"},"finish_reason":"stop"}"#;
        Reply::json(200, format!(r#"{{"choices":[{choice}]{usage}}}"#))
    };
    let counts = |input: &str, output: &str| {
        answer(&format!(r#","usage":{{"prompt_tokens":{input},"completion_tokens":{output}}}"#))
    };
    let replies = [
        answer(""),
        answer(r#","usage":null"#),
        answer(r#","usage":[]"#),
        answer(r#","usage":"many""#),
        counts("-1", "4"),
        counts("4", "1000000000000000000"),
        counts("\"4\"", "4"),
        counts("1e400", "4"),
        counts("1.5", "4"),
        counts("3", "4"),
    ];
    let rows: Vec<_> = replies.iter().map(|reply| (reply.clone(), C::Fine, "response")).collect();
    let run = judged(&["vllm"], &rows, &[]);
    let told: Vec<Value> =
        run.records("response").into_iter().filter(|one| one.get("usage").is_some()).collect();
    assert!(told.len() == 2 && told.iter().all(|one| one["target"] == "vllm:m9"), "{run}");
    let summary: Value = serde_json::from_slice(&run.sandbox().read("summary")).expect("JSON");
    let tokens = &summary["total"]["tokens"];
    assert_eq!(
        (&tokens["input"], &tokens["output"], &tokens["answers_without_count"]),
        (&json!(6), &json!(8), &json!(18))
    );
    let usage = |output: &str| {
        let content = r#""content":[{"type":"text","text":"x"}],"stop_reason":"end_turn""#;
        let reply = Reply::json(
            200,
            format!(r#"{{{content},"usage":{{"input_tokens":3,"output_tokens":{output}}}}}"#),
        );
        (reply, C::Fine, "response")
    };
    let run = judged(&["anthropic"], &[usage("-4"), usage("\"4\""), usage("1000000000000000000")], &[]);
    assert!(run.records("response").iter().all(|one| one.get("usage").is_none()), "{run}");
}

#[test]
fn case_78_headers_without_measure_are_left_off() {
    let with = |head: String| {
        let bytes = format!("HTTP/1.1 200 OK\r\n{head}content-length: 2\r\n\r\n{{}}").into_bytes();
        (bytes, C::Record, "too_large")
    };
    let run = judged_bytes(&[
        with(format!("x: {}\r\n", "y".repeat(300 << 10))),
        with(format!("x: {}\r\n", "y".repeat(1 << 20))),
        with("x: y\r\n".repeat(5_001)),
        with((0..3_000).fold(String::new(), |all, n| all + &format!("x-{n}: {}\r\n", "y".repeat(100)))),
    ]);
    assert!(
        run.records("error").iter().all(|error| error["message"].to_string().contains("headers")),
        "{run}"
    );
}

#[test]
fn case_81_headers_of_a_browser_leave_no_trace() {
    let other = Server::start(Script::always(Reply::text("elsewhere")));
    let port = other.address().port();
    let alternative = format!("h2=\":{port}\"; ma=86400, http/1.1=\"127.0.0.1:{port}\"; ma=86400");
    let server = Server::start(Script::always(
        Reply::text("yes")
            .header("set-cookie", "id=7; Path=/; Max-Age=86400")
            .header("alt-svc", &alternative)
            .header("strict-transport-security", "max-age=31536000"),
    ));
    let run =
        fanout(&Sandbox::new(), &server.url()).args(["-m", "vllm:m", "-j", "1"]).stdin(questions(3)).run();
    run.assert_status(0);
    assert_eq!((server.count(), server.connections(), other.connections()), (3, 1, 0), "{run}");
    assert!(server.calls().iter().all(|call| call.request.header("cookie").is_none()));
    assert!(server.garbled().is_empty(), "nobody tried to encrypt: {:?}", server.garbled());
}
