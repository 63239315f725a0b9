//! Streams of events: cases 104 to 115.

mod breaks;
mod forms;
mod measure;
mod splits;

use serde_json::{Value, json};
use ultra_testkit::command::Run;
use ultra_testkit::server::Reply;

/// A stream of these bytes.
fn stream(body: impl Into<Vec<u8>>) -> Reply {
    Reply::raw(200, body).header("content-type", "text/event-stream")
}

/// A stream of these events, each given by its data.
fn events<T: AsRef<str>>(data: &[T]) -> Reply {
    stream(data.iter().fold(String::new(), |all, data| all + "data: " + data.as_ref() + "\n\n"))
}

/// A chunk of a streamed Chat Completions answer.
fn chunk(text: &str) -> String {
    json!({"model": "s", "choices": [{"index": 0, "delta": {"content": text}}]}).to_string()
}

const STOP: &str = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
const USAGE: &str = r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#;
const DONE: &str = "[DONE]";

/// What a target's answer is, without its names and times; and the pieces that came before it.
fn answer(run: &Run, target: &str) -> (Value, String) {
    let of = |kind: &str| -> Vec<Value> {
        run.records(kind).into_iter().filter(|record| record["target"] == target).collect()
    };
    let responses = of("response");
    assert_eq!(responses.len(), 1, "{target}: {run}");
    let told = of("delta").iter().map(|delta| delta["text"].as_str().unwrap_or_default()).collect();
    let found = &responses[0];
    (json!([found["text"], found["finish_reason"], found["usage"], found["model"], found["reasoning"]]), told)
}
