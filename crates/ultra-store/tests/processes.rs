//! Several processes share one store while they are killed: nothing is lost, nothing is wrong.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use ultra_core::clock::Frozen;
use ultra_core::record::{Message, Response, Role};
use ultra_store::{Cache, Call, Options, Stats};

const STORE: &str = "ULTRA_TEST_STORE";
const WRITER: &str = "ULTRA_TEST_WRITER";
const WRITERS: usize = 4;
const ANSWERS: usize = 400;

/// The writer that goes on until it is killed.
const KILLED: usize = 0;

/// Runs `then` with the call that writer `writer` makes as its number `n`.
fn with_call<T>(writer: &str, n: usize, then: impl FnOnce(&Call<'_>) -> T) -> T {
    let messages = [Message::new(Role::User, format!("{writer} {n}"))];
    then(&Call {
        namespace: "",
        provider: "mock",
        base_url: "",
        model: "a",
        messages: &messages,
        params: None,
        output_schema: None,
        sample: 0,
        options: "",
        seed: Some(0),
    })
}

fn answer(writer: &str, n: usize) -> String {
    format!("answer {n} of {writer} {}", writer.repeat(500 + n))
}

fn response(text: &str) -> Response {
    let record = format!(
        r#"{{"id":"i","request_id":"r","prompt_id":"p","target":"mock:a","sample":0,"stage":"answer","model":"a","text":"{text}","finish_reason":"stop","attempts":1,"mock":true}}"#
    );
    serde_json::from_str(&record).expect("is a response")
}

fn cache(path: &Path) -> Cache {
    Cache::new(Options::at(path), Arc::new(Frozen))
}

/// The life of one writer: not a test of its own, but what the other test starts in processes.
#[test]
fn as_a_writer() {
    let variable = |name| {
        #[expect(clippy::disallowed_methods, reason = "tells the started process what it is")]
        std::env::var(name).ok()
    };
    let (Some(path), Some(writer)) = (variable(STORE), variable(WRITER)) else { return };
    let mut cache = cache(Path::new(&path));
    let answers = if writer == KILLED.to_string() { usize::MAX } else { ANSWERS };
    for n in 0..answers {
        with_call(&writer, n, |call| cache.store(call, &response(&answer(&writer, n))));
        if n % 7 == 0 {
            cache.flush();
            // Acknowledged, past the test harness that captures `println!`.
            writeln!(std::io::stderr(), "stored {}", cache.counts().stored).expect("writes");
        }
        let other = (n / 2).to_string();
        if let Some(hit) = with_call(&other, n / 2, |call| cache.lookup(call)) {
            assert_eq!(hit.answer.text, answer(&other, n / 2));
        }
    }
    cache.flush();
    let counts = cache.counts();
    assert_eq!((counts.stored, counts.dropped, counts.bypassed), (ANSWERS as u64, 0, 0));
    assert_eq!(cache.warning(), None);
}

fn start(path: &Path, writer: usize) -> Child {
    let program = std::env::current_exe().expect("is a program");
    Command::new(program)
        .args(["--exact", "as_a_writer", "--nocapture"])
        .env(STORE, path)
        .env(WRITER, writer.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts")
}

/// Lets a writer acknowledge some answers, kills it, and tells how many it had acknowledged.
fn kill_after(child: &mut Child, acknowledged: usize) -> usize {
    let lines = BufReader::new(child.stderr.take().expect("is piped")).lines();
    let mut stored = 0;
    for line in lines.map_while(Result::ok) {
        let count = line.strip_prefix("stored ").and_then(|count| count.parse().ok());
        stored = count.unwrap_or(stored);
        if stored >= acknowledged {
            child.kill().expect("kills");
        }
    }
    child.wait().expect("ends");
    stored
}

fn check_all_there(cache: &mut Cache, writer: usize, answers: usize) {
    let writer = writer.to_string();
    for n in 0..answers {
        let hit = with_call(&writer, n, |call| cache.lookup(call));
        let hit = hit.unwrap_or_else(|| panic!("answer {n} of {writer} is lost"));
        assert_eq!(hit.answer.text, answer(&writer, n));
    }
}

#[test]
fn p18_processes_share_a_store_and_a_killed_one_loses_nothing_it_acknowledged() {
    let directory = tempfile::TempDir::new().expect("makes a directory");
    let path = directory.path().join("ultra").join("cache.db");
    let mut killed = start(&path, KILLED);
    let others: Vec<Child> = (1..WRITERS).map(|writer| start(&path, writer)).collect();
    let stored = kill_after(&mut killed, 100);
    for other in others {
        let ended = other.wait_with_output().expect("ends");
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    }
    assert!(stored >= 100, "killed in the middle of its work");
    let mut cache = cache(&path);
    check_all_there(&mut cache, KILLED, stored);
    for writer in 1..WRITERS {
        check_all_there(&mut cache, writer, ANSWERS);
    }
    let Stats { entries, .. } = cache.stats().expect("counts");
    assert!(entries >= (stored + (WRITERS - 1) * ANSWERS) as u64);
    assert_eq!(cache.warning(), None);
    let aside = std::fs::read_dir(path.parent().expect("has one")).expect("lists").count();
    assert!(aside <= 3, "no file was set aside");
}
