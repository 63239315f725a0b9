use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use clap::{Args as _, Command, FromArgMatches as _};
use serde_json::Value;
use ultra_core::failure::{Exit, Failure};
use ultra_core::ndjson::{Emit, Input, Options, Output};
use ultra_core::tool::{Context, Tool as _};

use super::Ingest;
use crate::args::IngestArgs;

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panicked").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn args(words: &[&OsStr]) -> IngestArgs {
    let command = IngestArgs::augment_args(Command::new("ultra-ingest"));
    let words = std::iter::once(OsStr::new("ultra-ingest")).chain(words.iter().copied());
    IngestArgs::from_arg_matches(&command.get_matches_from(words)).expect("valid arguments")
}

struct Ran {
    lines: Vec<String>,
    result: Result<String, Failure>,
    errors: u64,
}

impl Ran {
    fn records(&self) -> Vec<Value> {
        self.lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    fn kinds(&self) -> Vec<String> {
        let kind =
            |record: Value| record.get("kind").unwrap_or(&record["type"]).as_str().expect("text").to_owned();
        self.records().into_iter().map(kind).collect()
    }
}

fn ingest_with(context: &Context, words: &[&OsStr], stdin: &[u8]) -> Ran {
    let sink = Shared::default();
    let mut output = Output::new(Ingest::NAME, sink.clone()).emitting(context.emit).strict(context.strict);
    let input = Input::new(io::Cursor::new(stdin.to_vec()), Options::default());
    let result =
        Ingest::run(args(words), context, input, &mut output).map(|summary| summary.text().to_owned());
    output.flush().expect("flushes");
    let bytes = sink.0.lock().expect("nobody panicked").clone();
    let lines = String::from_utf8(bytes).expect("UTF-8").lines().map(str::to_owned).collect();
    Ran { lines, result, errors: output.errors() }
}

fn ingest(words: &[&str], stdin: &str) -> Ran {
    let words: Vec<&OsStr> = words.iter().map(OsStr::new).collect();
    ingest_with(&Context::mock(0), &words, stdin.as_bytes())
}

fn put(dir: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = dir.join(name);
    fs::write(&path, bytes).expect("writes");
    path
}

#[test]
fn the_arguments_are_sound() {
    IngestArgs::augment_args(Command::new("ultra-ingest")).debug_assert();
}

#[test]
fn a_piped_document_becomes_one_whole_record() {
    let ran = ingest(&[], "# Plan\n\nMove it.\n");
    let expected = "{\"type\":\"document\",\"id\":\"ID\",\"name\":\"stdin\",\"media_type\":\"text/markdown\",\
        \"text\":\"# Plan\\n\\nMove it.\\n\",\"tokens\":5,\"source\":{\"path\":\"-\",\"bytes\":17,\"blake3\":\"HASH\"},\
        \"meta\":{\"title\":\"Plan\"},\"trust\":\"untrusted\"}";
    let record = &ran.records()[0];
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let line =
        ran.lines[0].replace(&text(&record["id"]), "ID").replace(&text(&record["source"]["blake3"]), "HASH");
    assert_eq!(line, expected);
    assert_eq!(ran.result.expect("runs"), "1 document, about 5 tokens");
}

#[test]
fn parts_join_to_the_document_and_have_ids_of_their_own() {
    let text = "# A\n\nSome words here.\n\n## B\n\nOther words there.\n".repeat(20);
    let ran = ingest(&["-", "--name", "long.md", "--chunk-tokens", "40"], &text);
    let records = ran.records();
    let joined: String = records.iter().map(|record| record["text"].as_str().expect("text")).collect();
    assert_eq!(joined, text);
    let mut ids: Vec<_> = records.iter().map(|record| record["id"].to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), records.len());
    for (index, record) in records.iter().enumerate() {
        let part = &record["part"];
        assert_eq!(
            (part["index"].as_u64(), part["count"].as_u64()),
            (Some(index as u64), Some(records.len() as u64))
        );
        let range = |key: &str| usize::try_from(part[key].as_u64().expect("a number")).expect("small");
        assert_eq!(&text[range("start")..range("end")], record["text"].as_str().expect("text"));
        assert!(part["heading"].as_str().expect("a path").starts_with('A'));
    }
}

#[test]
fn a_named_file_that_cannot_be_read_is_an_error_and_the_rest_goes_on() {
    let dir = tempfile::tempdir().expect("a directory");
    let (good, binary, empty) =
        (put(dir.path(), "a.txt", "text"), put(dir.path(), "b", "\0\0"), put(dir.path(), "c", ""));
    let gone = dir.path().join("gone");
    let words = [
        gone.as_os_str(),
        binary.as_os_str(),
        empty.as_os_str(),
        dir.path().join("no*").as_os_str(),
        good.as_os_str(),
    ]
    .map(OsStr::to_owned);
    let words: Vec<&OsStr> = words.iter().map(AsRef::as_ref).collect();
    let ran = ingest_with(&Context::mock(0), &words, b"");
    assert_eq!(ran.kinds(), ["doc.io", "doc.type", "doc.empty", "doc.io", "document"]);
    assert_eq!(ran.errors, 4);
    let first = &ran.records()[0];
    assert_eq!(first["input"]["path"].as_str(), gone.to_str());
    assert!(
        first["message"].as_str().expect("text").contains("gone: cannot find it: No such file"),
        "{first}"
    );
    assert_eq!(ran.result.expect("runs"), "1 document, about 1 token, 4 failed");
}

#[test]
fn in_a_directory_binary_and_empty_files_are_passed_over_and_counted() {
    let dir = tempfile::tempdir().expect("a directory");
    put(dir.path(), "a.md", "words");
    put(dir.path(), "b.png", b"\x89PNG\r\n\x1A\n\0");
    put(dir.path(), "c.txt", "");
    put(dir.path(), "d.txt", b"\xEF\xBB\xBFcaf\xE9");
    let ran = ingest_with(&Context::mock(0), &[dir.path().as_os_str()], b"");
    assert_eq!(ran.kinds(), ["document", "doc.encoding"]);
    assert_eq!(ran.result.expect("runs"), "1 document, about 2 tokens, 2 files passed over, 1 failed");
}

#[test]
fn a_name_that_is_not_utf_8_is_shown_and_told() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join(OsStr::from_bytes(b"caf\xE9.txt"));
    fs::write(&path, "text").expect("writes");
    let ran = ingest_with(&Context::mock(0), &[path.as_os_str()], b"");
    let record = &ran.records()[0];
    assert_eq!(record["name"].as_str(), Some("caf\u{FFFD}.txt"));
    assert_eq!(record["media_type"].as_str(), Some("text/plain"));
    assert!(record["warnings"][0].as_str().expect("a warning").starts_with("path: "));
}

#[test]
fn the_same_document_twice_has_two_ids_and_the_same_run_the_same_bytes() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = put(dir.path(), "a.txt", "text");
    let words = [path.as_os_str(), path.as_os_str()];
    let (once, again) =
        (ingest_with(&Context::mock(0), &words, b""), ingest_with(&Context::mock(9), &words, b""));
    assert_eq!(once.lines, again.lines);
    assert_ne!(once.records()[0]["id"], once.records()[1]["id"]);
}

#[test]
fn records_are_copied_byte_for_byte_before_the_documents() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = put(dir.path(), "a.txt", "text");
    let line = "{\"type\":\"prompt\",  \"id\":\"p\",\"text\":\"\\u0041\",\"x\":1.0}";
    let words = [OsStr::new("--records"), path.as_os_str()];
    let stdin = format!("{line}\nbroken\n");
    let ran = ingest_with(&Context::mock(0), &words, stdin.as_bytes());
    assert_eq!(ran.lines[0], line);
    assert_eq!(ran.kinds(), ["prompt", "input.parse", "document"]);
    let new = Context { emit: Emit::New, ..Context::mock(0) };
    assert_eq!(ingest_with(&new, &words, line.as_bytes()).kinds(), ["document"]);
}

#[test]
fn a_command_line_that_makes_no_sense_is_refused_before_anything_is_read() {
    for words in [&["--records", "-"][..], &["-", "-"], &["-g", "[", "."]] {
        let failure = ingest(words, "text").result.expect_err("refused");
        assert_eq!(failure.exit(), Exit::Usage, "{words:?}");
    }
    let typing = Context { person_types: true, ..Context::mock(0) };
    assert_eq!(ingest_with(&typing, &[], b"").result.expect_err("refused").exit(), Exit::Usage);
    let lines = Context { plain_lines: true, ..Context::mock(0) };
    let words = [OsStr::new("--records"), OsStr::new("a")];
    assert_eq!(ingest_with(&lines, &words, b"").result.expect_err("refused").exit(), Exit::Usage);
}

#[test]
fn the_first_error_ends_a_strict_run() {
    let strict = Context { strict: true, ..Context::mock(0) };
    let ran = ingest_with(&strict, &[OsStr::new("/nowhere/a"), OsStr::new("/nowhere/b")], b"");
    assert_eq!(ran.lines.len(), 1);
    assert_eq!(ran.result.expect_err("strict").exit(), Exit::SomeErrors);
}

#[test]
fn too_much_on_standard_input_is_an_error() {
    let ran = ingest(&["--max-bytes", "4"], "12345");
    assert_eq!(ran.kinds(), ["doc.too_large"]);
    assert_eq!(ingest(&["--max-bytes", "5"], "12345").kinds(), ["document"]);
}

#[test]
fn a_reader_that_left_stops_the_reading() {
    let context = Context::mock(0);
    context.shutdown.trigger(ultra_core::shutdown::Why::ReaderGone);
    let ran = ingest_with(&context, &[OsStr::new("-")], b"text");
    assert!(ran.result.expect_err("stopped").is_reader_gone());
    assert!(ran.lines.is_empty());
}
