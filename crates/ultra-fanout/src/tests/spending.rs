//! What is bought once, what is not bought, and who is asked instead.

use std::collections::BTreeMap;

use ultra_core::config::Config;
use ultra_core::failure::Exit;

use super::*;

fn lines(prompts: &[&str]) -> String {
    let lines: Vec<_> = prompts.iter().map(|prompt| format!("{{\"prompt\":\"{prompt}\"}}")).collect();
    lines.join("\n")
}

fn errors(run: &super::Run) -> Vec<(String, String)> {
    let records = run.records();
    let errors = records.iter().filter(|record| record["type"] == "error");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    errors.map(|error| (text(&error["kind"]), text(&error["message"]))).collect()
}

fn exit(run: &super::Run) -> Exit {
    run.result.as_ref().map_or_else(Failure::exit, |_| Exit::Done)
}

#[test]
fn a_run_with_a_journal_prints_everything_again_and_sends_what_is_missing() {
    let dir = tempfile::tempdir().expect("makes a directory");
    let mut bench = Bench::new(&["mock:a", "mock:b?fail=1&kind=request"]);
    bench.args.keeping.journal = Some(dir.path().join("journal"));
    let first = bench.run(&lines(&["one", "two"]));
    let calls = |run: &Bench| run.context.metrics.render();
    let before = calls(&bench);
    assert!(before.contains(r#"ultra_calls_total{target="mock:a"} 2"#), "{before}");

    bench.context.metrics = ultra_core::metrics::Metrics::default();
    let second = bench.run(&lines(&["one", "two"]));
    assert_eq!(first.text, second.text);
    assert_eq!(sent(&bench), 0);

    // In another order, with one more and one less.
    bench.context.metrics = ultra_core::metrics::Metrics::default();
    let third = bench.run(&lines(&["three", "two"]));
    assert_eq!(sent(&bench), 2, "only what is new");
    let known: Vec<_> = first.text.lines().filter(|line| line.contains("“two”")).collect();
    assert!(!known.is_empty() && known.iter().all(|line| third.text.contains(line)), "{}", third.text);
}

/// Attempts that were sent, by the metrics.
fn sent(bench: &Bench) -> u64 {
    let text = bench.context.metrics.render();
    let counts = text.lines().filter(|line| line.starts_with("ultra_calls_total"));
    counts.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

#[test]
fn only_what_failed_is_sent_again_when_that_is_asked_for() {
    let dir = tempfile::tempdir().expect("makes a directory");
    let mut bench = Bench::new(&["mock:a", "mock:b?fail=1&kind=request"]);
    bench.args.keeping.journal = Some(dir.path().join("journal"));
    bench.run(&lines(&["one"]));
    bench.args.keeping.retry_errors = true;
    bench.context.metrics = ultra_core::metrics::Metrics::default();
    let again = bench.run(&lines(&["one"]));
    assert_eq!(sent(&bench), 1);
    assert_eq!(
        again.types(),
        ["prompt", "request", "response mock:a#0", "error mock:b?fail=1&kind=request#0"]
    );
}

#[test]
fn a_budget_in_calls_stops_sending_and_every_call_still_ends() {
    let mut bench = Bench::new(&["mock:a"]);
    bench.args.budget.max_calls = Some(3);
    bench.args.limits.concurrency = 1;
    let run = bench.run(&lines(&["1", "2", "3", "4", "5"]));
    assert_eq!(run.types().iter().filter(|kind| kind.starts_with("response")).count(), 3);
    let errors = errors(&run);
    assert_eq!(errors.len(), 2);
    assert!(
        errors.iter().all(|(kind, message)| kind == "budget" && message.contains("--max-calls")),
        "{errors:?}"
    );
}

#[test]
fn a_budget_in_dollars_counts_what_answers_cost() {
    let mut bench = Bench::new(&["mock:a"]);
    let mut config = Config::default();
    config.add("test", "[prices.\"mock:a\"]\nin = 0\nout = 1000000\n").expect("is a configuration");
    bench.context.config = Arc::new(config);
    bench.args.limits.concurrency = 1;
    bench.args.budget.max_usd = Some(0.5);
    let run = bench.run(&lines(&["1", "2", "3"]));
    assert_eq!(errors(&run).len(), 2, "the first answer has cost more than half a dollar: {}", run.text);
    let cost = run.records().iter().find_map(|record| record["cost_usd"].as_f64()).expect("has a price");
    assert!(cost >= 0.5, "{cost}");
}

#[test]
fn a_target_without_a_price_is_refused_before_anything_is_sent() {
    let mut bench = Bench::new(&["openai:gpt-9"]);
    bench.context.mock = false;
    bench.args.budget.max_usd = Some(1.0);
    let run = bench.run(&lines(&["1"]));
    let failure = run.result.as_ref().expect_err("is refused");
    assert_eq!(failure.exit(), Exit::Usage);
    assert!(failure.to_string().contains("openai:gpt-9 has no price"), "{failure}");
}

#[test]
fn a_quorum_lets_the_slow_go() {
    let mut bench = Bench::new(&["mock:a?latency=1s", "mock:b?latency=2s", "mock:c?latency=1h"]);
    bench.args.effort.quorum = Some("2,grace=5s".parse().expect("is a quorum"));
    let run = bench.run(&lines(&["q"]));
    let [(kind, message)] = &errors(&run)[..] else { panic!("one is let go: {}", run.text) };
    assert_eq!(kind, "cancelled");
    assert!(message.contains("2 of 3 targets had answered"), "{message}");
    assert!(run.result.is_ok());
}

#[test]
fn the_slow_have_their_grace_time() {
    let mut bench = Bench::new(&["mock:a?latency=1s", "mock:b?latency=2s", "mock:c?latency=6s"]);
    bench.args.effort.quorum = Some("2,grace=5s".parse().expect("is a quorum"));
    assert!(errors(&bench.run(&lines(&["q"]))).is_empty());
    bench.args.effort.quorum = Some("2,grace=3s".parse().expect("is a quorum"));
    assert_eq!(errors(&bench.run(&lines(&["q"]))).len(), 1);
}

#[test]
fn a_quorum_that_nobody_reaches_is_nothing_usable() {
    let mut bench = Bench::new(&["mock:a", "mock:b?fail=1&kind=request"]);
    bench.args.effort.quorum = Some("2".parse().expect("is a quorum"));
    assert_eq!(exit(&bench.run(&lines(&["q"]))), Exit::NothingUsable);
}

#[test]
fn somebody_stands_in_for_a_target_that_failed_and_the_record_says_who() {
    let mut bench = Bench::new(&["mock:a?fail=1&kind=server"]);
    bench.args.effort.fallback = Some("mock:b".into());
    let run = bench.run(&lines(&["q"]));
    let response =
        run.records().into_iter().find(|record| record["type"] == "response").expect("is answered");
    assert_eq!(response["target"], "mock:a?fail=1&kind=server");
    assert_eq!(response["fallback"], "mock:b");
    assert_eq!(response["model"], "b");
    assert_eq!(response["attempts"], 9, "eight in vain and one");
}

#[test]
fn the_time_of_the_run_ends_what_waits_and_the_run_can_be_taken_up_again() {
    let mut bench = Bench::new(&["mock:a?latency=10s"]);
    bench.args.limits.concurrency = 1;
    bench.args.effort.run_deadline = Some(Duration::from_secs(25));
    let run = bench.run(&lines(&["1", "2", "3", "4"]));
    assert_eq!(exit(&run), Exit::Stopped);
    let ends: BTreeMap<_, usize> = run.records().iter().fold(BTreeMap::new(), |mut ends, record| {
        *ends.entry(record["type"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        ends
    });
    assert_eq!((ends["response"], ends["error"]), (2, 2), "{}", run.text);
}

#[test]
fn pieces_of_an_answer_are_those_of_its_response() {
    let mut bench = Bench::new(&["mock:a"]);
    bench.args.stream = true;
    let run = bench.run(&lines(&["q"]));
    let records = run.records();
    let pieces: String = records
        .iter()
        .filter(|record| record["type"] == "delta")
        .filter_map(|delta| delta["text"].as_str())
        .collect();
    let response = records.iter().find(|record| record["type"] == "response").expect("is answered");
    assert_eq!(response["text"], pieces);
}
