//! Cases 129 and 130: few files, few threads.

use ultra_testkit::command::{Command, Sandbox};
use ultra_testkit::server::{Reply, Script, Server};

use super::{READERS, SOON, fanout, questions, shell, sound};
use crate::tools::pipeline;

/// With room for so many open files, among them none that the tests were started with.
fn few_files(command: Command, files: u32) -> Command {
    let line = format!(
        "for fd in {{3..63}}; do eval \"exec $fd>&-\"; done; exec prlimit --nofile={files}:{files} \"$@\""
    );
    command.through("bash", ["-c", &line, "bash"])
}

#[test]
fn case_129_few_files_mean_fewer_calls_at_once_and_one_warning() {
    for files in [24, 32, 48] {
        let (server, sandbox) = (Server::start(Script::always(Reply::text("yes"))), Sandbox::new());
        let run = fanout(&sandbox, &server).args(["-j", "256", "--journal", "j"]).stdin(questions(60));
        let run = few_files(run, files).run();
        run.assert_status(0);
        assert_eq!((run.records("response").len(), server.count()), (60, 60), "{run}");
        assert_eq!(run.stderr().matches("warning:").count(), 1, "{run}");
        assert!(run.stderr().contains("ulimit -n"), "{run}");
    }
}

#[test]
fn case_129_hardly_any_files_are_enough_or_a_message() {
    let server = Server::start(Script::always(Reply::text("yes")));
    let callers = ["ultra-fanout --lines -m exec:cat", "ultra-fanout --lines -m vllm:m"];
    for tool in READERS.into_iter().chain(callers) {
        for files in 4..20 {
            let run = few_files(shell(&Sandbox::new(), &server, &format!("exec {tool}")), files)
                .stdin("{\"prompt\":\"Why?\"}\n")
                .timeout(SOON)
                .run();
            sound(&run);
            assert!([0, 1, 2, 3, 4].contains(&run.code()), "{tool}, {files} files: {run}");
            let told = run.code() < 3
                || run.stderr().contains("Too many open files") && run.stderr().contains("ulimit -n");
            assert!(told, "{tool}, {files} files: {run}");
        }
    }
}

#[test]
fn case_129_a_socket_that_was_not_to_be_had_is_tried_again() {
    let (server, sandbox) = (Server::start(Script::always(Reply::text("yes"))), Sandbox::new());
    let line = "strace -f -qq -o trace -e trace=socket -e inject=socket:error=EMFILE:when=1..2 \
        ultra-fanout --lines -m vllm:m -j1";
    let run = shell(&sandbox, &server, line).stdin(questions(3)).timeout(SOON).run();
    run.assert_status(0);
    assert_eq!((run.records("response").len(), server.count()), (3, 3), "{run}");
}

#[test]
fn case_130_a_thread_that_was_not_to_be_had_is_a_message() {
    let line = |tool: &str, nth: usize| {
        format!(
            "strace -f -qq -o trace -e trace=clone3,clone -e inject=clone3,clone:error=EAGAIN:when={nth}+ {tool}"
        )
    };
    let fanouts =
        ["ultra-fanout --lines -m exec:cat --attempts 1", "ultra-fanout --lines -m ollama:m --attempts 1"];
    for tool in READERS.into_iter().chain(fanouts) {
        for nth in 1..=4 {
            let run = pipeline(&line(tool, nth))
                .env("OLLAMA_BASE_URL", "http://127.0.0.1:9/v1")
                .stdin("{\"type\":\"note\"}\n")
                .timeout(SOON)
                .run();
            sound(&run);
            assert!([0, 3, 4].contains(&run.code()), "{tool}, thread {nth}: {run}");
            assert!(run.code() != 3 || run.stderr().contains("cannot start a thread"), "{tool}: {run}");
        }
    }
}
