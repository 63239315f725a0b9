//! Choosing a pattern and running it: suggestions, lists, pipelines that a shell runs, patterns of other programs.

use std::collections::BTreeSet;

use serde_json::Value;
use ultra_template::library::built_in;
use ultra_testkit::command::{Run, Sandbox};

use crate::tools::{directory, with};

const HARD: &str = "Is it 'sound', \"$HOME\" `id` \\ {{ own }}\n-- and 100%?";

/// A sandbox with a document and patterns of every form.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("my plan.md", "# Plan\n\nWe sell ice in winter.\n");
    sandbox.write("patterns/sum_up/system.md", "# IDENTITY\n\nYou sum up {what you get}.\n\n# INPUT\n");
    sandbox.write("patterns/sum_up/user.md", "In {{words}} words: {{input}}");
    sandbox.write(
        "patterns/pirate.yaml",
        "system: Talk like a $who.\nprompt: 'Say it: $input'\ndefaults: {who: pirate}\n",
    );
    sandbox.write("patterns/kind.md", "Be kind. {{ 7 * 7 }} {% raw %}\n");
    sandbox.write("patterns/README.md", "Not a pattern.\n");
    sandbox
}

/// Runs a line of the shell with the tools on its PATH.
fn sh(sandbox: &Sandbox, line: &str) -> Run {
    sandbox.pipeline(directory(), line).run()
}

/// The pipeline that `pipe` prints, and what running it gives.
fn piped(sandbox: &Sandbox, arguments: &[&str]) -> (String, Run) {
    let printed = sandbox.command(crate::tools::binary("ultra-pattern")).arg("pipe").args(arguments).run();
    printed.assert_status(0);
    let line = printed.stdout().to_owned();
    let run = sh(sandbox, &format!("{} --show records", line.trim_end()));
    run.assert_status(0);
    (line, run)
}

#[test]
fn the_pipeline_of_every_pattern_runs_as_it_is_printed() {
    let sandbox = sandbox();
    for (name, text) in built_in() {
        let arguments = [name, "-p", HARD, "-m", "mock:a#2", "-m", "mock:b", "-d", "my plan.md"];
        let (line, run) = piped(&sandbox, &arguments);
        let stages = text.matches("[[stages]]").count();
        assert_eq!(line.matches("ultra-fanout").count(), stages, "{line}");
        assert_eq!(run.records("prompt")[0]["text"], HARD, "{name}");
        assert_eq!(run.records("document").len(), 1, "{name}");
        let synthesis = run.records("synthesis");
        assert_eq!((synthesis.len(), &synthesis[0]["target"]), (1, &Value::from("mock:a")), "{name}: {run}");
        let requests = run.records("request");
        let asked: BTreeSet<_> =
            requests.iter().map(|request| request["stage"]["name"].to_string()).collect();
        assert_eq!(asked.len(), stages, "{name}: {run}");
    }
}

#[test]
fn a_pattern_of_another_program_runs_as_its_program_would_run_it() {
    let sandbox = sandbox();
    for (arguments, expected) in [
        (
            &["sum_up", "--var", "words=-5"][..],
            &[
                ("system", "# IDENTITY\n\nYou sum up {what you get}.\n\n# INPUT"),
                ("user", "In -5 words: PROMPT"),
            ][..],
        ),
        (&["pirate"], &[("user", "Talk like a pirate.\n\nSay it: PROMPT")]),
        (&["kind"], &[("user", "Be kind. {{ 7 * 7 }} {% raw %}\n\nPROMPT")]),
        (&["--pattern", "patterns/kind.md"], &[("user", "Be kind. {{ 7 * 7 }} {% raw %}\n\nPROMPT")]),
        (
            &["sum_up", "--pattern", "patterns", "--var", "words=9"],
            &[
                ("system", "# IDENTITY\n\nYou sum up {what you get}.\n\n# INPUT"),
                ("user", "In 9 words: PROMPT"),
            ],
        ),
    ] {
        let arguments: Vec<_> =
            arguments.iter().copied().chain(["-p", HARD, "-m", "mock:a", "-m", "mock:b"]).collect();
        let (line, run) = piped(&sandbox, &arguments);
        assert!(!line.contains("next"), "one stage has no next: {line}");
        let requests = run.records("request");
        let messages = requests[0]["messages"].as_array().expect("messages");
        let sent: Vec<_> = messages
            .iter()
            .map(|message| {
                (message["role"].as_str().expect("text"), message["content"].as_str().expect("text"))
            })
            .collect();
        let expected: Vec<_> =
            expected.iter().map(|(role, text)| (*role, text.replace("PROMPT", HARD))).collect();
        let expected: Vec<_> = expected.iter().map(|(role, text)| (*role, text.as_str())).collect();
        assert_eq!(sent, expected, "{line}");
        assert_eq!(requests[0]["stage"]["name"], "answer");
        assert_eq!(run.records("synthesis").len(), 1, "{run}");
        assert!(!run.stderr().contains("warn"), "{run}");
    }
}

#[test]
fn names_are_found_on_the_search_path_and_links_do_not_lead_out_of_it() {
    let sandbox = sandbox();
    let pattern = |line: &str| sh(&sandbox, &format!("ultra-pattern {line}"));
    sandbox.write("secret.toml", "name = \"leak\"\n");
    sandbox.write("elsewhere/system.md", "Elsewhere.");
    for (target, link) in
        [("../secret.toml", "leak.toml"), ("../secret.toml", "leak2.md"), ("../elsewhere", "away")]
    {
        std::os::unix::fs::symlink(target, sandbox.work().join("patterns").join(link)).expect("links");
    }
    for name in ["leak", "leak2", "away", "../secret", "sum_up/../kind"] {
        let run = pattern(&format!("show '{name}'"));
        run.assert_status(2);
        let told = run.stderr();
        assert!(
            told.contains("a link leads out of `patterns`") || told.contains("there is no pattern"),
            "{run}"
        );
    }
    let listed = pattern("list");
    for name in ["sum_up\tfabric\t", "pirate\tllm\t", "kind\tprompt file\t"] {
        assert!(listed.stdout().contains(name), "{listed}");
    }
    assert!(!listed.stdout().contains("README") && !listed.stdout().contains("leak"), "{listed}");
    let shown = pattern("show sum_up");
    assert!(
        shown.stdout().contains("You sum up {what you get}")
            && shown.stdout().contains("words (must be given)")
    );
    let folder = pattern("show --pattern patterns");
    folder.assert_status(2);
    assert!(
        folder.stderr().contains("`kind`, ") && folder.stderr().contains("is a folder of patterns"),
        "{folder}"
    );
}

#[test]
fn a_shelf_of_two_hundred_patterns_loads_or_says_why_not() {
    let sandbox = Sandbox::new();
    let mut refused = 0;
    for number in 0..200 {
        let long = "You read what you get and write it down again, shorter.\n".repeat(1 + number % 60);
        let odd = match number % 10 {
            3 => "{{plugin:datetime:now}}",
            5 => "In {{tone}}: {{input}}",
            7 => "{% for x in y %} {{ unknown thing }}",
            9 => "{% for x in y %} {{{{ $PATH {prompt}",
            _ => "",
        };
        refused += u32::from(matches!(number % 10, 3 | 7));
        sandbox.write(
            &format!("shelf/do_{number}/system.md"),
            format!("# IDENTITY\n\n{long}\n{odd}\n# INPUT\n\nINPUT:\n"),
        );
    }
    sandbox.write("shelf/empty/system.md", "\n");
    sandbox.write("shelf/notes/other.md", "not a pattern");
    let run = sh(&sandbox, "ultra-pattern check shelf");
    run.assert_status(1);
    let sound = run.stdout().lines().filter(|line| line.ends_with("is sound, 1 stage (fabric)")).count();
    let errors = run.stdout().lines().filter(|line| line.contains(": error: ")).count();
    assert_eq!((sound, errors), (200 - refused as usize, refused as usize + 1), "{run}");
    assert!(
        run.stdout().contains("shelf/do_3/system.md:8: error: `{{plugin:datetime:now}}` would be run"),
        "{run}"
    );
    assert!(run.stdout().contains("shelf/empty/system.md: error: the file is empty"), "{run}");
    let json = sh(&sandbox, "ultra-pattern check --json shelf");
    assert!(
        json.lines().iter().all(|line| line["severity"] == "error" && line["file"].is_string()),
        "{json}"
    );
    // What check calls sound can be used.
    let run = sh(&sandbox, "ultra-pattern start do_9 --pattern shelf -p q -m mock:a");
    let sent = run.records("request")[0]["messages"][0]["content"].to_string();
    assert!(sent.contains("{% for x in y %} {{{{ $PATH {prompt}"), "{run}");
}

#[test]
fn check_warns_of_what_is_hardly_meant() {
    let sandbox = Sandbox::new();
    let pattern = "name = \"other\"\nversion = 1\npurpose = \"p\"\n[roles]\nr = \"R\"\n[variables.x]\ndefault = \"\"\n\
                   [[stages]]\nname = \"s\"\ntemplate = \"{{ prompt }} Sum up.\"\n\
                   [ultra]\ntemplate = \"{{ prompt }} {{ answers }}\"\n";
    sandbox.write("patterns/mine.toml", pattern);
    sandbox.write("patterns/theirs.yaml", "system: 'About $input'\nmodel: x\n");
    sandbox.write("patterns/plain.txt", "Sum up {{input}}.");
    let json_of_text = pattern.replace("{{ answers }}", "{% for a in answers %}{{ a.json }}{% endfor %}");
    sandbox.write("patterns/flow.toml", json_of_text.replace("other", "flow"));
    let run = sh(&sandbox, "ultra-pattern check");
    run.assert_status(1);
    for expected in [
        "patterns/mine.toml: warning: `when` is missing",
        "patterns/mine.toml: warning: the variable `x` is not used",
        "patterns/mine.toml: warning: the role `r` is given to no stage",
        "patterns/mine.toml:10: warning: instructions follow `prompt`",
        "patterns/mine.toml:12: warning: `prompt` stands bare",
        "patterns/mine.toml: warning: the pattern is called `other`",
        "patterns/theirs.yaml:1: warning: `system` shows `$input`",
        "patterns/theirs.yaml:2: warning: `model` has no effect here",
        "patterns/plain.txt:1: warning: `{{input}}` is sent as it stands",
        "patterns/flow.toml:12: error: ",
    ] {
        assert!(run.stdout().contains(expected), "{expected}\n{run}");
    }
    std::fs::remove_file(sandbox.work().join("patterns/flow.toml")).expect("is there");
    sh(&sandbox, "ultra-pattern check").assert_status(0);
    sh(&sandbox, "ultra-pattern check --strict").assert_status(1);
    sh(&Sandbox::new(), "ultra-pattern check").assert_status(2);
}

#[test]
fn a_prompt_is_answered_with_patterns_and_reasons() {
    let run = with("ultra-pattern").args(["suggest", "-p", "Review this plan and find its mistakes"]).run();
    run.assert_status(0);
    assert!(run.stdout().starts_with("1. critique (Critique analysis)\n   Every model reviews"), "{run}");
    assert!(
        run.stdout().contains("     + \"mistakes\": when, \"Mistakes are costly and can be found by reading"),
        "{run}"
    );
    let json = with("ultra-pattern").args(["suggest", "--json", "--top", "2", "-p", "Is it true?"]).run();
    assert_eq!((json.lines().len(), &json.lines()[0]["name"]), (2, &Value::from("fact_check")), "{json}");
    let none = with("ultra-pattern").args(["suggest", "-p", "?"]).run();
    assert!(none.stdout().starts_with("No word of the prompt speaks for a pattern"), "{none}");
}

#[test]
fn the_script_runs_a_pattern_on_a_prompt() {
    let sandbox = sandbox();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/analyse");
    let run = sh(
        &sandbox,
        &format!("'{script}' -m 'mock:a#2' critique 'Is it so?' -d 'my plan.md' -m mock:b -o all"),
    );
    run.assert_status(0);
    assert!(run.stdout().contains("Is it so?"), "{run}");
    let kept = std::fs::read_to_string(sandbox.work().join("all")).expect("is kept");
    assert_eq!(kept.lines().filter(|line| line.starts_with(r#"{"type":"response""#)).count(), 9, "{kept}");
    let run = sh(&sandbox, &format!("printf 'From a pipe?' | '{script}' patterns/kind.md -"));
    run.assert_status(0);
    assert!(run.stdout().contains("From a pipe?"), "{run}");
    sh(&sandbox, &format!("'{script}' critique")).assert_status(2);
}
