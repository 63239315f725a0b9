//! What a journal keeps, what it refuses, and how it is found again.

mod damage;
mod disks;
mod power;

use std::path::Path;
use std::sync::{Arc, LazyLock};

use ultra_core::clock::Frozen;
use ultra_core::failure::{Exit, Failure};
use ultra_core::kind::ErrorKind;
use ultra_core::record::{ErrorRecord, Object, ProviderError, Response};

use super::{Durability, Entry, Journal, JournalOptions, Recovered, State};
use crate::answer::Asked;
use crate::answer::tests::response;
use crate::key::tests::key;
use crate::key::{Call, Key};

const ASKED: Asked<'_> =
    Asked { request_id: "r1", prompt_id: "p1", target: "openai:m", sample: 0, stage: "answer" };

fn open(path: &Path) -> Result<Journal, Failure> {
    open_as(path, JournalOptions::default())
}

fn open_as(path: &Path, options: JournalOptions) -> Result<Journal, Failure> {
    Journal::open(path, options, Arc::new(Frozen))
}

fn place() -> (tempfile::TempDir, std::path::PathBuf) {
    let directory = tempfile::TempDir::new().expect("makes a directory");
    let path = directory.path().join("run.journal");
    (directory, path)
}

/// The answer to the call `n`.
fn answer(n: usize) -> Entry {
    Entry::from(&response(&format!("answer {n}")))
}

fn error(message: &str) -> ErrorRecord {
    let mut error = ErrorRecord::new("ultra-fanout", ErrorKind::RateLimited, message);
    error.status = Some(429);
    error.attempts = Some(8);
    error.retry_after_s = Some(0.1 + 0.2);
    error.provider = Some(ProviderError {
        code: Some("slow".into()),
        kind: None,
        request_id: Some("q".into()),
        extra: Object::default(),
    });
    error
}

fn nth(n: usize) -> Key {
    static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| (0..256).map(|n| key(&format!("call {n}"))).collect());
    KEYS[n]
}

/// Notes and writes the calls `calls`.
fn fill(journal: &mut Journal, calls: std::ops::Range<usize>) {
    for n in calls {
        journal.intend(&nth(n));
        journal.flush().expect("writes");
        journal.done(&nth(n), &answer(n));
        journal.flush().expect("writes");
    }
}

fn served(journal: &Journal, n: usize) -> Option<Entry> {
    journal.get(&nth(n)).expect("reads")
}

fn response_of(entry: Entry, asked: &Asked<'_>) -> Response {
    match entry {
        Entry::Answer(answer) => answer.response(asked),
        Entry::Error(error) => panic!("is an answer: {error:?}"),
    }
}

#[test]
fn what_one_run_bought_the_next_one_has() {
    let (_directory, path) = place();
    let mut journal = open(&path).expect("opens");
    assert_eq!((journal.state(&nth(0)), journal.is_empty()), (State::Unknown, true));
    fill(&mut journal, 0..3);
    journal.intend(&nth(7));
    journal.close().expect("closes");
    let journal = open(&path).expect("opens again");
    assert_eq!(journal.recovered(), Recovered { answers: 3, uncertain: 1, ..Recovered::default() });
    assert_eq!(
        (journal.len(), journal.state(&nth(2)), journal.state(&nth(7))),
        (3, State::Done, State::Intended)
    );
    assert_eq!(
        (served(&journal, 2), served(&journal, 7), served(&journal, 8)),
        (Some(answer(2)), None, None)
    );
}

#[test]
fn a_response_comes_back_byte_for_byte() {
    let (_directory, path) = place();
    let text = format!(
        r#"{{"type":"response","id":"{}","request_id":"r1","prompt_id":"p1","target":"openai:m","sample":0,"stage":"answer","fallback":"b:c","model":"m","text":"a\"\n ,\"sum\":\"","json":{{"a":1e2}},"reasoning":"hm","finish_reason":"stop","usage":{{"input_tokens":3,"output_tokens":4,"x":1.0}},"cost_usd":0.30000000000000004,"attempts":2,"uncertain_prior":true,"timing":{{"queue_ms":1,"total_ms":9}},"cache":{{"status":"miss","key":"k"}},"x_run":10000000000000000000001}}"#,
        ASKED.response_id("a\"\n ,\"sum\":\"")
    );
    let given: Response = serde_json::from_str(&text).expect("is a response");
    let mut journal = open(&path).expect("opens");
    journal.done(&nth(0), &Entry::from(&given));
    let buffered = response_of(served(&journal, 0).expect("is held"), &ASKED);
    journal.close().expect("closes");
    let read = response_of(served(&open(&path).expect("opens"), 0).expect("is there"), &ASKED);
    let written = |response: &Response| serde_json::to_string(response).expect("writes");
    assert_eq!((written(&read), written(&buffered)), (text.clone(), text));
}

#[test]
fn p3_the_same_call_is_served_under_other_ids() {
    let (_directory, path) = place();
    let mut journal = open(&path).expect("opens");
    journal.done(&nth(0), &answer(0));
    journal.done(&nth(1), &Entry::from(&error("slow down")));
    let asked = Asked { request_id: "r9", prompt_id: "p9", target: "alias", sample: 3, stage: "critique" };
    let made = response_of(served(&journal, 0).expect("is there"), &asked);
    assert_eq!(
        (&*made.request_id, &*made.prompt_id, &*made.target, &*made.stage),
        ("r9", "p9", "alias", "critique")
    );
    assert_eq!((made.id, made.sample), (asked.response_id("answer 0"), 3));
    let Some(Entry::Error(failed)) = served(&journal, 1) else { panic!("is an error") };
    let record = failed.record(&asked, "ultra-fanout");
    let expected = ErrorRecord {
        request_id: Some("r9".into()),
        prompt_id: Some("p9".into()),
        target: Some("alias".into()),
        sample: Some(3),
        stage: Some("critique".into()),
        ..error("slow down")
    };
    assert_eq!(record, expected);
    drop(journal);
    let text = std::fs::read_to_string(&path).expect("reads");
    assert!(!text.contains(r#""r1""#) && !text.contains("openai:m"), "no id is kept: {text}");
}

#[test]
fn a_key_that_ended_twice_has_its_last_end() {
    let (_directory, path) = place();
    let mut journal = open(&path).expect("opens");
    journal.done(&nth(0), &Entry::from(&error("no")));
    journal.done(&nth(0), &answer(5));
    assert_eq!((served(&journal, 0), journal.len()), (Some(answer(5)), 1));
    journal.close().expect("closes");
    let journal = open(&path).expect("opens");
    assert_eq!((served(&journal, 0), journal.len()), (Some(answer(5)), 1));
}

#[test]
fn errors_are_repeated_only_when_that_is_asked_for() {
    let (_directory, path) = place();
    let retry = JournalOptions { retry_errors: true, ..JournalOptions::default() };
    let mut journal = open(&path).expect("opens");
    journal.intend(&nth(0));
    journal.done(&nth(0), &Entry::from(&error("no")));
    fill(&mut journal, 1..2);
    journal.close().expect("closes");
    let journal = open(&path).expect("opens");
    assert_eq!((journal.state(&nth(0)), journal.recovered().errors), (State::Done, 1));
    drop(journal);
    let mut journal = open_as(&path, retry).expect("opens");
    assert_eq!((journal.state(&nth(0)), journal.state(&nth(1))), (State::Unknown, State::Done));
    assert_eq!((served(&journal, 0), journal.len(), journal.recovered().errors), (None, 1, 0));
    journal.done(&nth(0), &Entry::from(&error("again")));
    assert_eq!(journal.state(&nth(0)), State::Done, "once in a run");
    drop(journal);
    assert_eq!(open_as(&path, retry).expect("opens").state(&nth(0)), State::Unknown, "and again in the next");
}

#[test]
fn another_seed_is_another_key() {
    let (_directory, path) = place();
    let seeded = |seed| {
        let call = Call {
            namespace: "",
            provider: "mock",
            base_url: "",
            model: "a",
            messages: &[],
            params: None,
            output_schema: None,
            sample: 0,
            options: "",
            seed: Some(seed),
        };
        call.key()
    };
    let mut journal = open(&path).expect("opens");
    journal.done(&seeded(1), &answer(1));
    assert_eq!((journal.state(&seeded(1)), journal.state(&seeded(2))), (State::Done, State::Unknown));
    assert_eq!(journal.get(&seeded(2)).expect("reads"), None);
}

#[test]
fn a_cost_comes_back_to_the_last_bit() {
    let (_directory, path) = place();
    let mut journal = open(&path).expect("opens");
    let costs: Vec<f64> = (1..250).map(|n| f64::from(n) * 1e-6 / 7.3).collect();
    for (n, cost) in costs.iter().enumerate() {
        let mut given = response("yes");
        given.cost_usd = Some(*cost);
        journal.done(&nth(n), &Entry::from(&given));
    }
    for (n, cost) in costs.iter().enumerate() {
        let made = response_of(served(&journal, n).expect("is there"), &ASKED);
        assert_eq!(made.cost_usd.map(f64::to_bits), Some(cost.to_bits()), "{cost}");
    }
}

#[test]
fn the_whole_key_is_compared_before_anything_is_served() {
    let (_directory, path) = place();
    let mut journal = open(&path).expect("opens");
    journal.done(&nth(0), &answer(0));
    journal.close().expect("closes");
    let text = std::fs::read_to_string(&path).expect("reads");
    let line = text.lines().nth(1).expect("has a second line");
    let (body, _) = line.rsplit_once(r#","sum":"#).expect("has a sum");
    let body = body.replace(&nth(0).as_str()[32..], &"0".repeat(32));
    let sum = &ultra_core::id::blake3_hex(body.as_bytes())[..16];
    std::fs::write(&path, text.replace(line, &format!("{body},\"sum\":\"{sum}\"}}"))).expect("writes");
    assert_eq!(served(&open(&path).expect("opens"), 0), None);
}

#[test]
fn every_line_is_json_that_grep_and_jq_can_take_apart() {
    let (_directory, path) = place();
    let mut journal = open(&path).expect("opens");
    fill(&mut journal, 0..2);
    journal.done(&nth(3), &Entry::from(&error("no")));
    journal.close().expect("closes");
    let text = std::fs::read_to_string(&path).expect("reads");
    let mut kinds = String::new();
    for line in text.lines() {
        let value: serde_json::Value = serde_json::from_str(line).expect("is JSON");
        let (body, _) = line.rsplit_once(r#","sum":"#).expect("has a sum");
        assert_eq!(value["sum"], ultra_core::id::blake3_hex(body.as_bytes())[..16], "{line}");
        kinds += &value["type"].as_str().expect("has a type")[..1];
    }
    assert_eq!(kinds, "jididds", "{text}");
    assert_eq!(text.lines().next(), Some(r#"{"type":"journal","v":1,"sum":"c584f8c627348957"}"#));
}

#[test]
fn f128_what_is_no_journal_is_refused_and_left_alone() {
    let (_directory, path) = place();
    let other = |v: &str| {
        let body = format!(r#"{{"type":"journal","v":{v}"#);
        format!("{body},\"sum\":\"{}\"}}\n", &ultra_core::id::blake3_hex(body.as_bytes())[..16])
    };
    let texts = [
        ("{\"type\":\"prompt\",\"text\":\"a prompt of mine\"}\n".to_owned(), "is not a journal"),
        ("\0".repeat(60), "is not a journal"),
        ("x".to_owned(), "is not a journal"),
        (other("2"), "is of version 2; this program knows 1"),
        (other("17") + "{}\n", "is of version 17; this program knows 1"),
    ];
    for (text, said) in texts {
        std::fs::write(&path, &text).expect("writes");
        for repair in [false, true] {
            let refused = open_as(&path, JournalOptions { repair, ..JournalOptions::default() });
            let failure = refused.expect_err("is refused");
            assert_eq!(failure.exit(), Exit::Usage);
            assert!(failure.to_string().contains(said), "{failure}");
            assert_eq!(std::fs::read_to_string(&path).expect("reads"), text);
        }
    }
}

#[test]
fn an_empty_file_becomes_a_journal_and_one_of_a_single_line_is_one() {
    let (_directory, path) = place();
    std::fs::write(&path, "").expect("writes");
    open(&path).expect("opens").close().expect("closes");
    let header = std::fs::read(&path).expect("reads");
    assert_eq!(header, super::line::header());
    assert!(open(&path).expect("opens").is_empty());
    assert_eq!(std::fs::read(&path).expect("reads"), header, "opening alone writes nothing");
}

#[test]
fn a_line_of_any_length_is_read_in_pieces() {
    let (_directory, path) = place();
    let mut journal = open(&path).expect("opens");
    let long = |n: usize| Entry::from(&response(&"x".repeat(n)));
    let lengths = [1, 100, 4000, 4096, 262_000, 262_144, 700_000];
    for (n, length) in lengths.into_iter().enumerate() {
        journal.done(&nth(n), &long(length));
    }
    journal.close().expect("closes");
    let journal = open(&path).expect("opens");
    for (n, length) in lengths.into_iter().enumerate() {
        assert_eq!(served(&journal, n), Some(long(length)));
    }
}

#[test]
fn a_journal_that_somebody_else_changes_meanwhile_serves_nothing_wrong() {
    let (_directory, path) = place();
    let mut journal = open(&path).expect("opens");
    fill(&mut journal, 0..2);
    journal.sync().expect("syncs");
    let text = std::fs::read_to_string(&path).expect("reads");
    std::fs::write(&path, text.replace("answer 0", "answer X")).expect("writes");
    let failure = journal.get(&nth(0)).expect_err("is told");
    assert!(failure.to_string().contains("was changed by another program at byte"), "{failure}");
    assert_eq!(served(&journal, 1), Some(answer(1)));
}

#[test]
fn f127_the_same_process_cannot_open_it_twice_either() {
    let (_directory, path) = place();
    let held = open(&path).expect("opens");
    let failure = open(&path).expect_err("is held");
    assert_eq!(failure.exit(), Exit::Stopped);
    drop(held);
    open(&path).expect("is free at once");
}

#[test]
fn each_level_of_durability_writes_the_same_results() {
    for durability in [Durability::None, Durability::Power, Durability::Record] {
        let (_directory, path) = place();
        let mut journal =
            open_as(&path, JournalOptions { durability, ..JournalOptions::default() }).expect("opens");
        fill(&mut journal, 0..70);
        journal.close().expect("closes");
        let synced = std::fs::read_to_string(&path).expect("reads").matches(r#""type":"synced""#).count();
        let expected = match durability {
            Durability::None => 0,
            Durability::Power => 2,
            Durability::Record => 70,
        };
        assert_eq!(synced, expected, "{durability:?}");
        assert_eq!(open(&path).expect("opens").len(), 70);
    }
}

#[test]
fn readers_share_a_journal_and_leave_it_as_it_is() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_directory, path) = place();
    let read = || Journal::read(&path, Arc::new(Frozen));
    assert_eq!(read().expect_err("is none").exit(), Exit::Io);
    let mut journal = open(&path).expect("opens");
    fill(&mut journal, 0..2);
    assert_eq!(read().expect_err("is written").exit(), Exit::Stopped);
    journal.done(&nth(2), &Entry::from(&error("slow down")));
    journal.close().expect("closes");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).expect("is ours");
    let before = std::fs::read(&path).expect("reads");
    let (one, mut other) = (read().expect("opens"), read().expect("opens too"));
    assert_eq!((served(&one, 1), served(&other, 1)), (Some(answer(1)), Some(answer(1))));
    assert!(matches!(served(&one, 2), Some(Entry::Error(_))), "what failed has failed");
    assert_eq!(open(&path).expect_err("is read").exit(), Exit::Stopped);
    other.sync().expect("has nothing to write");
    drop((one, other));
    let mode = std::fs::metadata(&path).expect("is there").permissions().mode() & 0o777;
    assert_eq!((std::fs::read(&path).expect("reads"), mode), (before, 0o444));
}
