//! Cases 95 to 99: bodies that are compressed, endless, misencoded, or made to be seen on a terminal.

use std::time::Duration;

use serde_json::json;
use ultra_testkit::command::Sandbox;
use ultra_testkit::server::{Reply, Script, Server};

use crate::catalogue::panel::{Class as C, judge, judge_in, judged};
use crate::catalogue::{ask, completion, end, fanout, questions};

/// The memory that one answer of the largest size may take: itself, once more as it grows, and the program.
const MEMORY: u64 = 160 << 20;

/// Asks one question while watching the memory; returns the kind of the error.
fn measured(reply: Reply) -> (String, Server) {
    let server = Server::start(Script::always(reply));
    let mut running =
        fanout(&Sandbox::new(), &server.url()).args(["-m", "vllm:m", "--attempts", "1"]).spawn();
    running.write("q\n").expect("is read");
    let lines = running.wait_for_lines(3, Duration::from_secs(30));
    let peak = running.peak_memory();
    assert!(peak.is_none_or(|bytes| bytes < MEMORY), "{peak:?}");
    running.wait().assert_status(4);
    let error: serde_json::Value = serde_json::from_str(&lines[2]).expect("a record");
    (error["kind"].as_str().unwrap_or_default().to_owned(), server)
}

#[test]
fn case_95_nothing_is_asked_for_in_a_packed_form_and_nothing_is_unpacked() {
    let plain = |encoding: &str| Reply::json(200, completion("plain")).header("content-encoding", encoding);
    let packed = |bytes: &[u8], encoding: &str| Reply::json(200, bytes).header("content-encoding", encoding);
    judge_in(
        "vllm",
        &[
            // It says that it is packed, and is not.
            (plain("gzip"), C::Fine, "response"),
            (plain("br"), C::Fine, "response"),
            (packed(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", "gzip"), C::Unsure, "bad_json"),
            (packed(b"\x1f\x8b\x08\x00\x1f\x8b\x08", "gzip, gzip"), C::Unsure, "bad_json"),
            (packed(b"\x28\xb5\x2f\xfd\x04\x00", "zstd"), C::Unsure, "bad_json"),
            (packed(b"\x1b\x03\x00\x00\x00", "br"), C::Unsure, "bad_json"),
        ],
    );
    let (kind, server) = measured(Reply::gzip_bomb(128));
    assert_eq!(kind, "bad_json");
    assert_eq!(server.calls()[0].request.header("accept-encoding"), Some("identity"));
}

#[test]
fn case_96_an_endless_body_is_left_off_at_32_mib() {
    for body in [completion("x").repeat(100), " ".repeat(1_000), r#"{"choices":["#.repeat(100)] {
        let (kind, server) = measured(Reply::json(200, body).endless());
        assert_eq!(kind, "too_large");
        assert!(server.wait_until(Duration::from_secs(20), |calls| calls[0].client_left), "closed");
        assert_eq!(server.count(), 1, "and not asked for again");
    }
    let run = ask(&Server::start(Reply::json(200, "{").claiming_length((32 << 20) + 1)), &[]);
    assert_eq!((&end(&run)["kind"], &end(&run)["attempts"]), (&json!("too_large"), &json!(1)), "{run}");
}

#[test]
fn case_97_text_that_is_none_is_never_mended() {
    let with = |content: &str| {
        Reply::json(200, format!(r#"{{"choices":[{{"message":{{{content}}},"finish_reason":"stop"}}]}}"#))
    };
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let run = judged(
        &["vllm"],
        &[
            (Reply::invalid_utf8(), C::Unsure, "bad_json"),
            (with(r#""content":"\ud83d""#), C::Unsure, "bad_json"),
            (with(r#""content":"\udc00\ud83d""#), C::Unsure, "bad_json"),
            (with(r#""content":"one","content":"two""#), C::Unsure, "bad_json"),
            (with(&format!(r#""content":{}"#, deep(100_000))), C::Unsure, "bad_json"),
            // What is not looked at may be as deep as it likes.
            (with(&format!(r#""content":"x","other":{}"#, deep(100_000))), C::Fine, "response"),
            (with(r#""content":"\u0000""#), C::Fine, "response"),
        ],
        &[],
    );
    assert!(!run.stdout().contains('\u{fffd}'), "nothing is replaced in silence");
    let choice = r#"{"message":{"content":"x"},"finish_reason":"stop"}"#;
    let many = format!(r#"{{"choices":[{choice}{}]}}"#, format!(",{choice}").repeat(500_000));
    let run = ask(&Server::start(Script::always(Reply::json(200, many))), &[]);
    assert_eq!(run.records("response")[0]["text"], "x", "the first counts: {}", run.stderr());
    judge_in(
        "anthropic",
        &[
            (
                Reply::json(200, r#"{"content":[{"type":"text","text":"\ud83d"}],"stop_reason":"end_turn"}"#),
                C::Unsure,
                "bad_json",
            ),
            (
                Reply::json(200, b"{\"content\":[{\"type\":\"text\",\"text\":\"\xff\"}]}".to_vec()),
                C::Unsure,
                "bad_json",
            ),
        ],
    );
}

#[test]
fn case_98_a_character_may_be_split_anywhere() {
    const TEXT: &str = "Zürich 🏔 \u{1f468}\u{200d}\u{1f469} 湖";
    let server = Server::start(Script::choose(|_, request| {
        let size: usize = request.prompt().trim_start_matches("question ").parse().expect("a number");
        Reply::text(TEXT).chunked(size)
    }));
    let run = fanout(&Sandbox::new(), &server.url())
        .args(["-m", "vllm:m", "-m", "anthropic:m"])
        .stdin(questions(300))
        .run();
    run.assert_status(0);
    assert_eq!(run.records("response").len(), 600);
    assert!(run.records("response").iter().all(|record| record["text"] == TEXT), "{}", run.stderr());
    // A few bytes in each packet.
    let drip = Reply::text(TEXT).dripping(3, Duration::from_millis(1));
    judge(&[(drip.clone(), C::Fine, "response"), (drip.chunked(1), C::Fine, "response")]);
}

#[test]
fn case_99_what_a_terminal_would_obey_is_escaped() {
    let text = "\u{1b}[2J\u{1b}]52;c;cm0gLXJm\u{7}\u{9b}31m\u{8}\u{7f}\r\0";
    for arguments in [&[][..], &["--stream"]] {
        let run = ask(&Server::start(Script::always(Reply::json(200, completion(text)))), arguments);
        run.assert_status(0);
        assert_eq!(run.records("response")[0]["text"], text, "the answer is kept");
        let raw = |byte: &u8| *byte < 0x20 && *byte != b'\n';
        assert!(!run.stdout_bytes().iter().any(raw), "{:?}", run.stdout());
        assert!(!run.stderr().as_bytes().iter().any(raw), "{:?}", run.stderr());
    }
    let error = json!({"error": {"message": text, "type": text, "code": text}}).to_string();
    for status in [400, 401, 500] {
        let run =
            ask(&Server::start(Script::always(Reply::json(status, error.clone()))), &["--attempts", "1"]);
        let controls = |c: char| c.is_control() && c != '\n';
        assert!(!run.stdout().contains(controls) && !run.stderr().contains(controls), "{:?}", run.stderr());
    }
}
