//! The process, its files and its surroundings: every case of part F of the catalogue, by its number.

mod calls;
mod disks;
mod limits;
mod places;
mod signals;
mod streams;
mod surroundings;

use std::time::Duration;

use ultra_testkit::command::{Command, Run, Sandbox};
use ultra_testkit::server::Server;

use crate::tools::{binary, directory};

/// Long enough for anything that happens at all.
const SOON: Duration = Duration::from_secs(20);

/// Every way to run a tool over a stream of records.
const READERS: [&str; 6] = [
    "ultra-ingest --records",
    "ultra-pattern next",
    "ultra-fanout --mock -m mock:a",
    "ultra-cache get",
    "ultra-cache put",
    "ultra-synth medoid --show records",
];

/// A shell function that runs a program as somebody whom permissions bind, which root is not.
const BOUND: &str = "bound() { if [ \"$(id -u)\" = 0 ]; then setpriv --bounding-set=-all --inh-caps=-all \"$@\"; else \"$@\"; fi; }; ";

/// Questions, one a line.
fn questions(count: usize) -> String {
    (1..=count).fold(String::new(), |all, number| all + "question " + &number.to_string() + "\n")
}

/// A fanout of plain lines that asks this server.
fn fanout(sandbox: &Sandbox, server: &Server) -> Command {
    let command = sandbox.command(binary("ultra-fanout")).args(["--lines", "-m", "vllm:m"]);
    command.env("VLLM_BASE_URL", server.openai_url())
}

/// A shell line whose fanouts ask this server as `vllm`.
fn shell(sandbox: &Sandbox, server: &Server, line: &str) -> Command {
    sandbox.pipeline(directory(), line).env("VLLM_BASE_URL", server.openai_url())
}

/// How many calls have ended according to the journal `name`.
fn ended(sandbox: &Sandbox, name: &str) -> usize {
    let text = std::fs::read_to_string(sandbox.path(name)).expect("the journal is text");
    let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    whole.filter(|line| line.starts_with(r#"{"type":"done""#)).count()
}

/// Checks that the same run, made again, sends exactly what its journal `j` does not have, and prints everything.
fn goes_on(sandbox: &Sandbox, server: &Server, count: usize) {
    let (known, before) = (ended(sandbox, "j"), server.count());
    let run = fanout(sandbox, server).args(["--journal", "j"]).stdin(questions(count)).run();
    run.assert_status(0);
    assert_eq!(run.records("response").len(), count, "{run}");
    assert_eq!(server.count() - before, count - known, "calls that the journal did not have\n{run}");
}

/// Checks that a run neither broke down nor told of a defect.
fn sound(run: &Run) {
    assert!(!run.stderr().contains("internal error") && !run.stderr().contains("panicked"), "{run}");
}
