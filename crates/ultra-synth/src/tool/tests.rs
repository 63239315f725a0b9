use serde_json::{Value, json};
use ultra_core::tool::Context;

use crate::testing::{Ran, answer, failure, lines, panel, request, run, run_in};

mod form;
mod streaming;

const DOWN: &str = "mock:down?fail=1&kind=server";

fn strict() -> Context {
    Context { strict: true, ..Context::mock(0) }
}

fn three() -> Vec<Value> {
    panel("p", &["Paris is the capital of France.", "The capital is Paris.", "I like cheese."])
}

#[test]
fn the_input_comes_out_byte_for_byte_and_the_synthesis_behind_it() {
    let input = format!("{{\"type\":\"x\",\"n\":1e400,\"a\":\"\\u00e9\"}}\n{}", lines(&three()));
    for strategy in ["fuse", "medoid", "concat"] {
        let ran = run_in(&Context::mock(0), &[strategy], input.clone());
        assert!(ran.stdout.starts_with(&input), "{}", ran.stdout);
        assert!(ran.stdout[input.len()..].contains(&format!("\"strategy\":\"{strategy}\"")));
        assert_eq!(ran.status(), 0);
    }
}

#[test]
fn without_a_name_it_fuses_and_flags_work_with_and_without_the_name() {
    let ran = run(&["--ultra", "mock:judge"], &three());
    assert_eq!(
        (&ran.synthesis()["strategy"], &ran.synthesis()["target"]),
        (&json!("fuse"), &json!("mock:judge"))
    );
    assert_eq!(run(&["fuse", "--ultra", "mock:judge"], &three()).stdout, ran.stdout);
    assert_eq!(run(&["--ultra", "mock:judge", "fuse"], &three()).stdout, ran.stdout);
    assert_eq!(run(&[], &three()).synthesis()["target"], "mock:ultra");
}

#[test]
fn a_fused_answer_tells_its_sources_its_rung_and_its_own_usage() {
    let synthesis = run(&[], &three()).synthesis();
    assert_eq!(synthesis["sources"], json!(["res-p-mock:m0", "res-p-mock:m1", "res-p-mock:m2"]));
    assert_eq!((&synthesis["rung"], &synthesis["mock"]), (&json!("judge:1"), &json!(true)));
    assert!(synthesis["usage"]["input_tokens"].as_u64().expect("counted") > 50);
    for absent in ["degraded", "reason", "cost_usd", "missing", "shortened"] {
        assert!(synthesis.get(absent).is_none(), "{absent}: {synthesis}");
    }
}

#[test]
fn without_a_model_nobody_is_asked_and_the_user_is_told_what_to_do() {
    let ran = run_in(&Context { mock: false, ..Context::mock(0) }, &[], lines(&three()));
    let failure = ran.result.as_ref().expect_err("nobody can be asked");
    assert_eq!(ran.status(), 2);
    let hints = failure.hints().join("\n");
    for word in ["--ultra", "medoid", "concat", "--mock"] {
        assert!(hints.contains(word), "{hints}");
    }
    assert_eq!(
        run_in(&Context { mock: false, ..Context::mock(0) }, &["medoid"], lines(&three())).status(),
        0
    );
}

#[test]
fn what_was_merged_before_is_shown_without_a_model() {
    let real = Context { mock: false, ..Context::mock(0) };
    let merged = run(&["--ultra", "mock:judge"], &three());
    for arguments in
        [&["--show", "text"][..], &["--show", "all"], &["--format", "html"], &["judge", "--format", "json"]]
    {
        let shown = run_in(&real, arguments, merged.stdout.clone());
        assert_eq!(shown.status(), 0, "{arguments:?}");
        assert!(shown.stdout.contains("[simulated by judge, "), "{}", shown.stdout);
        let mut more = merged.records();
        more.extend(panel("q", &["Yes.", "No."]));
        let short = run_in(&real, arguments, lines(&more));
        assert_eq!(short.status(), 2, "{arguments:?}");
        assert!(
            short.result.expect_err("nobody can be asked").to_string().starts_with("nobody is named who ")
        );
    }
    let alone = run_in(&real, &["--show", "text"], lines(&panel("q", &["Yes."])));
    assert_eq!((alone.status(), alone.stdout.as_str()), (0, "Yes.\n"), "one answer needs no judge");
}

#[test]
fn each_rung_holds_when_those_above_it_fail() {
    let ran = run(&["--ultra", DOWN, "--ultra", "mock:second", "--attempts", "2"], &three());
    let synthesis = ran.synthesis();
    assert_eq!((&synthesis["rung"], &synthesis["degraded"]), (&json!("judge:2"), &json!(true)));
    assert_eq!(synthesis["target"], "mock:second");
    let reason = synthesis["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("server: judge:1: mock:down?fail=1&kind=server: "), "{reason}");

    let ran = run(&["--ultra", DOWN, "--ultra", "mock:x?fail=1&kind=auth"], &three());
    let synthesis = ran.synthesis();
    assert_eq!((&synthesis["rung"], &synthesis["strategy"]), (&json!("medoid"), &json!("fuse")));
    assert!(synthesis.get("target").is_none());
    let reason = synthesis["reason"].as_str().expect("a reason");
    assert!(reason.contains("; auth: judge:2: mock:x"), "{reason}");
    assert_eq!(ran.of("verdict").len(), 1);

    let ran = run(&["--ultra", DOWN], &panel("p", &["4", "5", "6"]));
    let synthesis = ran.synthesis();
    assert_eq!(synthesis["rung"], "concat");
    assert!(synthesis["reason"].as_str().expect("a reason").contains("; no_agreement: "), "{synthesis}");
    assert_eq!(synthesis["text"], "## Answer A\n\n4\n\n## Answer B\n\n5\n\n## Answer C\n\n6");
    assert_eq!(ran.status(), 0, "a degraded answer is an answer");
}

#[test]
fn every_way_to_fail_is_named_by_its_kind() {
    for kind in [
        "auth",
        "billing",
        "blocked",
        "empty",
        "truncated",
        "timeout.idle",
        "rate_limited",
        "bad_json",
        "too_large",
    ] {
        let judge = format!("mock:x?fail=1&kind={kind}");
        let synthesis = run(&["--ultra", &judge, "--attempts", "1"], &three()).synthesis();
        assert_eq!(synthesis["rung"], "medoid");
        assert!(
            synthesis["reason"].as_str().expect("a reason").starts_with(&format!("{kind}: judge:1")),
            "{synthesis}"
        );
    }
}

#[test]
fn strict_fails_instead_of_degrading() {
    for (arguments, records) in [
        (vec!["--ultra", DOWN, "--ultra", "mock:second"], three()),
        (vec!["medoid"], panel("p", &["4", "5"])),
    ] {
        let ran = run_in(&strict(), &arguments, lines(&records));
        assert_eq!((ran.status(), ran.of("synthesis").len(), ran.of("error").len()), (1, 0, 1));
        assert_eq!(ran.of("error")[0]["prompt_id"], "p");
    }
    assert_eq!(run_in(&strict(), &[], lines(&three())).status(), 0);
}

#[test]
fn no_answer_is_an_error_without_a_call() {
    let mut records = vec![request("p", &["mock:a", "mock:b"])];
    records.extend(["mock:a", "mock:b"].map(|target| failure("p", target, "overloaded")));
    let ran = run(&[], &records);
    assert_eq!((ran.status(), ran.of("synthesis").len()), (4, 0));
    let error = ran.of("error").pop().expect("an error");
    assert_eq!((&error["kind"], &error["tool"]), (&json!("no_inputs"), &json!("ultra-synth")));
    assert!(error["message"].as_str().expect("text").contains("mock:a: overloaded"), "{error}");

    records.extend(panel("q", &["Yes.", "No."]));
    assert_eq!(run(&[], &records).status(), 1, "another prompt was merged");
}

#[test]
fn one_answer_is_returned_without_a_call_and_says_so() {
    let mut records = vec![request("p", &["mock:a", "mock:b"]), answer("p", "mock:a", "Paris.")];
    records.push(failure("p", "mock:b", "auth"));
    let ran = run(&["--ultra", DOWN], &records);
    let synthesis = ran.synthesis();
    assert_eq!((&synthesis["text"], &synthesis["rung"]), (&json!("Paris."), &json!("single")));
    assert_eq!(synthesis["reason"], "single: 1 of 2 asked gave an answer, nothing to merge");
    assert_eq!(synthesis["missing"], json!([{"target": "mock:b", "sample": 0, "kind": "auth"}]));
    assert!(synthesis.get("usage").is_none() && synthesis.get("degraded").is_none());

    let ran = run(&["--min-answers", "2"], &records);
    assert_eq!((ran.status(), ran.of("synthesis").len()), (4, 0));
    assert!(
        ran.of("error").last().expect("an error")["message"]
            .as_str()
            .expect("text")
            .contains("1 of at least 2")
    );
}

#[test]
fn an_answer_about_errors_is_an_answer_and_a_refusal_is_none() {
    let records = panel("p", &["Error: rate limit exceeded", "Error 429 means too many requests."]);
    assert_eq!(run(&["concat"], &records).synthesis()["sources"].as_array().expect("a list").len(), 2);

    let mut records = three();
    records[1]["finish_reason"] = json!("refusal");
    records[2]["text"] = json!(" \n");
    let synthesis = run(&[], &records).synthesis();
    assert_eq!(synthesis["rung"], "single");
    let kinds: Vec<_> =
        synthesis["missing"].as_array().expect("a list").iter().map(|gone| &gone["kind"]).collect();
    assert_eq!(kinds, ["blocked", "empty"]);
}

#[test]
fn an_incomplete_stage_is_merged_at_the_end_from_what_there_is() {
    let mut records = three();
    records.truncate(3);
    let synthesis = run(&[], &records).synthesis();
    assert_eq!(synthesis["sources"].as_array().expect("a list").len(), 2);
    assert_eq!(synthesis["missing"], json!([{"target": "mock:m2", "sample": 0}]));
}

#[test]
fn answers_alone_can_be_merged() {
    let records = three();
    let ran = run(&[], &records[1..]);
    assert_eq!(ran.synthesis()["rung"], "judge:1");
}

#[test]
fn an_earlier_stage_stands_in_and_that_is_degraded() {
    let mut records = three();
    records[0]["stage"] = json!({"name": "initial", "index": 0, "of": 2, "requests": 1});
    let synthesis = run(&[], &records).synthesis();
    assert_eq!((&synthesis["rung"], &synthesis["degraded"]), (&json!("judge:1"), &json!(true)));
    assert!(
        synthesis["reason"]
            .as_str()
            .expect("a reason")
            .starts_with("no_inputs: the last stage was not asked")
    );
    assert_eq!(run_in(&strict(), &[], lines(&records)).status(), 1);
}

#[test]
fn a_prompt_that_has_a_synthesis_is_left_alone_wherever_it_stands() {
    let once = run(&["medoid"], &three());
    for arguments in [&["concat"][..], &["fuse"], &["medoid"]] {
        let twice = run_in(&Context::mock(0), arguments, once.stdout.clone());
        assert_eq!(twice.stdout, once.stdout);
    }
    let mut lines: Vec<&str> = once.stdout.lines().collect();
    lines.reverse();
    let turned = lines.join("\n") + "\n";
    assert_eq!(run_in(&Context::mock(0), &["fuse"], turned.clone()).stdout, turned);
}

#[test]
fn every_prompt_is_merged_where_it_was_completed() {
    let mut records = panel("p", &["One.", "One!"]);
    records.extend(panel("q", &["Two.", "Two!"]));
    let ran = run(&[], &records);
    let kinds: Vec<_> =
        ran.records().iter().map(|record| record["type"].as_str().expect("text").to_owned()).collect();
    assert_eq!(
        kinds,
        ["request", "response", "response", "synthesis", "request", "response", "response", "synthesis"]
    );
}

#[test]
fn a_prompt_that_nobody_was_asked_about_is_not_forgotten() {
    let ran = run(&[], &[json!({"type": "prompt", "id": "p", "text": "Why?"})]);
    assert_eq!(ran.status(), 4);
    assert!(ran.of("error")[0]["message"].as_str().expect("text").contains("ultra-fanout"));
    assert_eq!(run(&[], &[]).status(), 0);
}

#[test]
fn a_malformed_line_becomes_one_error_and_the_rest_goes_on() {
    let input = format!("{{\"type\":\n{}{}\n", lines(&three()), r#"{"type":"response","id":7}"#);
    let ran = run_in(&Context::mock(0), &[], input);
    assert_eq!((ran.of("error").len(), ran.of("synthesis").len(), ran.status()), (2, 1, 1));
}

#[test]
fn new_records_alone_come_out_when_that_is_asked() {
    let context = Context { emit: ultra_core::ndjson::Emit::New, ..Context::mock(0) };
    let ran = run_in(&context, &["medoid"], lines(&three()));
    assert_eq!(
        ran.records().iter().map(|record| record["type"].clone()).collect::<Vec<_>>(),
        ["verdict", "synthesis"]
    );
}

#[test]
fn a_person_reads_the_answer_and_nothing_else() {
    let person = Context { person_reads: true, ..Context::mock(0) };
    let records = panel("p", &["\u{1b}[2JParis.", "\u{1b}[2JParis!"]);
    let text = |context: &Context, arguments: &[&str]| run_in(context, arguments, lines(&records)).stdout;
    assert_eq!(text(&person, &["medoid"]), "\\x1b[2JParis.\n");
    assert_eq!(text(&Context::mock(0), &["medoid", "--show", "text"]), "\u{1b}[2JParis.\n");
    assert!(text(&person, &["medoid", "--show", "records"]).starts_with('{'));
    assert_eq!(
        text(&person, &["medoid", "--show", "all", "--format", "md"]),
        "## Answer A: mock:m0\n\n\\x1b[2JParis.\n\n## Answer B: mock:m1\n\n\\x1b[2JParis!\n\n## Synthesis\n\n\\x1b[2JParis.\n"
    );
}

#[test]
fn the_summary_says_how_it_was_made() {
    let told = |ran: &Ran| ran.result.as_ref().map(|summary| summary.text().to_owned()).unwrap_or_default();
    let ran = run(&["--ultra", DOWN, "--attempts", "1"], &three());
    let line = told(&ran);
    assert!(
        line.starts_with("1 synthesis: the answer of mock:m0, most like the others of 3 answers; degraded"),
        "{line}"
    );
    assert!(told(&run(&[], &three())).starts_with("1 synthesis: written by mock:ultra from 3 answers; "));
}

#[test]
fn any_number_of_answers_gives_a_typed_result_of_the_same_bytes() {
    let strategies = [
        "fuse", "judge", "pairwise", "rank", "analyse", "verify", "iterate", "self-moa", "vote", "medoid",
        "cluster", "best", "concat",
    ];
    for count in [0, 1, 2, 3, 5, 26, 40] {
        let texts: Vec<String> =
            (0..count).map(|n| format!("The answer is about {n}, says author {n}.")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let mut records = panel("p", &texts);
        if count == 0 {
            records = vec![request("p", &["mock:a"])];
        }
        for strategy in strategies {
            if strategy == "pairwise" && count > 26 {
                continue;
            }
            let (one, two) = (run(&[strategy], &records), run(&[strategy], &records));
            assert_eq!(one.stdout, two.stdout);
            let judges_only = matches!(strategy, "rank" | "analyse" | "verify");
            let (with, without) = if judges_only { ("verdict", "synthesis") } else { ("synthesis", "") };
            assert_eq!(one.of(with).len(), usize::from(count > 0), "{strategy} {count}");
            assert_eq!(one.of(without).len(), 0, "{strategy} {count}");
            assert_eq!(one.status(), if count == 0 { 4 } else { 0 });
        }
    }
}

#[test]
fn an_answer_of_ten_megabytes_is_compared_and_shortened_for_the_judge() {
    let long = "All work and no play makes a dull text. ".repeat(262_144);
    let records = panel("p", &[&long, "Paris is it.", "It is Paris."]);
    let synthesis = run(&[], &records).synthesis();
    assert_eq!(synthesis["shortened"], json!(["res-p-mock:m0"]));
    assert!(synthesis["usage"]["input_tokens"].as_u64().expect("counted") < 40_000);
    let synthesis = run(&["medoid"], &records).synthesis();
    assert_ne!(synthesis["sources"], json!(["res-p-mock:m0"]));
}

#[test]
fn arrival_changes_neither_call_nor_verdict() {
    let records = three();
    let mut turned = records.clone();
    turned[1..].reverse();
    for strategy in ["fuse", "medoid", "concat"] {
        let (one, other) = (run(&[strategy], &records), run(&[strategy], &turned));
        assert_eq!(one.of("synthesis"), other.of("synthesis"));
        assert_eq!(one.of("verdict"), other.of("verdict"));
    }
}

#[test]
fn other_names_change_neither_the_answer_nor_the_scores() {
    let named = lines(&three());
    let renamed = named.replace("mock:m0", "zz:9").replace("mock:m2", "aa:0");
    for strategy in ["fuse", "medoid", "concat"] {
        let (one, other) = (
            run_in(&Context::mock(0), &[strategy], named.clone()),
            run_in(&Context::mock(0), &[strategy], renamed.clone()),
        );
        assert_eq!(one.synthesis()["text"], other.synthesis()["text"]);
        let scores = |ran: &Ran| {
            let verdict = ran.of("verdict").pop().unwrap_or_default();
            let ranking = verdict["ranking"].as_array().cloned().unwrap_or_default();
            ranking.into_iter().map(|rank| rank["score"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(scores(&one), scores(&other));
    }
}

#[test]
fn the_judge_answers_in_the_form_that_was_asked_of_the_panel() {
    let mut records = three();
    records[0]["output_schema"] =
        json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let text = run(&[], &records).synthesis()["text"].as_str().expect("text").to_owned();
    let answer: Value = serde_json::from_str(&text).expect("is JSON");
    assert!(answer["city"].is_string(), "{text}");
}

#[test]
fn samples_of_a_judge_have_no_use_here() {
    assert_eq!(run(&["--ultra", "mock:a#3"], &three()).status(), 2);
}

/// Gives its blocks one by one, and the next only when it is let.
struct Slow(std::sync::mpsc::Receiver<String>);

impl std::io::Read for Slow {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let Ok(block) = self.0.recv() else { return Ok(0) };
        assert!(block.len() <= buffer.len());
        buffer[..block.len()].copy_from_slice(block.as_bytes());
        Ok(block.len())
    }
}

/// Runs over blocks that come one by one, the next when `enough` has come out; all that came out.
fn run_live(arguments: &[&'static str], blocks: Vec<String>, enough: impl Fn(usize, &str) -> bool) -> String {
    let (give, blocks_come) = std::sync::mpsc::sync_channel(1);
    let sink = crate::testing::Sink::default();
    let out = sink.clone();
    let arguments = crate::testing::args(arguments);
    let runs = std::thread::spawn(move || {
        let mut output = ultra_core::ndjson::Output::new("ultra-synth", out);
        let input = ultra_core::ndjson::Input::new(Slow(blocks_come), ultra_core::ndjson::Options::default());
        <crate::Synth as ultra_core::tool::Tool>::run(arguments, &Context::mock(0), input, &mut output)
            .map(|_| ())
    });
    for (number, block) in blocks.into_iter().enumerate() {
        give.send(block).expect("is read");
        let comes = (0..20_000).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(1));
            enough(number, &sink.text())
        });
        assert!(comes, "after block {number} there is only\n{}", sink.text());
    }
    drop(give);
    runs.join().expect("does not panic").expect("ends well");
    sink.text()
}

#[test]
fn a_complete_prompt_is_merged_while_others_are_in_flight() {
    let mut first = three();
    first.push(request("q", &["mock:m0"]));
    let blocks = vec![lines(&first), lines(&[answer("q", "mock:m0", "Yes.")])];
    run_live(&["fuse"], blocks, |number, out| out.matches("\"type\":\"synthesis\"").count() == number + 1);
    run_live(&["medoid"], vec![lines(&three())], |_, out| out.contains("\"type\":\"synthesis\""));
}

#[test]
fn a_line_passes_before_the_one_behind_it_is_whole() {
    let record = lines(&[json!({"type": "note", "text": "for people"})]);
    let (head, tail) = record.split_at(10);
    let blocks = vec![format!("{record}{head}"), tail.to_owned()];
    run_live(&["medoid"], blocks, |number, out| out.lines().count() == number + 1);
}

#[test]
fn a_synthesis_that_comes_a_moment_later_still_counts() {
    let once = run(&["medoid"], &three()).stdout;
    let at = once.find("{\"type\":\"verdict\"").expect("a verdict");
    let blocks = vec![once[..at].to_owned(), once[at..].to_owned()];
    // The line that completes the prompt waits with what is made of it.
    let expected = [3, once.lines().count()];
    let twice = run_live(&["concat"], blocks, |number, out| out.lines().count() >= expected[number]);
    assert_eq!(twice, once);
}
