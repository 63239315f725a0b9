//! A call that fails when others have succeeded: what was reached is kept, what is missing is told, and nothing is
//! made up for it.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use ultra_provider::{Answer, Call};

use super::failing::{WAYS, Way, told};
use super::{THREE, listen, run, text, three};
use crate::testing::{Ran, Said, panel_of, says, simulated};

/// Which of `texts` a judge of a pair sees first and which second.
fn pair(call: &Call, texts: &[&str]) -> (usize, usize) {
    let shown = text(call);
    let under = |label: &str| {
        let is_here = |said: &str| shown.contains(&format!("label: Answer {label}\n\n{said}\n"));
        texts.iter().position(|said| is_here(said)).unwrap_or_else(|| panic!("{label}: {shown}"))
    };
    (under("A"), under("B"))
}

/// Prefers the first of `texts` to all others, and no other to another.
fn prefers_the_first(call: &Call, texts: &[&str]) -> Answer {
    let better = match pair(call, texts) {
        (0, _) => "A",
        (_, 0) => "B",
        _ => "tie",
    };
    says(&json!({"reason": "r", "better": better}).to_string())
}

fn reason(record: &Value) -> &str {
    record["reason"].as_str().unwrap_or_else(|| panic!("no reason: {record}"))
}

#[track_caller]
fn is_told(record: &Value, rung: &str, start: &str) {
    assert_eq!(record["rung"], rung, "{record}");
    assert!(reason(record).starts_with(start), "{start}: {record}");
    assert_eq!(record.get("degraded").is_some(), !start.starts_with("partial: "), "{record}");
}

impl Way {
    /// Whether the reply is asked for once more.
    const fn is_asked_again(self) -> bool {
        matches!(self, Self::Prose | Self::WrongLabel | Self::BrokenJson)
    }
}

#[test]
fn one_comparison_that_fails_is_left_out_and_told() {
    for way in WAYS {
        for lost in [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)] {
            let ran = run(&["pairwise", "--ultra", "exec:a", "--attempts", "1"], &three(), move |call| {
                if pair(call, &THREE) == lost { way.reply(call) } else { Ok(prefers_the_first(call, &THREE)) }
            });
            let end = ran.synthesis();
            let start = format!("partial: {}: 1 of 6 comparisons are missing: exec:a", way.kind());
            is_told(&end, "judge:1", &start);
            assert_eq!(
                (&end["text"], &end["calls"]),
                (&json!(THREE[0]), &json!(6 + u32::from(way.is_asked_again())))
            );
            let verdict = ran.of("verdict").remove(0);
            let compared = verdict["judges"][0]["comparisons"].as_array().expect("a list");
            let of = |one: &Value, n: usize| {
                one["of"].as_array().expect("two").contains(&json!(format!("res-p-exec:m{n}")))
            };
            assert_eq!(compared.len(), 2, "{way:?} {lost:?}: {verdict}");
            assert!(
                compared.iter().all(|one| !(of(one, lost.0) && of(one, lost.1))),
                "{way:?} {lost:?}: {verdict}"
            );
        }
    }
}

#[test]
fn an_answer_that_was_compared_with_no_other_leaves_no_result() {
    let four = ["Paris.", "Lyon, then.", "Marseille, I think.", "Nice, perhaps, or Lille."];
    for way in WAYS {
        for (texts, missing) in [(&four[..3], "4 of 6"), (&four[..], "6 of 12")] {
            let last = texts.len() - 1;
            let said = texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
            let loses = move |call: &Call| {
                let texts: Vec<&str> = said.iter().map(String::as_str).collect();
                let (one, other) = pair(call, &texts);
                let fails = call.target == "exec:a" && (one == last || other == last);
                if fails { way.reply(call) } else { Ok(prefers_the_first(call, &texts)) }
            };
            let records = panel_of("p", "exec:m", texts);
            let arguments = ["pairwise", "--attempts", "1", "--ultra", "exec:a", "--ultra", "exec:b"];
            let start = format!("{}: judge:1: {missing} comparisons are missing: exec:a", way.kind());
            let ran = run(&arguments[..5], &records, loses.clone());
            is_told(&ran.synthesis(), "medoid", &start);
            let ran = run(&arguments, &records, loses);
            is_told(&ran.synthesis(), "judge:2", &start);
            assert_eq!(ran.synthesis()["text"], four[0]);
        }
    }
}

#[test]
fn a_comparison_that_cannot_be_read_is_asked_for_again_while_calls_are_left() {
    for (most, calls, missing) in [("7", 7, false), ("6", 6, true)] {
        let arguments = ["pairwise", "--ultra", "exec:a", "--max-calls", most];
        let ran = run(&arguments, &three(), |call| {
            if call.messages.len() == 1 && pair(call, &THREE) == (2, 0) {
                return Way::Prose.reply(call);
            }
            Ok(prefers_the_first(call, &THREE))
        });
        let end = ran.synthesis();
        assert_eq!((&end["calls"], end.get("reason").is_some()), (&json!(calls), missing), "{end}");
        assert_eq!((&end["rung"], &end["text"]), (&json!("judge:1"), &json!(THREE[0])));
    }
}

/// How a reply that is asked for once more can fail, for every strategy that asks for JSON.
#[test]
fn what_fails_when_it_is_asked_for_again_is_told_as_that() {
    for strategy in ["judge", "pairwise", "analyse", "verify", "iterate"] {
        for way in WAYS {
            let arguments = [strategy, "--attempts", "1", "--ultra", "exec:a", "--ultra", "exec:b"];
            let (ran, heard) = listen(&arguments, &three(), move |call| match call.target.as_str() {
                "exec:a" if call.messages.len() == 1 => Way::Prose.reply(call),
                "exec:a" => way.reply(call),
                _ => Ok(simulated(call)),
            });
            let start = format!("{}: judge:1: ", way.kind());
            is_told(&told(&ran), "judge:2", &start);
            let asked = heard.iter().filter(|(target, _)| target == "exec:a").count();
            assert_eq!(asked, if strategy == "pairwise" { 12 } else { 2 }, "{strategy} {way:?}");
        }
    }
}

/// Writes draft after draft; fails where `fails` says so of the number of drafts that went before.
fn drafts(way: Way, fails: usize) -> impl Fn(&Call) -> Said {
    move |call| {
        let before =
            (0..9).filter(|n| text(call).contains(&format!("Draft {n}."))).max().map_or(0, |n| n + 1);
        if call.target == "exec:a" && before == fails {
            way.reply(call)
        } else {
            Ok(says(&format!("Draft {before}.")))
        }
    }
}

#[test]
fn a_window_that_fails_leaves_what_was_written_before() {
    let four = ["Paris, one.", "Paris, two.", "Paris, three.", "Paris, four."];
    for way in WAYS.into_iter().filter(|way| way.fails_as_text()) {
        let arguments =
            ["self-moa", "--window", "2", "--attempts", "1", "--ultra", "exec:a", "--ultra", "exec:b"];
        for window in 1..3 {
            let end = run(&arguments[..7], &panel_of("p", "exec:m", &four), drafts(way, window)).synthesis();
            is_told(&end, "partial", &format!("{}: judge:1: exec:a", way.kind()));
            assert_eq!(end["text"], format!("Draft {}.", window - 1));
            assert_eq!(end["sources"].as_array().expect("a list").len(), window + 1, "{end}");

            // The second judge goes on from there.
            let (ran, heard) = listen(&arguments, &panel_of("p", "exec:m", &four), drafts(way, window));
            let end = ran.synthesis();
            is_told(&end, "judge:2", &format!("{}: judge:1: exec:a", way.kind()));
            assert_eq!((&end["text"], &end["target"]), (&json!("Draft 2."), &json!("exec:b")));
            assert_eq!(end["sources"].as_array().expect("a list").len(), 4);
            assert_eq!(heard.iter().filter(|(target, _)| target == "exec:b").count(), 3 - window);
        }
    }
}

#[test]
fn samples_whose_own_model_fails_in_a_later_window_are_merged_as_far_as_it_got() {
    let mut records = panel_of("p", "exec:m", &THREE);
    records[0]["targets"] = json!(["exec:a"]);
    records[0]["samples"] = json!(3);
    for (sample, record) in records[1..].iter_mut().enumerate() {
        (record["target"], record["sample"]) = (json!("exec:a"), json!(sample));
    }
    for way in WAYS.into_iter().filter(|way| way.fails_as_text()) {
        let ran = run(&["self-moa", "--window", "2", "--attempts", "1"], &records, drafts(way, 1));
        is_told(&ran.synthesis(), "partial", &format!("{}: members: exec:a", way.kind()));
        assert_eq!((&ran.synthesis()["text"], &ran.synthesis()["calls"]), (&json!("Draft 0."), &json!(2)));
    }
}

/// A writer who is never sure; its `round`-th text fails, and so does what the members in `silent` say again.
fn rounds(way: Way, round: usize, silent: &'static [&'static str]) -> impl Fn(&Call) -> Said {
    let asked = AtomicUsize::new(0);
    move |call| {
        if call.target == "exec:a" && asked.fetch_add(1, Ordering::SeqCst) + 1 == round {
            return way.reply(call);
        }
        match call.target.as_str() {
            "exec:a" | "exec:b" => {
                let text =
                    format!("By {} after {}.", call.target, text(call).contains("What was written before"));
                Ok(says(
                    &json!({"synthesis": text, "confidence": 0.2, "open": ["x"], "again": true}).to_string(),
                ))
            }
            member if silent.contains(&member) => way.reply(call),
            member => Ok(says(&format!("{member} again."))),
        }
    }
}

#[test]
fn a_writer_that_fails_in_a_later_round_is_followed_by_the_next_who_knows_its_text() {
    let arguments = ["iterate", "--attempts", "1", "--ultra", "exec:a", "--ultra", "exec:b"];
    // A reply in another form is asked for again, and that one is in order.
    for way in WAYS.into_iter().filter(|way| !way.is_asked_again()) {
        for round in [2, 3] {
            let end = run(&arguments[..5], &three(), rounds(way, round, &[])).synthesis();
            is_told(&end, "partial", &format!("{}: judge:1: exec:a", way.kind()));
            assert_eq!(end["text"], format!("By exec:a after {}.", round == 3), "{end}");
            assert_eq!(
                (end["rounds"].as_array().map(Vec::len), &end["stopped"]),
                (Some(round - 1), &json!("failure"))
            );

            let end = run(&arguments, &three(), rounds(way, round, &[])).synthesis();
            is_told(&end, "judge:2", &format!("{}: judge:1: exec:a", way.kind()));
            assert_eq!((&end["text"], &end["target"]), (&json!("By exec:b after true."), &json!("exec:b")));
            assert_eq!(
                (end["rounds"].as_array().map(Vec::len), &end["stopped"]),
                (Some(3), &json!("maximum"))
            );
        }
    }
}

#[test]
fn members_that_fall_silent_in_later_rounds_keep_their_answers_and_are_counted() {
    let all = &["exec:m0", "exec:m1", "exec:m2"];
    for way in WAYS.into_iter().filter(|way| way.fails_as_text()) {
        let (ran, heard) =
            listen(&["iterate", "--attempts", "1", "--ultra", "exec:a"], &three(), rounds(way, 9, all));
        // Three members in each of two later rounds.
        let start = format!("partial: {}: 6 answers of later rounds are missing: exec:m", way.kind());
        is_told(&ran.synthesis(), "judge:1", &start);
        let written: Vec<_> = heard.iter().filter(|(target, _)| target == "exec:a").collect();
        assert_eq!(written.len(), 3);
        for (_, text) in written {
            assert!(THREE.iter().all(|said| text.contains(&format!("\n\n{said}\n"))), "{text}");
        }
    }
}

/// Ranks by length, every second reviewer the other way round; the reviewers from number `lost` on fail.
fn reviewers(way: Way, lost: std::ops::Range<usize>) -> impl Fn(&Call) -> Said {
    let asked = AtomicUsize::new(0);
    move |call| {
        let number = asked.fetch_add(1, Ordering::SeqCst);
        if lost.contains(&number) {
            return way.reply(call);
        }
        let said = super::compose::longest_first(call);
        let mut said: Value = serde_json::from_str(&said.text).expect("is JSON");
        let places = said["places"].as_object_mut().expect("places");
        let sum = places.len() as u64 + 1;
        for place in places.values_mut().filter(|_| number % 2 == 1) {
            *place = json!(sum - place.as_u64().expect("a place"));
        }
        Ok(says(&said.to_string()))
    }
}

fn five() -> Vec<Value> {
    let five: Vec<String> = (1..=5).map(|n| format!("France{}.", " and so on".repeat(n))).collect();
    let five: Vec<&str> = five.iter().map(String::as_str).collect();
    panel_of("p", "exec:m", &five)
}

fn outcomes(ran: &Ran) -> Vec<String> {
    let verdict = ran.of("verdict").remove(0);
    let judges = verdict["judges"].as_array().expect("a list").clone();
    judges.into_iter().map(|judge| judge["outcome"].as_str().expect("text").to_owned()).collect()
}

#[test]
fn a_reviewer_who_is_asked_late_and_fails_abstains() {
    // What the reviewers from the fourth on make of a malformed reply is their second reply.
    for way in WAYS.into_iter().filter(|way| !way.is_asked_again()) {
        for lost in [3..4, 4..5, 3..5] {
            let count = lost.len();
            let arguments = ["rank", "--ladder", "3,all", "--attempts", "1"];
            let ran = run(&arguments, &five(), reviewers(way, lost));
            let start = format!("partial: {}: {count} of 5 rankings are missing: exec:m", way.kind());
            is_told(&told(&ran), "members", &start);
            let outcomes = outcomes(&ran);
            assert_eq!(outcomes.iter().filter(|outcome| *outcome == "ok").count(), 5 - count);
            assert_eq!(
                outcomes.iter().filter(|outcome| *outcome == way.kind()).count(),
                count,
                "{outcomes:?}"
            );
        }
        // Of three who are asked first, two fail: the others are asked, and too few have spoken all the same.
        let ran = run(&["rank", "--ladder", "3,all", "--attempts", "1"], &five(), reviewers(way, 1..4));
        is_told(&told(&ran), "medoid", &format!("{}: members: 3 of 5 rankings are missing", way.kind()));
    }
}

#[test]
fn one_of_those_who_rank_for_the_members_fails() {
    for way in WAYS {
        for lost in ["exec:x", "exec:y", "exec:z"] {
            let arguments = ["rank", "--by", "exec:x", "--by", "exec:y", "--by", "exec:z", "--attempts", "1"];
            let ran = run(&arguments, &five(), move |call| {
                if call.target == lost { way.reply(call) } else { Ok(super::compose::longest_first(call)) }
            });
            let verdict = told(&ran);
            is_told(
                &verdict,
                "members",
                &format!("partial: {}: 1 of 3 rankings are missing: {lost}", way.kind()),
            );
            assert_eq!(verdict["winner"], "res-p-exec:m4");
            assert_eq!(verdict["agreement"]["kendall_w"], 1.0, "an abstention is no disagreement");
        }
        // Members, first and second judge in turn.
        let arguments = ["rank", "--attempts", "1", "--ultra", "exec:a", "--ultra", "exec:b"];
        let ran = run(&arguments, &five(), move |call| {
            if call.target == "exec:b" { Ok(super::compose::longest_first(call)) } else { way.reply(call) }
        });
        let verdict = told(&ran);
        is_told(&verdict, "judge:2", &format!("{}: members: 5 of 5 rankings are missing", way.kind()));
        assert!(reason(&verdict).contains(&format!("; {}: judge:1: ", way.kind())), "{verdict}");
        assert_eq!(verdict["winner"], "res-p-exec:m4");
    }
}
