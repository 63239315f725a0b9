//! Every strategy over panels of every size: what the models are asked, what they reply, and what comes of it.
//!
//! `golden/NAME.txt` is one small run to read; `golden/digests.txt` has the whole output of every run.

mod page;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use ultra_core::id::{ContentHash, blake3_hex};
use ultra_core::tool::{Context, Order};
use ultra_provider::Call;

use crate::testing::{Ran, lines, panel_of, run_in, run_in_time, simulated};

/// Answers in a panel.
const SIZES: [usize; 6] = [1, 2, 3, 5, 26, 40];

/// Every strategy, and whether a judge who is no member is named.
const STRATEGIES: [(&str, bool); 13] = [
    ("fuse", true),
    ("judge", true),
    ("pairwise", true),
    ("rank", false),
    ("analyse", true),
    ("verify", true),
    ("iterate", true),
    ("self-moa", true),
    ("vote", false),
    ("medoid", false),
    ("cluster", false),
    ("best", false),
    ("concat", false),
];

const SAYINGS: [&str; 7] = [
    "Paris is the capital of France.",
    "The capital of France is Paris.",
    "It is Paris, on the Seine; some 2 million people live there.",
    "Paris is the capital of France.",
    "I like cheese from France.",
    "Lyon, I think.",
    "Paris.\n\nThe government sat in Vichy from 1940 to 1944.",
];

/// The seed of the runs to read: with it every strategy that asks a model gets to its end.
const SEED: u64 = 6;

/// The prompt that is put to a panel of `size`, with its answers: some are equal, some alike, some on their own.
fn panel(prefix: &str, size: usize) -> Vec<Value> {
    let texts: Vec<String> = (0..size)
        .map(|number| match SAYINGS[number % SAYINGS.len()] {
            saying if number >= SAYINGS.len() && number % 3 == 0 => format!("{saying} Remark {number}."),
            saying => saying.to_owned(),
        })
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    panel_of(&format!("p{size}"), prefix, &texts)
}

/// Prompts of every size whose lines come mixed, one of each in turn.
fn mixed(prefix: &str, sizes: &[usize]) -> Vec<Value> {
    let mut panels: Vec<_> = sizes.iter().map(|size| panel(prefix, *size).into_iter()).collect();
    let mut records = Vec::new();
    loop {
        let before = records.len();
        records.extend(panels.iter_mut().filter_map(Iterator::next));
        if records.len() == before {
            return records;
        }
    }
}

fn arguments<'a>(strategy: &'a str, judge: Option<&'a str>, more: &[&'a str]) -> Vec<&'a str> {
    let judge = judge.into_iter().flat_map(|judge| ["--ultra", judge]);
    std::iter::once(strategy).chain(judge).chain(more.iter().copied()).collect()
}

/// Runs `work` for each strategy, on two threads.
fn each_strategy(work: impl Fn(&'static str, bool) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((strategy, judged)) = STRATEGIES.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(strategy, *judged);
                }
            });
        }
    });
}

/// Compares a file beside this one with `now`; with `ULTRA_UPDATE` set it is written instead.
#[track_caller]
fn check(name: &str, now: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/strategy/tests/golden").join(name);
    #[allow(clippy::disallowed_methods, reason = "the tests' own switch")]
    let update = std::env::var_os("ULTRA_UPDATE").is_some();
    if update {
        std::fs::write(&path, now).expect("writes");
        return;
    }
    let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        checked_in == now,
        "{name} is not what the code gives now; run scripts/update and look at git diff"
    );
}

/// What was made of the prompt of this size, as it was written.
fn made(ran: &Ran, size: usize) -> String {
    let prompt = format!("p{size}");
    let made = ran.stdout.split_inclusive('\n').filter(|line| {
        let record: Value = serde_json::from_str(line).expect("a record");
        matches!(record["type"].as_str(), Some("verdict" | "synthesis" | "error"))
            && record["prompt_id"] == prompt
    });
    made.collect()
}

#[test]
fn every_strategy_gives_for_every_panel_what_is_on_record_whatever_runs_beside_it() {
    let digests = Mutex::new(BTreeMap::new());
    each_strategy(|strategy, judged| {
        let judge = judged.then_some("mock:judge");
        let mut alone = BTreeMap::new();
        for size in SIZES {
            let input = lines(&panel("mock:m", size));
            let ran = run_in(&Context::mock(0), &arguments(strategy, judge, &[]), input.clone());
            assert!(ran.stdout.starts_with(&input), "{strategy} {size}");
            assert!(!made(&ran, size).is_empty(), "{strategy} {size}: {}", ran.stdout);
            let digest = blake3_hex(ran.stdout.as_bytes());
            digests.lock().expect("is whole").insert((strategy, size), digest);
            alone.insert(size, made(&ran, size));
        }
        let input = lines(&mixed("mock:m", &SIZES));
        let mut in_order = Vec::new();
        for (jobs, order, mock) in
            [("1", Order::Input, true), ("64", Order::Input, false), ("3", Order::Done, false)]
        {
            let context = Context { mock, order: Some(order), ..Context::mock(0) };
            let ran = run_in(&context, &arguments(strategy, judge, &["-j", jobs]), input.clone());
            for size in SIZES {
                assert!(
                    made(&ran, size) == alone[&size],
                    "{strategy} {size} -j {jobs}: {}",
                    made(&ran, size)
                );
            }
            if order == Order::Input {
                in_order.push(ran.of("synthesis").into_iter().chain(ran.of("verdict")).collect::<Vec<_>>());
            }
        }
        assert!(in_order[0] == in_order[1], "{strategy}: the order of the results");
    });
    let mut list = String::new();
    for (strategy, _) in STRATEGIES {
        for size in SIZES {
            let digest = &digests.lock().expect("is whole")[&(strategy, size)];
            let _ = writeln!(list, "{digest} {strategy} {size}");
        }
    }
    check("digests.txt", &list);
}

#[test]
fn the_order_in_which_replies_arrive_changes_no_byte() {
    each_strategy(|strategy, judged| {
        let sizes: &[usize] = if strategy == "pairwise" { &[2, 3, 5] } else { &[2, 3, 5, 26] };
        let records = mixed("exec:m", sizes);
        let told = |jobs: &str, salt: u64| {
            let context = Context { order: Some(Order::Input), ..Context::mock(0) };
            let arguments = arguments(strategy, judged.then_some("exec:judge"), &["-j", jobs]);
            let late = move |call: &Call| {
                let draw = ContentHash::new("lateness").field(salt.to_le_bytes()).field(&call.request_id);
                if salt == 0 {
                    0
                } else {
                    u32::try_from(draw.field(&call.target).number() % 2_000).expect("small")
                }
            };
            let ran = run_in_time(&context, &arguments, &records, |call| Ok(simulated(call)), late);
            sizes.iter().map(|size| made(&ran, *size)).collect::<String>()
        };
        let plain = told("1", 0);
        for (jobs, salt) in [("1", 1), ("16", 2), ("16", 3)] {
            assert!(told(jobs, salt) == plain, "{strategy}, -j {jobs}, lateness {salt}");
        }
    });
}

#[test]
fn what_each_strategy_asks_and_gives_is_on_record() {
    each_strategy(|strategy, judged| {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ear = Arc::clone(&heard);
        let mut arguments = arguments(strategy, judged.then_some("exec:judge"), &[]);
        // Three answers are two windows of two.
        if strategy == "self-moa" {
            arguments.extend(["--window", "2"]);
        }
        let script = move |call: &Call| {
            let said = simulated(call);
            ear.lock().expect("is whole").push((call.clone(), said.text.clone()));
            Ok(said)
        };
        let ran = run_in_time(&Context::mock(SEED), &arguments, &panel("exec:m", 3), script, |_| 0);
        let heard = heard.lock().expect("is whole");
        check(&format!("{strategy}.txt"), &page::transcript(&arguments, &heard, &ran));
    });
}
