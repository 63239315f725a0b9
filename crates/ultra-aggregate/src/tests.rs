//! The rules agree with other implementations on recorded profiles; `scripts/aggregates` compares many more.

use serde_json::Value;

use crate as aggregate;

#[path = "../examples/aggregate/evaluate.rs"]
mod evaluate;

/// Where two results differ by more than 1e-9, or in anything but a number with a fraction.
fn difference(found: &Value, wanted: &Value, path: &str) -> Option<String> {
    let differ = || Some(format!("{path}: {found} is not {wanted}"));
    match (found, wanted) {
        (Value::Object(one), Value::Object(other)) if one.len() == other.len() => {
            one.iter().find_map(|(key, value)| {
                difference(value, wanted.get(key).unwrap_or(&Value::Null), &format!("{path}.{key}"))
            })
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let mut places = one.iter().zip(other).enumerate();
            places.find_map(|(at, (one, other))| difference(one, other, &format!("{path}[{at}]")))
        }
        (Value::Number(one), Value::Number(other)) if one.is_f64() || other.is_f64() => {
            let near =
                one.as_f64().zip(other.as_f64()).is_some_and(|(one, other)| (one - other).abs() <= 1e-9);
            if near { None } else { differ() }
        }
        _ if found == wanted => None,
        _ => differ(),
    }
}

#[test]
fn other_implementations_say_the_same() {
    let mut kinds = std::collections::BTreeMap::<&str, u32>::new();
    let recorded: Vec<Value> = include_str!("reference.ndjson")
        .lines()
        .map(|line| serde_json::from_str(line).expect("is JSON"))
        .collect();
    for line in &recorded {
        let found = evaluate::evaluate(&line["profile"]).expect("can be read");
        assert_eq!(difference(&found, &line["result"], ""), None, "{}", line["profile"]);
        *kinds.entry(line["profile"]["kind"].as_str().expect("has a kind")).or_default() += 1;
    }
    assert_eq!(
        kinds.keys().copied().collect::<Vec<_>>(),
        ["best", "cluster", "numbers", "pairs", "rank", "stats", "vote"]
    );
    assert!(kinds.values().all(|count| *count >= 10), "{kinds:?}");
}
