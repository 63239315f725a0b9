//! Each mistake gets one clear message with the place, the cause and the fix; the rest goes on; the exit status is the documented one.

use ultra_testkit::command::Run;
use ultra_testkit::snapshot::{Filter, render};

use crate::tools::{pipeline, with};

fn shown(run: &Run) -> String {
    render(run, &[Filter::Directory])
}

#[test]
fn a_malformed_line() {
    let run = with("ultra-fanout")
        .args(["--mock", "-m", "mock:a"])
        .stdin("{\"prompt\":\"one\"}\n{\"prompt\":\n{\"prompt\":\"two\"}\n")
        .run();
    assert_eq!(run.records("response").len(), 2, "{run}");
    insta::assert_snapshot!(shown(&run));
}

#[test]
fn a_missing_file() {
    let run = pipeline("ultra-ingest nowhere.md plan.md").file("plan.md", "# Plan\n\nIce.\n").run();
    assert_eq!(run.records("document").len(), 1, "{run}");
    insta::assert_snapshot!(shown(&run));
}

#[test]
fn an_unreadable_pdf() {
    let run = pipeline("ultra-ingest broken.pdf plan.md")
        .file("broken.pdf", "%PDF-1.7\nnothing here\n")
        .file("plan.md", "# Plan\n\nIce.\n")
        .run();
    assert_eq!(run.records("document").len(), 1, "{run}");
    insta::assert_snapshot!(shown(&run));
}

#[test]
fn an_unknown_pattern() {
    insta::assert_snapshot!(shown(
        &with("ultra-pattern").args(["start", "critic", "-p", "q", "-m", "mock:a"]).run()
    ));
}

#[test]
fn a_template_with_an_unknown_placeholder() {
    let pattern = "name = \"mine\"\nversion = 1\ntitle = \"Mine\"\npurpose = \"Try\"\n\n[[stages]]\nname = \"initial\"\naudience = \"each\"\n\
                   template = \"Answer {{ prmopt }}\"\n\n[ultra]\ntemplate = \"Merge\"\n";
    let run = pipeline("ultra-pattern start mine --pattern mine.toml -p q -m mock:a")
        .file("mine.toml", pattern)
        .run();
    insta::assert_snapshot!(shown(&run));
}

#[test]
fn a_target_that_does_not_exist() {
    insta::assert_snapshot!(shown(
        &with("ultra-fanout").args(["--lines", "-m", "opnai:gpt-x"]).stdin("q\n").run()
    ));
}

#[test]
fn no_target_at_all() {
    insta::assert_snapshot!(shown(&with("ultra-fanout").arg("--lines").stdin("q\n").run()));
}

#[test]
fn a_missing_key() {
    insta::assert_snapshot!(shown(
        &with("ultra-fanout").args(["--lines", "-m", "openai:gpt-x"]).stdin("q\n").run()
    ));
}

#[test]
fn an_unknown_key_in_the_configuration() {
    let run =
        pipeline("ultra-fanout --mock").file("ultra.toml", "seed = 1\n[fanout]\nconcurency = 3\n").run();
    insta::assert_snapshot!(shown(&run));
}

#[test]
fn nothing_to_synthesise() {
    let input = r#"{"type":"prompt","id":"p","text":"q"}"#.to_owned() + "\n";
    insta::assert_snapshot!(shown(
        &with("ultra-synth").args(["medoid", "--show", "records"]).stdin(input).run()
    ));
}
