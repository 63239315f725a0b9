//! The main job in mock mode: whole pipelines as goldens, the same bytes everywhere, one terminal record a call.

use std::collections::BTreeMap;

use serde_json::Value;
use ultra_testkit::command::{Run, Sandbox};
use ultra_testkit::snapshot::{Filter, render};

use crate::tools::{directory, pipeline, with};

const PLAN: &str = "# Plan\n\nWe sell ice in winter.\n\n## Risks\n\nNobody buys it. The rent is high.\n";

/// The pipeline of the manual over `stages` stages, with options for every fanout.
fn stages(pattern: &str, models: &str, fanout: &str) -> String {
    format!(
        "ultra-ingest plan.md | ultra-pattern start {pattern} -p 'Is this plan sound?' {models} \
         | ultra-fanout {fanout} | ultra-pattern next | ultra-fanout {fanout} | ultra-pattern next \
         | ultra-fanout {fanout} | ultra-synth --ultra mock:ultra"
    )
}

fn mock(line: &str) -> Run {
    pipeline(line).env("ULTRA_MOCK", "1").file("plan.md", PLAN).run()
}

/// A run as a golden. The tools of a pipeline write to one stderr in no fixed order, so its lines are sorted.
fn shown(run: &Run) -> String {
    const STDERR: &str = "----- stderr -----\n";
    let text = render(run, &[Filter::Directory]);
    let (before, stderr) = text.split_once(STDERR).expect("has a part for stderr");
    let mut lines: Vec<_> = stderr.lines().collect();
    lines.sort_unstable();
    [before, STDERR, &lines.join("\n")].concat()
}

#[test]
fn golden_critique() {
    let run = mock(&stages("critique", "-m mock:ada -m mock:bohr", ""));
    insta::assert_snapshot!(shown(&run));
}

#[test]
fn golden_gut_with_samples() {
    let run = mock(&stages("gut", "-m 'mock:ada#2'", ""));
    insta::assert_snapshot!(shown(&run));
}

#[test]
fn golden_confidence_with_a_model_that_fails() {
    let run = mock(&stages("confidence", "-m mock:ada -m mock:bohr -m 'mock:curie?fail=1&kind=server'", ""));
    insta::assert_snapshot!(shown(&run));
}

#[test]
fn golden_a_bare_prompt_to_a_panel() {
    let run = mock(
        "echo 'Why is the sky blue?' | ultra-fanout --lines -m mock:a -m mock:b -m mock:c | ultra-synth medoid --show all",
    );
    insta::assert_snapshot!(shown(&run));
}

#[test]
fn the_same_bytes_on_any_concurrency_zone_locale_and_input() {
    let models = "-m mock:ada -m 'mock:bohr?latency=50ms..2s' -m 'mock:curie?fail=0.3&kind=rate_limited'";
    let line = |jobs: &str| stages("critique", models, jobs);
    let first = mock(&line("-j1"));
    assert!(first.stdout().lines().count() > 15, "{first}");
    for (jobs, zone, language) in [
        ("-j64", "UTC", "C"),
        ("-j1", "Asia/Kathmandu", "tr_TR.UTF-8"),
        ("-j64", "America/St_Johns", "de_DE.ISO-8859-1"),
        ("-j7", "Pacific/Kiritimati", "C.UTF-8"),
    ] {
        let run = pipeline(&line(jobs))
            .env("ULTRA_MOCK", "1")
            .env("TZ", zone)
            .env("LANG", language)
            .env("LC_ALL", language)
            .env("COLUMNS", "0")
            .file("plan.md", PLAN)
            .run();
        assert_eq!(run.stdout(), first.stdout(), "{jobs} {zone} {language}");
    }
    // Through files instead of pipes.
    let sandbox = Sandbox::new();
    sandbox.write("plan.md", PLAN);
    let steps = line("-j3");
    let mut script = "set -e\n".to_owned();
    for (number, step) in steps.split(" | ").enumerate() {
        let input = if number == 0 { "/dev/null".to_owned() } else { (number - 1).to_string() };
        script += &[step, " < ", &input, " > ", &number.to_string(), " || test $? = 1\n"].concat();
    }
    script += &["cat ", &(steps.split(" | ").count() - 1).to_string(), "\n"].concat();
    let run = sandbox.pipeline(directory(), &script).env("ULTRA_MOCK", "1").run();
    assert_eq!(run.stdout(), first.stdout(), "{run}");
}

#[test]
fn another_seed_or_prompt_gives_other_answers() {
    let line = "printf '%s\\n' \"$Q\" | ultra-fanout --lines -m mock:a";
    let run = |seed: &str, question: &str| {
        let run = pipeline(line).env("ULTRA_MOCK", "1").env("ULTRA_SEED", seed).env("Q", question).run();
        run.records("response")[0]["text"].as_str().expect("is text").to_owned()
    };
    let first = run("1", "Is tea better than coffee?");
    assert_eq!(first, run("1", "Is tea better than coffee?"));
    assert_ne!(first, run("2", "Is tea better than coffee?"));
    assert_ne!(first, run("1", "Is tea better than cocoa?"));
    assert!(first.contains("tea better than coffee"), "the answer names what it was asked: {first}");
}

/// Each request, target and sample: how many terminal records it has.
fn terminals(records: &[Value]) -> BTreeMap<(String, String, u64), usize> {
    let mut counts = BTreeMap::new();
    for record in records.iter().filter(|record| record["type"] == "response" || record["type"] == "error") {
        if let (Some(request), Some(target)) = (record["request_id"].as_str(), record["target"].as_str()) {
            let call = (request.to_owned(), target.to_owned(), record["sample"].as_u64().unwrap_or_default());
            *counts.entry(call).or_default() += 1;
        }
    }
    counts
}

#[test]
fn every_call_has_exactly_one_terminal_record_whatever_fails() {
    let models = "-m 'mock:a#3?' -m 'mock:b?fail=0.5&kind=server' -m 'mock:c?fail=1&kind=auth' -m mock:d";
    let models = models.replace("#3?", "#3");
    let run = mock(&stages("critique", &models, ""));
    let records = run.lines();
    let counts = terminals(&records);
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
    let mut asked = 0;
    for request in records.iter().filter(|record| record["type"] == "request") {
        for target in request["targets"].as_array().expect("has targets") {
            let target = target.as_str().expect("is text");
            let (name, samples) =
                target.rsplit_once('#').map_or((target, 1), |(name, n)| (name, n.parse().unwrap_or(1)));
            for sample in 0..samples {
                let call = (request["id"].as_str().expect("has an id").to_owned(), name.to_owned(), sample);
                assert!(counts.contains_key(&call), "{call:?} has no terminal record");
                asked += 1;
            }
        }
    }
    assert_eq!(asked, counts.len(), "a terminal record without a request");
}

#[test]
fn a_second_fanout_makes_no_call() {
    let start = "ultra-ingest plan.md | ultra-pattern start gut -p q -m mock:a -m mock:b";
    let once = mock(&format!("{start} | ultra-fanout"));
    let twice = mock(&format!("{start} | ultra-fanout | ultra-fanout"));
    assert_eq!(once.stdout(), twice.stdout());
    assert!(twice.stderr().contains("0 calls"), "{twice}");
}

#[test]
fn each_model_reads_its_own_answer_as_its_own_and_the_others_as_others() {
    let run = mock(&stages("critique", "-m mock:ada -m mock:bohr -m mock:curie", ""));
    let records = run.lines();
    let text_of = |target: &str, stage: &str| {
        let found = records.iter().find(|record| {
            record["type"] == "response" && record["target"] == target && record["stage"] == stage
        });
        found.and_then(|record| record["text"].as_str()).expect("has answered").to_owned()
    };
    let models = ["mock:ada", "mock:bohr", "mock:curie"];
    for model in models {
        let request = records
            .iter()
            .find(|record| {
                record["type"] == "request"
                    && record["stage"]["name"] == "meta"
                    && record["targets"][0] == model
            })
            .expect("is asked");
        let messages = request["messages"].to_string();
        for other in models {
            // Compared as JSON text, because the messages are.
            let answer = Value::from(text_of(other, "initial")).to_string();
            let answer = answer.trim_matches('"');
            assert_eq!(messages.matches(answer).count(), 1, "{model} reads {other}");
        }
        assert!(models.iter().all(|name| !messages.contains(name)), "names are hidden: {messages}");
    }
}

#[test]
fn a_second_run_is_served_from_the_cache_and_says_so() {
    let sandbox = Sandbox::new();
    sandbox.write("plan.md", PLAN);
    let line = stages("critique", "-m mock:ada -m mock:bohr", "--cache=answers.db");
    let run = || sandbox.pipeline(directory(), &line).env("ULTRA_MOCK", "1").run();
    let (first, second) = (run(), run());
    let texts =
        |run: &Run| run.records("response").iter().map(|record| record["text"].clone()).collect::<Vec<_>>();
    assert_eq!(texts(&first), texts(&second));
    let hits = |run: &Run| {
        run.records("response").iter().filter(|record| record["cache"]["status"] == "hit").count()
    };
    assert_eq!((hits(&first), hits(&second)), (0, 6), "{second}");
    assert!(second.stderr().contains("0 calls"), "{second}");
    // The filter and the option share one store.
    let line = "ultra-ingest plan.md | ultra-pattern start critique -p 'Is this plan sound?' -m mock:ada -m mock:bohr \
                | ultra-cache get --cache answers.db | ultra-fanout";
    let filtered = sandbox.pipeline(directory(), line).env("ULTRA_MOCK", "1").run();
    assert_eq!(hits(&filtered), 2, "{filtered}");
}

#[test]
fn what_a_tool_does_not_own_leaves_byte_for_byte() {
    let mut text = ultra_testkit::golden::JsonTexts::new(7).of_type("note");
    let mut lines: Vec<String> = (0..2000).map(|_| text.next().expect("has no end")).collect();
    lines.push(
        r#"{"type":"note","n":12345678901234567890,"a":1.0,"b":1e400,"c":"\u00e9\ud83c\udfd4","z":1,"a":2}"#
            .to_owned(),
    );
    lines.push("  {\"type\" : \"note\" , \"blanks\":  1 }\t".to_owned());
    let input = lines.join("\n") + "\n";
    for (tool, arguments) in [
        ("ultra-ingest", &["--records"][..]),
        ("ultra-pattern", &["next"]),
        ("ultra-fanout", &["--mock", "-m", "mock:a"]),
        ("ultra-cache", &["get"]),
        ("ultra-cache", &["put"]),
        ("ultra-synth", &["medoid", "--show", "records"]),
    ] {
        let run = with(tool).args(arguments).stdin(input.clone()).run();
        run.assert_status(0);
        assert!(run.stdout() == input, "{tool} changed what it does not own");
    }
}
