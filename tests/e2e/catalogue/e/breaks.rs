//! Cases 108 to 112: a stream that breaks is never an answer, and what follows its last word is not looked at.

use serde_json::{Value, json};
use ultra_testkit::command::{Run, Sandbox};
use ultra_testkit::fixtures::cases;
use ultra_testkit::server::{Place, Reply, Script, Server};

use super::{DONE, STOP, USAGE, answer, chunk, events, stream};
use crate::catalogue::panel::{Class as C, Row, judged};
use crate::catalogue::{ask, end, fanout};

const ERROR: &str = r#"{"error":{"type":"overloaded_error","message":"x"}}"#;

/// The messages of an Anthropic stream, each with its name.
fn messages(data: &[Value]) -> Reply {
    let event = |data: &Value| format!("event: {}\ndata: {data}\n\n", data["type"].as_str().expect("a type"));
    stream(data.iter().map(event).collect::<String>())
}

fn begun(text: &str) -> Vec<Value> {
    vec![
        json!({"type": "message_start", "message": {"model": "s", "usage": {"input_tokens": 3, "output_tokens": 0}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}),
    ]
}

/// Checks each of them as a stream; what came of them is told, but none is a response.
fn never_whole(dialect: &str, rows: &[Row<Reply>]) {
    drop(broken(dialect, rows));
}

/// The same. Returns the run.
fn broken(dialect: &str, rows: &[Row<Reply>]) -> Run {
    let run = judged(&[dialect], rows, &["--stream"]);
    assert!(run.records("response").is_empty(), "{run}");
    run
}

#[test]
fn case_108_a_stream_without_its_last_word_was_cut() {
    let (half, whole) = (chunk("half"), [chunk("half").as_str(), STOP, USAGE].map(str::to_owned));
    let run = broken(
        "vllm",
        &[
            (events(&whole), C::Unsure, "truncated"),
            (events(&[half.as_str()]), C::Unsure, "truncated"),
            (events(&[half.as_str(), DONE]), C::Unsure, "truncated"),
            (stream(""), C::Unsure, "truncated"),
            (stream(": only a comment\n\n"), C::Unsure, "truncated"),
            (Reply::text("a few words that are cut").cut(Place::AfterEvents(3)), C::Unsure, "truncated"),
            (
                Reply::text("a few words that are cut").reset(Place::AfterEvents(3)),
                C::Unsure,
                "network.reset",
            ),
            (
                Reply::text("a few words that are cut").without_last_chunk().cut(Place::AfterEvents(4)),
                C::Unsure,
                "truncated",
            ),
        ],
    );
    assert!(!run.records("delta").is_empty(), "{run}");
    let mut ended = begun("half");
    ended.push(
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}),
    );
    never_whole(
        "anthropic",
        &[
            (messages(&begun("half")), C::Unsure, "truncated"),
            (messages(&ended), C::Unsure, "truncated"),
            (Reply::text("a few words that are cut").cut(Place::AfterEvents(4)), C::Unsure, "truncated"),
        ],
    );
}

#[test]
fn case_108_every_recorded_stream_that_broke_is_an_error() {
    for (file, dialect) in [("openai-chat", "vllm"), ("anthropic-messages", "anthropic")] {
        let failed = cases(file).into_iter().filter(|case| case.stream && case.expect["ok"] == false);
        let rows: Vec<Row<Reply>> = failed
            .map(|case| {
                let kind = match case.expect["error"]["class"].as_str() {
                    Some("truncated") => "truncated",
                    Some("server") => "server",
                    Some("overloaded") => "overloaded",
                    other => panic!("{}: {other:?}", case.name),
                };
                (Reply::case(&case), C::Unsure, kind)
            })
            .collect();
        assert!(!rows.is_empty());
        never_whole(dialect, &rows);
    }
}

#[test]
fn case_109_an_error_in_a_stream_drops_what_came_before() {
    let many: Vec<String> = (0..500).map(|n| chunk(&format!("word {n} "))).collect();
    let with = |last: &str| events(&many.iter().map(String::as_str).chain([last]).collect::<Vec<_>>());
    let quota = r#"{"error":{"type":"insufficient_quota","message":"x"}}"#;
    never_whole(
        "vllm",
        &[
            (with(ERROR), C::Unsure, "overloaded"),
            (with(r#"{"error":{"code":502,"message":"x"}}"#), C::Unsure, "server"),
            (with(r#"{"choices":[{"index":0,"delta":{},"finish_reason":"error"}]}"#), C::Unsure, "server"),
            // Before any text nothing was processed.
            (events(&[ERROR]), C::Free, "overloaded"),
            (events(&[quota]), C::Target, "billing"),
        ],
    );
    let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    let mut late = begun("half");
    late.push(error.clone());
    never_whole(
        "anthropic",
        &[(messages(&late), C::Unsure, "overloaded"), (messages(&[error]), C::Free, "overloaded")],
    );
    // The next attempt begins anew, and says so.
    let server = Server::start(Script::list([with(ERROR), events(&[&chunk("whole"), STOP, DONE])]));
    let run = ask(&server, &["--stream"]);
    run.assert_status(0);
    assert_eq!(run.records("response")[0]["text"], "whole", "{run}");
    let deltas = run.records("delta");
    let last: Vec<_> = deltas.iter().filter(|delta| delta["attempt"] == 2).collect();
    assert!(last.len() == 1 && last[0]["text"] == "whole" && deltas.len() > 1, "{run}");
}

#[test]
fn case_110_the_first_last_word_counts() {
    let half = chunk("half");
    let more = r#"{"choices":[{"index":0,"delta":{"content":" more"},"finish_reason":"length"}]}"#;
    let forms = [
        vec![half.as_str(), STOP, USAGE, DONE, more, ERROR],
        vec![&half, STOP, more, USAGE, DONE],
        vec![&half, STOP, STOP, USAGE, DONE],
        vec![&half, STOP, ERROR, USAGE, DONE],
    ];
    let count = forms.len();
    let replies = forms.map(|form| events(&form));
    let server = Server::start(Script::choose(move |_, request| {
        replies[request.model().parse::<usize>().expect("a number")].clone()
    }));
    let run = fanout(&Sandbox::new(), &server.url())
        .args((0..count).flat_map(|number| ["-m".to_owned(), format!("vllm:{number}")]))
        .arg("--stream")
        .stdin("q\n")
        .run();
    for number in 0..count {
        let (found, told) = answer(&run, &format!("vllm:{number}"));
        assert_eq!((&found[0], &found[1], told.as_str()), (&json!("half"), &json!("stop"), "half"), "{run}");
    }
    // An error that is followed by more is an error.
    never_whole("vllm", &[(events(&[&half, ERROR, &half, STOP, DONE]), C::Unsure, "overloaded")]);
    let mut late = begun("half");
    late.push(json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}));
    late.push(json!({"type": "message_delta", "delta": {"stop_reason": "max_tokens"}}));
    late.push(json!({"type": "message_stop"}));
    late.push(json!({"type": "error", "error": {"type": "overloaded_error", "message": "x"}}));
    let server = Server::start(Script::always(messages(&late)));
    let run =
        fanout(&Sandbox::new(), &server.url()).args(["-m", "anthropic:m", "--stream"]).stdin("q\n").run();
    assert_eq!((&end(&run)["text"], &end(&run)["finish_reason"]), (&json!("half"), &json!("stop")), "{run}");
}

#[test]
fn case_111_an_event_that_cannot_be_read_breaks_the_stream() {
    let half = chunk("half");
    let with = |event: &str| events(&[half.as_str(), event, &half, STOP, DONE]);
    let bytes =
        [b"data: ", half.as_bytes(), b"\n\ndata: {\"choices\":\"\xff\"}\n\ndata: [DONE]\n\n"].concat();
    let bare = format!("data: {half}\n\n{half}\n\ndata: {{\n\ndata: {STOP}\n\ndata: {DONE}\n\n");
    never_whole(
        "vllm",
        &[
            (with("{"), C::Unsure, "bad_json"),
            (with("not JSON"), C::Unsure, "bad_json"),
            (with(r#"{"choices":[{"index":0,"delta":{"content":"\ud83d"}}]}"#), C::Unsure, "bad_json"),
            (with("[1]"), C::Unsure, "bad_json"),
            (stream(bytes), C::Unsure, "bad_json"),
            (stream(bare), C::Unsure, "bad_json"),
        ],
    );
    let bad = "event: content_block_delta\ndata: {\"type\":\n\n";
    never_whole("anthropic", &[(stream(bad), C::Unsure, "bad_json")]);
}

#[test]
fn case_112_signs_of_life_keep_no_attempt_alive() {
    let pause = std::time::Duration::from_millis(20);
    let [comments, pings] = [": ping\n\n", "event: ping\ndata: {\"type\": \"ping\"}\n\n"]
        .map(|sign| stream(sign.repeat(10_000)).dripping(8, pause));
    let server = Server::start(Script::choose(move |_, request| {
        if request.path.ends_with("messages") { pings.clone() } else { comments.clone() }
    }));
    let run = fanout(&Sandbox::new(), &server.url())
        .args(["-m", "vllm:m", "-m", "anthropic:m", "--stream", "--attempts", "1", "--timeout", "1s"])
        .stdin("q\n")
        .run();
    let kinds: Vec<_> = run.records("error").iter().map(|error| error["kind"].to_string()).collect();
    assert_eq!(kinds, ["\"timeout.attempt\""; 2], "{run}");
    assert!(run.took() < std::time::Duration::from_millis(1_900), "{:?}", run.took());
}
