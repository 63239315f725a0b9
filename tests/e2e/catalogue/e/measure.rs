//! Case 113: events without measure, and without number.

use std::time::Duration;

use ultra_testkit::command::{Run, Running, Sandbox};
use ultra_testkit::server::{Script, Server};

use super::{DONE, STOP, chunk, events, stream};
use crate::catalogue::fanout;

const LONG: Duration = Duration::from_secs(40);

/// A run that asks this server for a stream, and has been asked one question.
fn started(server: &Server) -> Running {
    let arguments = ["-m", "vllm:m", "--stream", "--attempts", "1"];
    let mut running = fanout(&Sandbox::new(), &server.url()).args(arguments).spawn();
    running.write("q\n").expect("is read");
    running
}

/// The run after its memory was looked at.
fn within(running: Running, bytes: u64) -> Run {
    let peak = running.peak_memory();
    assert!(peak.is_none_or(|peak| peak < bytes), "{peak:?}");
    running.wait()
}

#[test]
fn case_113_an_event_without_measure_is_left_off_at_32_mib() {
    let server = Server::start(Script::always(stream(format!("data: {}", "x".repeat(1 << 20))).endless()));
    let running = started(&server);
    assert!(server.wait_until(LONG, |calls| calls.first().is_some_and(|call| call.client_left)), "left");
    running.wait_for_lines(3, LONG);
    let run = within(running, 160 << 20);
    assert_eq!(run.records("error")[0]["kind"], "too_large", "{}", run.stderr());
    assert_eq!((server.count(), run.records("error")[0]["attempts"].as_u64()), (1, Some(1)));
}

#[test]
fn case_113_an_answer_without_measure_is_left_off_at_32_mib() {
    let text = chunk(&"y".repeat(1 << 20));
    let server = Server::start(Script::always(events(&vec![text; 40])));
    let run = {
        let running = started(&server);
        assert!(server.wait_until(LONG, |calls| calls.first().is_some_and(|call| call.ended.is_some())));
        running.wait()
    };
    assert_eq!(run.records("error")[0]["kind"], "too_large", "{}", run.stderr());
    assert!(run.records("delta").len() <= 33, "what came before is told");
}

#[test]
fn case_113_millions_of_tiny_events_are_read_in_bounded_memory() {
    let tail = format!("data: {}\n\ndata: {STOP}\n\ndata: {DONE}\n\n", chunk("here"));
    let server = Server::start(Script::always(stream("data\n\n".repeat(3_000_000) + &tail)));
    let running = started(&server);
    running.wait_for_lines(3, LONG);
    let run = within(running, 64 << 20);
    run.assert_status(0);
    assert_eq!(run.records("response")[0]["text"], "here");
}

#[test]
fn case_113_an_endless_stream_of_words_is_left_off_at_32_mib() {
    // The server repeats 64 KiB, which is exactly one event.
    let room = (64 << 10) - format!("data: {}\n\n", chunk("")).len();
    let server = Server::start(Script::always(events(&[chunk(&"z".repeat(room))]).endless()));
    let running = started(&server);
    assert!(server.wait_until(LONG, |calls| calls.first().is_some_and(|call| call.client_left)), "left");
    let run = running.wait();
    assert_eq!(run.records("error")[0]["kind"], "too_large", "{}", run.stderr());
    assert!(run.records("delta").len() <= 513, "32 MiB were told");
}
