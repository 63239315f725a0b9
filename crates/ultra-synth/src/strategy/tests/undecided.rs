//! What was judged and paid for without a winner is told all the same.

use serde_json::json;
use ultra_provider::Call;

use super::{THREE, run, text, three};
use crate::testing::{refused, says};

#[test]
fn comparisons_without_a_winner_are_told_beside_what_was_taken_instead() {
    let undecided = |call: &Call| {
        Ok(says(&format!(r#"{{"reason": "The first, says {}.", "better": "A"}}"#, call.target)))
    };
    let ran = run(&["pairwise", "--ultra", "exec:a", "--ultra", "exec:b"], &three(), undecided);
    let verdict = ran.of("verdict").remove(0);
    let told = &verdict["pairwise"];
    assert_eq!(
        (&ran.synthesis()["calls"], &told["rule"]),
        (&json!(12), &json!("bradley-terry")),
        "{verdict}"
    );
    let judges = told["judges"].as_array().expect("a list");
    assert_eq!(
        judges.iter().map(|one| &one["target"]).collect::<Vec<_>>(),
        ["exec:a", "exec:b"],
        "{verdict}"
    );
    for judge in judges {
        let compared = judge["comparisons"].as_array().expect("a list");
        assert!(compared.len() == 3 && compared.iter().all(|one| one["better"] == "tie"), "{judge}");
    }
    // The second judge decides, and the first stands beside it.
    let ran = run(&["pairwise", "--ultra", "exec:a", "--ultra", "exec:b"], &three(), |call| {
        let first = text(call).contains(&format!("label: Answer A\n\n{}", THREE[1]));
        let better = if call.target == "exec:b" && !first { "B" } else { "A" };
        Ok(says(&json!({"reason": "r", "better": better}).to_string()))
    });
    let verdict = ran.of("verdict").remove(0);
    assert_eq!((&verdict["winner"], verdict.get("pairwise")), (&json!("res-p-exec:m1"), None), "{verdict}");
    let flips: Vec<_> =
        verdict["judges"].as_array().expect("a list").iter().map(|one| &one["flips"]).collect();
    assert_eq!(flips[0], &json!(3), "{verdict}");
    assert_eq!(flips.len(), 2, "{verdict}");
}

#[test]
fn too_few_comparisons_are_told_too() {
    let ran = run(&["pairwise", "--ultra", "exec:a"], &three(), |call| {
        if text(call).contains(THREE[2]) {
            return Err(refused(call));
        }
        Ok(says(r#"{"reason": "r", "better": "A"}"#))
    });
    let verdict = ran.of("verdict").remove(0);
    let compared = verdict["pairwise"]["judges"][0]["comparisons"].as_array().expect("a list");
    assert_eq!((compared.len(), verdict["pairwise"].get("margin")), (1, None), "{verdict}");
}

#[test]
fn scores_that_tie_are_told_beside_what_was_taken_instead() {
    let ran = run(&["judge", "--ultra", "exec:a", "--rubric", "default"], &three(), |_| {
        let score = json!({"accuracy": 4, "completeness": 4, "clarity": 4, "conciseness": 4, "relevance": 4});
        let scores = json!({"A": score, "B": score, "C": score});
        Ok(says(&json!({"reason": "All true.", "scores": scores}).to_string()))
    });
    let verdict = ran.of("verdict").remove(0);
    assert_eq!(verdict["judge"]["judges"][0]["reason"], "All true.", "{verdict}");
}
