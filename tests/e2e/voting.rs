//! Asking no further than a vote needs, and voting over what was asked.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use ultra_testkit::command::Run;

use crate::tools::pipeline;

/// Simulated models take one of a few positions.
const POSITION: &str = "'regex:(?i)(probably|depends|yes|not as it stands)'";

/// Seven members, two of which fail now and then.
const PANEL: &str = "-m mock:a -m 'mock:b?fail=0.2&kind=request' -m mock:c -m mock:d -m 'mock:e#2' \
                     -m 'mock:f?fail=0.3&kind=blocked&latency=1s..9s'";

fn questions() -> String {
    (0..60).fold(String::new(), |mut text, number| {
        let _ = writeln!(text, "{{\"prompt\":\"Is plan {number} sound?\"}}");
        text
    })
}

fn voted(fanout: &str, vote: &str) -> Run {
    let line = format!(
        "ultra-fanout {PANEL} {fanout} < questions.ndjson | ultra-synth vote --extract {POSITION} {vote}"
    );
    pipeline(&line).env("ULTRA_MOCK", "1").file("questions.ndjson", questions()).run()
}

/// What was decided about a prompt.
#[derive(Debug)]
struct Outcome {
    winner: Option<String>,
    margin: f64,
    unheard: u64,
    responses: usize,
    records: usize,
}

fn outcomes(run: &Run) -> BTreeMap<String, Outcome> {
    let records: Vec<Value> =
        run.stdout().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let of = |kind: &str, prompt: &Value| {
        records.iter().filter(|record| record["type"] == kind && record["prompt_id"] == *prompt).count()
    };
    let verdicts = records.iter().filter(|record| record["type"] == "verdict");
    let outcomes = verdicts.map(|verdict| {
        let prompt = &verdict["prompt_id"];
        // A tie goes down the ladder, and what was counted stands in the verdict of another rung.
        let won = verdict["strategy"] == "vote" && !verdict["winner"].is_null();
        let outcome = Outcome {
            winner: won.then(|| verdict["votes"][0]["answer"].as_str().expect("is text").to_owned()),
            margin: verdict["margin"].as_f64().unwrap_or_default(),
            unheard: verdict["unheard"].as_u64().unwrap_or_default(),
            responses: of("response", prompt),
            records: of("response", prompt) + of("error", prompt),
        };
        (prompt.as_str().expect("is text").to_owned(), outcome)
    });
    outcomes.collect()
}

#[test]
fn the_winner_is_that_of_the_whole_panel_for_fewer_calls() {
    for weight in ["", "--weight mock:c=2 --weight mock:e=0.5"] {
        let whole = outcomes(&voted("", weight));
        let early = voted(&format!("--until-decided {POSITION} {weight}"), weight);
        let some = outcomes(&early);
        assert_eq!((whole.len(), some.len()), (60, 60), "{early}");
        let (mut saved, mut ties) = (0, 0);
        for (prompt, all) in &whole {
            let few = &some[prompt];
            assert_eq!(few.winner, all.winner, "{prompt}: {few:?} {all:?}");
            assert_eq!((few.records, all.records), (7, 7), "{prompt}");
            assert!(few.margin <= all.margin + 1e-9, "{prompt}: {few:?} {all:?}");
            assert!(all.unheard == 0 && few.responses <= all.responses, "{prompt}: {few:?} {all:?}");
            saved += few.unheard;
            ties += u64::from(all.winner.is_none());
        }
        assert!(saved > 20 && ties > 0, "{saved} calls saved, {ties} ties: {early}");
        assert!(early.stderr().contains(&format!("{saved} not asked")), "{early}");
    }
}

#[test]
fn the_bytes_are_the_same_on_any_concurrency() {
    let run = |concurrency: u32| {
        voted(&format!("--until-decided {POSITION} -j {concurrency} --order input"), "").stdout().to_owned()
    };
    let one = run(1);
    assert!(one.contains("not asked: "));
    assert_eq!(one, run(64));
}

#[test]
fn programs_that_agree_are_asked_as_often_as_a_majority_needs() {
    let line = "ultra-fanout --lines -m 'exec:echo asked >> log; echo The answer is 42.#5' --until-decided number \
                --summary summary.json | ultra-synth vote --extract number --show text && cat summary.json log";
    let run = pipeline(line).stdin("What is 6 times 7?\n").run();
    assert!(run.stdout().starts_with("The answer is 42.\n"), "{run}");
    assert!(run.stdout().contains("\"unasked\": 2"), "{run}");
    assert_eq!(run.stdout().matches("asked\n").count(), 3, "{run}");
}

#[test]
fn two_rules_for_when_to_stop_are_refused() {
    let run = pipeline("ultra-fanout -m mock:a --until-decided whole --quorum 1 < /dev/null").run();
    assert_eq!(run.code(), 2, "{run}");
    assert!(run.stderr().contains("--until-decided and --quorum"), "{run}");
}

#[test]
fn a_weight_of_nobody_is_told_once() {
    let weights = "--weight mock:a=2 --weight mock:nobody=3 --weight 'mock:e=2' --weight mock:none=1";
    let fanout = format!("--until-decided {POSITION} {weights}");
    for (fanout, vote) in [(fanout.as_str(), ""), ("", weights)] {
        let run = voted(fanout, vote);
        let told: Vec<&str> = run.stderr().lines().filter(|line| line.contains("--weight")).collect();
        assert_eq!(told.len(), 1, "{}", run.stderr());
        assert!(
            told[0]
                .ends_with("warning: --weight names `mock:nobody`, `mock:none`, which no prompt was put to"),
            "{told:?}"
        );
    }
    let met = "--weight mock:a=2 --weight mock:e=2";
    assert!(!voted(&format!("--until-decided {POSITION} {met}"), met).stderr().contains("--weight"));
}
