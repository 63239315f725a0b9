//! What providers and networks do wrong, and what becomes of it: parts C, D and E of the catalogue, by number.
//!
//! Each case runs the real binary against a server that goes wrong in one way. The verdict comes from the records,
//! the exit status, the summary, and what the server saw.

mod c;
mod d;
mod e;
mod panel;
mod raw;
mod tls;

use std::time::Duration;

use serde_json::Value;
use ultra_testkit::command::{Command, Run, Sandbox};
use ultra_testkit::server::{Call, Server};

use crate::tools::binary;

const KEY: &str = "sk-test-7d1f4b9a2c6e8035";

/// Both wire formats, as targets without the model.
const DIALECTS: [&str; 2] = ["vllm", "anthropic"];

/// A fanout of plain lines whose `vllm` and `anthropic` are at this address, and want this key.
fn fanout(sandbox: &Sandbox, url: &str) -> Command {
    sandbox
        .command(binary("ultra-fanout"))
        .args(["--lines", "--emit", "new", "-v"])
        .env("VLLM_BASE_URL", format!("{url}/v1"))
        .env("ANTHROPIC_BASE_URL", url)
        .env("VLLM_API_KEY", KEY)
        .env("ANTHROPIC_API_KEY", KEY)
}

/// Asks `vllm:m` one question.
fn ask(server: &Server, arguments: &[&str]) -> Run {
    fanout(&Sandbox::new(), &server.url()).args(["-m", "vllm:m"]).args(arguments).stdin("q\n").run()
}

/// Questions, one a line.
fn questions(count: usize) -> String {
    (1..=count).fold(String::new(), |all, number| all + "question " + &number.to_string() + "\n")
}

/// The records with which calls end.
fn ends(run: &Run) -> Vec<Value> {
    let ends = run.lines().into_iter();
    ends.filter(|record| record["type"] == "response" || record["type"] == "error").collect()
}

/// The only end of the only call.
fn end(run: &Run) -> Value {
    let ends = ends(run);
    assert_eq!(ends.len(), 1, "{run}");
    ends[0].clone()
}

/// Checks that no part of the key was printed.
fn keyless(run: &Run) {
    for fragment in [KEY, &KEY[..12], &KEY[12..]] {
        assert!(!run.stdout().contains(fragment) && !run.stderr().contains(fragment), "{run}");
    }
}

/// From the end of a call to the arrival of the next one.
fn between(calls: &[Call]) -> Duration {
    let ended = calls[0].ended_at.expect("an answered call");
    calls[1].at.saturating_sub(ended)
}

/// A Chat Completions answer.
fn completion(text: &str) -> String {
    let choice = serde_json::json!({"message": {"content": text}, "finish_reason": "stop"});
    serde_json::json!({"choices": [choice]}).to_string()
}

/// The body as a whole reply of status 200.
fn whole(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}
