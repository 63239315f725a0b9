//! Verdicts between the stages of one prompt: each is about the answers of one stage.

use serde_json::{Value, json};

use super::{listen, run};
use crate::testing::{Ran, says, simulated};

const STAGES: [[&str; 3]; 2] = [
    ["One early France.", "Two early, of France.", "Three early, in all of France."],
    ["One late France.", "Two late, of France.", "Three late, in all of France."],
];

/// The request and the answers of one of two stages.
fn stage(index: usize) -> Vec<Value> {
    let targets: Vec<String> = (0..3).map(|n| format!("exec:m{n}")).collect();
    let request = json!({"type": "request", "id": format!("r{index}"), "prompt_id": "p",
        "messages": [{"role": "user", "content": "What is the capital of France?"}], "targets": targets,
        "stage": {"name": format!("s{index}"), "index": index, "of": 2, "requests": 1}});
    let answers = targets.iter().zip(STAGES[index]).enumerate().map(|(n, (target, text))| {
        json!({"type": "response", "id": format!("res_{index}{n}"), "request_id": format!("r{index}"),
            "prompt_id": "p", "target": target, "sample": 0, "stage": format!("s{index}"), "model": "m",
            "text": text, "finish_reason": "stop", "attempts": 1})
    });
    std::iter::once(request).chain(answers).collect()
}

fn ranking(id: &str, ids: &[&str]) -> Value {
    let ranking: Vec<Value> =
        ids.iter().enumerate().map(|(at, id)| json!({"response_id": id, "score": -(at as f64)})).collect();
    json!({"type": "verdict", "id": id, "prompt_id": "p", "strategy": "rank", "ranking": ranking,
        "winner": ids[0], "judges": []})
}

/// Both stages, with a ranking of the first between them.
fn ranked_early() -> Vec<Value> {
    let mut records = stage(0);
    records.push(ranking("v0", &["res_00", "res_01", "res_02"]));
    records.extend(stage(1));
    records
}

fn surely(ran: &Ran) -> Value {
    let synthesis = ran.synthesis();
    assert_eq!(synthesis["sources"], json!(["res_10", "res_11", "res_12"]), "{synthesis}");
    synthesis
}

#[test]
fn a_ranking_of_an_earlier_stage_is_no_ranking_of_these_answers() {
    for strategy in ["fuse", "concat", "iterate"] {
        let ran =
            run(&[strategy, "--top", "2", "--ultra", "exec:u"], &ranked_early(), |call| Ok(simulated(call)));
        let reason = surely(&ran)["reason"].as_str().expect("a reason").to_owned();
        assert!(reason.starts_with("no_inputs: no ranking to take the first 2 answers of"), "{reason}");
    }
    let mut records = ranked_early();
    records.push(ranking("v1", &["res_12", "res_10", "res_11"]));
    let ran = run(&["fuse", "--top", "2", "--ultra", "exec:u"], &records, |call| Ok(simulated(call)));
    assert_eq!(ran.synthesis()["sources"], json!(["res_10", "res_12"]));
    // Where the writer fails, the winner of an earlier stage does not stand in either.
    let ran = run(&["fuse", "--ultra", "exec:u", "--attempts", "1"], &ranked_early(), |_| Ok(says(" ")));
    assert_eq!(ran.synthesis()["rung"], "medoid", "{}", ran.stdout);
}

#[test]
fn a_ranking_that_names_none_of_the_answers_keeps_them_all() {
    let mut records = stage(0);
    records.extend(stage(1));
    records.push(ranking("v", &["res_x", "res_y", "res_z"]));
    let ran = run(&["concat", "--top", "1"], &records, |call| Ok(simulated(call)));
    assert_eq!(surely(&ran)["degraded"], true);
}

#[test]
fn a_ranking_of_an_earlier_stage_does_not_spare_that_of_the_last() {
    let (ran, heard) = listen(&["rank"], &ranked_early(), |call| Ok(simulated(call)));
    assert_eq!(heard.len(), 3);
    let mut named: Vec<Value> = ran.of("verdict")[1]["ranking"].as_array().expect("a list").clone();
    named.sort_by_key(|rank| rank["response_id"].to_string());
    let named: Vec<_> = named.iter().map(|rank| &rank["response_id"]).collect();
    assert_eq!(named, ["res_10", "res_11", "res_12"]);
    let (again, heard) = listen(&["rank"], &ran.records(), |call| Ok(simulated(call)));
    assert_eq!((again.stdout, heard.len()), (ran.stdout, 0), "once is enough");
}

/// An analysis of the answers with these ids.
fn analysis(ids: &[&str]) -> Value {
    json!({"type": "verdict", "id": "a", "prompt_id": "p", "strategy": "analyse", "ranking": [],
        "judges": [{"target": "exec:a", "order": ids, "outcome": "ok"}],
        "analysis": {"consensus": [{"point": "They speak of France.", "answers": ids}], "contradictions": [],
            "unique": [{"point": "All of it.", "answer": ids[2]}], "blind_spots": []}})
}

#[test]
fn only_an_analysis_of_these_answers_reaches_the_writer_and_no_id_does() {
    let mut early = stage(0);
    early.push(analysis(&["res_00", "res_01", "res_02"]));
    early.extend(stage(1));
    let (_, heard) = listen(&["fuse", "--ultra", "exec:u"], &early, |call| Ok(simulated(call)));
    assert!(!heard[0].1.contains("Analysis") && !heard[0].1.contains("res_"), "{}", heard[0].1);

    let mut late = stage(0);
    late.extend(stage(1));
    late.push(analysis(&["res_10", "res_11", "res_12"]));
    let (_, heard) = listen(&["fuse", "--ultra", "exec:u"], &late, |call| Ok(simulated(call)));
    assert!(heard[0].1.contains("They speak of France.") && !heard[0].1.contains("res_"), "{}", heard[0].1);

    late.push(ranking("v", &["res_10", "res_11", "res_12"]));
    let arguments = ["fuse", "--top", "2", "--ultra", "exec:u"];
    let (_, heard) = listen(&arguments, &late, |call| Ok(simulated(call)));
    let shown = &heard[0].1;
    assert!(
        shown.contains("\"answer\": \"an answer that is not shown\"") && !shown.contains("res_"),
        "{shown}"
    );
    assert!(shown.contains("letters in their sentences can mean others"), "{shown}");
}
