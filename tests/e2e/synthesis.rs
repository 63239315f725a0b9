//! What the manual says of the strategies, and what they do whatever runs beside them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use ultra_core::tool::Context;
use ultra_synth::Synth;

use crate::library::tool;
use crate::tools::with;

/// The rows of the table of strategies: what each costs, in calls for `n` answers, and from how many answers on.
fn costs() -> BTreeMap<String, (String, u64)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/man/frames/ultra-synth.roff");
    let frame = std::fs::read_to_string(path).expect("is there");
    let (_, table) = frame.split_once("\nTASK ").expect("a table");
    let (table, _) = table.split_once("\n.ft\n").expect("its end");
    let rows = table.lines().skip(1).map(|row| {
        let fields: Vec<&str> = row.split("  ").map(str::trim).filter(|field| !field.is_empty()).collect();
        let [_, calls, panel, strategy] = fields.as_slice() else { panic!("not four columns: {row}") };
        let least = panel.split(' ').next().and_then(|least| least.parse().ok()).unwrap_or(2);
        (strategy.replace("\\-", "-"), ((*calls).to_owned(), least))
    });
    rows.collect()
}

/// The least and the most calls that a formula of the manual means for `n` answers.
fn calls(formula: &str, n: u64) -> (u64, u64) {
    let exactly = |calls| (calls, calls);
    match formula {
        "0" => exactly(0),
        "1" => exactly(1),
        "n" => exactly(n),
        "n(n-1)" => exactly(n * (n - 1)),
        "1+ceil((n-6)/5)" => exactly(1 + n.saturating_sub(6).div_ceil(5)),
        "1 to 2n+3" => (1, 2 * n + 3),
        _ => panic!("what is {formula}?"),
    }
}

/// A prompt with `n` answers of as many members.
fn panel(n: u64) -> String {
    let targets: Vec<String> = (0..n).map(|member| format!("mock:m{member}")).collect();
    let mut lines = vec![json!({"type": "request", "id": "r", "prompt_id": "p", "targets": targets,
        "messages": [{"role": "user", "content": "Is it so?"}],
        "stage": {"name": "answer", "index": 0, "of": 1, "requests": 1}})];
    lines.extend(targets.iter().enumerate().map(|(at, target)| {
        json!({"type": "response", "id": format!("s{at}"), "request_id": "r", "prompt_id": "p", "target": target,
            "sample": 0, "stage": "answer", "model": "m", "text": format!("Yes, for {at} reasons, and it is well known."),
            "finish_reason": "stop", "attempts": 1})
    }));
    lines.iter().flat_map(|line| [line.to_string(), "\n".to_owned()]).collect()
}

/// What is told of the calls of one run.
fn made(strategy: &str, more: &[&str], n: u64) -> u64 {
    let arguments: Vec<&str> =
        [strategy].into_iter().chain(["--ultra", "mock:judge"]).chain(more.iter().copied()).collect();
    let arguments = if strategy == "rank" { vec!["rank"] } else { arguments };
    let stream =
        String::from_utf8(tool::<Synth>(&Context::mock(0), &arguments, panel(n).into())).expect("is text");
    let records = stream.lines().map(|line| serde_json::from_str::<Value>(line).expect("a record"));
    let told: Vec<Value> =
        records.filter(|record| record["type"] == "synthesis" || record["type"] == "verdict").collect();
    assert!(!told.is_empty(), "{strategy} {n}");
    told.iter().filter_map(|record| record["calls"].as_u64()).sum()
}

#[test]
fn the_manual_says_of_every_strategy_how_many_calls_it_makes() {
    let costs = costs();
    let command = ultra_core::shell::command::<Synth>();
    let names: BTreeSet<&str> =
        command.get_subcommands().map(clap::Command::get_name).filter(|name| *name != "compare").collect();
    assert_eq!(costs.keys().map(String::as_str).collect::<BTreeSet<_>>(), names);
    for (strategy, (formula, least)) in &costs {
        for n in [2, 3, 6, 7, 12].into_iter().filter(|n| n >= least) {
            let (least, most) = calls(formula, n);
            let made = made(strategy, &[], n);
            assert!(
                (least..=most).contains(&made),
                "{strategy} of {n}: {made} calls, and the manual says {formula}"
            );
        }
        // Who is never sure goes to the end, and nobody asks about one answer.
        if strategy == "iterate" {
            assert_eq!(made(strategy, &["--threshold", "1"], 5), calls(formula, 5).1);
        }
        assert_eq!(made(strategy, &[], 1), 0, "{strategy} of one answer");
    }
}

#[test]
fn no_flag_about_pace_or_order_changes_a_byte_of_what_a_strategy_makes() {
    let input = panel(7);
    for strategy in costs().keys() {
        let run = |more: &[&str], input: &str| {
            let judge: &[&str] = if strategy == "rank" { &[] } else { &["--ultra", "mock:judge"] };
            let run = with("ultra-synth")
                .args([strategy.as_str(), "--mock"])
                .args(judge)
                .args(more)
                .stdin(input)
                .run();
            run.assert_status(0);
            run.stdout().to_owned()
        };
        let plain = run(&[], &input);
        for more in
            [&["-j", "1"][..], &["-j", "4096"], &["--order", "input"], &["--order", "done", "-j", "3"]]
        {
            assert!(run(more, &input) == plain, "{strategy} {more:?}");
        }
        assert!(run(&["--emit", "new"], &input) == plain[input.len()..], "{strategy} --emit new");
    }
}
