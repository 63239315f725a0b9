//! A synthesis that is read while it is written: on a terminal, in a pipe, and when something breaks off.

use std::time::Duration;

use serde_json::Value;
use ultra_testkit::command::{Command, Run, Sandbox, Signal};
use ultra_testkit::server::{End, Place, Reply, Script, Server};

use crate::tools::{binary, pipeline};

const SOON: Duration = Duration::from_secs(20);
const FIRST: &str = "The first line of the answer.";
const BROKEN: &str = "[The writer broke off; what stands above this line is not the answer.]";
const FILE: &str = "answers.ndjson";

/// Two answers that wait for a writer.
fn answers() -> String {
    let run = pipeline("echo 'Is tea better?' | ultra-fanout --mock --lines -m mock:a -m mock:b").run();
    run.assert_status(0);
    run.stdout().to_owned()
}

fn text() -> String {
    format!("{FIRST}\nThe second {}and it ends here.", "goes on and ".repeat(30))
}

/// `ultra-synth` with a writer behind `server`, whose text is read piece by piece.
fn synth(sandbox: &Sandbox, server: &Server) -> Command {
    sandbox
        .command(binary("ultra-synth"))
        .args(["--ultra", "ollama:x", "--format", "text", "--stream"])
        .env("OLLAMA_BASE_URL", server.openai_url())
}

/// A run that is told to stop when the first line stands there.
fn interrupted(server: &Server) -> Run {
    let mut running = synth(&Sandbox::new(), server).spawn();
    running.write(answers()).expect("is read");
    running.close_stdin();
    running.wait_for_lines(1, SOON);
    running.signal(Signal::INT);
    let run = running.wait();
    run.assert_signal(2);
    run
}

#[test]
fn the_first_words_stand_on_a_terminal_before_the_last_are_sent() {
    let server = Server::start(Script::always(Reply::text(&text()).dripping(400, Duration::from_millis(40))));
    let sandbox = Sandbox::new();
    sandbox.write(FILE, answers());
    let line = format!("{} --ultra ollama:x < {FILE}", binary("ultra-synth"));
    let running = sandbox
        .command("script")
        .args(["-qec", &line, "/dev/null"])
        .env("OLLAMA_BASE_URL", server.openai_url())
        .spawn();
    let shown = running.wait_for_lines(1, SOON);
    assert_eq!(server.calls()[0].end(), End::Open, "the server is still sending");
    assert_eq!(shown[0].trim_end(), FIRST);
    let run = running.wait();
    run.assert_status(0);
    assert_eq!(server.calls()[0].end(), End::Answered);
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert!(words(run.stdout()).starts_with(&words(&text())), "{run}");
    let mut lines = run.stdout().lines().filter(|line| !line.starts_with("ultra-synth: "));
    assert!(lines.all(|line| line.trim_end().len() <= 80), "{run}");
}

#[test]
fn a_stream_that_breaks_is_marked_and_the_answer_begins_anew() {
    let server = Server::start(Script::list([
        Reply::text("Half of what was meant to come").cut(Place::AfterEvents(4)),
        Reply::text("The whole answer."),
    ]));
    let sandbox = Sandbox::new();
    let run = synth(&sandbox, &server).stdin(answers()).run();
    run.assert_status(0);
    assert_eq!(run.stdout(), format!("Half of what\n\n{BROKEN}\n\nThe whole answer.\n"));
    let server = Server::start(Script::list([
        Reply::text("Half of what was meant to come").cut(Place::AfterEvents(4)),
        Reply::text("The whole answer."),
    ]));
    let run = sandbox
        .command(binary("ultra-synth"))
        .args(["--ultra", "ollama:x", "--format", "text"])
        .env("OLLAMA_BASE_URL", server.openai_url())
        .stdin(answers())
        .run();
    assert_eq!(run.stdout(), "The whole answer.\n", "a file gets no half texts");
}

#[test]
fn a_signal_lets_the_text_that_is_being_written_end() {
    let server = Server::start(Script::always(Reply::text(&text()).dripping(400, Duration::from_millis(40))));
    let run = interrupted(&server);
    assert!(run.stdout().ends_with("and it ends here.\n") && !run.stdout().contains('['), "{run}");
}

#[test]
fn a_text_that_a_signal_cuts_says_that_it_is_cut() {
    let server = Server::start(Script::always(Reply::text(&text()).stalled(Place::AfterEvents(20))));
    let run = interrupted(&server);
    assert!(run.stdout().starts_with(FIRST) && run.stdout().ends_with(&format!("\n{BROKEN}\n")), "{run}");
}

#[test]
fn what_is_logged_meanwhile_stands_on_lines_of_its_own() {
    let server = Server::start(Script::always(Reply::text(&text()).stalled(Place::AfterEvents(20))));
    let line = format!(
        "ultra-synth --ultra ollama:x --format text --stream < {FILE} >page 2>&1 & \
        until grep -q 'goes on and' page; do sleep 0.01; done; kill -TERM $!; wait $!; cat page"
    );
    let run =
        pipeline(&line).env("OLLAMA_BASE_URL", server.openai_url()).file(FILE, answers()).timeout(SOON).run();
    let second = run.stdout().lines().nth(1).unwrap_or_default();
    assert!(second.starts_with("The second goes on") && !second.contains("ultra-synth"), "{run}");
    assert!(run.stdout().contains("\nultra-synth: warning: stopping"), "{run}");
}

#[test]
fn a_reader_that_leaves_in_the_middle_of_a_text_is_a_quiet_success() {
    let server = Server::start(Script::always(Reply::text(&text()).stalled(Place::AfterEvents(20))));
    let line = format!(
        "{{ ultra-synth --ultra ollama:x --format text --stream < {FILE}; echo $? >status; }} | head -1; cat status"
    );
    let run =
        pipeline(&line).env("OLLAMA_BASE_URL", server.openai_url()).file(FILE, answers()).timeout(SOON).run();
    assert_eq!(run.stdout(), format!("{FIRST}\n0\n"), "{run}");
}

#[test]
fn a_reader_that_pauses_gets_the_same_text() {
    let server = Server::start(Script::always(Reply::text(&format!("{} ", "x".repeat(1000)).repeat(300))));
    let line =
        format!("ultra-synth --ultra ollama:x --format text --stream --timeout 1s < {FILE} | (sleep 3; cat)");
    let run = pipeline(&line).env("OLLAMA_BASE_URL", server.openai_url()).file(FILE, answers()).run();
    let whole = pipeline(&line.replace("--stream", ""))
        .env("OLLAMA_BASE_URL", server.openai_url())
        .file(FILE, answers())
        .run();
    assert!(run.stdout() == whole.stdout() && run.stdout().len() == 300 * 1001, "{}", run.stderr());
}

#[test]
fn records_come_with_deltas_and_are_the_same_without() {
    let server =
        Server::start(Script::always(Reply::text(&text()).dripping(4_000, Duration::from_millis(40))));
    let run = |more: &[&str]| {
        let sandbox = Sandbox::new();
        let command = sandbox.command(binary("ultra-synth")).args(["--ultra", "ollama:x"]).args(more);
        command.env("OLLAMA_BASE_URL", server.openai_url()).stdin(answers()).run()
    };
    let (plain, streamed) = (run(&[]), run(&["--stream"]));
    assert!(!server.calls()[0].request.wants_stream() && server.calls()[1].request.wants_stream());
    let kept = |run: &Run| -> Vec<Value> {
        let mut records = run.lines();
        records.retain(|record| record["type"] != "delta");
        // How long it took is told too, and differs.
        records
            .iter_mut()
            .filter_map(Value::as_object_mut)
            .for_each(|record| drop(record.remove("latency_ms")));
        records
    };
    assert_eq!(kept(&streamed), kept(&plain));
    let deltas = streamed.records("delta");
    let told: String = deltas.iter().filter_map(|delta| delta["text"].as_str()).collect();
    assert!(told == text() && deltas.len() > 1, "{streamed}");
    assert_eq!(deltas[0]["prompt_id"], streamed.records("synthesis")[0]["prompt_id"]);
}
