//! What the page of pattern files shows works: its patterns are sound, and its commands run.

use ultra_testkit::command::Sandbox;

use crate::man::{COMMANDS, EXAMPLES};
use crate::tools::directory;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    for name in EXAMPLES {
        let path = format!("{}/man/examples/{name}", env!("CARGO_MANIFEST_DIR"));
        sandbox.write(&format!("patterns/{name}"), std::fs::read(path).expect("is there"));
    }
    sandbox
}

#[test]
fn the_commands_of_the_page_work() {
    let commands = COMMANDS.replace("|\n", "| ");
    for command in commands.lines() {
        let run = sandbox().pipeline(directory(), command).env("ULTRA_MOCK", "1").run();
        assert_eq!(run.code(), 0, "{run}");
        assert!(!run.stdout().is_empty(), "{run}");
    }
}

#[test]
fn every_pattern_of_the_page_runs_to_its_end() {
    for name in EXAMPLES {
        let name = name.trim_end_matches(".toml");
        let script = format!(
            "ultra-pattern check patterns/{name}.toml >&2 && ultra-pattern start {name} -p \"Is water wet?\" -m mock:a -m mock:b -m mock:c | ultra-fanout | ultra-pattern next | ultra-fanout | ultra-synth --ultra mock:w"
        );
        let run = sandbox().pipeline(directory(), &script).env("ULTRA_MOCK", "1").run();
        assert_eq!(run.code(), 0, "{run}");
        let stdout = run.stdout();
        let records: Vec<serde_json::Value> =
            stdout.lines().map(|line| serde_json::from_str(line).expect("a record")).collect();
        let count = |kind: &str| records.iter().filter(|record| record["type"] == kind).count();
        assert_eq!((count("error"), count("synthesis")), (0, 1), "{run}");
        let answers = if name == "panel" { 4 } else { 6 };
        assert_eq!(count("response"), answers, "{run}");
    }
}
