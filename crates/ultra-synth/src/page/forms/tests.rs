use serde_json::{Value, json};
use ultra_core::tool::Context;

use crate::testing::{Ran, lines, panel, run, run_in};

const HOSTILE: &str = "\u{1b}[2J\u{9b}31m\u{202e}\u{7f}<script>alert(1)</script> Paris";

fn hostile() -> Vec<Value> {
    panel("p", &[HOSTILE, &format!("{HOSTILE}!"), "Lyon"])
}

fn as_form(form: &str, show: &str, records: &[Value]) -> String {
    run(&["medoid", "--format", form, "--show", show], records).stdout
}

/// Characters that a terminal would obey.
fn commands(text: &str) -> Vec<char> {
    text.chars().filter(|c| (c.is_control() && *c != '\n') || ('\u{202a}'..='\u{202e}').contains(c)).collect()
}

#[test]
fn a_form_brings_the_answer_into_a_pipe_and_records_have_none() {
    let records = panel("p", &["**Paris**.", "**Paris**!"]);
    assert_eq!(run(&["medoid", "--format", "text"], &records).stdout, "**Paris**!\n");
    assert_eq!(run(&["medoid", "--show", "text"], &records).stdout, "**Paris**!\n");
    assert_eq!(run(&["medoid", "--show", "records", "--format", "md"], &records).status(), 2);
}

#[test]
fn no_form_brings_what_a_terminal_obeys() {
    for show in ["text", "all"] {
        for form in ["text", "json", "html"] {
            assert!(commands(&as_form(form, show, &hostile())).is_empty(), "{form} {show}");
        }
        let person = Context { person_reads: true, ..Context::mock(0) };
        for arguments in [&["medoid", "--show", show][..], &["medoid", "--show", show, "--format", "md"]] {
            let stdout = run_in(&person, arguments, lines(&hostile())).stdout;
            assert!(commands(&stdout).is_empty() && stdout.contains("\\x1b[2J"), "{stdout}");
        }
    }
}

#[test]
fn json_is_one_object_a_prompt_and_holds_the_very_answer() {
    let mut records = hostile();
    records.extend(panel("q", &["Yes.", "Yes!"]));
    let stdout = as_form("json", "all", &records);
    let objects: Vec<Value> =
        serde_json::Deserializer::from_str(&stdout).into_iter().map(|it| it.expect("JSON")).collect();
    assert_eq!(objects.len(), 2);
    let first = &objects[0];
    assert!(first["answer"].as_str().expect("text").starts_with(HOSTILE), "{first}");
    assert_eq!(first["question"], "What is the capital of France?");
    assert_eq!(
        (&first["strategy"], &first["rung"], &first["degraded"]),
        (&json!("medoid"), &json!("medoid"), &json!(false))
    );
    assert_eq!(first["sources"][0]["target"].as_str().map(|target| &target[..6]), Some("mock:m"));
    assert!(first["sources"][0]["label"].as_str().expect("text").starts_with("Answer "));
    assert_eq!(first["answers"].as_array().map(Vec::len), Some(3));
    assert!(first["verdict"]["margin"].is_number());
    assert!(as_form("json", "text", &records).len() < stdout.len());
}

#[test]
fn a_degraded_answer_says_so_in_every_form_that_tells_more_than_the_answer() {
    let records = panel("p", &["Paris it is.", "It is Paris.", "No."]);
    let degraded = |form: &str| {
        run(&["--ultra", "mock:x?fail=1&kind=auth", "--show", "all", "--format", form], &records).stdout
    };
    let object: Value = serde_json::from_str(&degraded("json")).expect("JSON");
    assert_eq!(object["degraded"], true);
    assert!(object["reason"].as_str().expect("text").starts_with("auth: "));
    assert!(degraded("html").contains("<p class=\"how degraded\">auth: judge:1"), "{}", degraded("html"));
    assert!(degraded("text").contains("; degraded)\n(auth: judge:1"), "{}", degraded("text"));
}

#[test]
fn all_answers_are_readable_in_eighty_columns() {
    let long = format!("- {}\n\n{}", "word ".repeat(60), "天".repeat(100));
    let stdout = as_form("text", "all", &panel("p", &[&long, &long]));
    assert!(stdout.lines().all(|line| console::measure_text_width(line) <= 80), "{stdout}");
    for part in
        ["── Question ─", "── Answer A: mock:m0 ─", "── Answer B: mock:m1 ─", "── Synthesis ─", "  word word"]
    {
        assert!(stdout.contains(part), "{part}: {stdout}");
    }
}

#[test]
fn a_page_is_whole_for_any_number_of_prompts() {
    let mut records = hostile();
    records.extend(panel("q", &["Yes.", "Yes!"]));
    let page = as_form("html", "all", &records);
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"), "{page}");
    assert_eq!((page.matches("<section>").count(), page.matches("</section>").count()), (2, 2));
    assert_eq!((page.matches("<details").count(), page.matches("<script").count()), (5, 0));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; Paris"));
    let empty = as_form("html", "all", &[]);
    assert!(empty.starts_with("<!doctype html>") && empty.ends_with("</html>\n"));
}

#[test]
fn a_saved_transcript_is_shown_with_its_synthesis_beside_the_answers() {
    let saved = run(&["medoid"], &panel("p", &["Paris.", "Paris!"])).records();
    let again = |arguments: &[&str]| -> Ran { run(arguments, &saved) };
    let object: Value =
        serde_json::from_str(&again(&["medoid", "--show", "all", "--format", "json"]).stdout).expect("JSON");
    assert_eq!((&object["answer"], object["answers"].as_array().map(Vec::len)), (&json!("Paris."), Some(2)));
    assert_eq!(again(&["--format", "md"]).stdout, "Paris.\n");
    let alone: Vec<Value> = saved.iter().filter(|record| record["type"] == "synthesis").cloned().collect();
    let object: Value = serde_json::from_str(&run(&["--format", "json"], &alone).stdout).expect("JSON");
    assert_eq!((&object["answer"], &object["how"]), (&json!("Paris."), &json!("made by medoid")));
}

#[test]
fn the_pattern_says_which_form_a_file_gets_and_the_user_beats_it() {
    let path = std::env::temp_dir().join(format!("ultra-form-{}.toml", std::process::id()));
    let pattern = "name = \"page\"\nversion = 1\ntitle = \"Page\"\npurpose = \"A page.\"\n\
        [[stages]]\nname = \"answer\"\ntemplate = \"{{ prompt }}\"\n\
        [ultra]\nformat = \"html\"\nlayout = \"in two parts\"\ntemplate = \"{{ question }} {{ answers }} {{ layout }}\"\n";
    std::fs::write(&path, pattern).expect("writes");
    let records = panel("p", &["Paris.", "Paris."]);
    let shown = |more: &[&str]| {
        run(&[&["fuse", "--pattern", path.to_str().expect("is text")], more].concat(), &records).stdout
    };
    let (page, chosen, stream) = (shown(&["--show", "text"]), shown(&["--format", "json"]), shown(&[]));
    std::fs::remove_file(&path).expect("removes");
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"), "{page}");
    assert!(chosen.starts_with('{') && stream.starts_with("{\"type\":\"request\""), "{chosen} {stream}");
}
