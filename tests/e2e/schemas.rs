//! The JSON Schemas in `man/schemas` are those of the code.

use std::collections::BTreeSet;

use serde_json::Value;
use ultra_core::record::Type;
use ultra_core::schema;

use crate::{fresh, tools};

#[test]
fn the_schemas_are_fresh() {
    for kind in Type::ALL {
        fresh::check(&format!("man/schemas/{kind}.json"), &format!("{:#}\n", schema::of(kind)));
    }
    fresh::check("man/schemas/pattern.json", &format!("{:#}\n", ultra_template::file::schema()));
}

#[test]
fn each_tool_prints_what_it_reads_and_writes() {
    for tool in tools::all() {
        let run = std::process::Command::new(tool.binary).arg("--schema").output().expect("runs");
        let printed: serde_json::Value = serde_json::from_slice(&run.stdout).expect("is JSON");
        assert_eq!(printed, schema::of_tool(tool.name, tool.reads, tool.writes), "{}", tool.name);
        assert!(run.status.success() && !tool.writes.is_empty(), "{}", tool.name);
    }
}

#[test]
fn the_schema_of_an_error_lists_every_kind() {
    let tool = &tools::all()[2];
    let run = std::process::Command::new(tool.binary).args(["--schema", "error"]).output().expect("runs");
    let text = String::from_utf8(run.stdout).expect("is text");
    for kind in ultra_core::kind::ErrorKind::ALL {
        assert!(text.contains(&format!("\"const\": \"{kind}\"")), "{kind}");
    }
}

#[test]
fn a_tool_prints_the_schema_of_the_files_that_it_reads() {
    let tool = tools::all().into_iter().find(|tool| tool.name == "ultra-pattern").expect("is there");
    for arguments in [&["--schema=pattern"][..], &["--schema", "pattern"]] {
        let run = std::process::Command::new(tool.binary).args(arguments).output().expect("runs");
        let printed: serde_json::Value = serde_json::from_slice(&run.stdout).expect("is JSON");
        assert_eq!(printed, ultra_template::file::schema());
    }
}

/// The fields of `record` that the schema of its type does not have, with the path to each.
fn unknown(root: &Value, schema: &Value, value: &Value, path: &str, found: &mut BTreeSet<String>) {
    let schema = resolved(root, schema);
    match value {
        Value::Object(fields) => {
            let Some(known) = schema["properties"].as_object() else { return };
            for (key, value) in fields {
                let path = format!("{path}.{key}");
                match known.get(key) {
                    Some(schema) => unknown(root, schema, value, &path, found),
                    None => drop(found.insert(path)),
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                unknown(root, &schema["items"], item, path, found);
            }
        }
        _ => {}
    }
}

/// The schema that one refers to, also where it may be null.
fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let any = schema["anyOf"].as_array().and_then(|any| any.iter().find(|one| one["$ref"].is_string()));
    let one = any.unwrap_or(schema);
    let place = one["$ref"].as_str().and_then(|place| place.strip_prefix('#'));
    place.and_then(|place| root.pointer(place)).unwrap_or(one)
}

/// Pipelines that between them write every record, with every strategy in sunshine and in rain.
fn pipelines() -> Vec<String> {
    let synth = tools::all().into_iter().find(|tool| tool.name == "ultra-synth").expect("is there");
    let strategies: Vec<String> =
        synth.command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    let panel = "ultra-fanout --lines -m mock:a -m mock:b#2 -m 'mock:c?fail=1&kind=auth' < questions.txt";
    let read = "ultra-ingest plan.md | ultra-pattern start critique -p 'Is this sound?' -m mock:a -m mock:b";
    let stages = "ultra-fanout | ultra-pattern next | ultra-fanout | ultra-pattern next | ultra-fanout";
    let mut all = Vec::new();
    for strategy in &strategies {
        all.push(format!("{panel} | ultra-synth {strategy}"));
        all.push(format!("{panel} | ultra-synth {strategy} --ultra 'mock:u?fail=1&kind=auth'"));
        all.push(format!("{read} | {stages} | ultra-synth {strategy}"));
        all.push(format!("{panel} | ultra-synth {strategy} --max-answer 64"));
    }
    for strategy in &strategies {
        all.push(format!("ultra-synth {strategy} < answers.ndjson"));
    }
    for judging in ["vote", "rank", "pairwise"] {
        all.push(format!("{panel} | ultra-synth {judging} --accept 'answers >= 1'"));
    }
    all.push(format!("{panel} | ultra-synth rank | ultra-synth fuse --top 2"));
    all.push(format!("{panel} | ultra-synth judge --rubric default | ultra-synth pairwise --rule copeland"));
    all.push(
        "ultra-fanout --stream --lines -m mock:a < questions.txt | ultra-synth fuse --stream".to_owned(),
    );
    all.push("ultra-fanout --lines --cache=answers.db -m mock:a < questions.txt".to_owned());
    all.push(
        "ultra-fanout --lines -m 'mock:a?fail=1&kind=rate_limited&retry_after=1s' < questions.txt".to_owned(),
    );
    all.push(
        "ultra-fanout --lines --until-decided whole -m mock:a -m mock:b -m mock:c < questions.txt".to_owned(),
    );
    all
}

/// Two members who agree, one who does not, and one who was not heard.
const ANSWERS: &str = r#"{"type":"prompt","id":"p","text":"Is water wet?","expected":"yes"}
{"type":"request","id":"r","prompt_id":"p","messages":[{"role":"user","content":"Is water wet?"}],"targets":["mock:a","mock:b","mock:c","mock:d"],"stage":{"name":"answer","index":0,"of":1,"requests":1}}
{"type":"response","id":"a","request_id":"r","prompt_id":"p","target":"mock:a","sample":0,"stage":"answer","model":"m","text":"Yes","finish_reason":"stop","attempts":1}
{"type":"response","id":"b","request_id":"r","prompt_id":"p","target":"mock:b","sample":0,"stage":"answer","model":"m","text":"Yes","finish_reason":"stop","attempts":1}
{"type":"response","id":"c","request_id":"r","prompt_id":"p","target":"mock:c","sample":0,"stage":"answer","model":"m","text":"No","finish_reason":"stop","attempts":1}
{"type":"error","id":"d","tool":"ultra-fanout","kind":"cancelled","message":"the vote is decided","retryable":false,"request_id":"r","prompt_id":"p","target":"mock:d","sample":0}
"#;

#[test]
fn every_field_that_is_written_has_a_place_in_its_schema_and_in_the_manual() {
    let names: Vec<String> = pipelines()
        .iter()
        .filter_map(|line| line.split("ultra-synth ").nth(1))
        .map(|rest| rest.split(' ').next().unwrap_or_default().to_owned())
        .collect();
    let mut found = BTreeSet::new();
    let mut kinds = BTreeSet::new();
    for line in pipelines() {
        let sandbox = tools::pipeline(&line).env("ULTRA_MOCK", "1");
        let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/data/plan.md");
        let run = sandbox
            .file("plan.md", std::fs::read_to_string(data).expect("is there"))
            .file("answers.ndjson", ANSWERS)
            .file("questions.txt", "Is tea better than coffee?\nWhy is the sky blue?\n")
            .run();
        assert_ne!(run.code(), 2, "{line}\n{run}");
        for text in run.stdout().lines() {
            let record: Value = serde_json::from_str(text).expect("JSON");
            let kind =
                Type::ALL.into_iter().find(|kind| record["type"] == kind.as_str()).expect("is one of ours");
            let schema = schema::of(kind);
            unknown(&schema, &schema, &record, kind.as_str(), &mut found);
            kinds.insert(kind.as_str());
        }
    }
    // What a strategy judged in vain stands under its name, as the schema of a verdict says.
    found.retain(|path| !names.iter().any(|name| *path == format!("verdict.{name}")));
    assert_eq!(found, BTreeSet::new());
    assert_eq!(kinds.len(), Type::ALL.len(), "{kinds:?}");
}
