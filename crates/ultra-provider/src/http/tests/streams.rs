//! Streams in pieces of every size: the same answer each time, or an error.

use std::convert::Infallible;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::json;
use tokio::runtime::{Builder, Runtime};
use ultra_core::clock::System;
use ultra_core::config::{Dialect, Provider as Settings};
use ultra_core::kind::ErrorKind as K;
use ultra_pace::{Class as C, Health};
use ultra_testkit::fixtures::{Case, cases};
use ultra_testkit::server::{Reply, Script, Server};

use super::LONG;
use crate::call::{Answer, CallError, Watch, call_within};
use crate::client::Timeouts;
use crate::http::Http;
use crate::http::send::Incoming;

/// Hears everything, and wants to.
#[derive(Debug, Default)]
pub(super) struct Ear {
    text: Mutex<String>,
    began: AtomicUsize,
}

impl Watch for Ear {
    fn first_byte(&self) {
        self.began.fetch_add(1, Ordering::Relaxed);
    }

    fn text(&self, piece: &str) {
        assert!(!piece.is_empty());
        self.text.lock().expect("no panic").push_str(piece);
    }

    fn wants_stream(&self) -> bool {
        true
    }
}

impl Ear {
    fn heard(&self) -> String {
        self.text.lock().expect("no panic").clone()
    }
}

/// A client that reads replies which come over no wire.
struct Desk {
    openai: Http,
    anthropic: Http,
    runtime: Runtime,
}

impl Desk {
    fn new() -> Self {
        let http = |dialect| {
            let settings = Settings {
                name: "here".into(),
                dialect,
                base_url: "http://127.0.0.1:1/v1".into(),
                key_env: None,
                key_file: None,
                needs_key: false,
                version: None,
            };
            let timeouts = Timeouts { first_byte: LONG, first_byte_of_stream: LONG, idle: LONG };
            Http::new("here:m", &settings, "m", timeouts).expect("a connection")
        };
        let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
        Self { openai: http(Dialect::OpenAi), anthropic: http(Dialect::Anthropic), runtime }
    }

    fn read<'a>(
        &self,
        dialect: Dialect,
        media_type: &str,
        pieces: impl IntoIterator<Item = &'a [u8]>,
        watch: &dyn Watch,
    ) -> Result<Answer, CallError> {
        let pieces: Vec<Result<_, Infallible>> =
            pieces.into_iter().map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let body = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
        let response =
            hyper::Response::builder().header("content-type", media_type).body(Incoming::Far(body));
        let http = match dialect {
            Dialect::OpenAi => &self.openai,
            Dialect::Anthropic => &self.anthropic,
        };
        let response = response.expect("a response");
        self.runtime.block_on(http.read(response, System::start(), watch))
    }

    /// The answer without its times, and the text that was told on the way.
    fn stream<'a>(
        &self,
        dialect: Dialect,
        pieces: impl IntoIterator<Item = &'a [u8]>,
    ) -> (Result<Answer, CallError>, String) {
        let ear = Ear::default();
        let read = self.read(dialect, "text/event-stream", pieces, &ear);
        let began = ear.began.load(Ordering::Relaxed);
        assert!(began <= 1 && (began == 1 || read.is_err()), "{began} {read:?}");
        (read.map(|answer| Answer { first_byte: None, ..answer }), ear.heard())
    }

    /// The whole of `events`, each the data of one event.
    fn events(&self, dialect: Dialect, events: &[&str]) -> (Result<Answer, CallError>, String) {
        let body = format!("data: {}\n\n", events.join("\n\ndata: "));
        self.stream(dialect, [body.as_bytes()])
    }
}

/// The streams of the fixtures that come to an answer, and those that do not.
fn streams(ok: bool) -> impl Iterator<Item = (Dialect, Case)> {
    let files = [("openai-chat", Dialect::OpenAi), ("anthropic-messages", Dialect::Anthropic)];
    let made = files.into_iter().flat_map(move |(file, dialect)| {
        let streams = cases(file).into_iter().filter(move |case| case.stream && case.expect["ok"] == ok);
        streams.map(move |case| (dialect, case))
    });
    let recorded = cases("llamacpp-recorded").into_iter().filter(move |case| case.stream && ok);
    made.chain(recorded.filter_map(|case| match case.name.as_str() {
        "messages_stream" => Some((Dialect::Anthropic, case)),
        "responses_stream" => None,
        _ => Some((Dialect::OpenAi, case)),
    }))
}

/// Every place in what was made by hand; the recordings are long and much the same.
fn step(case: &Case) -> usize {
    if case.expect.is_null() { 11 } else { 1 }
}

#[test]
fn recorded_streams_come_to_the_answers_that_they_expect() {
    let desk = Desk::new();
    let mut seen = 0;
    for (dialect, case) in streams(true) {
        let (answer, told) = desk.stream(dialect, [&case.body[..]]);
        let answer = answer.expect(&case.name);
        assert_eq!(told, answer.text, "{}", case.name);
        seen += 1;
        if case.expect.is_null() {
            assert!(!answer.text.is_empty() && answer.model == "smollm2-135m-instruct", "{}", case.name);
            continue;
        }
        let usage = answer.usage.map_or(json!(null), |usage| {
            json!({
                "input": usage.input_tokens,
                "output": usage.output_tokens,
                "cached": usage.cached_input_tokens,
                "reasoning": usage.reasoning_tokens,
                "total": usage.input_tokens + usage.output_tokens,
            })
        });
        let found = json!({"text": answer.text, "finish": answer.finish_reason, "usage": usage});
        for key in ["text", "finish", "usage"] {
            assert_eq!(found[key], case.expect[key], "{}: {key}", case.name);
        }
        assert_eq!(answer.reasoning.as_deref(), case.expect["thinking"].as_str(), "{}", case.name);
    }
    assert!(seen >= 7, "{seen}");
}

#[test]
fn a_cut_into_pieces_changes_nothing_wherever_it_falls() {
    let desk = Desk::new();
    for (dialect, case) in streams(true) {
        let whole = desk.stream(dialect, [&case.body[..]]);
        for at in (0..=case.body.len()).step_by(step(&case)) {
            let (first, second) = case.body.split_at(at);
            assert_eq!(desk.stream(dialect, [first, second]), whole, "{} cut at {at}", case.name);
        }
        assert_eq!(desk.stream(dialect, case.body.chunks(1)), whole, "{} byte by byte", case.name);
    }
}

#[test]
fn a_stream_that_ends_anywhere_before_its_last_word_is_an_error() {
    let desk = Desk::new();
    for (dialect, case) in streams(true) {
        let whole = desk.stream(dialect, [&case.body[..]]).0.expect("an answer").text;
        for at in (0..case.body.trim_ascii_end().len()).step_by(step(&case)) {
            let (answer, told) = desk.stream(dialect, [&case.body[..at]]);
            let error = answer.expect_err(&case.name);
            let found = (error.kind, error.class, error.health);
            assert_eq!(found, (K::Truncated, C::Unsure, Health::Sick), "{} at {at}: {error}", case.name);
            assert!(whole.starts_with(&told), "{} at {at}: {told}", case.name);
        }
    }
}

#[test]
fn a_broken_stream_is_never_a_success() {
    let desk = Desk::new();
    for (dialect, case) in streams(false) {
        for pieces in [1, 7, 100_000] {
            let (answer, told) = desk.stream(dialect, case.body.chunks(pieces));
            let error = answer.expect_err(&case.name);
            let kind = match case.expect["error"]["class"].as_str() {
                Some("truncated") => K::Truncated,
                Some("server") => K::Server,
                Some("overloaded") => K::Overloaded,
                other => panic!("{}: {other:?}", case.name),
            };
            let found = (error.kind, error.class, error.health);
            assert_eq!(found, (kind, C::Unsure, Health::Sick), "{}: {error}", case.name);
            assert_eq!(Some(told.as_str()), case.expect["partial_text"].as_str(), "{}", case.name);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn line_ends_comments_and_cuts_are_all_the_same(
        ends in prop::collection::vec(0..3_usize, 16),
        extra in prop::collection::vec(0..6_usize, 16),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        bom in any::<bool>(),
    ) {
        let desk = Desk::new();
        for (dialect, case) in streams(true) {
            let text = std::str::from_utf8(&case.body).expect("text");
            let mut other = if bom { "\u{feff}".to_owned() } else { String::new() };
            for (n, event) in text.split("\n\n").enumerate() {
                // A line that ends in CR before one that ends in LF would be one line less.
                let end = ["\n", "\r\n", "\r"][ends[n % ends.len()]];
                other += ["", "", ": PROCESSING\r\n", ":\n\n", "id: 7\nretry: 10\n", "foo\n"][extra[n % extra.len()]];
                other += &event.replace('\n', end);
                other += end;
                other += end;
            }
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(other.len())).collect();
            at.extend([0, other.len()]);
            at.sort_unstable();
            let pieces = at.windows(2).map(|ends| &other.as_bytes()[ends[0]..ends[1]]);
            prop_assert_eq!(desk.stream(dialect, pieces), desk.stream(dialect, [text.as_bytes()]));
        }
    }
}

const HALF: &str = r#"{"model":"s","choices":[{"index":0,"delta":{"content":"half"}}]}"#;
const STOP: &str = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
const MORE: &str = r#"{"choices":[{"index":0,"delta":{"content":" more"},"finish_reason":"length"}]}"#;
const USAGE: &str = r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#;
const ERROR: &str = r#"{"error":{"type":"overloaded_error","message":"x"}}"#;
const DONE: &str = "[DONE]";

#[test]
fn the_first_last_word_counts() {
    let desk = Desk::new();
    for events in [
        &[HALF, STOP, USAGE, DONE][..],
        &[HALF, STOP, USAGE, "[DONE] "],
        &[HALF, STOP, STOP, USAGE, DONE, MORE, ERROR],
        &[HALF, STOP, MORE, USAGE, DONE],
        &[HALF, STOP, ERROR, USAGE, DONE],
        &[
            "",
            HALF,
            " ",
            r#"{"choices":[{"index":1,"delta":{"content":"no"},"finish_reason":"length"}]}"#,
            STOP,
            USAGE,
            DONE,
        ],
    ] {
        let (answer, told) = desk.events(Dialect::OpenAi, events);
        let answer = answer.expect("an answer");
        let found =
            (answer.text.as_str(), answer.finish_reason.as_str(), answer.usage.map(|u| u.input_tokens));
        assert_eq!(found, ("half", "stop", Some(3)), "{events:?}");
        assert_eq!((told.as_str(), answer.model.as_str()), ("half", "s"));
    }
}

#[test]
fn what_breaks_a_stream_is_named_and_counted_as_paid_once_text_came() {
    let desk = Desk::new();
    let quota = r#"{"error":{"type":"insufficient_quota","message":"x"}}"#;
    let slow = r#"{"error":{"code":429,"message":"slow down"}}"#;
    for (events, kind, class) in [
        (&[HALF, ERROR, DONE][..], K::Overloaded, C::Unsure),
        (&[ERROR, DONE], K::Overloaded, C::Free),
        (&[r#"{"choices":[{"delta":{"content":""}}]}"#, ERROR], K::Overloaded, C::Free),
        (&[slow], K::RateLimited, C::Throttled),
        (&[HALF, slow], K::RateLimited, C::Unsure),
        (&[HALF, quota], K::Billing, C::FatalTarget),
        (&[HALF, r#"{"choices":[{"delta":{},"finish_reason":"error"}]}"#], K::Server, C::Unsure),
        (&[HALF, r#"{"x_groq":{"error":"over capacity"},"choices":[]}"#], K::Server, C::Unsure),
        (&[HALF, "{", STOP, DONE], K::BadJson, C::Unsure),
        (&[HALF, r#"{"choices":[{"delta":{"content":"\ud83d"}}]}"#, STOP, DONE], K::BadJson, C::Unsure),
        (&[HALF, DONE], K::Truncated, C::Unsure),
        (&[DONE], K::Truncated, C::Unsure),
        (&[STOP, DONE], K::Empty, C::Unsure),
        (&[r#"{"type":"message_start","message":{}}"#], K::BadJson, C::Unsure),
    ] {
        let (answer, _) = desk.events(Dialect::OpenAi, events);
        let error = answer.expect_err("no answer");
        assert_eq!((error.kind, error.class), (kind, class), "{events:?}: {error}");
    }
    let (answer, _) = desk.stream(Dialect::OpenAi, [&b"data: {\"choices\":\"\xff\"}\n\n"[..]]);
    assert_eq!(answer.expect_err("no answer").kind, K::BadJson);
    let (answer, _) = desk.events(Dialect::Anthropic, &[HALF, STOP, DONE]);
    let error = answer.expect_err("no answer");
    assert!(error.kind == K::BadJson && error.message.contains("dialect of OpenAI"), "{error}");
}

#[test]
fn blocks_that_come_mixed_are_put_in_order() {
    let desk = Desk::new();
    let delta = |index: u32, text: &str| {
        let delta = json!({"type": "text_delta", "text": text});
        json!({"type": "content_block_delta", "index": index, "delta": delta}).to_string()
    };
    let stop = |index: u32| json!({"type": "content_block_stop", "index": index}).to_string();
    let begin = r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"A"}}"#;
    let reason = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#;
    let last = r#"{"type":"message_stop"}"#;
    let events = [
        r#"{"type":"ping"}"#.to_owned(),
        begin.to_owned(),
        delta(1, "C"),
        delta(0, "B"),
        delta(1, "D"),
        stop(0),
        delta(1, "E"),
        r#"{"type":"something_new","delta":{"type":"text_delta","text":"?"}}"#.to_owned(),
        delta(3, "G"),
        stop(1),
        delta(2, "F"),
        reason.to_owned(),
        last.to_owned(),
        delta(0, "no"),
    ];
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    let (answer, told) = desk.events(Dialect::Anthropic, &events);
    assert_eq!((answer.expect("an answer").text.as_str(), told.as_str()), ("ABCDEFG", "ABCDEFG"));
}

#[test]
fn a_server_that_does_not_heed_what_was_asked_is_understood() {
    let desk = Desk::new();
    let whole = br#"{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}"#;
    let stream = format!("data: {HALF}\n\ndata: {STOP}\n\ndata: {DONE}\n\n");
    for media_type in ["application/json", "text/event-stream", "text/plain"] {
        for size in [1, 3, 1_000] {
            let ear = Ear::default();
            let answer = desk.read(Dialect::OpenAi, media_type, whole.chunks(size), &ear).expect("an answer");
            assert_eq!((answer.text, ear.heard().as_str()), ("hi".to_owned(), "hi"), "{media_type}");
            assert_eq!(ear.began.load(Ordering::Relaxed), 1, "{media_type}");
            let ear = Ear::default();
            let pieces = stream.as_bytes().chunks(size);
            let answer = desk.read(Dialect::OpenAi, media_type, pieces, &ear).expect("an answer");
            assert_eq!((answer.text, ear.heard().as_str()), ("half".to_owned(), "half"), "{media_type}");
            assert_eq!(ear.began.load(Ordering::Relaxed), 1, "{media_type}");
            let pieces = stream.as_bytes().chunks(size);
            let answer = desk.read(Dialect::OpenAi, media_type, pieces, &crate::call::Silent);
            assert_eq!(answer.expect("an answer").text, "half", "{media_type}");
        }
    }
    let bare = desk.read(Dialect::OpenAi, "text/event-stream", [ERROR.as_bytes()], &Ear::default());
    assert_eq!(bare.expect_err("no answer").kind, K::Overloaded);
    let nothing = desk.read(Dialect::OpenAi, "text/event-stream", [], &Ear::default());
    assert_eq!(nothing.expect_err("no answer").kind, K::Truncated);
}

#[test]
fn a_stream_without_measure_is_left_off() {
    let desk = Desk::new();
    let piece = vec![b'x'; 1 << 20];
    let endless_event = std::iter::once(&b"data: "[..]).chain(std::iter::repeat_n(&piece[..], 40));
    let (answer, _) = desk.stream(Dialect::OpenAi, endless_event);
    let error = answer.expect_err("no answer");
    assert_eq!((error.kind, error.class), (K::TooLarge, C::FatalRecord), "{error}");
    let text =
        format!(r#"data: {{"choices":[{{"delta":{{"content":"{}"}}}}]}}{}"#, "y".repeat(1 << 20), "\n\n");
    let (answer, told) = desk.stream(Dialect::OpenAi, std::iter::repeat_n(text.as_bytes(), 40));
    assert_eq!(answer.expect_err("no answer").kind, K::TooLarge);
    assert!(told.len() <= 33 << 20);
}

#[test]
fn a_watched_call_asks_for_a_stream_and_leaves_its_connection_to_the_next() {
    for dialect in [Dialect::OpenAi, Dialect::Anthropic] {
        let server = Server::start(Script::always(Reply::echo()));
        let settings = super::settings(&server, dialect);
        let http = Http::new("here:m", &settings, "m", Timeouts::default()).expect("a connection");
        let runtime = super::runtime();
        for _ in 0..5 {
            let ear = Ear::default();
            let answer = runtime.block_on(call_within(&http, &super::call(), LONG, &ear)).expect("an answer");
            assert_eq!((answer.text.as_str(), ear.heard()), ("Where does Zürich lie?", answer.text.clone()));
            assert!(answer.usage.is_some() && answer.first_byte.is_some(), "{answer:?}");
        }
        assert_eq!(server.connections(), 1);
        let request = &server.calls()[0].request;
        let accept = request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("accept"));
        assert_eq!(accept.map(|(_, value)| value.as_str()), Some("text/event-stream"));
        let body: serde_json::Value = serde_json::from_slice(&request.body).expect("JSON");
        let asks = json!({"include_usage": true});
        let asks = if dialect == Dialect::OpenAi { asks } else { json!(null) };
        assert_eq!((&body["stream"], &body["stream_options"]), (&json!(true), &asks));
    }
}

#[test]
fn a_key_in_a_stream_is_not_told_even_in_pieces() {
    let key = super::KEY;
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("key");
    std::fs::write(&file, key).expect("a key file");
    let events: String = format!("It is {key}.")
        .chars()
        .map(|c| json!({"choices": [{"delta": {"content": c}}]}).to_string())
        .chain([STOP.to_owned(), DONE.to_owned()])
        .fold(String::new(), |all, data| all + "data: " + &data + "\n\n");
    let reply = Reply::raw(200, events).header("content-type", "text/event-stream");
    let server = Server::start([reply]);
    let settings =
        Settings { key_file: Some(file.display().to_string()), ..super::settings(&server, Dialect::OpenAi) };
    let http = Http::new("here:m", &settings, "m", Timeouts::default()).expect("a connection");
    let ear = Ear::default();
    let answer =
        super::runtime().block_on(call_within(&http, &super::call(), LONG, &ear)).expect("an answer");
    assert_eq!((answer.text.as_str(), ear.heard().as_str()), ("It is [secret].", "It is [secret]."));
}
