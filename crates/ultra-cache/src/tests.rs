//! The tool as a function from stream to stream.

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tempfile::TempDir;
use ultra_core::config::Config;
use ultra_core::ndjson::{Emit, Input, Options, Output};
use ultra_core::tool::{Context, Tool as _};

use crate::args::{Get, Put, Stats};
use crate::{Action, Args, Cache, Place};

/// Collects what is written.
#[derive(Debug, Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("is free").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct Run {
    path: PathBuf,
    context: Context,
    _directory: TempDir,
}

impl Run {
    fn new() -> Self {
        let directory = TempDir::new().expect("makes a directory");
        let path = directory.path().join("ultra").join("cache.db");
        Self { path, context: Context::mock(7), _directory: directory }
    }

    fn place(&self) -> Place {
        Place { path: Some(self.path.clone()) }
    }

    /// What comes out, as text, and how many errors the tool made.
    fn through(&self, action: Action, input: &str) -> (String, u64) {
        let sink = Sink::default();
        let mut output = Output::new(Cache::NAME, sink.clone()).emitting(self.context.emit);
        let input = Input::new(Cursor::new(input.to_owned()), Options::default());
        Cache::run(Args { action }, &self.context, input, &mut output).expect("runs");
        output.flush().expect("writes");
        let bytes = sink.0.lock().expect("is free").clone();
        (String::from_utf8(bytes).expect("is text"), output.errors())
    }

    fn get(&self, input: &str) -> String {
        self.through(Action::Get(Get { place: self.place(), ttl: 1000 }), input).0
    }

    fn put(&self, input: &str) {
        let (copy, errors) = self.through(Action::Put(Put { place: self.place() }), input);
        assert_eq!((copy.as_str(), errors), (input, 0), "the stream is copied byte for byte");
    }

    fn key(&self, input: &str) -> Vec<Value> {
        values(&self.through(Action::Key, input).0)
    }

    fn stats(&self) -> Value {
        let stats = Stats { place: self.place(), json: false };
        values(&self.through(Action::Stats(stats), "").0).remove(0)
    }
}

fn values(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("is JSON")).collect()
}

fn request(id: &str, question: &str, targets: &[&str]) -> String {
    let record = json!({
        "type": "request", "id": id, "prompt_id": format!("p-{id}"), "x": 1.0,
        "messages": [{ "role": "user", "content": question }], "targets": targets,
        "stage": { "name": "critique", "index": 1, "of": 2, "requests": 1 },
    });
    format!("{record}\n")
}

fn response(id: &str, target: &str, sample: u32, text: &str) -> Value {
    json!({
        "type": "response", "id": "res_old", "request_id": id, "prompt_id": format!("p-{id}"), "target": target,
        "sample": sample, "stage": "critique", "model": "m", "text": text, "finish_reason": "stop",
        "usage": { "input_tokens": 1, "output_tokens": 2 }, "attempts": 1, "mock": true,
    })
}

fn line(value: &Value) -> String {
    format!("{value}\n")
}

const FOREIGN: &str = "{\"type\":\"other\",\"n\":12345678901234567890,\"f\":1.0,\"e\":\"\\u00e9\"}\n";

#[test]
fn what_was_put_is_got_with_the_ids_of_who_asks() {
    let run = Run::new();
    let first = request("r1", "q", &["mock:a", "mock:b"]);
    run.put(&(first + &line(&response("r1", "mock:a", 0, "yes"))));
    let got = values(&run.get(&(FOREIGN.to_owned() + &request("r2", "q", &["mock:a", "mock:b"]))));
    assert_eq!(got.len(), 3);
    assert_eq!((&got[1]["id"], &got[1]["x"]), (&json!("r2"), &json!(1.0)));
    assert_eq!(got[1]["pending"], json!([{ "target": "mock:b", "sample": 0 }]));
    let hit = &got[2];
    assert_eq!((&hit["type"], &hit["text"]), (&json!("response"), &json!("yes")));
    assert_eq!((&hit["request_id"], &hit["prompt_id"]), (&json!("r2"), &json!("p-r2")));
    assert_eq!((&hit["stage"], &hit["attempts"]), (&json!("critique"), &json!(0)));
    assert_eq!((&hit["cache"]["status"], &hit["cache"]["age_s"]), (&json!("hit"), &json!(0)));
    assert_ne!(hit["id"], json!("res_old"));
    assert_eq!(hit["cache"]["key"], run.key(&request("r3", "q", &["mock:a"]))[0]["key"]);
}

#[test]
fn a_request_without_a_hit_and_every_other_line_is_copied_byte_for_byte() {
    let run = Run::new();
    let odd = "{ \"type\" : \"request\", \"id\":\"r\",\"prompt_id\":\"p\",\"messages\":[{\"content\":\"q\",\"role\":\"user\"}],\"targets\":[\"mock:a\"] , \"f\":1.50}\n";
    let input = FOREIGN.to_owned() + odd + "{\"prompt\":\"bare\"}\n";
    assert_eq!(run.get(&input), input);
    assert!(!run.path.exists(), "and no store is made");
}

#[test]
fn an_empty_stream_opens_no_store() {
    let run = Run::new();
    assert_eq!(run.get(""), "");
    run.put("");
    assert!(!run.path.parent().expect("has one").exists());
}

#[test]
fn a_request_that_is_answered_in_full_has_nothing_pending() {
    let run = Run::new();
    let asking = request("r", "q", &["mock:a#2"]);
    let answers: String = (0..2).map(|n| line(&response("r", "mock:a", n, &format!("yes {n}")))).collect();
    run.put(&(asking.clone() + &answers));
    let got = run.get(&asking);
    let records = values(&got);
    assert_eq!(records[0]["pending"], json!([]));
    assert_eq!((&records[1]["text"], &records[2]["text"]), (&json!("yes 0"), &json!("yes 1")));
    assert_eq!(run.get(&got), got, "nobody answers twice");
}

#[test]
fn only_pending_calls_are_looked_up() {
    let run = Run::new();
    let asking = request("r", "q", &["mock:a", "mock:b"]);
    run.put(
        &(asking.clone()
            + &line(&response("r", "mock:a", 0, "of a"))
            + &line(&response("r", "mock:b", 0, "of b"))),
    );
    let mut partly: Value = serde_json::from_str(&asking).expect("is JSON");
    partly["pending"] = json!([{ "target": "mock:b", "sample": 0 }]);
    let got = values(&run.get(&line(&partly)));
    assert_eq!(got.len(), 2);
    assert_eq!(got[1]["text"], json!("of b"));
}

#[test]
fn g152_failures_and_answers_that_are_not_whole_are_not_kept() {
    let run = Run::new();
    let asking = request("r", "q", &["mock:a", "mock:b", "mock:c", "mock:d", "mock:e"]);
    let mut stream = asking.clone();
    for (target, reason) in [("mock:a", "length"), ("mock:b", "refusal"), ("mock:c", "content_filter")] {
        let mut cut = response("r", target, 0, "half");
        cut["finish_reason"] = json!(reason);
        stream += &line(&cut);
    }
    stream += &line(&response("r", "mock:d", 0, ""));
    stream +=
        &line(&json!({ "type": "error", "id": "e", "tool": "ultra-fanout", "kind": "server", "message": "m",
        "retryable": true, "request_id": "r", "target": "mock:e", "sample": 0 }));
    run.put(&stream);
    assert_eq!(run.get(&asking), asking);
    assert_eq!(run.stats()["entries"], json!(0));
}

#[test]
fn an_answer_without_its_request_or_to_a_call_that_failed_is_not_kept() {
    let run = Run::new();
    let asking = request("r", "q", &["mock:a"]);
    let failed = json!({ "type": "error", "id": "e", "tool": "t", "kind": "server", "message": "m",
        "retryable": true, "request_id": "r" });
    run.put(
        &(line(&response("r", "mock:a", 0, "before"))
            + &asking
            + &line(&failed)
            + &line(&response("r", "mock:a", 0, "after"))
            + &line(&response("other", "mock:a", 0, "of another"))),
    );
    assert_eq!(run.get(&asking), asking);
}

#[test]
fn a_simulated_answer_is_not_kept_for_the_model_whose_name_it_bears() {
    let mut run = Run::new();
    run.context.mock = false;
    let asking = request("r", "q", &["openai:gpt-x"]);
    run.put(&(asking.clone() + &line(&response("r", "openai:gpt-x", 0, "simulated"))));
    assert_eq!(run.get(&asking), asking);
}

#[test]
fn the_seed_of_a_mock_run_is_part_of_the_call() {
    let mut run = Run::new();
    let asking = request("r", "q", &["mock:a"]);
    run.put(&(asking.clone() + &line(&response("r", "mock:a", 0, "yes"))));
    run.context.seed = 8;
    assert_eq!(run.get(&asking), asking);
}

#[test]
fn a_profile_is_looked_up_target_by_target() {
    let mut run = Run::new();
    let mut config = Config::default();
    config.add("ultra.toml", "[profiles]\npanel = [\"mock:a\", \"mock:b#2\"]\n").expect("reads");
    run.context.config = Arc::new(config);
    let asking = request("r", "q", &["@panel"]);
    run.put(&(asking.clone() + &line(&response("r", "mock:b", 1, "yes"))));
    let got = values(&run.get(&asking));
    assert_eq!(got[0]["targets"], json!(["mock:a", "mock:b#2"]));
    assert_eq!(got[0]["pending"].as_array().map(Vec::len), Some(2));
    assert_eq!(got[1]["sample"], json!(1));
}

#[test]
fn a_target_that_does_not_exist_is_left_to_the_tool_that_asks() {
    let mut run = Run::new();
    run.context.mock = false;
    for target in ["nowhere:m", "@nobody", "mock:a#0"] {
        let asking = request("r", "q", &[target]);
        assert_eq!(run.get(&asking), asking);
        run.put(&asking);
        let (_, errors) = run.through(Action::Key, &asking);
        assert_eq!(errors, 1, "but its key is asked for in vain");
    }
}

#[test]
fn a_malformed_line_is_one_error_and_the_rest_goes_on() {
    let run = Run::new();
    let asking = request("r", "q", &["mock:a"]);
    let input = format!("{{\"type\":\"request\"\n{FOREIGN}{{\"type\":\"request\",\"id\":5}}\n{asking}");
    let (out, errors) = run.through(Action::Get(Get { place: run.place(), ttl: 1 }), &input);
    let kinds: Vec<_> = values(&out).iter().map(|record| record["kind"].clone()).collect();
    assert_eq!(kinds, [json!("input.parse"), Value::Null, json!("input.schema"), Value::Null]);
    assert_eq!(errors, 2);
    assert!(out.ends_with(&asking));
}

#[test]
fn only_what_is_new_comes_out_when_that_is_asked_for() {
    let mut run = Run::new();
    let asking = request("r", "q", &["mock:a"]);
    run.put(&(asking.clone() + &line(&response("r", "mock:a", 0, "yes"))));
    run.context.emit = Emit::New;
    let got = values(&run.get(&(FOREIGN.to_owned() + &asking)));
    assert_eq!(got.len(), 1);
    assert_eq!(got[0]["type"], json!("response"));
}

#[test]
fn p17_a_broken_store_makes_plain_copies() {
    let asking = request("r", "q", &["mock:a"]);
    let answered = asking.clone() + &line(&response("r", "mock:a", 0, "yes"));
    let breaks: [fn(&Path); 3] = [
        |path| fs::create_dir(path).expect("makes"),
        |path| fs::write(path, "not a database").expect("writes"),
        |path| {
            let directory = path.parent().expect("has one");
            fs::remove_dir(directory).expect("removes");
            fs::write(directory, "in the way").expect("writes");
        },
    ];
    for damage in breaks {
        let run = Run::new();
        fs::create_dir(run.path.parent().expect("has one")).expect("makes");
        damage(&run.path);
        assert_eq!(run.get(&asking), asking);
        run.put(&answered);
    }
}

#[test]
fn a_text_named_as_the_store_is_untouched_by_every_action() {
    let asking = request("r", "q", &["mock:a"]);
    let run = Run::new();
    fs::create_dir(run.path.parent().expect("has one")).expect("makes");
    fs::write(&run.path, "my notes\n").expect("writes");
    assert_eq!(run.get(&asking), asking);
    run.put(&(asking.clone() + &line(&response("r", "mock:a", 0, "yes"))));
    let stats = Args { action: Action::Stats(Stats { place: run.place(), json: false }) };
    let mut output = Output::new(Cache::NAME, Sink::default());
    let failed =
        Cache::run(stats, &run.context, Input::new(Cursor::new(""), Options::default()), &mut output);
    assert!(failed.is_err());
    assert_eq!(fs::read_to_string(&run.path).expect("is kept"), "my notes\n");
    assert_eq!(fs::read_dir(run.path.parent().expect("has one")).expect("lists").count(), 1);
}

#[test]
fn g140_a_reader_moves_no_damaged_store() {
    let run = Run::new();
    let asking = request("r", "q", &["mock:a"]);
    run.put(&(asking.clone() + &line(&response("r", "mock:a", 0, "yes"))));
    let cut = fs::read(&run.path).expect("reads")[..5000].to_vec();
    fs::write(&run.path, &cut).expect("writes");
    assert_eq!(run.get(&asking), asking);
    assert_eq!(fs::read(&run.path).expect("is there"), cut);
    assert!(!run.path.with_extension("db.corrupt-1").exists());
}

#[test]
fn a_store_that_is_not_there_is_told_and_is_no_failure() {
    let mut run = Run::new();
    assert_eq!(run.stats()["entries"], json!(0));
    run.context.person_reads = true;
    let (text, _) = run.through(Action::Stats(Stats { place: run.place(), json: false }), "");
    assert!(text.contains("no store yet") && text.contains("entries  0\n"), "{text}");
    assert!(!run.path.exists());
}

#[test]
fn prompts_without_a_request_have_no_key_and_no_error() {
    let run = Run::new();
    let prompt = line(&json!({ "type": "prompt", "id": "p", "text": "q" }));
    assert_eq!(run.through(Action::Key, &prompt), (String::new(), 0));
}

#[test]
fn g145_keys_tell_what_looks_alike_apart() {
    let run = Run::new();
    let keys = run.key(
        &(FOREIGN.to_owned()
            + &request("1", "ab", &["mock:c"])
            + &request("2", "a", &["mock:bc"])
            + &request("3", "caf\u{e9}", &["mock:a#2", "mock:b"])
            + &request("4", "cafe\u{301}", &["mock:a"])
            + &request("5", "ab", &["mock:c"])),
    );
    assert_eq!(keys.len(), 7, "other records are not copied");
    assert_eq!(keys[0]["key"], keys[6]["key"], "the id does not count");
    let mut different: Vec<_> = keys[..6].iter().map(|line| line["key"].to_string()).collect();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), 6);
    assert_eq!(
        keys[3].as_object().map(|line| line.keys().map(String::as_str).collect::<Vec<_>>()),
        Some(vec!["request_id", "target", "sample", "key"])
    );
    assert_eq!((&keys[3]["target"], &keys[3]["sample"]), (&json!("mock:a"), &json!(1)));
}

#[test]
fn a_key_is_explained_by_the_fields_it_is_made_of() {
    let mut run = Run::new();
    run.context.verbose = true;
    let keys = run.key(&request("r", "q", &["mock:a"]));
    assert_eq!(
        keys[0]["fields"],
        json!({ "namespace": "", "provider": "mock", "model": "a", "messages.0.role": "user",
            "messages.0.text": "q", "sample": "0", "seed": "7" })
    );
}

#[test]
fn stats_are_text_for_a_person_and_json_for_a_program() {
    let mut run = Run::new();
    run.put(&(request("r", "q", &["mock:a"]) + &line(&response("r", "mock:a", 0, "yes"))));
    let stats = run.stats();
    assert_eq!((&stats["entries"], &stats["oldest_s"]), (&json!(1), &json!(946_684_800)));
    assert!(stats["bytes"].as_u64() > Some(4096));
    run.context.person_reads = true;
    let (text, _) = run.through(Action::Stats(Stats { place: run.place(), json: false }), "");
    assert!(text.contains("entries  1\n") && text.contains("newest   0 s ago\n"), "{text}");
    let (text, _) = run.through(Action::Stats(Stats { place: run.place(), json: true }), "");
    assert_eq!(values(&text)[0]["entries"], json!(1));
}
