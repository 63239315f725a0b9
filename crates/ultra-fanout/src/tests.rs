use std::io::{self, Cursor, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use ultra_core::failure::{Exit, Failure};
use ultra_core::ndjson::{Emit, Input, Options, Output};
use ultra_core::tool::{Context, Order, Summary, Tool as _};

use crate::{Fanout, FanoutArgs};

mod asking;
mod keeping;
mod spending;
mod stopping;
mod streams;
mod voting;

/// What the flags mean.
fn arguments(flags: &[&str]) -> FanoutArgs {
    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: FanoutArgs,
    }
    <Line as clap::Parser>::parse_from(["ultra-fanout"].iter().chain(flags)).args
}

/// A sink that can be looked into.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<u8>>>);

impl Seen {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("is not poisoned").clone()).expect("is text")
    }
}

impl Write for Seen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("is not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Bench {
    args: FanoutArgs,
    context: Context,
    emit: Emit,
}

struct Run {
    text: String,
    result: Result<Summary, Failure>,
    errors: u64,
}

impl Bench {
    fn new(targets: &[&str]) -> Self {
        let mut args = arguments(&[]);
        args.targets = targets.iter().map(|&target| target.to_owned()).collect();
        args.effort.deadline = Duration::from_hours(10_000);
        Self { args, context: Context::mock(7), emit: Emit::All }
    }

    fn run(&self, input: &str) -> Run {
        let options = Options { plain: self.context.plain_lines, ..Options::default() };
        self.run_on(Input::new(Cursor::new(input.to_owned()), options))
    }

    fn run_on(&self, input: Input) -> Run {
        let seen = Seen::default();
        let mut output =
            Output::new(Fanout::NAME, seen.clone()).emitting(self.emit).strict(self.context.strict);
        let result = Fanout::run(self.args.clone(), &self.context, input, &mut output);
        output.flush().expect("writes");
        Run { text: seen.text(), result, errors: output.errors() }
    }
}

impl Run {
    fn records(&self) -> Vec<Value> {
        self.text.lines().map(|line| serde_json::from_str(line).expect("is JSON")).collect()
    }

    /// The types of the records, and the target of each terminal record.
    fn types(&self) -> Vec<String> {
        let show = |record: &Value| match record["type"].as_str().unwrap_or("?") {
            kind @ ("response" | "error") => {
                format!("{kind} {}#{}", record["target"].as_str().unwrap_or("-"), record["sample"])
            }
            other => other.to_owned(),
        };
        self.records().iter().map(show).collect()
    }

    fn of_type(&self, kind: &str) -> Vec<Value> {
        self.records().into_iter().filter(|record| record["type"] == kind).collect()
    }

    fn summary(&self) -> &str {
        self.result.as_ref().expect("succeeds").text()
    }

    fn failure(&self) -> &Failure {
        self.result.as_ref().expect_err("fails")
    }
}

fn request(id: &str, rest: &str) -> String {
    format!(
        r#"{{"type":"request","id":"{id}","prompt_id":"p-{id}","messages":[{{"role":"user","content":"question {id}"}}]{rest}}}"#
    )
}

/// A context whose time is real, with a member that is in no hurry.
fn real(target: &str) -> Bench {
    let mut bench = Bench::new(&[target]);
    bench.context.mock = false;
    bench.context.clock = Arc::new(ultra_core::clock::System::start());
    bench
}

#[test]
fn nothing_usable_is_a_failure_after_all_records_are_written() {
    let run = Bench::new(&["mock:a?fail=1&kind=auth", "mock:b?fail=1"]).run("{\"prompt\":\"q\"}\n");
    assert_eq!(run.failure().exit(), Exit::NothingUsable);
    assert_eq!(run.of_type("error").len(), 2);
    assert_eq!(run.of_type("error")[1]["attempts"], 8);
    assert!(
        run.failure().to_string().contains("(auth 1, server 1); 9 calls, 7 retries"),
        "{}",
        run.failure()
    );
}

#[test]
fn the_first_error_stops_a_strict_run() {
    let context = Context { strict: true, ..Context::mock(7) };
    let bench = Bench { context, ..Bench::new(&["mock:a?fail=1&kind=request"]) };
    let run = bench.run("{\"prompt\":\"q\"}\n{\"prompt\":\"r\"}\n");
    assert_eq!((run.failure().exit(), run.errors), (Exit::SomeErrors, 1));
}

#[test]
fn an_answer_to_a_schema_carries_its_json() {
    let schema =
        r#","targets":["mock:a"],"output_schema":{"type":"object","properties":{"ok":{"type":"boolean"}}}"#;
    let run = Bench::new(&[]).run(&request("r1", schema));
    assert!(run.of_type("response")[0]["json"]["ok"].is_boolean(), "{}", run.text);
}

#[test]
fn only_what_is_new_comes_out_when_that_is_asked_for() {
    let input = format!(
        "{{\"type\":\"trace\"}}\n{}\n{{\"prompt\":\"q\"}}\n",
        request("r1", r#","targets":["mock:a"]"#)
    );
    let bench = Bench { emit: Emit::New, ..Bench::new(&["mock:b"]) };
    assert_eq!(bench.run(&input).types(), ["response mock:a#0", "prompt", "request", "response mock:b#0"]);
}

#[test]
fn answers_come_as_they_arrive_or_in_the_order_of_the_input() {
    let input = format!(
        "{}\n{{\"type\":\"trace\"}}\n{}\n",
        request("r1", r#","targets":["mock:slow?latency=9s","mock:quick?latency=1s"]"#),
        request("r2", r#","targets":["mock:quick?latency=1s"]"#)
    );
    let mut bench = Bench::new(&[]);
    let quick = "response mock:quick?latency=1s#0";
    let slow = "response mock:slow?latency=9s#0";
    assert_eq!(bench.run(&input).types(), ["request", slow, quick, "trace", "request", quick]);
    bench.context.order = Some(Order::Done);
    let types =
        bench.run(&request("r1", r#","targets":["mock:slow?latency=9s","mock:quick?latency=1s"]"#)).types();
    assert_eq!(types, ["request", quick, slow]);
}

#[test]
fn a_request_that_stands_there_twice_is_answered_twice_under_two_ids() {
    let line = request("r1", r#","targets":["mock:a"]"#);
    let run = Bench::new(&[]).run(&format!("{line}\n{line}\n"));
    let ids: Vec<_> = run.of_type("response").iter().map(|r| r["id"].clone()).collect();
    assert!(ids.len() == 2 && ids[0] != ids[1], "{ids:?}");
}

#[test]
fn progress_needs_no_terminal_to_be_harmless() {
    let context = Context { progress: true, ..Context::mock(7) };
    assert!(Bench { context, ..Bench::new(&["mock:a"]) }.run("{\"prompt\":\"q\"}\n").result.is_ok());
}

#[test]
fn the_numbers_of_the_run_are_in_the_metrics() {
    let bench = Bench::new(&["mock:a?fail=0.5", "mock:b?fail=1&kind=request"]);
    bench.run("{\"prompt\":\"q\"}\n{\"prompt\":\"r\"}\n");
    let text = bench.context.metrics.render();
    assert!(text.contains(r#"ultra_responses_total{target="mock:a?fail=0.5"} 2"#), "{text}");
    assert!(
        text.contains(r#"ultra_call_errors_total{target="mock:b?fail=1&kind=request",kind="request"} 2"#),
        "{text}"
    );
    assert!(text.contains(r#"ultra_retries_total{class="free"}"#), "{text}");
}
