//! A mock run opens no socket: the system calls are the witness.

use crate::tools::pipeline;

#[test]
fn the_mock_pipeline_opens_no_socket() {
    let line = "strace -f -qq -e trace=network -o trace sh -c \"ultra-ingest plan.md | ultra-pattern start gut -p q -m openai:gpt-x \
                -m anthropic:claude-x | ultra-fanout --cache=c.db | ultra-synth --ultra openai:gpt-x\"";
    let run = pipeline(line)
        .env("ULTRA_MOCK", "1")
        .env("OPENAI_API_KEY", "sk-never-used")
        .file("plan.md", "# Plan\n\nIce.\n")
        .run();
    assert!(!run.stderr().contains("not found"), "strace is missing; scripts/test installs it\n{run}");
    run.assert_status(0);
    assert_eq!(run.records("response").len(), 2, "{run}");
    let trace = String::from_utf8(run.sandbox().read("trace")).expect("is text");
    // A pair of sockets inside the process is how signals wake a thread; nothing may be connected or named.
    let calls: Vec<_> = trace
        .lines()
        .filter(|line| ["socket(", "connect(", "bind(", "sendto("].iter().any(|call| line.contains(call)))
        .collect();
    assert!(calls.is_empty(), "{calls:#?}");
}

#[test]
fn the_witness_sees_a_socket() {
    let line =
        "strace -f -qq -e trace=network -o trace ultra-fanout --lines -m ollama:x --attempts 1 || true";
    let run = pipeline(line).env("OLLAMA_BASE_URL", "http://127.0.0.1:9/v1").stdin("q\n").run();
    run.assert_status(0);
    let trace = String::from_utf8(run.sandbox().read("trace")).expect("is text");
    assert!(trace.contains("connect("), "{trace}");
}
