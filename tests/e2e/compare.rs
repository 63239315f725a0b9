//! Strategies compared over answers that were recorded once.

use serde_json::Value;
use ultra_testkit::command::{Run, Sandbox};

use crate::tools::{directory, pipeline};

const QUESTIONS: &str = "\
{\"prompt\":\"Is tea better than coffee?\",\"expected\":{\"rubric\":\"names a reason\"}}
{\"prompt\":\"What is 6 times 7?\",\"expected\":42}
{\"prompt\":\"Name a prime.\",\"expected\":[\"two\",\"three\",{\"regex\":\"[57]\"}]}
";

fn compared(arguments: &str) -> Run {
    let line = format!(
        "ultra-fanout -m mock:a -m mock:b -m mock:c < questions.ndjson > answers.ndjson \
         && ultra-synth compare {arguments} < answers.ndjson"
    );
    pipeline(&line).env("ULTRA_MOCK", "1").file("questions.ndjson", QUESTIONS).run()
}

const FOUR: &str = "-s vote,medoid,concat -s 'judge + fuse'";

#[test]
fn the_transcript_passes_and_every_strategy_reports() {
    let run = compared(FOUR);
    assert_eq!(run.code(), 0, "{run}");
    let records: Vec<Value> =
        run.stdout().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let count = |kind: &str| records.iter().filter(|record| record["type"] == kind).count();
    assert_eq!((count("response"), count("trial"), count("comparison")), (9, 4 * 3, 4 + 2 + 3), "{run}");
    assert_eq!(count("synthesis"), 0, "what was tried is not the answer");
}

#[test]
fn every_form_shows_every_strategy() {
    for form in ["text", "md", "json", "html"] {
        let run = compared(&format!("{FOUR} --format {form}"));
        for name in ["vote", "medoid", "concat", "judge + fuse", "one answer", "mock:b"] {
            assert!(run.stdout().contains(name), "{form} {name}: {run}");
        }
    }
}

#[test]
fn a_report_is_the_same_on_any_concurrency() {
    let one = compared(&format!("{FOUR} -j 1"));
    let many = compared(&format!("{FOUR} -j 64"));
    assert_eq!(one.stdout(), many.stdout());
}

#[test]
fn what_cannot_be_compared_is_said_before_any_call() {
    for (arguments, told) in [("-s vtoe", "vtoe"), ("-s vote,vote", "twice"), ("--references none", "none")] {
        let run = compared(arguments);
        assert_eq!(run.code(), 2, "{run}");
        assert!(run.stderr().contains(told), "{run}");
    }
}

#[test]
fn what_falls_is_told_with_its_strategy_and_without_records_that_nobody_sees() {
    let questions = "Is tea better than coffee?\nIs it worse?\n".repeat(6);
    let line = "ultra-fanout --lines -m mock:a -m mock:b -m mock:c < questions.txt \
                | ultra-synth compare -s medoid,vote --format text";
    let run = pipeline(line).env("ULTRA_MOCK", "1").file("questions.txt", questions).run();
    let told: Vec<&str> = run.stderr().lines().filter(|line| line.contains("warning:")).collect();
    assert!(!told.is_empty() && told.iter().all(|line| line.contains("strategy `vote`: ")), "{run}");
    assert!(run.stderr().contains("strategy `vote`: more prompts are degraded\n"), "{run}");
}

#[test]
fn references_that_fit_nothing_are_told() {
    let references = "{\"prompt_id\":\"x\",\"expected\":1}\n";
    let line = "ultra-fanout -m mock:a -m mock:b < questions.ndjson \
                | ultra-synth compare -s vote --references references.ndjson";
    let sandbox = pipeline(line).file("questions.ndjson", QUESTIONS).file("references.ndjson", references);
    let run = sandbox.env("ULTRA_MOCK", "1").run();
    let told = "warning: --references: 1 of 1 fit no prompt that has answers; the first is for `x`";
    assert!(run.stderr().contains(told), "{run}");
}

/// A program that stands for a model, and counts how often it is asked.
const COUNTING: &str = "cat > /dev/null; echo asked >> asked; sleep 0.05; echo Yes\n";

#[test]
fn a_comparison_from_two_journals_asks_nobody_the_second_time_and_reports_the_same() {
    let sandbox = Sandbox::new();
    sandbox.write("questions.ndjson", QUESTIONS.lines().skip(1).collect::<Vec<_>>().join("\n"));
    sandbox.write("model.sh", COUNTING);
    let line = |more: &str| {
        format!(
            "ultra-fanout --order input --journal panel.journal -m 'exec:sh model.sh#2' -m mock:b < questions.ndjson \
             | ultra-synth compare --journal judges.journal -s vote,fuse --ultra 'exec:sh model.sh' {more}"
        )
    };
    let asked = || std::fs::read_to_string(sandbox.path("asked")).expect("is there").lines().count();
    let first = sandbox.pipeline(directory(), &line("")).run();
    assert_eq!((first.code(), asked()), (0, 2 * 2 + 2), "{first}");
    for more in ["", "--replay", "--replay --strict"] {
        let again = sandbox.pipeline(directory(), &line(more)).run();
        assert_eq!((again.stdout(), asked()), (first.stdout(), 6), "{again}");
    }
    let rows = first.records("comparison");
    let fuse = rows.iter().find(|row| row["name"] == "fuse").expect("a line");
    assert!(fuse["latency_ms"]["mean"].as_f64().is_some_and(|mean| mean >= 50.0), "{fuse}");
    let other = sandbox.pipeline(directory(), &line("--replay -s analyse")).run();
    assert_eq!((other.code(), asked()), (2, 6), "{other}");
}

#[test]
fn the_pipeline_of_the_manual_is_a_whole_experiment() {
    let page = include_str!("../../man/frames/ultra-synth.roff");
    let shown = page.lines().skip_while(|line| !line.contains("panel.journal")).take(2);
    let line = shown.collect::<Vec<_>>().join("\n").replace("\\-", "-");
    assert!(line.contains("--journal judges.journal"), "{line}");
    let sandbox = Sandbox::new();
    sandbox.write("questions.txt", "Is tea better than coffee?\nWhy is the sky blue?\n");
    let run = |line: &str| sandbox.pipeline(directory(), line).env("ULTRA_MOCK", "1").run();
    let first = run(&line);
    assert_eq!((first.code(), first.records("trial").len()), (0, 3 * 2), "{first}");
    assert_eq!(run(&format!("{line} --replay")).stdout(), first.stdout());
}
