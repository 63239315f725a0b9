//! Strategies compared over answers that were recorded once.

use serde_json::Value;
use ultra_testkit::command::Run;

use crate::tools::pipeline;

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
