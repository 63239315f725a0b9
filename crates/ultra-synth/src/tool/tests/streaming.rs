//! What is shown of a text while it is written.

use std::sync::Arc;

use serde_json::Value;
use ultra_core::clock::System;
use ultra_core::tool::{Context, Order};

use crate::testing::{Ran, Talk, lines, panel, run_talking};

const TEXT: &str = "Paris is the **capital** of France,\r\nand \u{1b}[2J has been the seat of its kings, with a few pauses, for about a thousand years.\n\n- one\n- two";
const BROKEN: &str = "\n[The writer broke off; what stands above this line is not the answer.]\n\n";

fn terminal() -> Context {
    Context { person_reads: true, ..Context::mock(0) }
}

fn pipe() -> Context {
    Context { person_reads: false, ..Context::mock(0) }
}

/// A terminal before which time goes by.
fn in_time() -> Context {
    Context { clock: Arc::new(System::start()), ..terminal() }
}

fn in_order() -> Context {
    Context { order: Some(Order::Input), ..terminal() }
}

fn two() -> Vec<Value> {
    panel("p", &["Paris.", "Paris!", "Lyon."])
}

/// A run of `fuse` whose writer is `exec:w`.
fn fuse(
    context: &Context,
    more: &[&str],
    script: impl Fn(&ultra_provider::Call, usize) -> Talk + Send + Sync + 'static,
) -> (Ran, Vec<String>) {
    run_talking(context, &[&["fuse", "--ultra", "exec:w"], more].concat(), &two(), script)
}

#[test]
fn a_terminal_shows_the_text_while_it_is_written_and_in_the_end_what_it_shows_without() {
    for more in [&[][..], &["--show", "all"], &["--format", "md"], &["--format", "md", "--show", "all"]] {
        for size in [1, 3, 7, 1000] {
            let (ran, seen) = fuse(&terminal(), more, move |_, _| Talk::of(TEXT, size).until("kings"));
            let (whole, at_once) =
                fuse(&terminal(), more, |_, _| Talk { pieces: Vec::new(), ..Talk::of(TEXT, 1) });
            assert_eq!(ran.stdout, whole.stdout, "{more:?}");
            assert!(
                seen[0].contains("has been the seat of its kings") && seen[0].len() < ran.stdout.len(),
                "{seen:?}"
            );
            assert!(ran.stdout.starts_with(&seen[0]) && at_once[0].is_empty());
            assert!(!ran.stdout.contains('\u{1b}') && ran.stdout.contains("\\x1b[2J has"), "{}", ran.stdout);
            assert_eq!(ran.status(), 0);
        }
    }
}

#[test]
fn a_file_gets_the_text_when_it_is_whole_unless_its_reader_wants_the_pieces() {
    for form in ["text", "md"] {
        let script = |_: &ultra_provider::Call, _| Talk::of(TEXT, 3);
        let (whole, seen) = fuse(&pipe(), &["--format", form], script);
        assert_eq!(seen, [""]);
        let script = |_: &ultra_provider::Call, _| Talk::of(TEXT, 3).until("kings");
        let (ran, seen) = fuse(&pipe(), &["--format", form, "--stream"], script);
        assert!(seen[0].contains("kings") && seen[0].len() < ran.stdout.len(), "{seen:?}");
        assert_eq!(ran.stdout, whole.stdout);
    }
    for form in ["json", "html"] {
        let (_, seen) = fuse(&terminal(), &["--format", form, "--stream"], |_, _| Talk::of(TEXT, 3));
        assert_eq!(seen, [""], "{form} is written as a whole");
    }
}

#[test]
fn when_the_writer_breaks_off_a_line_says_so_and_the_text_begins_anew() {
    let (ran, _) = fuse(&in_time(), &[], |call, number| match number {
        0 => Talk::breaking("Half of the", call, "network.reset"),
        _ => Talk::of("The whole text.", 4),
    });
    assert_eq!(ran.stdout, format!("Half of the\n{BROKEN}The whole text.\n"));
    assert_eq!(ran.status(), 0);
}

#[test]
fn what_stands_in_for_a_writer_that_failed_is_shown_as_a_whole_below_the_line() {
    let two_judges = ["--ultra", "exec:second"];
    let (ran, _) = fuse(&terminal(), &two_judges, |call, _| match call.target.as_str() {
        "exec:w" => Talk::breaking("Half of the text", call, "auth"),
        _ => Talk::of("By the second.", 4),
    });
    assert_eq!(ran.stdout, format!("Half of the text\n{BROKEN}By the second.\n"));
    let (ran, _) =
        fuse(&terminal(), &["--show", "all"], |call, _| Talk::breaking("Half of the text", call, "auth"));
    let end = "Half of the text\n\n[The writer broke off; what stands above this line is not the answer.]\n\nParis.\n\n(the answer of mock:m0";
    assert!(ran.stdout.contains(end), "{}", ran.stdout);
}

#[test]
fn an_answer_that_is_not_what_was_shown_is_shown_as_a_whole() {
    let (ran, _) = fuse(&terminal(), &[], |_, _| Talk {
        pieces: vec!["Something ".into(), "else".into()],
        ..Talk::of("The answer.", 1)
    });
    assert_eq!(ran.stdout, format!("Something else\n{BROKEN}The answer.\n"));
}

#[test]
fn a_writer_that_fails_before_its_first_word_leaves_no_trace() {
    let (ran, _) = fuse(&in_time(), &[], |call, number| match number {
        0 => Talk::breaking("", call, "network.reset"),
        _ => Talk::of("The whole text.", 4),
    });
    assert_eq!(ran.stdout, "The whole text.\n");
}

#[test]
fn a_text_that_is_no_answer_is_taken_back() {
    let (ran, _) = fuse(&terminal(), &[], |_, _| {
        let mut talk = Talk::of("Cut in the middle of", 4);
        talk.said = talk.said.map(|said| ultra_provider::Answer { finish_reason: "length".into(), ..said });
        talk
    });
    assert_eq!(ran.stdout, format!("Cut in the middle of\n{BROKEN}Paris.\n"));
    let strict = Context { strict: true, ..terminal() };
    let (ran, _) = fuse(&strict, &[], |call, _| Talk::breaking("Half of the text", call, "auth"));
    assert_eq!(ran.stdout, format!("Half of the text\n{}\n", BROKEN.trim_end()));
    assert_eq!(ran.status(), 1, "{:?}", ran.result.err());
}

#[test]
fn only_the_text_that_comes_next_is_shown_and_each_is_whole() {
    let records = [two(), panel("q", &["Yes.", "Yes!"]), panel("r", &["No.", "No!"])].concat();
    for context in [in_order(), terminal()] {
        let (ran, seen) = run_talking(&context, &["--ultra", "exec:w"], &records, |_, number| match number {
            0 => Talk::of("First answer of all.", 3).until("First answer of"),
            1 => Talk::of("Second answer of all.", 3),
            _ => Talk::of("Third answer of all.", 3),
        });
        let second = "Second answer of all.\n";
        let third = "Third answer of all.\n";
        let apart = "\n---\n\n";
        assert_eq!(ran.stdout, format!("First answer of all.\n{apart}{second}{apart}{third}"));
        assert!(seen[0].starts_with("First answer of"), "{seen:?}");
    }
}

#[test]
fn what_ends_first_waits_for_the_text_that_was_begun() {
    let records = [two(), panel("q", &["Yes.", "Yes!"])].concat();
    for context in [in_order(), terminal()] {
        let (ran, seen) = run_talking(&context, &["--ultra", "exec:w"], &records, |_, number| match number {
            0 => Talk {
                pieces: crate::testing::pieces("First answer", 3),
                ..Talk::of("First answer of all.", 3)
            },
            _ => Talk { pieces: Vec::new(), ..Talk::of("Second answer of all.", 3) }.until("First"),
        });
        assert_eq!(seen, ["First", "First"], "the second has ended");
        assert_eq!(ran.stdout, "First answer of all.\n\n---\n\nSecond answer of all.\n");
    }
}

#[test]
fn a_text_whose_turn_has_not_come_waits() {
    let records = [two(), panel("q", &["Yes.", "Yes!"])].concat();
    let (ran, seen) = run_talking(&in_order(), &["--ultra", "exec:w"], &records, |_, number| match number {
        0 => Talk { pieces: Vec::new(), ..Talk::of("First answer of all.", 3) },
        _ => Talk::of("Second answer of all.", 3).until("Second answer of"),
    });
    assert_eq!(seen[0], "");
    assert_eq!(ran.stdout, "First answer of all.\n\n---\n\nSecond answer of all.\n");
}

#[test]
fn a_text_that_was_begun_behind_another_goes_on_where_it_is() {
    let records = [two(), panel("q", &["Yes.", "Yes!"])].concat();
    let (ran, seen) = run_talking(&in_order(), &["--ultra", "exec:w"], &records, |_, number| match number {
        0 => Talk::of("First answer of all.", 3).until("First answer of"),
        _ => Talk::of("Second answer of all.", 3).until("Second answer of"),
    });
    assert_eq!(seen, ["First answer of", "First answer of all.\n\n---\n\nSecond answer of"]);
    assert_eq!(ran.stdout, "First answer of all.\n\n---\n\nSecond answer of all.\n");
}

#[test]
fn records_stay_as_they_are_and_deltas_come_where_they_are_wanted() {
    for strategy in ["fuse", "self-moa", "judge"] {
        let script = |call: &ultra_provider::Call, _| match call.output_schema {
            None => Talk::of(TEXT, 5),
            Some(_) => Talk::of(&crate::testing::simulated(call).text, 5),
        };
        let arguments = [strategy, "--ultra", "exec:w"];
        let (plain, _) = run_talking(&pipe(), &arguments, &two(), script);
        let (ran, _) = run_talking(&pipe(), &[&arguments[..], &["--stream"]].concat(), &two(), script);
        let without: Vec<Value> =
            ran.records().into_iter().filter(|record| record["type"] != "delta").collect();
        assert_eq!(lines(&without).len(), plain.stdout.len());
        assert_eq!(without, plain.records());
        let deltas = ran.of("delta");
        let told: String = deltas.iter().filter_map(|delta| delta["text"].as_str()).collect();
        if strategy == "judge" {
            assert_eq!(deltas.len(), 0, "a choice is no text");
            continue;
        }
        assert_eq!(told, ran.synthesis()["text"], "{strategy}");
        for (key, value) in [("prompt_id", "p"), ("target", "exec:w")] {
            assert_eq!(deltas[0][key], value);
        }
        assert_eq!((&deltas[0]["attempt"], &deltas[0]["sample"]), (&1.into(), &0.into()));
        assert!(plain.of("delta").is_empty());
    }
}

#[test]
fn pieces_of_prompts_that_are_written_at_the_same_time_come_once_each() {
    let records = [two(), panel("q", &["Yes.", "Yes!"])].concat();
    for context in [pipe(), Context { person_reads: false, ..in_order() }] {
        let arguments = ["fuse", "--ultra", "exec:w", "--stream"];
        let (ran, seen) = run_talking(&context, &arguments, &records, |_, number| match number {
            0 => Talk::of("First answer of all.", 3).until("nd the end."),
            _ => Talk {
                pieces: vec!["Second".into(), " and the end.".into()],
                ..Talk::of("Second and the end.", 1)
            }
            .until("\"synthesis\""),
        });
        assert!(seen[1].contains("\"synthesis\""), "the first has ended: {seen:?}");
        for synthesis in ran.of("synthesis") {
            let of = |delta: &&Value| delta["prompt_id"] == synthesis["prompt_id"];
            let deltas = ran.of("delta");
            let told: String = deltas.iter().filter(of).filter_map(|delta| delta["text"].as_str()).collect();
            assert_eq!(told, synthesis["text"], "{}", ran.stdout);
        }
        assert_eq!(ran.of("synthesis").len(), 2);
    }
}

#[test]
fn only_the_last_window_of_many_samples_is_the_answer() {
    let records = panel("p", &["One.", "Two.", "Three.", "Four.", "Five."]);
    let arguments = ["self-moa", "--window", "3", "--ultra", "exec:w"];
    let (ran, seen) = run_talking(&terminal(), &arguments, &records, |_, number| match number {
        0 => Talk::of("Draft of it.", 3),
        _ => Talk::of("Final of it.", 3).until("Final of"),
    });
    assert_eq!((seen[0].as_str(), seen[1].as_str()), ("", "Final of"));
    assert_eq!(ran.stdout, "Final of it.\n");
}

#[test]
fn an_answer_that_must_be_json_is_shown_when_it_has_been_checked() {
    let mut records = two();
    records[0]["output_schema"] = serde_json::json!({"type": "object", "required": ["a"]});
    let (ran, seen) =
        run_talking(&terminal(), &["--ultra", "exec:w"], &records, |_, _| Talk::of("So: {\"a\": 1}", 3));
    assert_eq!((seen, ran.stdout.as_str()), (vec![String::new()], "{\"a\":1}\n"));
}
