mod chance;
mod chart;
mod costs;
mod effects;
mod known;
mod latency;
mod long;
mod recorded;

use serde_json::{Value, json};
use ultra_core::tool::Context;

use crate::testing::{File, Ran, lines, panel, run, run_in};
use known::{Known, rows};

/// Two prompts with references, one without.
fn three() -> Vec<Value> {
    let mut records = vec![
        json!({"type": "prompt", "id": "p", "text": "Capital of France?", "expected": "Paris"}),
        json!({"type": "prompt", "id": "q", "text": "6 times 7?", "expected": 42}),
    ];
    records.extend(panel("p", &["Paris", "Paris.", "Lyon"]));
    records.extend(panel("q", &["41", "41", "It is 42."]));
    records.extend(panel("r", &["Yes", "No"]));
    records
}

fn of<'a>(rows: &'a [Value], name: &str) -> &'a Value {
    rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("no row {name}"))
}

#[test]
fn every_entrant_has_a_trial_for_each_prompt_and_a_line() {
    let ran = run(&["compare", "-s", "vote,concat"], &three());
    assert_eq!(ran.status(), 0);
    assert!(ran.stdout.starts_with(&lines(&three())), "the transcript passes");
    let trials = ran.of("trial");
    let scores: Vec<_> =
        trials.iter().map(|trial| (trial["strategy"].as_str().expect("text"), &trial["score"])).collect();
    assert_eq!(
        scores,
        [
            ("vote", &json!(1.0)),
            ("vote", &json!(0.0)),
            ("vote", &Value::Null),
            ("concat", &json!(2.0 / 3.0)),
            ("concat", &json!(1.0 / 3.0)),
            ("concat", &Value::Null)
        ]
    );
    let rows = ran.of("comparison");
    assert_eq!(
        (&of(&rows, "vote")["quality"]["mean"], &of(&rows, "vote")["prompts"]),
        (&json!(0.5), &json!(2))
    );
    assert_eq!(
        (&of(&rows, "one answer")["quality"]["mean"], &of(&rows, "any answer")["quality"]["mean"]),
        (&json!(0.5), &json!(1.0))
    );
    assert_eq!(of(&rows, "mock:m0")["quality"]["mean"], 0.5);
}

#[test]
fn an_answer_that_was_chosen_is_named_and_not_repeated() {
    let trials = run(&["compare", "-s", "vote"], &three()).of("trial");
    assert_eq!(trials[0]["response_id"], "res-p-mock:m1");
    assert!(trials[0].get("text").is_none());
}

#[test]
fn recorded_syntheses_play_no_part() {
    let mut records = three();
    let plain = run(&["compare", "-s", "vote"], &records);
    records.extend(run(&["concat"], &three()).of("synthesis"));
    assert_eq!(run(&["compare", "-s", "vote"], &records).of("comparison"), plain.of("comparison"));
}

#[test]
fn references_from_a_file_go_before_those_of_prompts() {
    let path = std::env::temp_dir().join(format!("ultra-references-{}", std::process::id()));
    std::fs::write(
        &path,
        "{\"prompt_id\":\"p\",\"expected\":\"Lyon\"}\n\n{\"prompt_id\":\"r\",\"expected\":\"yes\"}\n",
    )
    .expect("writes");
    let path_text = path.to_str().expect("is text");
    let rows = run(&["compare", "-s", "vote", "--references", path_text], &three()).of("comparison");
    std::fs::write(&path, "{\"prompt_id\":\"p\"}").expect("writes");
    let wrong = run(&["compare", "-s", "vote", "--references", path_text], &three());
    std::fs::remove_file(&path).expect("removes");
    assert_eq!((&of(&rows, "vote")["prompts"], wrong.status()), (&json!(3), 2));
}

#[test]
fn a_second_reference_for_a_prompt_is_refused_with_both_lines() {
    let file = File::new("twice");
    let lines =
        "{\"prompt_id\":\"p\",\"expected\":\"Lyon\"}\n\n{\"prompt_id\":\"p\",\"expected\":\"Paris\"}\n";
    std::fs::write(&file.0, lines).expect("writes");
    let ran = run(&["compare", "-s", "vote", "--references", file.0.to_str().expect("is text")], &three());
    let told = ran.result.as_ref().expect_err("is refused").to_string();
    assert!(
        ran.status() == 2 && told.contains("line 3: prompt `p` has a reference in line 1 already"),
        "{told}"
    );
}

#[test]
fn references_of_other_prompts_are_not_told_to_be_missing() {
    let file = File::new("other");
    std::fs::write(&file.0, "{\"prompt_id\":\"x\",\"expected\":\"Lyon\"}\n").expect("writes");
    let path = file.0.to_str().expect("is text");
    let arguments = ["compare", "-s", "vote", "--format", "md", "--references", path];
    let text = run(&arguments, &panel("p", &["a", "a"])).stdout;
    let told =
        "0 of 1 prompts scored; no `prompt_id` in --references is the `id` of a prompt that has answers.";
    assert!(text.contains(told), "{text}");
}

#[test]
fn names_that_begin_alike_are_told_apart() {
    let arguments = [
        "compare",
        "-s",
        "vote --extract number --normal case",
        "-s",
        "vote --extract number --normal none",
        "--format",
    ];
    let form = |form: &'static str| run(&[&arguments[..], &[form]].concat(), &three()).stdout;
    let text = form("text");
    for part in [
        "1 vote --extract number…  ",
        "2 vote --extract number…  ",
        "3 one answer  ",
        "1: vote --extract number --normal case\n",
        "2: vote --extract number --normal none\n",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(text.lines().all(|line| console::measure_text_width(line) <= 80), "{text}");
    let page = form("html");
    for part in
        [">1 vote --extract number…<", "<td>2 vote --extract number --normal none</td>", "<td>3 one answer<"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[test]
fn a_rubric_needs_a_grader_and_equal_texts_are_graded_once() {
    let records = panel("p", &["Paris is the capital.", "The capital is Paris.", "Lyon"]);
    let unnamed = run_in(
        &Context { mock: false, ..Context::mock(0) },
        &["compare", "-s", "vote", "--rubric", "short"],
        lines(&records),
    );
    assert_eq!(unnamed.status(), 2);
    let ran = run(&["compare", "-s", "vote,medoid,fuse", "--rubric", "short", "--format", "json"], &records);
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(
        (&report["scored"], &report["grading_calls"]),
        (&json!(1), &json!(4)),
        "three answers and what fuse wrote"
    );
    let fuse = of(report["strategies"].as_array().expect("a list"), "fuse");
    assert_eq!((&fuse["calls"], &fuse["degraded"]), (&json!(1), &json!(0)));
}

#[test]
fn a_grader_that_grades_nothing_is_told_with_its_reason() {
    let records = panel("p", &["Paris is the capital.", "The capital is Paris.", "Lyon"]);
    let arguments = ["compare", "-s", "vote", "--rubric", "short", "--grader", "mock:g?fail=1&kind=auth"];
    let ran = run(&[&arguments[..], &["--format", "text"]].concat(), &records);
    let told = "0 of 1 prompts scored; 3 texts could not be graded, the first because: auth:";
    assert!(ran.stdout.contains(told), "{}", ran.stdout);
    assert_eq!(ran.status(), 4);
}

#[test]
fn what_a_first_strategy_does_not_accept_is_judged_by_what_the_next_makes_of_it() {
    let voted = "vote --accept 'margin > 0.3'";
    let cascade = format!("{voted} + fuse");
    for strict in [false, true] {
        let context = Context { strict, ..Context::mock(0) };
        let ran = run_in(&context, &["compare", "-s", voted, "-s", &cascade], lines(&three()));
        let rungs: Vec<_> = ran.of("trial").iter().map(|trial| trial["rung"].clone()).collect();
        assert_eq!(json!(rungs), json!(["vote", "vote", null, "vote", "vote", "judge:1"]));
        let rows = ran.of("comparison");
        for (name, unanswered) in [(voted, 1), (&cascade, 0)] {
            let row = of(&rows, name);
            assert_eq!((&row["degraded"], &row["unanswered"]), (&json!(0), &json!(unanswered)), "{name}");
        }
    }
}

#[test]
fn a_strategy_that_falls_or_fails_is_counted() {
    let ran = run(&["compare", "-s", "vote", "-s", "fuse --ultra mock:x?fail=1&kind=auth"], &three());
    let rows = ran.of("comparison");
    assert_eq!(of(&rows, "fuse --ultra mock:x?fail=1&kind=auth")["degraded"], 3);
    let ran = run(&["compare", "-s", "vote", "--min-answers", "3"], &three());
    assert_eq!(of(&ran.of("comparison"), "vote")["unanswered"], 1);
}

#[test]
fn strictly_the_first_strategy_that_falls_ends_the_comparison_with_one_error() {
    let strict = Context { strict: true, ..Context::mock(0) };
    let fails = "fuse --ultra mock:x?fail=1&kind=auth";
    for (strategies, kind, told) in [
        (&["-s", "medoid"][..], "no_inputs", "strategy `medoid`: prompt `r`"),
        (&["-s", "best", "-s", fails], "auth", "strategy `fuse --ultra mock:x?fail=1&kind=auth`: prompt `p`"),
        (&["-s", "analyse + medoid"], "no_inputs", "strategy `analyse + medoid`: prompt `r`"),
        (&["-s", "best", "--min-answers", "3"], "no_inputs", "strategy `best`: prompt `r`"),
        (&["-s", "best", "--rubric", "short", "--grader", "mock:g?fail=1&kind=auth"], "auth", "prompt `r`"),
    ] {
        let arguments = [&["compare"], strategies].concat();
        let ran = run_in(&strict, &arguments, lines(&three()));
        let errors = ran.of("error");
        assert_eq!((errors.len(), ran.status()), (1, 1), "{arguments:?}: {}", ran.stdout);
        let message = errors[0]["message"].as_str().expect("text");
        assert!(message.starts_with(told) && errors[0]["kind"] == kind, "{arguments:?}: {}", errors[0]);
        assert_eq!(ran.of("trial").len() + ran.of("comparison").len(), 0, "{}", ran.stdout);
        let form = run_in(&strict, &[&arguments[..], &["--format", "text"]].concat(), lines(&three()));
        assert_eq!((form.stdout.as_str(), form.status()), ("", 1));
    }
}

#[test]
fn strictly_what_holds_is_compared_as_ever() {
    let strict = Context { strict: true, ..Context::mock(0) };
    let arguments = ["compare", "-s", "best", "-s", "analyse + fuse"];
    assert_eq!(run_in(&strict, &arguments, lines(&three())).stdout, run(&arguments, &three()).stdout);
}

#[test]
fn a_pipe_is_run_as_one() {
    let ran = run(&["compare", "-s", "vote", "-s", "analyse + fuse"], &three());
    let piped = of(&ran.of("comparison"), "analyse + fuse").clone();
    assert_eq!((&piped["calls"], &piped["unanswered"]), (&json!(6), &json!(0)));
}

#[test]
fn the_table_fits_a_terminal_and_says_what_its_columns_are() {
    let long = "vote --normal case,numbers --extract whole";
    let many = Known { questions: 20, ..Known::default() }.transcript();
    for (records, scored) in [(three(), "2 of 3 prompts scored."), (many, "95 %: where a score would lie")] {
        let text = run(&["compare", "-s", "medoid", "-s", long, "--format", "text"], &records).stdout;
        assert!(text.lines().all(|line| console::measure_text_width(line) <= 80), "{text}");
        for part in ["score", "vs 1st", "one answer", scored] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
    let unscored = run(&["compare", "-s", "vote", "--format", "text"], &panel("p", &["a", "a"])).stdout;
    assert!(unscored.contains("0 of 1 prompts scored; give prompts a field `expected`"), "{unscored}");
}

#[test]
fn the_page_has_plots_and_no_script_and_names_cannot_break_it() {
    let arguments =
        ["compare", "-s", "vote,fuse", "-s", "fuse --ultra 'mock:<script>\u{1b}[2J|'", "--format"];
    let form = |form: &'static str| run(&[&arguments[..], &[form]].concat(), &three()).stdout;
    let page = form("html");
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    assert_eq!(
        (page.matches("<svg").count(), page.matches("</svg>").count(), page.matches("<script").count()),
        (2, 2, 0),
        "{page}"
    );
    for text in [page, form("text"), form("md")] {
        assert!(!text.contains('\u{1b}'), "{text}");
    }
    assert!(
        form("md").lines().filter(|line| line.starts_with('|')).all(|line| line
            .replace("\\|", "")
            .matches('|')
            .count()
            == form("md").lines().next().expect("a line").matches('|').count())
    );
}

#[test]
fn nothing_to_compare_is_an_error_that_says_what_to_do() {
    assert_eq!(run(&["compare", "-s", "vote"], &[]).status(), 4);
    assert_eq!(run(&["compare", "-s", "vtoe"], &three()).status(), 2);
    let wrong = json!({"type": "prompt", "id": "p", "text": "?", "expected": {"regx": "a"}});
    assert_eq!(run(&["compare"], &[wrong]).status(), 2);
}

#[test]
fn a_malformed_line_becomes_one_error_and_the_rest_is_compared() {
    let input = format!("{{\"type\":\n{}", lines(&three()));
    let ran: Ran = run_in(&Context::mock(0), &["compare", "-s", "vote"], input);
    assert_eq!((ran.of("error").len(), ran.of("comparison").is_empty(), ran.status()), (1, false, 1));
}

#[test]
fn the_same_transcript_gives_the_same_bytes() {
    let records = Known { accuracies: &[0.7, 0.6, 0.5], questions: 40, ..Known::default() }.transcript();
    let arguments = ["compare", "-s", "vote --extract number", "-s", "fuse", "-s", "judge"];
    let one = run(&[&arguments[..], &["-j", "1"]].concat(), &records).stdout;
    assert_eq!(run(&[&arguments[..], &["-j", "64"]].concat(), &records).stdout, one);
    assert_eq!(rows(&one).len(), 3 + 2 + 3);
}

#[test]
fn two_prompts_of_one_id_are_told_apart_by_their_answers() {
    let mut records =
        vec![json!({"type": "prompt", "id": "p", "text": "Capital of France?", "expected": "Paris"})];
    records.extend(panel("p", &["Paris", "Paris."]));
    records.extend(panel("p2", &["Lyon", "Lyon."]).into_iter().map(|mut record| {
        record["prompt_id"] = json!("p");
        record
    }));
    let trials = run(&["compare", "-s", "vote"], &records).of("trial");
    assert_eq!(trials.iter().map(|trial| &trial["score"]).collect::<Vec<_>>(), [1.0, 0.0]);
}
