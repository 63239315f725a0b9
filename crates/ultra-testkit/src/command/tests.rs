use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::{Command, Sandbox, Signal, Status, pipeline};
use crate::sync::Stopwatch;

const SOON: Duration = Duration::from_secs(10);

fn shell(line: &str) -> Command {
    Command::new("/bin/sh").args(["-c", line])
}

fn panics(test: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(test)).is_err()
}

/// A killed process may take a moment to go, and may stay a zombie where nobody waits for orphans.
fn assert_ends(pid: &str) {
    let path = format!("/proc/{}/stat", pid.trim());
    let watch = Stopwatch::start();
    loop {
        let stat = std::fs::read_to_string(&path).unwrap_or_default();
        if stat.is_empty() || stat.contains(") Z ") || stat.contains(") X ") {
            return;
        }
        assert!(watch.elapsed() < SOON, "{stat}");
        std::thread::yield_now();
    }
}

#[test]
fn the_environment_holds_nothing_of_this_machine() {
    let run = Command::new("/usr/bin/env").run();
    let names: BTreeSet<_> = run.stdout().lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    let expected = ["HOME", "LANG", "NO_PROXY", "PATH", "TMPDIR", "TZ", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"];
    let more = ["XDG_DATA_HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME"];
    assert_eq!(names, expected.into_iter().chain(more).collect());
    for line in run.stdout().lines().filter(|line| line.starts_with("HOME") || line.starts_with("XDG")) {
        assert!(line.contains(&*run.sandbox().root().to_string_lossy()), "{line}");
    }
}

#[test]
fn a_variable_replaces_the_hermetic_one() {
    let run = shell("echo $TZ $HTTP_PROXY").env("TZ", "Asia/Tokyo").env("HTTP_PROXY", "x").run();
    assert_eq!(run.assert_status(0).stdout(), "Asia/Tokyo x\n");
}

#[test]
fn input_comes_from_bytes_or_a_file_or_is_empty() {
    assert_eq!(Command::new("/bin/cat").run().stdout(), "");
    assert_eq!(Command::new("/bin/cat").stdin("bytes").run().stdout(), "bytes");
    let run = Command::new("/bin/cat").file("in/put", "file").stdin_file("in/put").run();
    assert_eq!(run.assert_status(0).stdout(), "file");
}

#[test]
fn a_megabyte_goes_through_without_a_deadlock_and_an_unread_one_does_not_block() {
    let bytes = vec![b'x'; 1 << 20];
    assert_eq!(Command::new("/bin/cat").stdin(bytes.clone()).run().stdout_bytes(), bytes);
    shell("exit 7").stdin(bytes).run().assert_status(7);
}

#[test]
fn commands_of_one_sandbox_share_files() {
    let sandbox = Sandbox::new();
    sandbox.command("/bin/sh").args(["-c", "echo made > here"]).run().assert_status(0);
    assert_eq!(sandbox.read("here"), b"made\n");
}

#[test]
fn a_status_is_a_code_or_a_signal() {
    assert_eq!(shell("exit 75").run().code(), 75);
    let killed = shell("kill -TERM $$").run();
    assert_eq!(killed.assert_signal(15).status(), Status::Signal(15));
    assert!(panics(|| _ = killed.code()));
    assert!(panics(|| _ = shell("exit 1").run().assert_status(0)));
    shell("exit 1").run().assert().code(1);
}

#[test]
fn lines_are_one_object_each_or_the_test_fails() {
    let records = shell(r#"printf '{"type":"a","n":1}\n{"type":"b"}\n'"#).run();
    assert_eq!(records.lines().len(), 2);
    assert_eq!(records.records("b").len(), 1);
    for bad in
        [r"{}\n\n{}\n", r"{}", r"[]\n", r"log\n", r"{} {}\n", r#"{"a":1,"a":1}\n"#, r"\377\n", r"{}\r\n"]
    {
        let run = shell(&format!("printf '{bad}'")).run();
        assert!(panics(|| drop(run.lines())), "{bad}");
    }
}

#[test]
fn a_run_that_takes_too_long_is_killed_with_all_its_children() {
    let sandbox = Sandbox::new();
    let line = "sleep 300 & echo $! > pid; wait";
    let command = sandbox.pipeline("/bin", line).timeout(Duration::from_millis(300));
    assert!(panics(|| drop(command.run())));
    assert_ends(&String::from_utf8(sandbox.read("pid")).expect("a number"));
}

#[test]
fn a_child_left_behind_does_not_outlive_the_run() {
    let run = shell("sleep 300 > /dev/null 2>&1 & echo $!").run();
    assert_ends(run.assert_status(0).stdout());
}

#[test]
fn a_pipeline_finds_the_programs_of_a_directory_first() {
    let tools = Sandbox::new();
    let tool = tools.write("ultra-tool", "#!/bin/sh\nsed s/^/$1/\n");
    Command::new("/bin/chmod").arg("+x").arg(&tool).run().assert_status(0);
    let run = pipeline(tools.work(), "printf 'x\\ny\\n' | ultra-tool a | ultra-tool b | head -n 1").run();
    assert_eq!(run.assert_status(0).stdout(), "bax\n");
}

#[test]
fn a_running_program_is_fed_and_signalled() {
    let line = r#"trap 'echo "{\"type\":\"bye\"}"; exit 143' TERM; echo ready >&2; while read line; do echo "$line"; done"#;
    let mut running = shell(line).spawn();
    running.wait_for_stderr("ready", SOON);
    running.write("{\"type\":\"a\"}\n").expect("is read");
    assert_eq!(running.wait_for_lines(1, SOON), [r#"{"type":"a"}"#]);
    assert!(running.peak_memory().is_none_or(|bytes| bytes > 100_000));
    assert!(running.cpu_ticks().is_none_or(|ticks| ticks < 1000));
    running.signal(Signal::TERM);
    let run = running.wait();
    assert_eq!(run.assert_status(143).records("bye").len(), 1);
    assert!(run.types().contains("a"));
}

#[test]
fn a_dropped_program_is_killed() {
    let sandbox = Sandbox::new();
    let running = sandbox.pipeline("/bin", "echo $$ > pid; echo up; sleep 300").spawn();
    running.wait_for_lines(1, SOON);
    drop(running);
    assert_ends(&String::from_utf8(sandbox.read("pid")).expect("a number"));
}
