//! Cases 120, 121, 122 and 138: signals, pauses, sudden death, and life without a terminal.

use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use ultra_testkit::command::{Running, Sandbox, Signal};
use ultra_testkit::server::{Place, Reply, Script, Server};

use super::{SOON, ended, fanout, goes_on, questions, shell, sound};

/// Waits until so many calls have come.
fn come(server: &Server, count: usize) {
    assert!(server.wait_until(SOON, |calls| calls.len() >= count), "{} of {count} calls", server.count());
}

/// A run with three questions, whose first call is in flight.
fn under_way(sandbox: &Sandbox, server: &Server) -> Running {
    let mut running = fanout(sandbox, server).args(["-j1", "--journal", "j"]).spawn();
    running.write(questions(3)).expect("is read");
    come(server, 1);
    running
}

#[test]
fn case_120_a_signal_drains_the_run_and_the_next_one_goes_on() {
    for (signal, number) in [(Signal::TERM, 15), (Signal::INT, 2), (Signal::HUP, 1)] {
        let server = Server::start(Reply::text("yes").after(Duration::from_millis(300)));
        let sandbox = Sandbox::new();
        let running = under_way(&sandbox, &server);
        running.signal(signal);
        let run = running.wait();
        run.assert_signal(number);
        assert_eq!(server.count(), 1, "no new call\n{run}");
        assert_eq!(run.records("response").len(), 1, "what was in flight has ended\n{run}");
        goes_on(&sandbox, &server, 3);
    }
}

#[test]
fn case_120_a_second_signal_waits_for_nobody() {
    let server = Server::start(Reply::text("never").stalled(Place::BeforeHeaders));
    let running = under_way(&Sandbox::new(), &server);
    running.signal(Signal::INT);
    running.wait_for_stderr("stopping", SOON);
    let asked = server.now();
    running.signal(Signal::INT);
    running.wait().assert_signal(2);
    let took = server.now().saturating_sub(asked);
    assert!(took < Duration::from_secs(5), "{took:?}, where calls in flight have ten seconds");
}

#[test]
fn case_120_a_reader_that_stopped_reading_does_not_keep_a_run_alive() {
    let (server, sandbox) = (Server::start(Reply::text(&"long ".repeat(40_000))), Sandbox::new());
    let line = "mkfifo gate
        { sh -c 'echo $$ >pid; exec ultra-fanout --lines -m vllm:m'; echo $? >status; } | { read -r open <gate; cat; }
        cat status";
    let mut running = shell(&sandbox, &server, line).spawn();
    running.write(questions(3)).expect("is read");
    come(&server, 1);
    // Two of one kind, sent at once, would be one.
    let kill = "kill -INT $(cat pid); kill -TERM $(cat pid); while kill -0 $(cat pid) 2>/dev/null; do sleep 0.01; done";
    let asked = server.now();
    shell(&sandbox, &server, kill).timeout(SOON).run().assert_status(0);
    let took = server.now().saturating_sub(asked);
    assert!(took < Duration::from_secs(5), "{took:?}");
    sandbox.write("gate", "open\n");
    let run = running.wait();
    let status = String::from_utf8_lossy(run.stdout_bytes());
    assert!(status.ends_with("130\n") || status.ends_with("143\n"), "{run}");
}

#[test]
fn case_120_a_quit_is_at_once_and_leaves_no_core() {
    let (server, sandbox) =
        (Server::start(Reply::text("never").stalled(Place::BeforeHeaders)), Sandbox::new());
    let line = "ulimit -c $(ulimit -Hc); exec ultra-fanout --lines -m vllm:m";
    let mut running = shell(&sandbox, &server, line).spawn();
    running.write("q\n").expect("is read");
    come(&server, 1);
    running.signal(Signal::QUIT);
    let run = running.wait();
    run.assert_signal(3);
    assert_eq!(run.lines().len(), 2, "whole lines only\n{run}");
    assert!(!run.assert().get_output().status.core_dumped(), "a core holds keys");
}

#[test]
fn case_121_a_run_that_was_stopped_judges_a_call_late_at_most_once() {
    let server = Server::start(Reply::text("yes").after(Duration::from_millis(200)));
    let mut running = fanout(&Sandbox::new(), &server).args(["--timeout", "1s"]).spawn();
    running.write("q\n").expect("is read");
    come(&server, 1);
    running.signal(Signal::STOP);
    std::thread::sleep(Duration::from_millis(1500));
    running.signal(Signal::CONT);
    let run = running.wait();
    run.assert_status(0);
    assert_eq!(run.records("response").len(), 1, "{run}");
    assert!(server.count() <= 2, "{} calls for one question\n{run}", server.count());
}

#[test]
fn case_121_a_run_that_was_stopped_does_not_catch_up() {
    let server = Server::start(Reply::text("yes"));
    let mut running = fanout(&Sandbox::new(), &server).args(["--requests-per-minute", "600"]).spawn();
    running.write(questions(30)).expect("is read");
    running.close_stdin();
    come(&server, 10);
    running.signal(Signal::STOP);
    std::thread::sleep(Duration::from_secs(2));
    running.signal(Signal::CONT);
    running.wait().assert_status(0);
    let calls: Vec<_> = server.calls().iter().map(|call| call.at).collect();
    let crowd = calls
        .iter()
        .map(|from| calls.iter().filter(|at| (*from..*from + Duration::from_secs(1)).contains(at)).count());
    let crowd = crowd.max().unwrap_or_default();
    assert!(crowd <= 18, "{crowd} calls within a second, where the limit is 10 and 20 were missed");
}

#[test]
fn case_122_a_run_that_was_killed_goes_on_where_it_was() {
    let server = Server::start(Reply::text("yes").after(Duration::from_millis(5)));
    let sandbox = Sandbox::new();
    for kill in 1..=3 {
        let mut running = fanout(&sandbox, &server).args(["-j4", "--journal", "j"]).spawn();
        running.write(questions(60)).expect("is read");
        come(&server, kill * 10);
        running.signal(Signal::KILL);
        running.wait().assert_signal(9);
    }
    let bought = server.count();
    assert!(bought <= ended(&sandbox, "j") + 3 * 4, "{bought} calls beyond those in flight");
    goes_on(&sandbox, &server, 60);
}

#[test]
fn case_122_a_program_whose_run_was_killed_ends_when_it_writes() {
    let member = "sh -c 'echo $$ >pid; while cat >rest && echo word; do sleep 0.01; done'";
    let line =
        "echo q | ultra-fanout --lines -m \"exec:$MEMBER\" >/dev/null & until [ -s pid ]; do sleep 0.01; done
        kill -KILL $!; wait $! 2>/dev/null
        while kill -0 $(cat pid) 2>/dev/null; do sleep 0.01; done; echo gone";
    let run = crate::tools::pipeline(line).env("MEMBER", member).timeout(SOON).run();
    assert_eq!(run.stdout(), "gone\n", "{run}");
}

#[test]
fn case_138_a_run_under_nohup_outlives_its_terminal() {
    let (server, sandbox) = (Server::start(Reply::text("yes")), Sandbox::new());
    let line = "trap '' HUP; exec ultra-fanout --lines -m vllm:m";
    let mut running = shell(&sandbox, &server, line).spawn();
    running.write("one\n").expect("is read");
    come(&server, 1);
    running.signal(Signal::HUP);
    running.write("two\n").expect("is read");
    come(&server, 2);
    let run = running.wait();
    run.assert_status(0);
    assert_eq!(run.records("response").len(), 2, "{run}");
}

#[test]
fn case_138_a_job_of_cron_has_no_terminal_and_no_home() {
    let (server, sandbox) = (Server::start(Script::always(Reply::text("yes"))), Sandbox::new());
    let line = "exec setsid -w env -i PATH=\"$PATH\" VLLM_BASE_URL=\"$VLLM_BASE_URL\" TMPDIR=\"$TMPDIR\" XDG_RUNTIME_DIR=\"$XDG_RUNTIME_DIR\" \
        ultra-fanout --lines -m vllm:m --journal j --progress auto";
    let run = shell(&sandbox, &server, line).stdin(questions(3)).run();
    run.assert_status(0);
    sound(&run);
    assert!(run.stderr().bytes().all(|byte| byte != 0x1b), "no escape codes\n{run}");
}

#[test]
fn case_138_a_parser_dies_with_the_run_that_started_it() {
    // The parser is stopped, so that it cannot end by itself, once it has set its limits.
    let line = "ultra-ingest big.html >/dev/null & parent=$!
        until child=$(grep -ls \"^PPid:[[:space:]]*$parent\\$\" /proc/[0-9]*/status) && child=${child%/status} \
            && grep -qs 'Max open files  *8 ' $child/limits; do sleep 0.01; done
        kill -STOP ${child#/proc/}; kill -KILL $parent
        while grep -qs '^State:[[:space:]]*[^ZX[:space:]]' $child/status; do sleep 0.01; done; echo gone";
    let html = "<p>word</p>\n".repeat(500_000);
    let run = crate::tools::pipeline(line).file("big.html", html).timeout(SOON).run();
    assert_eq!(run.stdout(), "gone\n", "{run}");
}
