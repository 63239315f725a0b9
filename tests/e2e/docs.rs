//! What the README and the help show is run, and gives what they show.

use ultra_testkit::command::Sandbox;

use crate::tools::{all, directory};

/// The fenced blocks of a Markdown file: `(language, text)`.
fn blocks(markdown: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in markdown.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => open = Some((language.to_owned(), String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some((_, text)), None) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

/// A directory with the files that the examples read.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let repository = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    sandbox.write("plan.md", std::fs::read(repository.join("tests/e2e/data/plan.md")).expect("is there"));
    sandbox.write("plan.pdf", std::fs::read(repository.join("man/ultra.pdf")).expect("is there"));
    sandbox.write("notes/a.md", "# A\n\nIce in winter.\n");
    sandbox.write("questions.txt", "Why is the sky blue?\nIs tea better than coffee?\n");
    sandbox
}

#[test]
fn the_readme_shows_what_happens() {
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("is there");
    let blocks = blocks(&readme);
    // Whoever pastes the first block has all that the others read; nothing of the tests is there.
    let sandbox = Sandbox::new();
    let first = blocks.iter().find(|(_, script)| script.contains("> plan.md")).expect("makes the files");
    let files = sandbox.pipeline(directory(), &first.1).run();
    assert_eq!(files.code(), 0, "{files}");
    let (plan, questions) = (sandbox.read("plan.md"), sandbox.read("questions.txt"));
    let mut shown = 0;
    for pair in blocks.windows(2) {
        // A block `sh` is run when the block after it, `text`, shows what it prints.
        let [(language, script), (next, expected)] = pair else { continue };
        if language != "sh" || next != "text" {
            continue;
        }
        let sandbox = Sandbox::new();
        sandbox.write("plan.md", &plan);
        sandbox.write("questions.txt", &questions);
        let run = sandbox.pipeline(directory(), script).env("ULTRA_MOCK", "1").run();
        assert_eq!(run.stdout(), expected, "the README shows something else for\n{script}\n{run}");
        shown += 1;
    }
    assert!(shown >= 3, "the README shows {shown} pipelines with their output");
}

#[test]
fn every_example_of_the_help_works() {
    for tool in all() {
        let mut examples = 0;
        let of_commands = tool.command.get_subcommands().filter_map(|command| command.get_before_long_help());
        let shown = of_commands.fold(tool.examples.to_owned(), |all, text| format!("{all}\n{text}"));
        for line in shown.lines().filter(|line| line.starts_with("    ")) {
            let width = line.chars().count();
            assert!(width <= 80, "{}: a terminal breaks `{line}` where a shell does not go on", tool.name);
        }
        for line in joined(&shown).lines() {
            let Some(line) = line.trim_start().strip_prefix("$ ") else { continue };
            // With pipefail: a tool in the middle that is called wrongly must not hide behind the last one.
            let strict = format!("exec bash -o pipefail -c '{}'", line.replace('\'', r"'\''"));
            let run = sandbox().pipeline(directory(), &strict).env("ULTRA_MOCK", "1").run();
            assert!(!run.stderr().contains("warning:"), "{}: {line}\n{run}", tool.name);
            assert!(run.code() == 0, "{}: {line}\n{run}", tool.name);
            examples += 1;
        }
        assert!(examples >= 3, "{} shows {examples} pipelines", tool.name);
    }
}

/// Lines that end with `|` or `\` go on in the next line.
fn joined(text: &str) -> String {
    text.replace("\\\n", " ").replace("|\n", "| ")
}
