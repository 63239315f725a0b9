use std::fs;

use ultra_provider::dispatch::Counts;

use super::RunSummary;
use crate::calls::Source;
use crate::tally::Tally;
use crate::tally::tests::{answer, error, finished, response};

fn run() -> RunSummary {
    let mut tally = Tally::default();
    tally.request(2);
    tally.call(&finished("openai:a", Ok(answer((100, 10), Some(0.25)))));
    tally.answered(&response("openai:a"), Source::Target);
    tally.failed(&error("openai:a", ultra_core::kind::ErrorKind::Budget), Source::Target);
    tally.summary(Counts { attempts: 1, retries_free: 3, ..Counts::default() })
}

#[test]
fn the_object_has_these_fields_in_this_order() {
    let text = serde_json::to_string(&run()).expect("is JSON");
    let numbers = r#""records":2,"responses":1,"errors":{"budget":1},"cached":0,"shared":0,"journaled":0,"skipped":1,"calls":1,"unreached":0,"possibly_paid":0,"tokens":{"input":100,"cached_input":50,"output":10,"answers_without_count":0},"cost":{"usd":0.25,"answers_without_price":0}"#;
    assert_eq!(
        text,
        format!(
            r#"{{"tool":"ultra-fanout","version":1,"requests":1,"retries":{{"throttled":0,"free":3,"unsure":0,"asked":0}},"hedges":0,"hedges_won":0,"total":{{{numbers}}},"targets":[{{"target":"openai:a",{numbers}}}]}}"#
        )
    );
}

#[test]
fn latency_is_there_when_it_was_measured() {
    let mut tally = Tally::default();
    let mut done = finished("openai:a", Ok(answer((1, 1), None)));
    for total in 1..=100_u64 {
        done.timing = serde_json::from_value(serde_json::json!({
            "queue_ms": 1000, "first_token_ms": 3, "total_ms": 1000 + total
        }))
        .expect("is a timing");
        tally.call(&done);
    }
    let value = serde_json::to_value(tally.summary(Counts::default())).expect("is JSON");
    assert_eq!(
        value["targets"][0]["latency"],
        serde_json::json!({
            "count": 100,
            "total": { "p50_ms": 50, "p95_ms": 95, "p99_ms": 99 },
            "first_byte": { "p50_ms": 3, "p95_ms": 3, "p99_ms": 3 }
        })
    );
}

#[test]
fn the_file_is_replaced_whole_and_no_draft_stays() {
    let dir = tempfile::tempdir().expect("makes a directory");
    let path = dir.path().join("run.json");
    fs::write(&path, "old").expect("writes");
    run().write(&path).expect("is written");
    let text = fs::read_to_string(&path).expect("reads");
    assert!(text.starts_with("{\n  \"tool\": \"ultra-fanout\"") && text.ends_with("}\n"), "{text}");
    assert_eq!(fs::read_dir(dir.path()).expect("lists").count(), 1);
    let failure = run().write(&dir.path().join("no/run.json")).expect_err("there is no directory");
    assert!(failure.to_string().contains("no/run.json"), "{failure}");
    assert_eq!(fs::read_dir(dir.path()).expect("lists").count(), 1);
}

#[test]
fn what_is_no_file_is_written_to_and_not_replaced() {
    run().write(std::path::Path::new("/dev/null")).expect("is written");
    assert!(!fs::metadata("/dev/null").expect("is there").is_file());
}

#[test]
fn every_field_that_is_written_is_in_the_schema_with_a_description() {
    let schema = serde_json::to_value(RunSummary::schema()).expect("is JSON");
    let value = serde_json::to_value(run()).expect("is JSON");
    let described = |schema: &serde_json::Value, key: &str| {
        assert!(schema["properties"][key]["description"].is_string(), "{key} in {schema}");
    };
    value.as_object().expect("is an object").keys().for_each(|key| described(&schema, key));
    let totals = &schema["$defs"]["Totals"];
    value["total"].as_object().expect("is an object").keys().for_each(|key| described(totals, key));
}
