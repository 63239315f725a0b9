//! P13: nobody reads any more, so nothing more is bought, also while nothing is written.

use std::thread;
use std::time::Duration;

use super::fanout::{answering, prompts, targets};
use super::{Ground, Row};
use crate::command::{Command, Sandbox};
use crate::mutant::Mutant;
use crate::server::Server;

/// When no new call may come any more, after the reader has gone; longer where other tests run beside.
fn soon(ground: &Ground) -> Duration {
    Duration::from_millis(ground.size(100, 400))
}

/// A pipeline whose reader says when it leaves, and whose program says how it ended.
fn pipeline(ground: &Ground, server: &Server, input: &str, reads: &str) -> Command {
    let leaves = if ground.is(Mutant::KeepsReading) {
        "echo left >&2; cat >/dev/null"
    } else {
        "exec 0<&-; echo left >&2"
    };
    let target: String = targets(1).collect();
    let line = format!(
        "{input} {{ ultra-fanout -m {target} -j 4 --limits process 2>words; echo $? >status; }} \
         | {{ {reads}; {leaves}; }}; cat status words"
    );
    let command = Sandbox::new().pipeline(&ground.programs, &line);
    command.env("OLLAMA_BASE_URL", server.openai_url()).timeout(Duration::from_mins(1))
}

/// What came after the reader had left, while more was fed, and how the program ended.
fn judge(
    ground: &Ground,
    what: &str,
    command: Command,
    server: &Server,
    first: &str,
    later: &[String],
) -> Vec<Row> {
    let mut running = command.spawn();
    running.write(first).expect("the program reads");
    running.wait_for_stderr("left", Duration::from_secs(20));
    let left = server.now();
    let soon = soon(ground);
    thread::sleep(soon + Duration::from_millis(20));
    for piece in later {
        // The program may have gone already.
        drop(running.write(piece));
        thread::sleep(Duration::from_millis(30));
    }
    thread::sleep(Duration::from_millis(200));
    let late = server.count_between(left + soon, Duration::MAX);
    running.close_stdin();
    let run = running.wait();
    let mut lines = run.stdout().lines();
    let status = lines.next().unwrap_or_default().to_owned();
    let words = lines.filter(|line| !line.is_empty()).count();
    vec![
        Row::exactly(format!("new calls once it has gone: {what}"), 0, late),
        Row::exactly(format!("exit status: {what}"), "0".to_owned(), status),
        Row::exactly(format!("lines on stderr: {what}"), 1, words),
        Row::exactly(format!("panics: {what}"), false, run.stdout().contains("panicked")),
    ]
}

/// After some lines.
pub(super) fn leaves(ground: &Ground) -> Vec<Row> {
    let server = Server::start(answering().latency(Duration::from_millis(40), Duration::from_millis(80)));
    let command = pipeline(ground, &server, "cat input |", "head -n 5 >/dev/null");
    let command = command.file("input", prompts(0..2_000));
    judge(ground, "the reader leaves after five lines", command, &server, "", &[])
}

/// While the program waits for input, which then comes.
pub(super) fn leaves_while_idle(ground: &Ground) -> Vec<Row> {
    let server = Server::start(answering());
    // A prompt is asked when the next line shows that no request of its own follows.
    let later: Vec<String> = (2..5).map(|number| prompts(number..number + 1)).collect();
    let reads = "while read -r line; do case $line in *'\"response\"'*) break ;; esac; done";
    let command = pipeline(ground, &server, "", reads);
    judge(ground, "the reader leaves while nothing is written", command, &server, &prompts(0..2), &later)
}
