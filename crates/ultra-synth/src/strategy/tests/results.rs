//! What each strategy gives when all goes well.

use serde_json::{Value, json};

use super::{THREE, listen, run, text, three};
use crate::testing::{answer, failure, panel_of, request, says, simulated};

#[test]
fn judge_gives_the_answer_that_was_chosen_word_for_word() {
    let ran = run(&["judge", "--ultra", "exec:a"], &three(), |call| {
        let shown = text(call);
        let letter = (b'A'..=b'C')
            .map(char::from)
            .find(|letter| shown.contains(&format!("label: Answer {letter}\n\n{}\n", THREE[1])));
        Ok(says(&json!({"reason": "It is right.", "best": letter}).to_string()))
    });
    let (synthesis, verdict) = (ran.synthesis(), ran.of("verdict").remove(0));
    assert_eq!((&synthesis["text"], &synthesis["rung"]), (&json!(THREE[1]), &json!("judge:1")));
    assert_eq!(synthesis["sources"], json!(["res-p-exec:m1"]));
    assert_eq!((&verdict["strategy"], &verdict["winner"]), (&json!("judge"), &json!("res-p-exec:m1")));
    assert_eq!(verdict["judges"][0]["order"].as_array().expect("a list").len(), 3);
    assert_eq!(verdict["judges"][0]["reason"], "It is right.");
}

#[test]
fn a_rubric_makes_a_ranking_with_a_margin() {
    let ran = run(&["judge", "--ultra", "exec:a", "--rubric", "default"], &three(), |call| {
        let shown = text(call);
        let score = |letter: &str| {
            let good = shown.contains(&format!("label: Answer {letter}\n\n{}\n", THREE[0]));
            let n = if good { 9 } else { 5 };
            json!({"accuracy": n, "completeness": n, "clarity": n, "conciseness": n, "relevance": n})
        };
        Ok(says(
            &json!({"reason": "r", "scores": {"A": score("A"), "B": score("B"), "C": score("C")}})
                .to_string(),
        ))
    });
    let verdict = ran.of("verdict").remove(0);
    assert_eq!(verdict["winner"], "res-p-exec:m0");
    assert!((verdict["margin"].as_f64().expect("a number") - 0.4).abs() < 1e-9, "{verdict}");
    assert_eq!(verdict["ranking"].as_array().expect("a list").len(), 3);
    assert_eq!(ran.synthesis()["text"], THREE[0]);
}

#[test]
fn analyse_gives_data_that_name_responses_and_no_answer() {
    let ran = run(&["analyse", "--ultra", "exec:a"], &three(), |call| Ok(simulated(call)));
    assert!(ran.of("synthesis").is_empty());
    let verdict = ran.of("verdict").remove(0);
    let analysis = &verdict["analysis"];
    let named = analysis["consensus"][0]["answers"][0].as_str().expect("an id");
    assert!(named.starts_with("res-p-exec:m"), "{analysis}");
    assert!(analysis["unique"][0]["answer"].as_str().expect("an id").starts_with("res-p-"), "{analysis}");
    assert!(analysis["partial"].is_array() && analysis["blind_spots"].is_array());
    assert_eq!((&verdict["rung"], &verdict["calls"]), (&json!("judge:1"), &json!(1)));
}

#[test]
fn verify_believes_a_quote_only_when_it_is_there() {
    let mut records = three();
    let mark = "0123456789abcdef0123456789abcdef";
    records[0]["messages"][0]["content"] = json!(format!(
        "<document-{mark}>\nname: atlas.pdf\npart: 1 of 2\n\nThe capital of France is Paris.\n</document-{mark}>\nWhich city?"
    ));
    records[1]["text"] = json!("Paris, says [atlas.pdf, p. 1]; see also census.pdf.");
    let ran = run(&["verify", "--ultra", "exec:a"], &records, |call| {
        let shown = text(call);
        let letter = ["A", "B", "C"]
            .into_iter()
            .find(|letter| shown.contains(&format!("label: Answer {letter}\n\nParis, says")));
        let claim = |text: &str, quote: &str, answers: Value| {
            json!({"claim": text, "answers": answers, "against": [], "documents": "supported",
                "citations": [{"document": "atlas.pdf", "part": 1, "quote": quote}]})
        };
        let claims = json!([
            claim("true", "the capital of france IS Paris", json!([letter])),
            claim(
                "made up",
                "The capital of France is Lyon",
                json!(
                    ["A", "B", "C"]
                        .into_iter()
                        .find(|other| Some(*other) != letter)
                        .into_iter()
                        .collect::<Vec<_>>()
                )
            ),
        ]);
        Ok(says(&json!({"claims": claims}).to_string()))
    });
    let verdict = ran.of("verdict").remove(0);
    assert_eq!(verdict["claims"][0]["standing"], "supported", "{verdict}");
    assert_eq!(verdict["claims"][0]["citations"][0]["found"], "quoted");
    assert_eq!(
        (&verdict["claims"][1]["documents"], &verdict["claims"][1]["standing"]),
        (&json!("unproven"), &json!("open"))
    );
    assert_eq!(verdict["claims"][1]["citations"][0]["found"], "not_there");
    assert_eq!(verdict["winner"], "res-p-exec:m0");
    let cited = verdict["citations"].as_array().expect("a list");
    let found: Vec<_> = cited
        .iter()
        .map(|one| (one["document"].as_str().expect("text"), one["found"].as_str().expect("text")))
        .collect();
    assert_eq!(found, [("atlas.pdf", "named"), ("census.pdf", "no_such_document")]);
}

#[test]
fn iterate_asks_the_panel_again_until_the_writer_is_sure() {
    let (ran, heard) = listen(&["iterate", "--ultra", "exec:a"], &three(), |call| {
        let shown = text(call);
        if call.target != "exec:a" {
            return Ok(says(&format!("Second thoughts of {}.", call.target)));
        }
        let sure = shown.contains("Second thoughts of exec:m0.");
        let said = json!({"synthesis": if sure { "Paris." } else { "Paris?" }, "confidence": if sure { 0.9 } else { 0.5 },
            "open": if sure { vec![] } else { vec!["Is it still?"] }, "again": !sure});
        Ok(says(&said.to_string()))
    });
    let synthesis = ran.synthesis();
    assert_eq!((&synthesis["text"], &synthesis["target"]), (&json!("Paris."), &json!("exec:a")));
    assert_eq!((&synthesis["confidence"], &synthesis["stopped"]), (&json!(0.9), &json!("threshold")));
    assert_eq!((&synthesis["rounds"][0]["confidence"], &synthesis["calls"]), (&json!(0.5), &json!(5)));
    let of = |target: &str| heard.iter().filter(|(name, _)| name == target).count();
    assert_eq!(["exec:a", "exec:m0", "exec:m1", "exec:m2"].map(of), [2, 1, 1, 1]);
    let again = heard.iter().find(|(name, _)| name == "exec:m0").expect("was asked");
    assert!(again.1.contains(THREE[0]) && again.1.contains("Paris?") && again.1.contains("Is it still?"));
    assert!(!again.1.contains(THREE[2]), "a member sees the text of the writer, not the others");
}

#[test]
fn iterate_stops_at_the_maximum_and_says_so() {
    let ran = run(&["iterate", "--ultra", "exec:a", "--max", "2"], &three(), |call| {
        if call.target != "exec:a" {
            return Ok(says("Hm."));
        }
        Ok(says(r#"{"synthesis": "Perhaps.", "confidence": 30, "open": [], "again": true}"#))
    });
    let synthesis = ran.synthesis();
    assert_eq!((&synthesis["stopped"], &synthesis["confidence"]), (&json!("maximum"), &json!(0.3)));
    assert_eq!(synthesis["rounds"].as_array().expect("a list").len(), 2);
    assert!(synthesis.get("degraded").is_none());
}

fn samples(count: usize) -> Vec<Value> {
    let mut records = vec![request("p", &[&format!("exec:m#{count}")])];
    records.extend((0..count).map(|n| {
        json!({"type": "response", "id": format!("res-{n}"), "request_id": "r-p", "prompt_id": "p", "target": "exec:m",
            "sample": n, "stage": "answer", "model": "m", "text": format!("Sample {n}."), "finish_reason": "stop", "attempts": 1})
    }));
    records
}

#[test]
fn self_moa_reads_every_sample_once_and_its_own_text_again() {
    let (ran, heard) = listen(&["self-moa", "--window", "3"], &samples(6), |call| {
        let shown = text(call);
        Ok(says(&format!("Written from {}.", shown.matches("\nlabel: Answer ").count())))
    });
    let synthesis = ran.synthesis();
    assert_eq!((&synthesis["target"], &synthesis["rung"]), (&json!("exec:m"), &json!("members")));
    assert_eq!((synthesis["sources"].as_array().expect("a list").len(), &synthesis["calls"]), (6, &json!(3)));
    for n in 0..6 {
        assert_eq!(heard.iter().filter(|(_, shown)| shown.contains(&format!("Sample {n}."))).count(), 1);
    }
    assert_eq!(heard.iter().filter(|(_, shown)| shown.contains("Written from 3.")).count(), 2);
    let ran = run(&["self-moa"], &panel_of("p", "exec:m", &THREE), |call| Ok(simulated(call)));
    assert_eq!((&ran.synthesis()["rung"], &ran.synthesis()["degraded"]), (&json!("medoid"), &json!(true)));
}

#[test]
fn vote_counts_answers_and_not_texts() {
    let records = panel_of("p", "exec:m", &["So it is 1,000.", "I get 1000.0", "It is 999", "No idea."]);
    let ran = run(&["vote", "--extract", "number"], &records, |call| Ok(simulated(call)));
    let verdict = ran.of("verdict").remove(0);
    assert_eq!(
        (&verdict["share"], &verdict["margin"], &verdict["without"]),
        (&json!(0.5), &json!(0.25), &json!(1))
    );
    assert_eq!(verdict["votes"][0]["responses"].as_array().expect("a list").len(), 2);
    assert!(ran.synthesis()["text"].as_str().expect("text").contains('0'));
    let ran =
        run(&["vote", "--extract", "number", "--weight", "exec:m2=3"], &records, |call| Ok(simulated(call)));
    assert_eq!(ran.synthesis()["text"], "It is 999");
}

#[test]
fn members_that_nobody_heard_count_against_the_winner() {
    let names = ["mock:m0", "mock:m1", "mock:m2", "mock:m3", "mock:m4"];
    let asked = |kind: &str| {
        let mut records = vec![request("p", &names)];
        records.extend(names[..3].iter().map(|target| answer("p", target, "It is 4.")));
        records.extend(names[3..].iter().map(|target| failure("p", target, kind)));
        let ran = run(&["vote", "--extract", "number"], &records, |call| Ok(simulated(call)));
        let verdict = ran.of("verdict").remove(0);
        let told = |key: &str| verdict.get(key).and_then(serde_json::Value::as_f64);
        (told("share"), told("margin"), told("without"), told("unheard"), ran.synthesis()["rung"].clone())
    };
    let vote = || json!("vote");
    assert_eq!(asked("server"), (Some(1.0), Some(1.0), Some(0.0), None, vote()), "they have had their say");
    assert_eq!(asked("cancelled"), (Some(0.6), Some(0.2), Some(0.0), Some(2.0), vote()));
    assert_eq!(asked("budget"), asked("cancelled"));
}

#[test]
fn a_tied_vote_goes_down_the_ladder_and_nothing_is_picked() {
    let records = panel_of("p", "exec:m", &["Yes, 4", "Yes, 5"]);
    let ran = run(&["vote", "--extract", "number"], &records, |call| Ok(simulated(call)));
    let synthesis = ran.synthesis();
    assert_eq!(synthesis["degraded"], true);
    let reason = synthesis["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("no_agreement: 2 answers have equally many votes"), "{reason}");
    let verdict = ran.of("verdict").remove(0);
    assert_eq!((&verdict["vote"]["ties"], &verdict["vote"]["margin"]), (&json!(2), &json!(0.0)), "{verdict}");
}

#[test]
fn the_first_vote_stands_beside_what_was_made_of_it() {
    let ran =
        run(&["fuse", "--ultra", "exec:a"], &panel_of("p", "exec:m", &["Paris.", "paris", "Lyon"]), |call| {
            Ok(simulated(call))
        });
    assert_eq!(ran.synthesis()["vote"]["answer"], "paris");
    assert_eq!(ran.synthesis()["vote"]["responses"], json!(["res-p-exec:m0", "res-p-exec:m1"]));
}

#[test]
fn pairwise_takes_a_choice_that_the_order_changes_for_a_tie() {
    let ran = run(&["pairwise", "--ultra", "exec:a", "--attempts", "1"], &three(), |_| {
        Ok(says(r#"{"reason": "The first.", "better": "A"}"#))
    });
    let reason = ran.synthesis()["reason"].as_str().expect("a reason").to_owned();
    assert!(
        reason.starts_with("no_agreement: judge:1: exec:a: no answer is better than all others"),
        "{reason}"
    );
    for rule in ["bradley-terry", "copeland"] {
        let ran = run(&["pairwise", "--ultra", "exec:a", "--rule", rule], &three(), |call| {
            let shown = text(call);
            let better = |letter: &str| shown.contains(&format!("label: Answer {letter}\n\n{}", THREE[1]));
            let better = if better("A") {
                "A"
            } else if better("B") {
                "B"
            } else {
                "A"
            };
            Ok(says(&json!({"reason": "r", "better": better}).to_string()))
        });
        let verdict = ran.of("verdict").remove(0);
        assert_eq!((&verdict["winner"], &verdict["rule"]), (&json!("res-p-exec:m1"), &json!(rule)));
        assert_eq!((&verdict["judges"][0]["flips"], &ran.synthesis()["calls"]), (&json!(1), &json!(6)));
    }
}

#[test]
fn ties_of_a_ranking_read_as_ties() {
    let ran =
        run(&["rank"], &three(), |_| Ok(says(r#"{"reason": "All alike.", "places": {"A": 1, "B": 1}}"#)));
    let verdict = ran.of("verdict").remove(0);
    assert_eq!((verdict.get("winner"), &verdict["margin"]), (None, &json!(0.0)));
    assert_eq!(verdict["tied"].as_array().expect("a list").len(), 3);
    assert_eq!(verdict["agreement"].get("kendall_w"), None, "a tie is no consensus: {verdict}");
}

#[test]
fn samples_of_one_model_rank_each_other_and_not_themselves() {
    let (ran, heard) = listen(&["rank"], &samples(4), |call| Ok(simulated(call)));
    assert_eq!((ran.of("verdict")[0]["rung"].clone(), heard.len()), (json!("members"), 4));
    assert!(heard.iter().all(|(_, text)| text.matches("Sample ").count() == 3), "{heard:?}");
}

#[test]
fn cluster_gives_the_middle_of_the_largest_group() {
    let texts = [
        "The capital is Paris.",
        "The capital is Paris!",
        "The capital is Paris, yes.",
        "Cheese and wine for all.",
    ];
    let ran = run(&["cluster"], &panel_of("p", "exec:m", &texts), |call| Ok(simulated(call)));
    let verdict = ran.of("verdict").remove(0);
    assert_eq!((&verdict["agreement"]["clusters"], &verdict["largest"]), (&json!(2), &json!(0.75)));
    assert!(ran.synthesis()["text"].as_str().expect("text").starts_with("The capital"));
    let ran =
        run(&["cluster", "--threshold", "1"], &panel_of("p", "exec:m", &texts), |call| Ok(simulated(call)));
    assert_eq!(ran.synthesis()["rung"], "medoid");
}

#[test]
fn best_gives_the_answer_with_the_best_form() {
    let good =
        "Paris is the capital of France since 987. It has 2.1 million people.\n\nLyon has 0.5 million.";
    let ran = run(&["best"], &panel_of("p", "exec:m", &["Maybe.", good, "I think so."]), |call| {
        Ok(simulated(call))
    });
    assert_eq!((&ran.synthesis()["text"], &ran.synthesis()["rung"]), (&json!(good), &json!("best")));
    assert!(ran.of("verdict")[0]["margin"].as_f64().expect("a number") > 0.0);
}
