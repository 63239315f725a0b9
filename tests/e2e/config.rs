//! Where settings come from, and that the table of keys is that of the flags.

use std::collections::BTreeSet;

use clap::Command;
use ultra_core::config::SECTIONS;

use crate::tools::{all, pipeline};

/// Flags that cannot stand in a file: they ask for something to be printed, name the file, or belong to one call.
const ONLY_FLAGS: &[&str] = &[
    "help",
    "version",
    "schema",
    "show-config",
    "config",
    "verbose",
    "json",
    "prompt",
    "var",
    "records",
    "pattern",
    "system",
    "answer",
    "dry-run",
    "estimate",
    // Of `start` and `pipe`: what one prompt is asked, and of whom.
    "prompt-file",
    "from-answers",
    "role",
    "document",
    // It says that a person reads.
    "format",
    // Of one strategy, or of its place in a pipe.
    "top",
    "accept",
    "rubric",
    "rule",
    "by",
    "reviews",
    "ladder",
    "agree",
    "threshold",
    "max",
    "window",
    "extract",
    "normal",
    "weight",
    "strategies",
    "references",
    "grader",
    "replay",
];

/// Flags that are keys of another tool: the journal of a comparison belongs to that comparison.
const ONLY_FLAGS_OF: [(&str, &str); 1] = [("ultra-synth", "journal")];

fn flags(command: &Command) -> BTreeSet<String> {
    let own = command.get_arguments().filter_map(|argument| argument.get_long().map(str::to_owned));
    own.chain(command.get_subcommands().flat_map(flags)).collect()
}

#[test]
fn the_keys_of_a_file_are_the_flags_of_the_tools() {
    let common: BTreeSet<_> = SECTIONS[0].1.iter().map(|key| (*key).to_owned()).collect();
    for tool in all() {
        let keys = SECTIONS
            .iter()
            .find(|section| section.0 == tool.section)
            .unwrap_or_else(|| panic!("no section {}", tool.section))
            .1;
        let known: BTreeSet<String> =
            keys.iter().map(|key| (*key).to_owned()).chain(common.iter().cloned()).collect();
        let mut command = tool.command.clone();
        command.build();
        let mut flags = flags(&command);
        flags.retain(|flag| {
            !ONLY_FLAGS.contains(&flag.as_str()) && !ONLY_FLAGS_OF.contains(&(tool.name, flag.as_str()))
        });
        assert_eq!(known, flags, "{}", tool.name);
    }
}

#[test]
fn a_flag_beats_the_environment_and_that_beats_the_file() {
    let show = |line: &str| {
        let run = pipeline(line)
            .file("ultra.toml", "seed = 1\n[fanout]\nconcurrency = 5\n")
            .env("ULTRA_MEM", "64M")
            .run();
        run.assert_status(0);
        let lines: Vec<String> =
            run.stdout().lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        lines
    };
    let lines = show("ultra-fanout --show-config --strict");
    for line in [
        "seed = \"1\" # ./ultra.toml:1",
        "concurrency = \"5\" # ./ultra.toml:3",
        "mem = \"64M\" # ULTRA_MEM",
        "strict = true # flag",
        "max-line = \"16777216\" # default",
    ] {
        assert!(lines.contains(&line.to_owned()), "{line}: {lines:#?}");
    }
    assert!(
        show("ULTRA_SEED=2 ultra-fanout --show-config").contains(&"seed = \"2\" # ULTRA_SEED".to_owned())
    );
    assert!(
        show("ULTRA_SEED=2 ultra-fanout --show-config --seed 3").contains(&"seed = \"3\" # flag".to_owned())
    );
}

#[test]
fn an_alias_and_a_profile_name_targets() {
    let file = "[aliases]\nquick = \"mock:q\"\n[profiles]\npanel = [\"quick\", \"mock:b\"]\n";
    let run = pipeline("echo q | ultra-fanout --lines -m @panel").file("ultra.toml", file).run();
    run.assert_status(0);
    let targets: Vec<_> = run.records("response").iter().map(|record| record["target"].clone()).collect();
    assert_eq!(targets, ["quick", "mock:b"]);
}
