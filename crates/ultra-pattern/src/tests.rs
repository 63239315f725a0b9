//! The tool as a function: streams in, streams out, with a stand-in for the fan-out.

use std::io::{Cursor, Write};
use std::sync::{Arc, Mutex};

use clap::Parser;
use serde_json::{Value, json};
use ultra_core::failure::{Exit, Failure};
use ultra_core::ndjson::{Input, Options, Output};
use ultra_core::tool::{Context, Tool as _};

use crate::{Pattern, PatternArgs};

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    args: PatternArgs,
}

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("one thread").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub(crate) fn run_in(context: &Context, arguments: &[&str], input: &str) -> (String, Result<(), Failure>) {
    let line = std::iter::once("ultra-pattern").chain(arguments.iter().copied());
    let args = Line::try_parse_from(line).unwrap_or_else(|cause| panic!("{cause}")).args;
    let sink = Sink::default();
    let mut output = Output::new(Pattern::NAME, sink.clone());
    let options = Options { plain: context.plain_lines, ..Options::default() };
    let input = Input::new(Cursor::new(input.as_bytes().to_vec()), options);
    let ended = Pattern::run(args, context, input, &mut output).map(drop);
    output.flush().expect("writes");
    let text = String::from_utf8(sink.0.lock().expect("one thread").clone()).expect("text");
    (text, ended)
}

pub(crate) fn run(arguments: &[&str], input: &str) -> String {
    let (text, ended) = run_in(&Context::mock(0), arguments, input);
    if let Err(failure) = ended {
        panic!("{failure}");
    }
    text
}

pub(crate) fn fails(arguments: &[&str], input: &str) -> (Exit, String) {
    let failure = run_in(&Context::mock(0), arguments, input).1.expect_err("fails");
    (failure.exit(), format!("{failure} | {}", failure.hints().join(" | ")))
}

pub(crate) fn records(stream: &str, kind: &str) -> Vec<Value> {
    let records = stream.lines().map(|line| serde_json::from_str::<Value>(line).expect("a record"));
    records.filter(|record| record["type"] == kind).collect()
}

/// Answers every request that is not yet asked; `fails` says which target does not answer in which stage.
pub(crate) fn fanout(stream: &str, fails: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for line in stream.lines() {
        let mut record: Value = serde_json::from_str(line).expect("a record");
        if record["type"] != "request" || record.get("pending").is_some() {
            out.push_str(line);
            out.push('\n');
            continue;
        }
        let request: ultra_core::record::Request = serde_json::from_str(line).expect("a request");
        record["pending"] = json!([]);
        out.extend([record.to_string(), "\n".to_owned()]);
        for call in ultra_core::target::calls(&request).expect("calls") {
            let stage = record["stage"]["name"].as_str().expect("a stage");
            let ended = if fails.contains(&(stage, call.target.as_str())) {
                json!({ "type": "error", "id": "e", "tool": "ultra-fanout", "kind": "server", "message": "down",
                        "retryable": true, "request_id": request.id, "prompt_id": request.prompt_id,
                        "target": call.target, "sample": call.sample })
            } else {
                let text = format!("{stage} of {} {}", call.target, call.sample);
                json!({ "type": "response", "id": format!("res-{}-{}-{}", request.id, call.target, call.sample),
                        "request_id": request.id, "prompt_id": request.prompt_id, "target": call.target,
                        "sample": call.sample, "stage": stage, "model": "m", "text": text,
                        "finish_reason": "stop", "attempts": 1 })
            };
            out.extend([ended.to_string(), "\n".to_owned()]);
        }
    }
    out
}

fn asked(stream: &str, stage: &str) -> Vec<String> {
    let requests = records(stream, "request").into_iter().filter(|request| request["stage"]["name"] == stage);
    requests.map(|request| request["messages"][0]["content"].as_str().expect("text").to_owned()).collect()
}

/// A stream up to the first line that has to do with the second stage.
fn before_meta(stream: &str) -> String {
    let lines: Vec<_> = stream.lines().take_while(|line| !line.contains(r#""name":"meta""#)).collect();
    lines.join("\n")
}

const START: &[&str] = &["start", "critique", "-m", "mock:a", "-m", "mock:b#2", "-p", "Is water wet?"];

#[test]
fn the_whole_pipeline_asks_every_stage_once() {
    let stream = fanout(&run(START, ""), &[]);
    let stream = fanout(&run(&["next"], &stream), &[]);
    let stream = fanout(&run(&["next"], &stream), &[]);
    let stages: Vec<_> = ["initial", "meta", "hyper"].map(|stage| asked(&stream, stage).len()).to_vec();
    assert_eq!(stages, [1, 3, 3]);
    assert_eq!(records(&stream, "response").len(), 9);
    assert_eq!(records(&stream, "prompt").len(), 1);
    let hyper = asked(&stream, "hyper");
    assert!(hyper[2].contains("label: Answer C\n\ninitial of mock:b 1\n"), "{}", hyper[2]);
    assert_eq!(run(&["next"], &stream), stream, "the last stage passes untouched");
}

#[test]
fn a_second_next_does_not_repeat_the_first_stage_while_answers_are_under_way() {
    let first = run(&["next"], &fanout(&run(START, ""), &[]));
    // What the next `next` sees up to the point where the first stage is complete.
    let cut = before_meta(&first);
    assert!(cut.contains(r#""followed":true"#), "{cut}");
    let second = run(&["next"], &fanout(&first, &[]));
    assert_eq!(asked(&second, "meta").len(), 3);
    assert_eq!(asked(&second, "hyper").len(), 3);
}

#[test]
fn a_promise_that_was_not_kept_is_kept_at_the_end_of_the_stream() {
    let first = run(&["next"], &fanout(&run(START, ""), &[]));
    let killed = before_meta(&first);
    assert_eq!(asked(&run(&["next"], &killed), "meta"), asked(&first, "meta"));
}

#[test]
fn prompts_move_on_while_others_are_in_flight() {
    let prompts = "{\"prompt\":\"one\"}\n{\"prompt\":\"two\"}\n";
    let stream = fanout(&run(&["start", "gut", "-m", "mock:a", "-m", "mock:b"], prompts), &[]);
    let out = run(&["next"], &stream);
    let lines: Vec<_> = out.lines().collect();
    let moved = lines.iter().position(|line| line.contains(r#""name":"meta""#)).expect("moved on");
    let second = lines.iter().rposition(|line| line.contains(r#""type":"response""#)).expect("answers");
    assert!(moved < second, "{out}");
}

#[test]
fn repeated_fanouts_and_repeated_lines_change_nothing() {
    let stream = fanout(&fanout(&run(START, ""), &[]), &[]);
    let doubled = format!("{stream}{stream}");
    assert_eq!(asked(&run(&["next"], &doubled), "meta"), asked(&run(&["next"], &stream), "meta"));
}

#[test]
fn a_model_that_failed_is_left_out_of_the_next_stage() {
    let stream = run(&["next"], &fanout(&run(START, ""), &[("initial", "mock:a")]));
    let targets: Vec<_> =
        records(&stream, "request").into_iter().map(|request| request["targets"].clone()).collect();
    assert_eq!(targets[1..], [json!(["mock:b"]), json!(["mock:b"])]);
}

#[test]
fn nobody_left_is_one_error_record_and_exit_4() {
    let stream = fanout(&run(START, ""), &[("initial", "mock:a"), ("initial", "mock:b")]);
    let (text, ended) = run_in(&Context::mock(0), &["next"], &stream);
    let errors = records(&text, "error");
    let own: Vec<_> = errors.iter().filter(|error| error["tool"] == "ultra-pattern").collect();
    assert_eq!(own.len(), 1);
    assert_eq!(own[0]["kind"], "no_inputs");
    assert_eq!(ended.expect_err("fails").exit(), Exit::NothingUsable);
    // A second `next` does not say it again.
    assert_eq!(run(&["next"], &text), text);
}

#[test]
fn a_stage_that_nobody_asked_waits() {
    let started = run(START, "");
    let out = run(&["next"], &started);
    assert_eq!(records(&out, "request").len(), 1);
    assert_eq!(out.lines().count(), started.lines().count());
}

#[test]
fn an_incomplete_stage_goes_on_at_the_end_of_the_stream() {
    let stream = fanout(&run(START, ""), &[]);
    let cut: Vec<_> = stream.lines().collect();
    let cut = cut[..cut.len() - 1].join("\n");
    assert_eq!(asked(&run(&["next"], &cut), "meta").len(), 2);
}

#[test]
fn documents_belong_to_the_prompts_after_them() {
    let document = |id: &str, text: &str| {
        json!({ "type": "document", "id": id, "name": id, "media_type": "text/plain", "text": text, "tokens": 1,
                "source": { "bytes": 1, "blake3": "" }, "trust": "untrusted" })
        .to_string()
    };
    let input = [
        document("d1", "ONE"),
        r#"{"type":"prompt","id":"p1","text":"first"}"#.to_owned(),
        document("d2", "TWO"),
        r#"{"id":"p2","text":"second"}"#.to_owned(),
        r#"{"type":"prompt","id":"p3","text":"third","documents":["d2"]}"#.to_owned(),
        r#"{"type":"prompt","id":"p4","text":"fourth","documents":["d9"]}"#.to_owned(),
    ]
    .join("\n");
    let (out, _) = run_in(&Context::mock(0), &["start", "gut", "-m", "mock:a"], &input);
    let shown: Vec<_> =
        asked(&out, "initial").iter().map(|text| (text.contains("ONE"), text.contains("TWO"))).collect();
    assert_eq!(shown, [(true, false), (true, true), (false, true)]);
    assert_eq!(records(&out, "prompt")[1]["documents"], json!(["d1", "d2"]));
    let errors = records(&out, "error");
    assert_eq!((&errors[0]["kind"], &errors[0]["prompt_id"]), (&json!("input.schema"), &json!("p4")));
    let copied: Vec<_> = input.lines().filter(|line| line.contains("\"type\"")).collect();
    assert!(
        copied.iter().all(|line| out.lines().any(|other| other == *line)),
        "read records are copied as they are"
    );
}

#[test]
fn prompts_in_other_clothes_become_prompt_records() {
    let input = [
        r#"{"prompt":"p","system":"S","extra":1.00}"#,
        r#"{"id":"t","text":"t"}"#,
        r#"{"messages":[{"role":"system","content":"S"},{"role":"user","content":"q1"},{"role":"assistant","content":"a1"},{"role":"user","content":"q2"}]}"#,
        r#"{"custom_id":"c","method":"POST","url":"/v1","body":{"model":"x","messages":[{"role":"user","content":"b"}],"max_tokens":5,"stop":"END"}}"#,
        r#"{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}"#,
        r#"{"prompt":7}"#,
    ];
    let (out, _) = run_in(&Context::mock(0), &["start", "gut", "-m", "mock:a"], &input.join("\n"));
    let prompts = records(&out, "prompt");
    assert_eq!(prompts.len(), 4);
    assert_eq!(
        (&prompts[0]["text"], &prompts[1]["id"], &prompts[3]["id"]),
        (&json!("p"), &json!("t"), &json!("c"))
    );
    assert!(out.lines().next().expect("a prompt").contains(r#""extra":1.00"#), "{out}");
    let requests = records(&out, "request");
    let roles: Vec<_> =
        requests[2]["messages"].as_array().expect("messages").iter().map(|m| m["role"].clone()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "user"]);
    assert_eq!(requests[3]["params"], json!({ "max_output_tokens": 5, "stop": ["END"] }));
    let messages: Vec<_> = records(&out, "error").into_iter().map(|error| error["message"].clone()).collect();
    assert_eq!(messages.len(), 2);
    assert!(messages[0].as_str().expect("text").contains("the last one must be the user's"), "{messages:?}");
}

#[test]
fn plain_lines_are_prompts_and_repeats_get_their_own_ids() {
    let context = Context { plain_lines: true, ..Context::mock(0) };
    let (out, _) = run_in(&context, &["start", "gut", "-m", "mock:a"], "Is it {so}?\nIs it {so}?\n");
    let prompts = records(&out, "prompt");
    assert_eq!(prompts[0]["text"], "Is it {so}?");
    assert_ne!(prompts[0]["id"], prompts[1]["id"]);
    assert_eq!(out, run_in(&context, &["start", "gut", "-m", "mock:a"], "Is it {so}?\nIs it {so}?\n").0);
}

#[test]
fn a_prompt_id_that_came_before_is_refused() {
    let input = "{\"id\":\"p\",\"prompt\":\"a\"}\n{\"id\":\"p\",\"prompt\":\"b\"}\n";
    let (out, _) = run_in(&Context::mock(0), &["start", "gut", "-m", "mock:a"], input);
    assert_eq!((records(&out, "request").len(), records(&out, "error").len()), (1, 1));
}

#[test]
fn mistakes_on_the_command_line_are_told_before_anything_is_read() {
    for (arguments, exit, expected) in [
        (
            &["start", "critiqe", "-m", "mock:a", "-p", "q"][..],
            Exit::Usage,
            "there is no pattern `critiqe` | did you mean `critique`?",
        ),
        (
            &["start", "gut", "-p", "q"],
            Exit::Usage,
            "no target: whom should the pattern ask? | name models with -m, such as -m openai:gpt-5 -m ollama:llama3, or -m mock:a to try it out",
        ),
        (&["start", "gut", "-m", "mock:a", "-p", " "], Exit::Usage, "a prompt of --prompt is empty | "),
        (
            &["start", "gut", "-m", "mock:a"],
            Exit::NothingUsable,
            "nothing was asked | give a prompt with -p, or prompts on standard input, or plain lines with --lines",
        ),
        (
            &["start", "gut", "-m", "mock:a", "-p", "q", "--var", "x=1"],
            Exit::Usage,
            "built-in gut: the pattern has no variable `x` | known here: `bullets`, `citations`, `examples`, `summary`",
        ),
        (&["show", "gutt"], Exit::Usage, "there is no pattern `gutt` | did you mean `gut`?"),
    ] {
        assert_eq!(fails(arguments, ""), (exit, expected.to_owned()));
    }
}

#[test]
fn a_pattern_that_is_not_here_is_an_error_record() {
    let stream = fanout(&run(START, ""), &[]).replace(r#""name":"critique""#, r#""name":"critik""#);
    let (out, ended) = run_in(&Context::mock(0), &["next"], &stream);
    let error = &records(&out, "error")[0];
    assert_eq!(error["kind"], "template.pattern");
    assert_eq!(
        error["message"],
        "there is no pattern `critik`; name the file that made the first stage with --pattern"
    );
    assert!(ended.is_err());
}

#[test]
fn list_and_show_fit_a_page() {
    let person = Context { person_reads: true, ..Context::mock(0) };
    for arguments in [&["list"][..], &["show", "gut"], &["show", "critique"], &["show", "confidence"]] {
        let page = run_in(&person, arguments, "").0;
        let (text, pipeline) = page.split_once("Pipeline,").unwrap_or((&page, ""));
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{page}");
        assert!(text.lines().count() > 8 && (pipeline.is_empty() || pipeline.contains("ultra-synth")));
    }
    let lines = run(&["list"], "");
    assert!(lines.lines().all(|line| line.split('\t').count() == 3), "{lines}");
    let listed = run(&["list", "--json"], "");
    let names: Vec<Value> = listed
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["name"].clone())
        .collect();
    assert_eq!(names.len(), lines.lines().count());
    assert!(["confidence", "critique", "gut"].iter().all(|name| names.contains(&json!(name))), "{names:?}");
    let shown: Value = serde_json::from_str(&run(&["show", "gut", "--json"], "")).expect("JSON");
    assert_eq!(shown["stages"][1]["audience"], "others");
}

#[test]
fn check_names_every_fault_and_fails() {
    let directory = std::env::temp_dir().join(format!("ultra-pattern-check-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("makes a directory");
    let (good, bad) = (directory.join("good.toml"), directory.join("bad.toml"));
    let text = include_str!("../../../man/examples/second-look.toml");
    std::fs::write(&good, text).expect("writes");
    std::fs::write(&bad, text.replace("{{ own }}", "{{ owm }}")).expect("writes");
    let path = |path: &std::path::Path| path.to_str().expect("text").to_owned();
    let (good, bad) = (path(&good), path(&bad));
    let checked = run(&["check", &good], "");
    let warning =
        format!("{good}: warning: the pattern is called `second-look`, and so its file is not found");
    assert!(
        checked.starts_with(&warning) && checked.ends_with("`second-look` can be used, 2 stages\n"),
        "{checked}"
    );
    let strict = Context { strict: true, ..Context::mock(0) };
    assert_eq!(run_in(&strict, &["check", &good], "").1.expect_err("warned").exit(), Exit::SomeErrors);
    let (out, ended) = run_in(&Context::mock(0), &["check", &good, &bad, "--json"], "");
    assert_eq!(ended.expect_err("fails").exit(), Exit::SomeErrors);
    let first: Value = serde_json::from_str(out.lines().nth(1).expect("a fault")).expect("JSON");
    assert_eq!(first["severity"], "error");
    assert_eq!((&first["line"], &first["hint"]), (&json!(24), &json!("did you mean `own`?")), "{out}");
    let missing = format!("{bad}.missing");
    assert_eq!(
        run_in(&Context::mock(0), &["check", &missing], "").1.expect_err("fails").exit(),
        Exit::SomeErrors
    );
    let named = ["start", "--pattern", &good, "-m", "mock:a", "-p", "q"];
    assert_eq!(records(&run(&named, ""), "request")[0]["pattern"]["name"], "second-look");
    std::fs::remove_dir_all(&directory).expect("removes");
}

#[test]
fn malformed_and_foreign_lines_are_told_or_copied() {
    let input = "{\"type\":\"weird\",\"a\":1.00}\n{bad\n{\"type\":\"request\",\"id\":5}\n";
    let (out, _) = run_in(&Context::mock(0), &["next"], input);
    let lines: Vec<_> = out.lines().collect();
    assert_eq!(lines[0], "{\"type\":\"weird\",\"a\":1.00}");
    assert_eq!(records(&out, "error").len(), 2);
}

#[test]
fn a_run_that_is_told_to_stop_does_not_take_the_cut_for_the_end() {
    let stream = fanout(&run(START, ""), &[]);
    let cut: Vec<_> = stream.lines().collect();
    let cut = cut[..cut.len() - 1].join("\n");
    let context = Context::mock(0);
    context.shutdown.trigger(ultra_core::shutdown::Why::Signal(15));
    let (out, ended) = run_in(&context, &["next"], &cut);
    assert_eq!(ended.expect_err("stopped").exit(), Exit::Stopped);
    assert!(asked(&out, "meta").is_empty());
}
