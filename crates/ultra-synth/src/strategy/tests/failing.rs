//! Every call of every strategy fails in turn, in every way: the right rung and reason, never silence.

use serde_json::{Value, json};
use ultra_core::tool::Context;
use ultra_provider::mock::Mock;
use ultra_provider::{Answer, Call, CallError};

use super::{THREE, run, three};
use crate::testing::{Said, panel_of, run_scripted, says, simulated};

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Timeout,
    Refusal,
    Prose,
    WrongLabel,
    BrokenJson,
    Empty,
    TenMegabytes,
}

pub(super) const WAYS: [Way; 7] =
    [Way::Timeout, Way::Refusal, Way::Prose, Way::WrongLabel, Way::BrokenJson, Way::Empty, Way::TenMegabytes];

impl Way {
    pub(super) fn reply(self, call: &Call) -> Said {
        match self {
            Self::Timeout => Err(down("timeout.idle")),
            Self::Refusal => Ok(Answer { finish_reason: "refusal".into(), ..says("No.") }),
            Self::Prose => Ok(says("I would rather not choose between Answer A and Answer B.")),
            Self::WrongLabel => Ok(says(&relabelled(&simulated(call).text))),
            Self::BrokenJson => Ok(says("{\"best\": ")),
            Self::Empty => Ok(says(" \n")),
            Self::TenMegabytes => Ok(says(&"{\"best\":".repeat(1_310_720))),
        }
    }

    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Timeout => "timeout.idle",
            Self::Refusal => "blocked",
            Self::Prose | Self::BrokenJson => "bad_json",
            Self::WrongLabel => "schema",
            Self::Empty => "empty",
            Self::TenMegabytes => "too_large",
        }
    }

    /// Whether it is a failure where any text will do.
    pub(super) const fn fails_as_text(self) -> bool {
        matches!(self, Self::Timeout | Self::Refusal | Self::Empty | Self::TenMegabytes)
    }
}

/// A failure of this kind.
fn down(kind: &str) -> Box<CallError> {
    let nobody = Call {
        request_id: String::new(),
        target: String::new(),
        sample: 0,
        messages: Vec::new().into(),
        params: None,
        output_schema: None,
    };
    let mock = Mock::new("down", &format!("fail=1&kind={kind}"), 0).expect("is a model");
    Box::new(mock.attempt(&nobody, 1).result.expect_err("fails"))
}

/// JSON in which every label names an answer that is not there, and every place and number is out of range.
fn relabelled(text: &str) -> String {
    fn walk(value: &mut Value) {
        match value {
            Value::String(text) if text.len() == 1 || text == "tie" => *text = "Z".into(),
            Value::Number(_) => *value = json!(1000),
            Value::Array(items) => items.iter_mut().for_each(walk),
            Value::Object(object) => object.values_mut().for_each(walk),
            _ => {}
        }
    }
    let Ok(mut value) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
    walk(&mut value);
    value.to_string()
}

/// The record that tells how it ended: the synthesis, or the verdict that stands alone.
pub(super) fn told(ran: &crate::testing::Ran) -> Value {
    ran.of("synthesis")
        .pop()
        .or_else(|| ran.of("verdict").pop())
        .unwrap_or_else(|| panic!("silence: {}", ran.stdout))
}

/// Strategies with one judge, and whether any text is a reply to them.
const JUDGED: [(&str, bool); 7] = [
    ("fuse", true),
    ("judge", false),
    ("pairwise", false),
    ("analyse", false),
    ("verify", false),
    ("iterate", false),
    ("self-moa", true),
];

#[test]
fn when_the_first_judge_fails_the_second_is_asked_and_then_what_needs_none() {
    for (strategy, is_text) in JUDGED {
        for way in WAYS {
            if is_text && !way.fails_as_text() {
                continue;
            }
            let one = move |call: &Call| {
                if call.target == "exec:a" { way.reply(call) } else { Ok(simulated(call)) }
            };
            let arguments = [strategy, "--ultra", "exec:a", "--ultra", "exec:b", "--attempts", "1"];
            let ran = run(&arguments, &three(), one);
            let end = told(&ran);
            assert_eq!(end["rung"], "judge:2", "{strategy} {way:?}: {end}");
            assert_eq!(end["degraded"], true, "{strategy} {way:?}");
            let reason = end["reason"].as_str().expect("a reason");
            assert!(
                reason.starts_with(&format!("{}: judge:1: ", way.kind())),
                "{strategy} {way:?}: {reason}"
            );
            assert!(reason.contains("exec:a"), "{strategy} {way:?}: {reason}");

            let both = move |call: &Call| {
                if call.target.len() == 6 { way.reply(call) } else { Ok(simulated(call)) }
            };
            let end = told(&run(&arguments, &three(), both));
            assert_eq!(end["rung"], "medoid", "{strategy} {way:?}: {end}");
            let reason = end["reason"].as_str().expect("a reason");
            assert!(reason.contains(&format!("; {}: judge:2: ", way.kind())), "{strategy} {way:?}: {reason}");

            let strict = Context { strict: true, ..Context::mock(0) };
            let ran = run_scripted(&strict, &arguments, &three(), one);
            assert_eq!(
                (ran.status(), ran.of("synthesis").len(), ran.of("verdict").len()),
                (1, 0, 0),
                "{strategy} {way:?}"
            );
            assert_eq!(ran.of("error")[0]["kind"], way.kind(), "{strategy} {way:?}");
        }
    }
}

#[test]
fn every_rung_without_a_model_has_its_turn() {
    let rung = |texts: &[&str]| {
        told(&run(&["fuse", "--ultra", "exec:a", "--attempts", "1"], &panel_of("p", "exec:m", texts), |_| {
            Err(down("server"))
        }))["rung"]
            .clone()
    };
    assert_eq!(rung(&["Paris", "paris.", "Lyon"]), "vote");
    assert_eq!(rung(&THREE), "medoid");
    assert_eq!(rung(&["4", "5", "6"]), "concat");
}

#[test]
fn what_a_writer_had_before_it_failed_is_not_lost() {
    for way in WAYS {
        let ran = run(&["iterate", "--ultra", "exec:a", "--attempts", "1"], &three(), move |call| {
            if call.target != "exec:a" {
                return Ok(says("Again."));
            }
            let shown = super::text(call);
            if shown.contains("label: What was written before") {
                return way.reply(call);
            }
            Ok(says(r#"{"synthesis": "First draft.", "confidence": 0.2, "open": [], "again": true}"#))
        });
        let end = ran.synthesis();
        assert_eq!(
            (&end["rung"], &end["text"]),
            (&json!("partial"), &json!("First draft.")),
            "{way:?}: {end}"
        );
        assert!(end["reason"].as_str().expect("a reason").starts_with(way.kind()), "{way:?}: {end}");
    }
}

#[test]
fn a_member_that_fails_a_later_round_keeps_its_answer() {
    for way in [Way::Timeout, Way::Refusal, Way::Empty, Way::TenMegabytes] {
        let ran =
            run(&["iterate", "--ultra", "exec:a", "--attempts", "1", "--max", "2"], &three(), move |call| {
                match call.target.as_str() {
                    "exec:a" => {
                        Ok(says(r#"{"synthesis": "Draft.", "confidence": 0.2, "open": [], "again": true}"#))
                    }
                    "exec:m1" => way.reply(call),
                    _ => Ok(says("Again.")),
                }
            });
        let end = ran.synthesis();
        assert_eq!(end["rung"], "judge:1", "{way:?}: {end}");
        let reason = end["reason"].as_str().expect("a reason");
        assert!(
            reason.starts_with(&format!("partial: {}: 1 answers of later rounds", way.kind())),
            "{reason}"
        );
    }
}

#[test]
fn a_malformed_reply_is_asked_for_once_more_and_only_once() {
    let (ran, heard) = super::listen(&["judge", "--ultra", "exec:a"], &three(), |call| {
        Ok(says(if call.messages.len() == 1 { "I like A." } else { r#"{"reason": "r", "best": "A"}"# }))
    });
    assert_eq!((&ran.synthesis()["rung"], &ran.synthesis()["calls"]), (&json!("judge:1"), &json!(2)));
    assert!(
        heard.iter().any(|(_, text)| text.contains("I like A.\nThis cannot be read: it holds no JSON.")),
        "{heard:?}"
    );
    let (ran, heard) = super::listen(&["judge", "--ultra", "exec:a"], &three(), |_| Ok(says("I like A.")));
    assert_eq!((&ran.synthesis()["rung"], heard.len()), (&json!("medoid"), 2));
}

#[test]
fn calls_beyond_their_limit_are_not_made() {
    let (ran, heard) = super::listen(&["judge", "--ultra", "exec:a", "--max-calls", "1"], &three(), |_| {
        Ok(says("I like A."))
    });
    assert_eq!((&ran.synthesis()["rung"], heard.len()), (&json!("medoid"), 1));
    let (ran, heard) = super::listen(&["iterate", "--ultra", "exec:a", "--max-calls", "3"], &three(), |_| {
        Ok(says(r#"{"synthesis": "Draft.", "confidence": 0.2, "open": [], "again": true}"#))
    });
    assert_eq!((&ran.synthesis()["rung"], heard.len()), (&json!("partial"), 1));
    assert!(
        ran.synthesis()["reason"].as_str().expect("a reason").starts_with("budget: judge:1: 3 more calls")
    );
}

#[test]
fn a_reviewer_that_fails_abstains_and_the_others_decide() {
    let five = ["France 1.", "France 2.", "France 3.", "France 4.", "France 5."];
    for way in WAYS {
        for member in 0..five.len() {
            let target = format!("exec:m{member}");
            let ran = run(&["rank", "--attempts", "1"], &panel_of("p", "exec:m", &five), move |call| {
                if call.target == target { way.reply(call) } else { Ok(simulated(call)) }
            });
            let end = told(&ran);
            assert_eq!(end["rung"], "members", "{way:?}: {end}");
            assert!(end.get("degraded").is_none());
            let reason = end["reason"].as_str().expect("a reason");
            let start = format!("partial: {}: 1 of 5 rankings are missing: exec:m{member}", way.kind());
            assert!(reason.starts_with(&start), "{way:?}: {reason}");
            let outcomes: Vec<_> = end["judges"]
                .as_array()
                .expect("a list")
                .iter()
                .map(|judge| judge["outcome"].clone())
                .collect();
            assert_eq!(outcomes.iter().filter(|outcome| **outcome == way.kind()).count(), 1, "{outcomes:?}");
        }
        // With the members gone, the judge ranks; with the judge gone too, what needs no model.
        for (judge, rung) in [("exec:good", "judge:1"), ("exec:m9", "medoid")] {
            let ran = run(
                &["rank", "--ultra", judge, "--attempts", "1"],
                &panel_of("p", "exec:m", &five),
                move |call| {
                    if call.target.starts_with("exec:m") { way.reply(call) } else { Ok(simulated(call)) }
                },
            );
            let end = told(&ran);
            assert_eq!((&end["rung"], &end["degraded"]), (&json!(rung), &json!(true)), "{way:?}: {end}");
            let reason = end["reason"].as_str().expect("a reason");
            assert!(
                reason.starts_with(&format!("{}: members: 5 of 5 rankings", way.kind())),
                "{way:?}: {reason}"
            );
        }
    }
}

#[test]
fn a_comparison_that_fails_is_no_tie_and_too_few_are_no_result() {
    for way in WAYS {
        let lost = move |least: usize| {
            let count = std::sync::atomic::AtomicUsize::new(0);
            move |call: &Call| {
                let asked = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                if asked < least {
                    return way.reply(call);
                }
                let shown = super::text(call);
                let first = shown.find("label: Answer A\n\nParis").is_some();
                let second = shown.find("label: Answer B\n\nParis").is_some();
                let better = if first {
                    "A"
                } else if second {
                    "B"
                } else {
                    "tie"
                };
                Ok(says(&json!({"reason": "r", "better": better}).to_string()))
            }
        };
        let arguments = ["pairwise", "--ultra", "exec:a", "--attempts", "1"];
        let ran = run(&arguments, &three(), lost(0));
        assert_eq!((&ran.synthesis()["text"], ran.synthesis().get("reason")), (&json!(THREE[0]), None));
        let end = run(&arguments, &three(), lost(usize::MAX)).synthesis();
        let reason = end["reason"].as_str().expect("a reason");
        assert!(
            reason.starts_with(&format!("{}: judge:1: 6 of 6 comparisons are missing", way.kind())),
            "{way:?}: {reason}"
        );
    }
}

#[test]
fn half_of_the_reviewers_are_needed() {
    let five = ["France 1.", "France 2.", "France 3.", "France 4.", "France 5."];
    for (failing, rung) in [(2, "members"), (3, "judge:1")] {
        let ran = run(
            &["rank", "--ultra", "exec:good", "--attempts", "1"],
            &panel_of("p", "exec:m", &five),
            move |call| {
                let member = call.target.strip_prefix("exec:m").and_then(|number| number.parse().ok());
                if member.is_some_and(|number: usize| number < failing) {
                    return Way::Refusal.reply(call);
                }
                Ok(simulated(call))
            },
        );
        assert_eq!(told(&ran)["rung"], rung, "{failing} of 5 fail");
    }
}
