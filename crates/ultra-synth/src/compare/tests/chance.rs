//! What is said of few prompts, and of scores that are all the same.

use serde_json::{Value, json};

use super::of;
use crate::testing::{panel, run};

/// Prompts on which the first two of three say what is wrong.
fn prompts(count: usize) -> Vec<Value> {
    let mut records = Vec::new();
    for number in 0..count {
        let id = format!("p{number}");
        records.push(json!({"type": "prompt", "id": id, "text": "Capital of France?", "expected": "Lyon"}));
        records.extend(panel(&id, &["Paris", "Paris.", "Lyon"]));
    }
    records
}

/// What a form says of strategies of which the first is right and the second wrong on each of `count` prompts.
fn told(count: usize, form: &str) -> String {
    let arguments = ["compare", "-s", "vote --weight mock:m2=9", "-s", "vote", "--format", form];
    let said = run(&arguments, &prompts(count)).stdout;
    assert!(said.contains("-1.000") || said.contains("-1.0"), "{said}");
    said
}

#[test]
fn of_fewer_than_six_prompts_there_are_means_and_a_word_that_these_are_too_few() {
    for count in 1..6 {
        for form in ["text", "md", "html"] {
            let said = told(count, form);
            assert!(
                !said.contains("000*") && !said.contains("1.00–1.00") && !said.contains("drawn anew"),
                "{said}"
            );
            let plain = said.replace('\n', " ");
            assert!(plain.contains("Too few scored prompts to tell a difference from chance"), "{said}");
        }
        let report: Value = serde_json::from_str(&told(count, "json")).expect("JSON");
        let row = of(report["strategies"].as_array().expect("a list"), "vote").clone();
        assert_eq!(row["lead"], json!({"mean": -1.0}), "{row}");
        assert_eq!(row.get("apart"), None, "{row}");
    }
}

#[test]
fn six_prompts_can_tell_two_strategies_apart() {
    let said = told(6, "text");
    assert!(said.contains("-1.000*") && !said.contains("Too few"), "{said}");
    let report: Value = serde_json::from_str(&told(6, "json")).expect("JSON");
    let row = of(report["strategies"].as_array().expect("a list"), "vote").clone();
    assert_eq!((&row["apart"], &row["quality"]), (&json!(true), &json!({"mean": 0.0})), "{row}");
}
