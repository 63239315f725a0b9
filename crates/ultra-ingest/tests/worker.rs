//! The process that parses, started for real, with documents that attack it.

#[path = "../src/pdf/samples.rs"]
mod samples;

use std::path::PathBuf;
use std::process::Command;

use ultra_core::kind::ErrorKind;
use ultra_ingest::error::DocError;
use ultra_ingest::parsed::Parsed;
use ultra_ingest::worker::{Format, Limits, Worker};

/// A document whose catalogue holds `depth` nested arrays.
fn nested(depth: usize) -> Vec<u8> {
    let mut all = samples::objects(&[samples::content(&[(12, "deep")])]);
    all[0] = format!("<< /Type /Catalog /Pages 2 0 R /X {}{} >>", "[".repeat(depth), "]".repeat(depth));
    samples::pdf(&all, "")
}

/// A cross-reference stream whose entries are zero bytes wide, so that there are infinitely many.
fn zero_width() -> Vec<u8> {
    let body = "%PDF-1.5\n";
    let xref = "1 0 obj\n<< /Type /XRef /W [0 0 0] /Size 4294967295 /Root 1 0 R /Length 0 >>\nstream\n\nendstream\nendobj\n";
    format!("{body}{xref}startxref\n{}\n%%EOF\n", body.len()).into_bytes()
}

/// A page tree that contains itself.
fn circular() -> Vec<u8> {
    let mut all = samples::objects(&[samples::content(&[(12, "round")])]);
    all[1] = String::from("<< /Type /Pages /Kids [2 0 R 4 0 R] /Count 2 >>");
    samples::pdf(&all, "")
}

/// The example that is built beside the tests.
fn program() -> PathBuf {
    let mut dir = std::env::current_exe().expect("the test has a path");
    dir.pop();
    dir.pop();
    let program = dir.join("examples/document-worker");
    assert!(program.exists(), "build it first: cargo build -p ultra-ingest --example document-worker");
    program
}

fn read_within(format: Format, bytes: &[u8], limits: Limits) -> Result<Parsed, DocError> {
    Worker::program(program()).read(format, bytes, limits)
}

fn pdf(bytes: &[u8]) -> Result<Parsed, DocError> {
    read_within(Format::Pdf, bytes, Limits { cpu_seconds: 5, ..Limits::default() })
}

fn kind(result: Result<Parsed, DocError>) -> ErrorKind {
    result.expect_err("refused").kind
}

#[test]
fn a_pdf_comes_back_as_text_with_its_title() {
    let parsed = pdf(&samples::plain()).expect("reads");
    assert!(parsed.text.starts_with("# The plan\n\nWe move"), "{}", parsed.text);
    assert_eq!(parsed.meta.len(), 3);
}

#[test]
fn html_comes_back_as_markdown() {
    let parsed = read_within(Format::Html, "<title>T</title><h1>é</h1>".as_bytes(), Limits::default());
    assert_eq!(parsed.expect("reads").text, "# é");
}

#[test]
fn refusals_keep_their_kind() {
    assert_eq!(kind(pdf(&samples::blank())), ErrorKind::DocEmpty);
    assert_eq!(kind(pdf(&samples::encrypted())), ErrorKind::DocEncrypted);
    assert_eq!(kind(pdf(b"%PDF-1.4\ngarbage")), ErrorKind::DocDamaged);
    let deep = "<div>".repeat(100_000);
    assert_eq!(kind(read_within(Format::Html, deep.as_bytes(), Limits::default())), ErrorKind::DocDepth);
}

#[test]
fn nested_arrays_round_page_trees_and_endless_tables_leave_the_parent_alive() {
    for (name, bytes) in [
        ("nested", nested(10_000)),
        ("very nested", nested(1_000_000)),
        ("zero width", zero_width()),
        ("circular", circular()),
    ] {
        match pdf(&bytes) {
            Ok(parsed) => assert!(!parsed.text.is_empty(), "{name}"),
            Err(error) => assert!(error.kind.as_str().starts_with("doc."), "{name}: {error:?}"),
        }
    }
}

#[test]
fn too_much_work_is_stopped_by_the_limit_on_time() {
    let page = samples::content(&[(12, "Some words that fill a line of a page.")]).repeat(300);
    let slow = samples::pdf(&samples::objects(&vec![page; 400]), "");
    let limits = Limits { cpu_seconds: 1, ..Limits::default() };
    let error = read_within(Format::Pdf, &slow, limits).expect_err("too slow");
    let message = "parsing it takes longer than 1 s of processor time; raise --doc-seconds if you trust it";
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::DocCpu, message));
}

#[test]
fn too_much_memory_is_stopped_by_the_limit_on_memory() {
    let html = "<p>word ".repeat(4 << 20);
    let limits = Limits { memory: 160 << 20, ..Limits::default() };
    let error = read_within(Format::Html, html.as_bytes(), limits).expect_err("too large");
    assert_eq!(error.kind, ErrorKind::DocLimit, "{error}");
}

#[test]
fn too_much_text_is_a_bomb() {
    let limits = Limits { text: 10, ..Limits::default() };
    assert_eq!(kind(read_within(Format::Pdf, &samples::plain(), limits)), ErrorKind::DocBomb);
}

#[test]
fn a_program_that_dies_or_is_missing_is_an_error_of_the_document() {
    let read = |program: &str| Worker::program(program).read(Format::Pdf, b"%PDF-", Limits::default());
    assert_eq!(kind(read("/bin/false")), ErrorKind::DocCrash);
    assert_eq!(kind(read("/nowhere/at-all")), ErrorKind::DocIo);
}

#[test]
fn a_stack_overflow_and_a_kill_are_crashes_with_their_signal() {
    let dir = tempfile::tempdir().expect("a directory");
    for (signal, shown) in
        [("ABRT", "signal 6, SIGABRT"), ("SEGV", "signal 11, SIGSEGV"), ("KILL", "signal 9")]
    {
        let script = dir.path().join(signal);
        std::fs::write(&script, format!("#!/bin/sh\nkill -{signal} $$\n")).expect("writes");
        let made = Command::new("chmod").arg("+x").arg(&script).status().expect("chmod runs");
        assert!(made.success());
        let error = Worker::program(&script).read(Format::Pdf, b"x", Limits::default()).expect_err("dies");
        assert_eq!(error.kind, ErrorKind::DocCrash);
        assert!(error.message.contains(shown), "{error}");
    }
}

#[test]
fn a_program_that_never_answers_is_ended() {
    let dir = tempfile::tempdir().expect("a directory");
    let script = dir.path().join("sleeper");
    std::fs::write(&script, "#!/bin/sh\nexec /bin/sleep 600\n").expect("writes");
    Command::new("chmod").arg("+x").arg(&script).status().expect("chmod runs");
    let limits = Limits { cpu_seconds: 0, ..Limits::default() };
    let error = Worker::program(&script).read(Format::Pdf, b"x", limits).expect_err("silent");
    assert_eq!(error.kind, ErrorKind::DocCpu);
    assert!(error.message.starts_with("its parser did not answer within 5 s"), "{error}");
}

#[test]
fn the_process_sees_no_environment_and_does_not_start_by_accident() {
    let plain = Command::new(program()).arg("report.pdf").output().expect("runs");
    assert_eq!(plain.status.code(), Some(2));
    let dir = tempfile::tempdir().expect("a directory");
    let script = dir.path().join("env");
    std::fs::write(&script, format!("#!/bin/sh\n/usr/bin/env > {}/seen\n", dir.path().display()))
        .expect("writes");
    Command::new("chmod").arg("+x").arg(&script).status().expect("chmod runs");
    drop(Worker::program(&script).read(Format::Pdf, b"x", Limits::default()));
    let seen = std::fs::read_to_string(dir.path().join("seen")).expect("it ran");
    let foreign = |line: &&str| {
        !["RAYON_", "MALLOC_", "PWD=", "_=", "SHLVL=", "OLDPWD"].iter().any(|ours| line.starts_with(ours))
    };
    assert_eq!(seen.lines().find(foreign), None);
}
