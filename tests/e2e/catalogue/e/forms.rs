//! Cases 114 and 115: pieces that come mixed, and replies in another form than was asked for.

use serde_json::json;
use ultra_testkit::command::Sandbox;
use ultra_testkit::server::{Reply, Script, Server};

use super::{DONE, STOP, USAGE, answer, chunk, events, stream};
use crate::catalogue::{ask, completion, end, fanout};

#[test]
fn case_114_pieces_are_put_in_order_and_the_last_counts_are_kept() {
    let other = r#"{"choices":[{"index":1,"delta":{"content":"no"},"finish_reason":"length"}]}"#;
    let both = r#"{"choices":[{"index":1,"delta":{"content":"no"}},{"index":0,"delta":{"content":"B"}}]}"#;
    let openai = events(&[&chunk("A"), other, both, STOP, other, USAGE, DONE]);
    let delta = |index: u32, text: &str| json!({"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": text}});
    let begin = json!({"type": "message_start", "message": {"model": "s", "usage": {"input_tokens": 3, "output_tokens": 0}}});
    let reason =
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}});
    let stop = |index: u32| json!({"type": "content_block_stop", "index": index});
    let anthropic = [
        begin,
        delta(1, "C"),
        delta(0, "A"),
        delta(2, "D"),
        delta(0, "B"),
        stop(0),
        stop(1),
        stop(2),
        reason,
        json!({"type": "message_stop"}),
    ];
    let anthropic = events(&anthropic.map(|event| event.to_string()));
    let server = Server::start(Script::choose(move |_, request| {
        if request.path.ends_with("messages") { anthropic.clone() } else { openai.clone() }
    }));
    let run = fanout(&Sandbox::new(), &server.url())
        .args(["-m", "vllm:m", "-m", "anthropic:m", "--stream"])
        .stdin("q\n")
        .run();
    run.assert_status(0);
    let usage = json!({"input_tokens": 3, "output_tokens": 2});
    for (target, text) in [("vllm:m", "AB"), ("anthropic:m", "ABCD")] {
        let (found, told) = answer(&run, target);
        assert_eq!((found, told.as_str()), (json!([text, "stop", usage, "s", null]), text), "{run}");
    }
}

#[test]
fn case_115_the_form_of_a_reply_is_seen_and_not_believed() {
    let body = completion("hi");
    let pieces = format!("data: {}\n\ndata: {STOP}\n\ndata: {DONE}\n\n", chunk("hi"));
    for media_type in ["application/json", "text/event-stream", "text/plain", ""] {
        for (form, size) in [(&body, 1), (&body, 10_000), (&pieces, 1), (&pieces, 10_000)] {
            for arguments in [&[][..], &["--stream"]] {
                let reply = Reply::raw(200, form.as_str()).header("content-type", media_type).chunked(size);
                let run = ask(&Server::start(Script::always(reply)), arguments);
                run.assert_status(0);
                assert_eq!(end(&run)["text"], "hi", "{media_type} {form} {run}");
                let told: usize = run.records("delta").len();
                assert_eq!(told > 0, !arguments.is_empty(), "{media_type} {form} {run}");
            }
        }
    }
    // An error instead of a stream is what it says.
    let run = ask(&Server::start(Script::always(Reply::error(401, "x"))), &["--stream"]);
    assert_eq!(end(&run)["kind"], "auth", "{run}");
    let refusal = stream(r#"{"error":{"type":"invalid_request_error","message":"x"}}"#);
    let run = ask(&Server::start(Script::always(refusal)), &["--stream"]);
    assert_eq!(end(&run)["kind"], "request", "{run}");
}
