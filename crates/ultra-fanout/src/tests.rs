use std::collections::BTreeMap;
use std::io::{self, Cursor, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;
use ultra_core::config::Config;
use ultra_core::failure::{Exit, Failure};
use ultra_core::ndjson::{Emit, Input, Options, Output};
use ultra_core::shutdown::Why;
use ultra_core::tool::{Context, Order, Summary, Tool as _};

use crate::{Fanout, FanoutArgs};

mod spending;
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

#[test]
fn a_bare_prompt_becomes_a_prompt_a_request_and_its_answers() {
    let run = Bench::new(&["mock:a#2", "mock:b"]).run("{\"prompt\":\"Is water wet?\",\"x\":1.0}\n");
    assert_eq!(
        run.types(),
        ["prompt", "request", "response mock:a#0", "response mock:a#1", "response mock:b#0"]
    );
    let records = run.records();
    assert!(
        run.text.lines().next().expect("is there").ends_with(r#""text":"Is water wet?","x":1.0}"#),
        "{}",
        run.text
    );
    assert_eq!(records[1]["targets"], serde_json::json!(["mock:a#2", "mock:b"]));
    assert_eq!(records[1]["pending"], serde_json::json!([]));
    assert_eq!(records[1]["stage"], serde_json::json!({"name":"answer","index":0,"of":1,"requests":1}));
    for response in &records[2..] {
        assert_eq!(response["request_id"], records[1]["id"]);
        assert_eq!(response["prompt_id"], records[0]["id"]);
        assert_eq!((&response["stage"], &response["mock"]), (&"answer".into(), &true.into()));
        assert!(response["text"].as_str().expect("is text").contains("Is water wet?"));
        assert!(response.get("timing").is_none());
    }
    assert!(run.summary().starts_with("1 request, 3 responses; 3 calls; tokens "), "{}", run.summary());
}

#[test]
fn every_kind_of_bare_prompt_is_asked_and_keeps_its_id() {
    let input = concat!(
        r#"{"id":"mine","text":"one","system":"Be brief."}"#,
        "\n",
        r#"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"two"}]}"#,
        "\n",
        r#"{"custom_id":"c3","method":"POST","url":"/v1/chat/completions","body":{"model":"gpt","messages":[{"role":"user","content":"three"}],"max_tokens":5,"stop":"x"}}"#,
        "\n",
    );
    let run = Bench::new(&["mock:a"]).run(input);
    let prompts: Vec<_> =
        run.of_type("prompt").iter().map(|p| (p["id"].clone(), p["text"].clone())).collect();
    assert_eq!(prompts[0], ("mine".into(), "one".into()));
    assert_eq!(prompts[1].1, "two");
    assert_eq!(prompts[2], ("c3".into(), "three".into()));
    let requests = run.of_type("request");
    assert_eq!(requests[0]["messages"][0]["content"], "Be brief.");
    assert_eq!(requests[2]["params"], serde_json::json!({"max_output_tokens":5,"stop":["x"]}));
    assert_eq!(run.of_type("prompt")[2]["method"], "POST", "what is unknown stays");
    let context = Context { plain_lines: true, ..Context::mock(7) };
    let plain = Bench { context, ..Bench::new(&["mock:a"]) }.run("Is {\"this\"} JSON?\n\nsecond\nsecond\n");
    let ids: std::collections::BTreeSet<_> =
        plain.of_type("prompt").iter().map(|p| p["id"].to_string()).collect();
    assert_eq!((plain.of_type("response").len(), ids.len()), (3, 3), "repeats get ids of their own");
}

#[test]
fn a_prompt_whose_requests_follow_is_not_asked_again() {
    let prompts = r#"{"type":"prompt","id":"p-r1","text":"q"}
{"type":"document","id":"d"}
"#;
    let made = format!("{prompts}{}\n", request("r1", r#","targets":["mock:x"]"#));
    let bench = Bench::new(&["mock:a"]);
    assert_eq!(bench.run(&made).types(), ["prompt", "document", "request", "response mock:x#0"]);
    assert_eq!(bench.run(prompts).types(), ["prompt", "document", "request", "response mock:a#0"]);
    let two = r#"{"type":"prompt","id":"p1","text":"q"}
{"type":"prompt","id":"p2","text":"q"}
"#;
    assert_eq!(bench.run(two).of_type("response").len(), 2);
    assert_eq!(Bench::new(&[]).run(&made).types(), ["prompt", "document", "request", "response mock:x#0"]);
}

#[test]
fn a_second_fanout_makes_no_call() {
    let bench = Bench::new(&["mock:a", "mock:b#2"]);
    let input = format!("{}\n{{\"prompt\":\"q\"}}\n", request("r1", r#","targets":["mock:a"]"#));
    let first = bench.run(&input);
    let second = bench.run(&first.text);
    assert_eq!(second.text, first.text);
    assert!(second.summary().contains("0 responses; 0 calls"), "{}", second.summary());
}

#[test]
fn what_is_left_to_ask_is_asked_and_nothing_else() {
    let input = request(
        "r1",
        r#","targets":["mock:a#3","mock:b"],"pending":[{"target":"mock:a","sample":2},{"target":"mock:b","sample":0},{"target":"mock:b","sample":0}]"#,
    );
    let run = Bench::new(&[]).run(&input);
    assert_eq!(run.types(), ["request", "response mock:a#2", "response mock:b#0"]);
}

#[test]
fn lines_of_others_pass_byte_for_byte_and_malformed_ones_become_errors() {
    let input = "{\"type\":\"trace\",\"n\":12345678901234567890123, \"e\":1e400}\n{oops\n{\"type\":\"response\",\"id\":\"x\",\"é\":\"\\u00e9\"}\n{\"type\":\"request\",\"id\":5}\n";
    let run = Bench::new(&["mock:a"]).run(input);
    let lines: Vec<_> = run.text.lines().collect();
    assert_eq!(
        (lines[0], lines[2]),
        (input.lines().next().expect("is there"), input.lines().nth(2).expect("is there"))
    );
    assert!(lines[1].contains(r#""kind":"input.parse""#) && lines[1].contains(r#""line":2"#), "{}", lines[1]);
    assert!(lines[3].contains(r#""kind":"input.schema""#), "{}", lines[3]);
    assert_eq!(run.errors, 2);
}

#[test]
fn a_target_that_cannot_be_asked_becomes_errors_and_the_others_go_on() {
    let mut config = Config::default();
    config.add("f", "[providers.lab]\nbase-url = \"http://127.0.0.1:1\"\nkey-env = \"ULTRA_TEST_NO_SUCH_KEY\"\n[profiles]\npanel = [\"mock:p\", \"mock:q#2\"]\n").expect("reads");
    let context =
        Context { mock: false, config: Arc::new(config), order: Some(Order::Input), ..Context::mock(7) };
    let bench = Bench { context, ..Bench::new(&[]) };
    let run = bench.run(&request("r1", r#","targets":["opnai:x#2","lab:m","mock:a?fial=1","mock:a","@panel"],"stage":{"name":"critique","index":1,"of":2,"requests":1}"#));
    let expected = [
        "request",
        "error opnai:x#0",
        "error opnai:x#1",
        "error lab:m#0",
        "error mock:a?fial=1#0",
        "response mock:a#0",
        "response mock:p#0",
        "response mock:q#0",
        "response mock:q#1",
    ];
    assert_eq!(run.types(), expected);
    let errors = run.of_type("error");
    let kinds: Vec<_> = errors.iter().map(|error| error["kind"].as_str().expect("is text")).collect();
    assert_eq!(kinds, ["not_found", "not_found", "auth", "request"]);
    assert!(errors[0]["message"].as_str().expect("is text").contains("did you mean `openai`?"));
    assert_eq!(
        (&errors[2]["stage"], &errors[2]["prompt_id"], &errors[2]["attempts"]),
        (&"critique".into(), &"p-r1".into(), &0.into())
    );
    assert!(run.summary().contains("4 errors (auth 1, not_found 2, request 1)"), "{}", run.summary());
}

#[test]
fn nobody_to_ask_is_said_with_the_flag_to_use() {
    let prompt = r#"{"type":"prompt","id":"p","text":"q"}"#;
    for (input, exit) in [
        ("{\"prompt\":\"q\"}\n", Exit::NothingUsable),
        (&request("r1", ""), Exit::NothingUsable),
        (prompt, Exit::Usage),
    ] {
        let run = Bench::new(&[]).run(input);
        assert_eq!(run.failure().exit(), exit, "{input}");
        let errors = run.of_type("error");
        match exit {
            Exit::Usage => assert!(run.failure().hints()[0].contains("-m") && errors.is_empty(), "{input}"),
            _ => assert!(errors[0]["message"].as_str().is_some_and(|said| said.contains("-m")), "{input}"),
        }
    }
    let run = Bench::new(&["mock:a?fial=1"]).run("");
    assert_eq!(
        (run.failure().exit(), run.failure().hints()),
        (Exit::Usage, &["did you mean `fail`?".to_owned()][..])
    );
    assert!(Bench::new(&[]).run("").result.is_ok(), "an empty input asks nobody");
}

#[test]
fn what_names_nobody_becomes_an_error_and_everything_else_goes_on() {
    let input = format!(
        "{{\"prompt\":\"a\",\"targets\":[\"mock:c\"]}}\n{{\"id\":\"b\",\"prompt\":\"b\"}}\n{{\"type\":\"note\"}}\n{}\n{}\n",
        request("r1", ""),
        request("r2", r#","targets":["mock:c"]"#)
    );
    let run = Bench::new(&[]).run(&input);
    let expected = [
        "prompt",
        "request",
        "response mock:c#0",
        "prompt",
        "error -#null",
        "note",
        "request",
        "error -#null",
        "request",
        "response mock:c#0",
    ];
    assert_eq!(run.types(), expected);
    let errors = run.of_type("error");
    assert_eq!((&errors[0]["kind"], &errors[0]["prompt_id"]), (&"request".into(), &"b".into()));
    assert_eq!((&errors[1]["request_id"], &errors[1]["prompt_id"]), (&"r1".into(), &"p-r1".into()));
    assert_eq!((run.result.is_ok(), run.errors), (true, 2));
}

#[test]
fn requests_that_only_pass_are_not_counted() {
    let input =
        format!("{}\n{}\n", request("r1", r#","pending":[]"#), request("r2", r#","targets":["mock:a"]"#));
    let run = Bench::new(&[]).run(&input);
    assert!(run.summary().starts_with("1 request, 1 response; 1 call;"), "{}", run.summary());
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
fn the_store_serves_the_second_run_and_changes_nothing_else() {
    let dir = tempfile::tempdir().expect("makes a directory");
    let input =
        (0..20).map(|n| format!("{{\"prompt\":\"question {}\"}}", n % 15)).collect::<Vec<_>>().join("\n");
    let plain = Bench::new(&["mock:a?fail=0.2"]).run(&input);
    let mut cached = Bench::new(&["mock:a?fail=0.2"]);
    for concurrency in [1, 64] {
        cached.args.limits.concurrency = concurrency;
        cached.args.keeping.cache = Some(dir.path().join(format!("{concurrency}.db")));
        let first = cached.run(&input);
        assert!(
            first.summary().contains("20 responses") && first.summary().contains("5 from the cache"),
            "{}",
            first.summary()
        );
        let second = cached.run(&input);
        assert!(second.summary().contains("; 0 calls, 20 from the cache"), "{}", second.summary());
        let hit = &second.of_type("response")[0];
        assert_eq!((&hit["cache"]["status"], &hit["attempts"]), (&"hit".into(), &0.into()));
        let ids = |run: &Run| {
            run.of_type("response").iter().map(|r| (r["id"].clone(), r["text"].clone())).collect::<Vec<_>>()
        };
        assert_eq!((ids(&first), ids(&second)), (ids(&plain), ids(&plain)));
    }
}

#[test]
fn the_store_needs_no_file_on_the_command_line() {
    use clap::FromArgMatches as _;
    for (given, file) in [(&["--cache"][..], Some("")), (&["--cache=x.db"], Some("x.db")), (&[], None)] {
        let arguments = std::iter::once("ultra-fanout").chain(given.iter().copied());
        let matches = ultra_core::shell::command::<Fanout>().try_get_matches_from(arguments);
        let args = FanoutArgs::from_arg_matches(&matches.expect("is understood")).expect("is complete");
        assert_eq!(args.keeping.cache.as_deref(), file.map(std::path::Path::new), "{given:?}");
    }
}

#[test]
fn a_store_that_cannot_be_used_changes_nothing() {
    let dir = tempfile::tempdir().expect("makes a directory");
    let file = dir.path().join("cache.db");
    std::fs::create_dir(&file).expect("makes a directory where the file should be");
    let mut bench = Bench::new(&["mock:a"]);
    let plain = bench.run("{\"prompt\":\"q\"}\n");
    bench.args.keeping.cache = Some(file);
    assert_eq!(bench.run("{\"prompt\":\"q\"}\n").text, plain.text);
}

#[test]
fn a_request_that_stands_there_twice_is_answered_twice_under_two_ids() {
    let line = request("r1", r#","targets":["mock:a"]"#);
    let run = Bench::new(&[]).run(&format!("{line}\n{line}\n"));
    let ids: Vec<_> = run.of_type("response").iter().map(|r| r["id"].clone()).collect();
    assert!(ids.len() == 2 && ids[0] != ids[1], "{ids:?}");
}

/// A context whose time is real, with a member that is in no hurry.
fn real(target: &str) -> Bench {
    let mut bench = Bench::new(&[target]);
    bench.context.mock = false;
    bench.context.clock = Arc::new(ultra_core::clock::System::start());
    bench
}

/// Runs until the request is written, then triggers `why`; the input stays open.
fn stop(target: &str, why: Why) -> (Run, Duration) {
    let mut bench = real(target);
    bench.args.limits.concurrency = 1;
    let (reader, mut writer) = io::pipe().expect("makes a pipe");
    writer.write_all(b"{\"prompt\":\"q\"}\n{\"prompt\":\"r\"}\n").expect("writes");
    let seen = Seen::default();
    let (shutdown, clock) = (bench.context.shutdown.clone(), Arc::clone(&bench.context.clock));
    let run = std::thread::spawn({
        let seen = seen.clone();
        move || {
            let mut output = Output::new(Fanout::NAME, seen.clone());
            let input = Input::new(reader, Options::default());
            let result = Fanout::run(bench.args, &bench.context, input, &mut output);
            output.flush().expect("writes");
            Run { text: seen.text(), result, errors: output.errors() }
        }
    });
    // The output is flushed before the input is waited for, so this ends.
    while seen.text().matches("\"type\":\"request\"").count() < 2 {
        std::thread::yield_now();
    }
    let before = clock.elapsed();
    shutdown.trigger(why);
    let run = run.join().expect("ends");
    drop(writer);
    (run, clock.elapsed().saturating_sub(before))
}

#[test]
fn a_reader_that_leaves_ends_the_run_at_once_and_quietly() {
    let (run, took) = stop("exec:sleep 60", Why::ReaderGone);
    assert!(run.failure().is_reader_gone());
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(run.types().len(), 4, "two prompts and two requests: {}", run.text);
}

#[test]
fn a_signal_lets_the_call_in_flight_end_and_cancels_the_others() {
    let (run, _) = stop("exec:sleep 0.2; echo done", Why::Signal(15));
    assert_eq!(run.failure().exit(), Exit::Stopped);
    assert_eq!(run.of_type("response")[0]["text"], "done", "{}", run.text);
    assert_eq!(run.of_type("error")[0]["kind"], "cancelled", "{}", run.text);
    assert_eq!(run.types().len(), 6);
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

fn target() -> impl Strategy<Value = String> {
    let kind =
        prop_oneof![Just("server"), Just("rate_limited"), Just("truncated"), Just("auth"), Just("request")];
    let options = (0_u32..4, 0_u32..=10, kind, any::<bool>());
    (options, proptest::option::of(1_u32..4)).prop_map(|((latency, fail, kind, told), samples)| {
        let told = if told && fail < 9 { "&retry_after=2s" } else { "" };
        let samples = samples.map(|n| format!("#{n}")).unwrap_or_default();
        format!("mock:m?latency=0s..{latency}s&fail={}&kind={kind}{told}{samples}", f64::from(fail) / 10.0)
    })
}

/// Targets, samples, and what is pending: numbers of targets and samples.
type Asking = (Vec<String>, Option<u32>, Option<Vec<(usize, u32)>>);

fn stream() -> impl Strategy<Value = Vec<Asking>> {
    let pending = proptest::option::of(proptest::collection::vec((0_usize..3, 0_u32..3), 0..4));
    let request = (proptest::collection::vec(target(), 1..4), proptest::option::of(1_u32..3), pending);
    proptest::collection::vec(request, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn each_call_ends_exactly_once_and_the_same_way_whatever_the_concurrency(requests in stream()) {
        let mut input = String::new();
        let mut expected: BTreeMap<(String, String, u64), u32> = BTreeMap::new();
        for (n, (targets, samples, pending)) in requests.iter().enumerate() {
            let mut fields = serde_json::json!({
                "type": "request", "id": format!("r{n}"), "prompt_id": format!("p{n}"), "targets": targets,
                "messages": [{"role": "user", "content": format!("question {n}")}],
            });
            if let Some(samples) = samples {
                fields["samples"] = (*samples).into();
            }
            if let Some(pending) = pending {
                let pending: Vec<_> = pending.iter().map(|(at, sample)| {
                    let target = targets[at % targets.len()].split('#').next().expect("has a name");
                    serde_json::json!({"target": target, "sample": sample})
                }).collect();
                fields["pending"] = pending.into();
            }
            let request: ultra_core::record::Request = serde_json::from_value(fields.clone()).expect("reads");
            for call in ultra_core::target::pending(&request).expect("counts") {
                expected.insert((format!("r{n}"), call.target, u64::from(call.sample)), 1);
            }
            input.extend([fields.to_string(), format!("\n{{\"type\":\"trace\",\"n\":{n}}}\n")]);
        }
        let run = |concurrency, order| {
            let mut bench = Bench::new(&[]);
            bench.args.limits.concurrency = concurrency;
            bench.args.limits.total = Some(concurrency);
            bench.context.order = order;
            bench.run(&input)
        };
        let one = run(1, None);
        let mut ends: BTreeMap<(String, String, u64), u32> = BTreeMap::new();
        for record in one.records().iter().filter(|record| record["type"] == "response" || record["type"] == "error") {
            let text = |key: &str| record[key].as_str().expect("is text").to_owned();
            *ends.entry((text("request_id"), text("target"), record["sample"].as_u64().expect("is a number"))).or_default() += 1;
        }
        prop_assert_eq!(ends, expected);
        prop_assert_eq!(&one.text, &run(64, None).text);
        let sorted = |text: &str| {
            let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        prop_assert_eq!(sorted(&one.text), sorted(&run(7, Some(Order::Done)).text));
    }
}
