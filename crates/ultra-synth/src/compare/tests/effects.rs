//! What is published about panels comes out of a comparison of panels of known skill.

use serde_json::Value;

use super::known::{Known, score};

const VOTE: &str = "vote --extract number";

fn vote(known: &Known<'_>) -> (f64, f64) {
    let rows = known.compare(&[VOTE]);
    (score(&rows, VOTE), score(&rows, "one answer"))
}

#[test]
fn a_vote_beats_one_sample_and_not_by_chance() {
    let rows = Known::default().compare(&[VOTE]);
    let one: &Value = rows.iter().find(|row| row["name"] == "one answer").expect("a line");
    assert!(one["lead"]["high"].as_f64().expect("a number") < -0.1, "{one}");
    assert!((score(&rows, "one answer") - 0.6).abs() < 0.03);
}

#[test]
fn a_panel_that_errs_alike_gains_less() {
    let gain = |correlation: f64| {
        let (vote, one) = vote(&Known { correlation, ..Known::default() });
        vote - one
    };
    let (apart, alike, same) = (gain(0.0), gain(0.5), gain(1.0));
    assert!(apart > alike + 0.05 && alike > same - 1e-9 && same.abs() < 1e-9, "{apart} {alike} {same}");
}

#[test]
fn weak_members_hurt() {
    let strong = vote(&Known { accuracies: &[0.8; 3], ..Known::default() }).0;
    let mixed = vote(&Known { accuracies: &[0.8, 0.3, 0.3, 0.3, 0.3], ..Known::default() }).0;
    assert!(strong > mixed + 0.1, "{strong} {mixed}");
}

#[test]
fn debate_without_evidence_adds_little_to_a_vote() {
    let before = vote(&Known::default()).0;
    let after = vote(&Known { debate: Some(0.5), ..Known::default() }).0;
    assert!(after < before + 0.02, "{before} {after}");
}

#[test]
fn the_true_order_of_judges_comes_out() {
    let names = [
        "judge --ultra exec:0.95",
        "judge --ultra exec:0.7",
        "fuse --ultra exec:0.4",
        "judge --ultra exec:0",
    ];
    let rows = Known::default().compare(&names);
    let scores = names.map(|name| score(&rows, name));
    assert!(scores.windows(2).all(|pair| pair[0] > pair[1] + 0.03), "{scores:?}");
    // Of answers of which three in five are right, a judge of skill s takes a right one with s + (1 − s) · 0.6.
    let any = score(&rows, "any answer");
    for (found, skill) in scores.iter().zip([0.95, 0.7, 0.4, 0.0]) {
        let expected = any * skill + (1.0 - skill) * 0.6;
        assert!((found - expected).abs() < 0.06, "{found} {expected}");
    }
    // The differences are no chance, and the report says so.
    for name in &names[1..] {
        let row = rows.iter().find(|row| row["name"] == *name).expect("a line");
        assert!(row["lead"]["high"].as_f64().expect("a number") < 0.0, "{row}");
    }
}

#[test]
fn a_judge_of_skill_beats_the_vote_and_a_poor_one_does_not() {
    let rows = Known::default().compare(&[VOTE, "judge --ultra exec:1", "judge --ultra exec:0.2"]);
    assert!(score(&rows, "judge --ultra exec:1") > score(&rows, VOTE));
    assert!(score(&rows, "judge --ultra exec:0.2") < score(&rows, VOTE));
}
