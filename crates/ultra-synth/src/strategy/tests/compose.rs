//! Strategies one after the other, as in a pipe.

use serde_json::{Value, json};

use super::{THREE, listen, run, text, three};
use crate::testing::{panel_of, says, simulated};

/// A reviewer who gives better places to longer answers.
pub(super) fn longest_first(call: &ultra_provider::Call) -> ultra_provider::Answer {
    let shown = text(call);
    let mut lengths: Vec<(String, usize)> = shown
        .split("\nlabel: Answer ")
        .skip(1)
        .map(|part| {
            let (label, rest) = part.split_once("\n\n").expect("an answer");
            (label.to_owned(), rest.split("\n</answer-").next().expect("its end").len())
        })
        .collect();
    lengths.sort_by_key(|(_, length)| std::cmp::Reverse(*length));
    let places: serde_json::Map<String, Value> =
        lengths.into_iter().enumerate().map(|(at, (label, _))| (label, json!(at + 1))).collect();
    says(&json!({"reason": "Longer.", "places": places}).to_string())
}

const FOUR: [&str; 4] = ["One France.", "Two, France.", "Three, in France.", "Four, all over France."];

#[test]
fn rank_leaves_a_verdict_and_fuse_writes_from_the_best_of_it() {
    let ranked = run(&["rank"], &panel_of("p", "exec:m", &FOUR), |call| Ok(longest_first(call)));
    assert!(ranked.of("synthesis").is_empty());
    let verdict = ranked.of("verdict").remove(0);
    let ids: Vec<_> = verdict["ranking"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|rank| rank["response_id"].clone())
        .collect();
    assert_eq!(ids, ["res-p-exec:m3", "res-p-exec:m2", "res-p-exec:m1", "res-p-exec:m0"]);
    assert_eq!((&verdict["agreement"]["kendall_w"], &verdict["rung"]), (&json!(1.0), &json!("members")));

    let (fused, heard) =
        listen(&["fuse", "--top", "2", "--ultra", "exec:u"], &ranked.records(), |call| Ok(simulated(call)));
    assert_eq!(fused.synthesis()["sources"], json!(["res-p-exec:m2", "res-p-exec:m3"]));
    assert!(
        heard[0].1.contains(FOUR[3]) && heard[0].1.contains(FOUR[2]) && !heard[0].1.contains(FOUR[1]),
        "{heard:?}"
    );
    assert!(fused.synthesis().get("degraded").is_none());

    let without =
        run(&["fuse", "--top", "2", "--ultra", "exec:u"], &panel_of("p", "exec:m", &FOUR), |call| {
            Ok(simulated(call))
        });
    assert!(without.synthesis()["reason"].as_str().expect("a reason").starts_with("no_inputs: no ranking"));
}

#[test]
fn the_winner_of_a_ranking_stands_in_for_a_writer_that_fails() {
    let ranked = run(&["rank"], &panel_of("p", "exec:m", &FOUR), |call| Ok(longest_first(call)));
    let fused = run(&["fuse", "--ultra", "exec:u", "--attempts", "1"], &ranked.records(), |_| Ok(says(" ")));
    assert_eq!((&fused.synthesis()["rung"], &fused.synthesis()["text"]), (&json!("rank"), &json!(FOUR[3])));
}

#[test]
fn a_prompt_that_is_ranked_is_not_ranked_again() {
    let ranked = run(&["rank"], &three(), |call| Ok(simulated(call)));
    let (again, heard) = listen(&["rank"], &ranked.records(), |call| Ok(simulated(call)));
    assert_eq!((again.stdout, heard.len()), (ranked.stdout, 0));
}

#[test]
fn fuse_sees_the_analysis_under_the_labels_of_its_own_answers() {
    let analysed = run(&["analyse", "--ultra", "exec:a"], &three(), |call| {
        let shown = text(call);
        let cheese = ["A", "B", "C"]
            .into_iter()
            .find(|letter| shown.contains(&format!("label: Answer {letter}\n\nI like cheese")));
        Ok(says(
            &json!({"consensus": [], "contradictions": [], "partial": [],
            "unique": [{"point": "There is cheese.", "answer": cheese}], "blind_spots": []})
            .to_string(),
        ))
    });
    // The second judge sees the answers in another order, and so other labels.
    for writers in [&["exec:u", "exec:v"], &["exec:down", "exec:v"]] {
        let arguments = ["fuse", "--attempts", "1", "--ultra", writers[0], "--ultra", writers[1]];
        let (fused, heard) = listen(&arguments, &analysed.records(), |call| {
            Ok(if call.target == "exec:down" { says("") } else { simulated(call) })
        });
        let by = fused.synthesis()["target"].clone();
        let shown = &heard.iter().find(|(target, _)| *target == by).expect("was asked").1;
        let at = shown.find("\n\nI like cheese").expect("the answer");
        let letter = &shown[at - 1..at];
        assert!(shown.contains(&format!("\"answer\": \"Answer {letter}\"")), "{shown}");
        assert!(shown.contains("There is cheese.") && !shown.contains("res-p"));
    }
}

#[test]
fn what_a_vote_does_not_accept_is_left_to_the_next() {
    let clear = panel_of("p", "exec:m", &["4", "4", "4", "5"]);
    let close = panel_of("q", "exec:m", &["4", "4", "5", "5", "6"]);
    let both: Vec<Value> = clear.into_iter().chain(close).collect();
    let voted = run(&["vote", "--accept", "margin >= 0.5"], &both, |call| Ok(simulated(call)));
    assert_eq!((voted.of("synthesis").len(), voted.of("verdict").len()), (1, 2));
    assert_eq!(voted.of("synthesis")[0]["prompt_id"], "p");
    let told = voted.of("verdict");
    assert_eq!((&told[0]["accepted"], &told[1]["accepted"]), (&json!(true), &json!(false)));
    assert_eq!(
        (&told[1]["strategy"], &told[1]["degraded"]),
        (&json!("vote"), &Value::Null),
        "nothing failed"
    );
    let (fused, heard) = listen(&["fuse", "--ultra", "exec:u"], &voted.records(), |call| Ok(simulated(call)));
    assert_eq!((fused.of("synthesis").len(), heard.len()), (2, 1));
    let strategies: Vec<_> = fused.of("synthesis").into_iter().map(|one| one["strategy"].clone()).collect();
    assert_eq!(strategies, ["vote", "fuse"]);
}

#[test]
fn a_ranking_that_is_accepted_is_an_answer() {
    let ran = run(&["rank", "--accept", "kendall_w >= 0.9"], &panel_of("p", "exec:m", &FOUR), |call| {
        Ok(longest_first(call))
    });
    assert_eq!((&ran.synthesis()["text"], &ran.synthesis()["rung"]), (&json!(FOUR[3]), &json!("members")));
}

#[test]
fn claims_that_were_checked_reach_the_writer() {
    let verified = run(&["verify", "--ultra", "exec:a"], &three(), |call| Ok(simulated(call)));
    let (_, heard) = listen(&["fuse", "--ultra", "exec:u"], &verified.records(), |call| Ok(simulated(call)));
    assert!(heard[0].1.contains("label: Claims") && heard[0].1.contains("\"standing\""), "{heard:?}");
}

#[test]
fn a_ladder_leads_upwards() {
    for ladder in ["3,2", "all,3", "3,3"] {
        let ran = run(&["rank", "--ladder", ladder], &three(), |call| Ok(simulated(call)));
        assert_eq!(ran.status(), 2, "{ladder}");
    }
}

#[test]
fn agreement_of_the_first_few_saves_the_other_reviewers() {
    let five: Vec<String> = (1..=5).map(|n| format!("France{}.", " and so on".repeat(n))).collect();
    let five: Vec<&str> = five.iter().map(String::as_str).collect();
    let (ran, heard) = listen(&["rank", "--ladder", "3,all"], &panel_of("p", "exec:m", &five), |call| {
        Ok(longest_first(call))
    });
    assert_eq!(heard.len(), 3);
    assert_eq!(ran.of("verdict")[0]["not_asked"], 2);
    let (ran, heard) = listen(&["rank", "--ladder", "3,all"], &panel_of("p", "exec:m", &five), |call| {
        // Every other reviewer turns it around.
        let said: Value = serde_json::from_str(&longest_first(call).text).expect("is JSON");
        let turned = call.target.ends_with(['1', '3']);
        let place = |place: &Value| place.as_i64().map(|place| if turned { 5 - place } else { place });
        let places: serde_json::Map<String, Value> = said["places"]
            .as_object()
            .expect("places")
            .iter()
            .map(|(label, at)| (label.clone(), json!(place(at))))
            .collect();
        Ok(says(&json!({"reason": "r", "places": places}).to_string()))
    });
    assert_eq!(heard.len(), 5, "{}", ran.stdout);
}

#[test]
fn one_answer_is_an_answer_after_any_strategy() {
    for strategy in ["rank", "analyse", "verify"] {
        let one = panel_of("p", "exec:m", &THREE[..1]);
        let (judged, heard) = listen(&[strategy, "--ultra", "exec:a"], &one, |call| Ok(simulated(call)));
        assert_eq!(
            (judged.of("verdict")[0]["rung"].clone(), heard.len()),
            (json!("single"), 0),
            "{strategy}"
        );
        let (fused, heard) =
            listen(&["fuse", "--ultra", "exec:a"], &judged.records(), |call| Ok(simulated(call)));
        assert_eq!((&fused.synthesis()["rung"], heard.len()), (&json!("single"), 0), "{strategy}");
    }
}

#[test]
fn the_line_that_completes_a_prompt_comes_out_with_what_is_made_of_it() {
    let mut both = panel_of("p", "exec:late", &FOUR);
    both.extend(panel_of("q", "exec:m", &FOUR));
    let ran = run(&["rank"], &both, |call| Ok(simulated(call)));
    let ids: Vec<String> = ran
        .records()
        .iter()
        .map(|record| {
            let kind = record["type"].as_str().expect("a type");
            if kind == "verdict" {
                format!("verdict {}", record["prompt_id"])
            } else {
                record["id"].to_string()
            }
        })
        .collect();
    let place =
        |id: &str| ids.iter().position(|other| other.contains(id)).unwrap_or_else(|| panic!("{id}: {ids:?}"));
    assert!(place("res-p-exec:late2") < place("r-q"), "what completes nothing does not wait: {ids:?}");
    assert_eq!(place("verdict \"q\""), place("res-q-exec:m3") + 1, "{ids:?}");
    assert_eq!(place("verdict \"p\""), place("res-p-exec:late3") + 1, "{ids:?}");
    assert!(place("verdict \"q\"") < place("res-p-exec:late3"), "{ids:?}");
}
