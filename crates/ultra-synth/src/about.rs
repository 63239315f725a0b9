//! Which answers a verdict is about: a prompt can have been judged at every stage, and under other requests too.

use std::collections::BTreeSet;

use serde_json::Value;
use ultra_core::record::{Json, Verdict};

use crate::candidate::Case;

/// Whether a verdict is about the answers of this case and no others.
///
/// One that names no answer at all is about them where the prompt has no other stage.
pub(crate) fn is_about(verdict: &Verdict, case: &Case) -> bool {
    let named = named(verdict);
    let is_candidate = |id: &String| case.candidates.iter().any(|candidate| candidate.id == *id);
    if named.is_empty() { case.group.stages().count() <= 1 } else { named.iter().all(is_candidate) }
}

/// The ids of the answers that a verdict names.
fn named(verdict: &Verdict) -> BTreeSet<String> {
    let mut ids: BTreeSet<String> = verdict.ranking.iter().map(|rank| rank.response_id.clone()).collect();
    ids.extend(verdict.winner.clone());
    let analysis = verdict.analysis.as_ref().and_then(|analysis| Json::of(analysis).ok());
    let claims = verdict.extra.get("claims");
    for told in verdict.judges.iter().chain(&analysis).chain(claims) {
        gather(&told.read().unwrap_or_default(), &mut ids);
    }
    ids
}

/// The fields of judgements that hold ids of answers.
pub(crate) const NAMES: [&str; 6] = ["answer", "answers", "missing", "against", "order", "left_out"];

fn gather(value: &Value, ids: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(id) if NAMES.contains(&key.as_str()) => drop(ids.insert(id.clone())),
                    Value::Array(items) if NAMES.contains(&key.as_str()) => {
                        ids.extend(items.iter().filter_map(Value::as_str).map(str::to_owned));
                    }
                    value => gather(value, ids),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, ids)),
        _ => {}
    }
}
