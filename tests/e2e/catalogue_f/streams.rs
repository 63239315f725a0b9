//! Cases 116 to 119: the standard streams, closed, full, blocked, or not what they should be.

use std::time::Duration;

use ultra_testkit::command::{Command, Sandbox};
use ultra_testkit::server::{Reply, Script, Server};

use super::{READERS, SOON, ended, fanout, goes_on, questions, shell, sound};
use crate::tools::{binary, pipeline};

#[test]
fn case_116_a_reader_that_leaves_early_is_a_quiet_success() {
    let server = Server::start(Script::always(Reply::text("later").after(Duration::from_millis(50))));
    let line = "{ ultra-fanout --lines -m vllm:m -j1; echo $? >status; } | head -1; cat status";
    let run = shell(&Sandbox::new(), &server, line).stdin(questions(200)).run();
    assert_eq!(run.stdout().lines().last(), Some("0"), "{run}");
    assert!(run.stderr().lines().count() <= 1, "one summary line\n{run}");
    assert!(server.count() < 100, "{} calls after the reader had left", server.count());
}

#[test]
fn case_116_a_stdout_that_is_closed_lets_no_record_into_the_journal() {
    let (server, sandbox) = (Server::start(Reply::text("yes")), Sandbox::new());
    let run =
        shell(&sandbox, &server, "ultra-fanout --lines -m vllm:m --journal j >&-").stdin(questions(3)).run();
    sound(&run);
    let journal = String::from_utf8(sandbox.read("j")).expect("is text");
    let known = ["journal", "intent", "done", "synced"].map(|kind| format!(r#"{{"type":"{kind}""#));
    assert!(journal.lines().all(|line| known.iter().any(|start| line.starts_with(start))), "{journal}");
    goes_on(&sandbox, &server, 3);
}

#[test]
fn case_116_a_stdout_that_is_thrown_away_is_fine() {
    // Scripting languages open the null device to read and write, as the runtime does for a closed stdout.
    for null in [">/dev/null", "1<>/dev/null"] {
        let run =
            pipeline(&format!("ultra-fanout --mock --lines -m mock:a {null}")).stdin(questions(3)).run();
        run.assert_status(0);
    }
}

#[test]
fn case_116_a_full_stdout_ends_the_run_and_leaves_the_journal_whole() {
    let (server, sandbox) = (Server::start(Reply::text("yes")), Sandbox::new());
    let run = shell(&sandbox, &server, "ultra-fanout --lines -m vllm:m -j1 --journal j >/dev/full")
        .stdin(questions(5))
        .run();
    run.assert_status(3);
    assert!(run.stderr().contains("cannot write the output"), "{run}");
    goes_on(&sandbox, &server, 5);
}

#[test]
fn case_116_an_answer_that_could_not_be_printed_is_not_bought_twice() {
    let (server, sandbox) = (Server::start(Reply::text("yes")), Sandbox::new());
    // What is printed first is the answer: the request is not new.
    let request = r#"{"type":"request","id":"r","prompt_id":"p","messages":[{"role":"user","content":"question 1"}],"targets":["vllm:m"],"stage":{"name":"answer","index":0,"of":1,"requests":1}}"#;
    let line = "ultra-fanout --emit new --journal j >/dev/full";
    let run = shell(&sandbox, &server, line).stdin(format!("{request}\n")).run();
    run.assert_status(3);
    assert_eq!((server.count(), ended(&sandbox, "j")), (1, 1), "{run}");
    goes_on(&sandbox, &server, 1);
}

#[test]
fn case_117_nobody_has_to_read_stderr() {
    let failing = || {
        Server::start(Script::choose(|number, _| match number % 4 {
            0 => Reply::error(503, "overloaded").header("retry-after-ms", "1"),
            _ => Reply::text("yes"),
        }))
    };
    for (name, line) in [
        ("closed", "ultra-fanout --lines -m vllm:m -vvv 2>&-"),
        ("full", "ultra-fanout --lines -m vllm:m -vvv 2>/dev/full"),
        ("left", "{ { ultra-fanout --lines -m vllm:m -vvv 2>&1 >&3; } | true; } 3>&1"),
        (
            "blocked",
            "mkfifo err; exec 3<>err; timeout 0.3 cat /dev/zero >&3; ultra-fanout --lines -m vllm:m -vvv 2>&3",
        ),
    ] {
        let server = failing();
        let run = shell(&Sandbox::new(), &server, line).stdin(questions(20)).timeout(SOON).run();
        run.assert_status(0);
        assert_eq!(run.records("response").len(), 20, "{name}: {run}");
    }
}

#[test]
fn case_117_what_was_dropped_is_counted_once_somebody_reads() {
    let line = "mkfifo err; exec 3<>err; timeout 0.3 cat /dev/zero >&3; \
        ultra-pattern next 2>&3 | { read -r one; cat err >read & echo \"$one\"; cat; }; kill %1 2>/dev/null; true";
    let sandbox = Sandbox::new();
    let mut running = sandbox.pipeline(crate::tools::directory(), line).spawn();
    running.write("{a\n").expect("is read");
    let _ = running.wait_for_lines(1, SOON);
    let read = || std::fs::read(sandbox.path("read")).unwrap_or_default();
    wait_for(|| !read().is_empty());
    running.write("{b\n").expect("is read");
    wait_for(|| String::from_utf8_lossy(&read()).contains("messages were dropped"));
}

/// Looks until something holds.
fn wait_for(holds: impl Fn() -> bool) {
    for _ in 0..SOON.as_millis() / 10 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("what was waited for never came");
}

#[test]
fn case_118_a_closed_stdin_is_an_empty_one() {
    for reader in READERS {
        let run = pipeline(&format!("{reader} <&-")).run();
        run.assert_status(0);
        assert_eq!(run.stdout(), "", "{reader}");
    }
}

#[test]
fn case_118_a_directory_is_no_input() {
    for reader in READERS.into_iter().chain(["ultra-ingest -"]) {
        let run = pipeline(&format!("{reader} </")).run();
        run.assert_status(2);
        assert!(run.stderr().contains("the input is a directory"), "{reader}: {run}");
        assert_eq!(run.stdout(), "", "{reader}");
    }
}

#[test]
fn case_118_who_sits_before_a_silent_terminal_is_told_what_it_waits_for() {
    let line = format!("{} next", binary("ultra-pattern"));
    let mut running = Command::new("script").args(["-qec", &line, "/dev/null"]).spawn();
    let told = running.wait_for_lines(1, SOON);
    assert!(told[0].contains("waiting for input from the terminal"), "{told:?}");
    running.write("{\"type\":\"note\"}\n\x04").expect("is read");
    let run = running.wait();
    run.assert_status(0);
    assert!(run.stdout().matches(r#"{"type":"note"}"#).count() >= 2, "as typed, and as printed\n{run}");
}

#[test]
fn case_119_a_reader_that_stops_reading_stops_the_reading_and_the_buying() {
    const AT_ONCE: usize = 4;
    let (server, sandbox) = (Server::start(Reply::text(&"long ".repeat(40_000))), Sandbox::new());
    let line = "mkfifo gate; ultra-fanout --lines -m vllm:m -j4 --timeout 1s | { read -r open <gate; cat; }";
    let mut running = shell(&sandbox, &server, line).spawn();
    running.write(questions(60)).expect("is read");
    running.close_stdin();
    assert!(server.wait_until(SOON, |calls| !calls.is_empty()));
    let bound = AT_ONCE + 4 * AT_ONCE;
    assert!(
        !server.wait_until(Duration::from_millis(1500), |calls| calls.len() > bound),
        "{}",
        server.count()
    );
    sandbox.write("gate", "open\n");
    let run = running.wait();
    assert_eq!(run.records("response").len(), 60, "{}", run.stderr());
    assert_eq!(server.count(), 60, "no call was repeated for the pause: {}", run.stderr());
}

#[test]
fn case_119_a_pause_in_the_input_is_no_reason_to_keep_an_answer() {
    let (server, sandbox) = (Server::start(Reply::text("yes")), Sandbox::new());
    let mut running = fanout(&sandbox, &server).spawn();
    running.write("one\n").expect("is read");
    let lines = running.wait_for_lines(3, SOON);
    assert!(lines[2].starts_with(r#"{"type":"response""#), "{lines:?}");
    running.wait().assert_status(0);
}
