//! The cache changes no result, whatever the store is like.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use ultra_core::clock::Clock;
use ultra_core::record::Response;

use super::{Cache, Counts, Options};
use crate::key::tests::asking;
use crate::store::Limits;

const NOW_S: u64 = 1_000_000;

/// A clock that tells what it was set to.
#[derive(Debug)]
struct Set(AtomicU64);

impl Clock for Set {
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn unix_seconds(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

fn at(now_s: u64) -> Arc<Set> {
    Arc::new(Set(AtomicU64::new(now_s)))
}

fn place() -> (TempDir, PathBuf) {
    let directory = TempDir::new().expect("makes a directory");
    let path = directory.path().join("ultra").join("cache.db");
    (directory, path)
}

fn cache(path: &Path) -> Cache {
    Cache::new(Options::at(path), at(NOW_S))
}

/// The answer of a simulated model, as all calls of these tests are.
fn response(text: &str) -> Response {
    Response { mock: true, ..crate::answer::tests::response(text) }
}

fn keep(cache: &mut Cache, question: &str, answer: &str) {
    asking(question, |call| cache.store(call, &response(answer)));
}

fn found(cache: &mut Cache, question: &str) -> Option<String> {
    asking(question, |call| cache.lookup(call)).map(|hit| hit.answer.text)
}

#[test]
fn an_answer_is_found_at_once_and_by_the_next_run() {
    let (_directory, path) = place();
    let mut first = cache(&path);
    assert_eq!(found(&mut first, "q"), None);
    assert!(!path.exists(), "a lookup makes no file");
    keep(&mut first, "q", "yes");
    assert_eq!(found(&mut first, "q").as_deref(), Some("yes"));
    first.flush();
    assert_eq!(first.counts(), Counts { hits: 1, misses: 1, stored: 1, ..Counts::default() });
    let mut second = cache(&path);
    assert_eq!(found(&mut second, "q").as_deref(), Some("yes"));
    assert_eq!(found(&mut second, "q "), None);
    assert_eq!((first.warning(), second.warning()), (None, None));
}

#[test]
fn a_run_that_needs_no_store_makes_none() {
    let (_directory, path) = place();
    let mut unused = cache(&path);
    asking("q", |call| {
        let mut cut = response("half");
        cut.finish_reason = "length".into();
        unused.store(call, &cut);
    });
    unused.flush();
    assert_eq!(unused.stats().expect("counts").entries, 0);
    drop(unused);
    assert!(!path.parent().expect("has one").exists());
}

#[test]
fn a_simulated_answer_never_stands_in_for_the_answer_of_a_model() {
    let (_directory, path) = place();
    let mut both = cache(&path);
    let real = |call: &crate::Call<'_>| crate::Call { provider: "openai", seed: None, ..*call }.key();
    asking("q", |call| {
        let real = crate::Call { provider: "openai", seed: None, ..*call };
        both.store(&real, &response("simulated"));
        assert_eq!(both.lookup(&real), None);
        both.store(call, &crate::answer::tests::response("real"));
        assert_eq!(both.lookup(call), None);
    });
    assert_ne!(asking("q", real), asking("q", |call| crate::Call { ..*call }.key()));
}

#[test]
fn a_question_about_a_damaged_store_fails_and_leaves_it_where_it_is() {
    let (_directory, path) = place();
    keep(&mut cache(&path), "q", "yes");
    over(&path, b"SQLite format 3\0 and then");
    assert!(matches!(cache(&path).stats(), Err(crate::StoreError::Corrupt(_))));
    assert_eq!(fs::read(&path).expect("is there"), b"SQLite format 3\0 and then");
}

#[test]
fn g140_a_file_that_is_no_cache_is_bypassed_with_one_warning_and_kept() {
    let (_directory, path) = place();
    fs::create_dir(path.parent().expect("has one")).expect("makes");
    for looks_only in [false, true] {
        over(&path, b"my notes");
        let mut bypassed = Cache::new(Options { looks_only, ..Options::at(&path) }, at(NOW_S));
        assert_eq!(found(&mut bypassed, "q"), None);
        keep(&mut bypassed, "q", "yes");
        bypassed.flush();
        assert_eq!(bypassed.counts(), Counts { bypassed: 1, dropped: 1, ..Counts::default() });
        let expected = format!("{} is not a cache; it is left alone and nothing is stored", path.display());
        assert_eq!(bypassed.warning(), Some(expected.as_str()));
        assert_eq!(fs::read(&path).expect("is there"), b"my notes");
    }
}

#[test]
fn a_cache_that_only_looks_finds_answers_and_moves_no_damaged_store() {
    let (_directory, path) = place();
    keep(&mut cache(&path), "q", "yes");
    let looking = || Cache::new(Options { looks_only: true, ..Options::at(&path) }, at(NOW_S));
    let mut sound = looking();
    assert_eq!(found(&mut sound, "q").as_deref(), Some("yes"));
    assert_eq!(sound.warning(), None);
    drop(sound);
    let cut = fs::read(&path).expect("reads")[..5000].to_vec();
    over(&path, &cut);
    let mut damaged = looking();
    assert_eq!((found(&mut damaged, "q"), damaged.warning().is_some()), (None, true));
    drop(damaged);
    assert_eq!(fs::read(&path).expect("is there"), cut);
    assert!(!path.with_extension("db.corrupt-1").exists());
}

#[test]
fn a_place_below_a_file_is_one_warning_for_who_looks_and_for_who_stores() {
    let (directory, _) = place();
    let path = directory.path().join("plan.md").join("x.db");
    over(&directory.path().join("plan.md"), b"a plan");
    for looks_only in [false, true] {
        let mut lost = Cache::new(Options { looks_only, ..Options::at(&path) }, at(NOW_S));
        assert_eq!(found(&mut lost, "q"), None);
        assert_eq!((lost.counts().bypassed, lost.warning().is_some()), (1, true));
    }
}

#[test]
fn a_cache_without_a_place_counts_what_it_does_not_do() {
    let mut nowhere = Cache::nowhere("no place", at(NOW_S));
    assert_eq!(found(&mut nowhere, "q"), None);
    keep(&mut nowhere, "q", "yes");
    assert_eq!(nowhere.counts(), Counts { bypassed: 1, dropped: 1, ..Counts::default() });
    assert_eq!(nowhere.warning(), Some("no place"));
}

#[test]
fn what_waits_is_written_when_the_cache_ends() {
    let (_directory, path) = place();
    let mut ending = cache(&path);
    keep(&mut ending, "q", "yes");
    assert!(!path.exists());
    drop(ending);
    assert_eq!(found(&mut cache(&path), "q").as_deref(), Some("yes"));
}

#[test]
fn a_batch_is_written_when_it_is_large_or_old() {
    let (_directory, path) = place();
    let clock = at(NOW_S);
    let mut batching = Cache::new(Options::at(&path), Arc::clone(&clock) as Arc<dyn Clock>);
    for n in 0..150 {
        keep(&mut batching, &n.to_string(), "yes");
    }
    assert_eq!(batching.counts().stored, 100);
    clock.0.fetch_add(2, Ordering::Relaxed);
    keep(&mut batching, "late", "yes");
    assert_eq!(batching.counts().stored, 151);
}

#[test]
fn g145_another_tenant_does_not_find_the_answer() {
    let (_directory, path) = place();
    let mut shared = cache(&path);
    let lookup = |cache: &mut Cache, namespace: &str, model: &str| {
        asking("q", |call| cache.lookup(&crate::Call { namespace, model, ..*call })).is_some()
    };
    asking("q", |call| shared.store(&crate::Call { namespace: "ab", model: "c", ..*call }, &response("yes")));
    shared.flush();
    assert!(lookup(&mut shared, "ab", "c"));
    assert!(!lookup(&mut shared, "b", "c"));
    assert!(!lookup(&mut shared, "a", "bc"));
    assert!(!lookup(&mut shared, "abc", ""));
}

#[test]
fn g149_every_age_and_every_limit_of_age_is_defined() {
    let (_directory, path) = place();
    let mut storing = cache(&path);
    keep(&mut storing, "q", "yes");
    drop(storing);
    let day = 24 * 60 * 60;
    for (ttl_s, now_s, hit) in [
        (0, NOW_S, false),
        (1, NOW_S, true),
        (1, NOW_S + 1, false),
        (day, NOW_S + day - 1, true),
        (day, NOW_S + day, false),
        (1 << 63, u64::MAX, false),
        (u64::MAX, u64::MAX, true),
        (Options::TTL_S, NOW_S - day, true),
        (Options::TTL_S, NOW_S - day - 1, false),
        (Options::TTL_S, 0, false),
    ] {
        let mut looking = Cache::new(Options { ttl_s, ..Options::at(&path) }, at(now_s));
        let found = asking("q", |call| looking.lookup(call));
        assert_eq!(found.is_some(), hit, "ttl {ttl_s}, now {now_s}");
        assert_eq!(looking.warning(), None);
    }
}

#[test]
fn g149_an_answer_that_is_too_old_is_replaced() {
    let (_directory, path) = place();
    keep(&mut cache(&path), "q", "old");
    let later_s = NOW_S + Options::TTL_S;
    let mut later = Cache::new(Options::at(&path), at(later_s));
    assert_eq!(found(&mut later, "q"), None);
    keep(&mut later, "q", "new");
    drop(later);
    let mut again = Cache::new(Options::at(&path), at(later_s));
    assert_eq!(found(&mut again, "q").as_deref(), Some("new"));
}

#[test]
fn g150_a_huge_answer_is_not_stored() {
    let (_directory, path) = place();
    let mut storing = cache(&path);
    keep(&mut storing, "q", &"x".repeat(crate::store::MAX_VALUE_BYTES));
    assert_eq!(found(&mut storing, "q"), None);
    assert_eq!(storing.counts().dropped, 1);
}

#[test]
fn g150_a_row_with_another_schema_is_a_miss_and_makes_room() {
    let (_directory, path) = place();
    let mut store = crate::store::Store::open(&path, crate::Limits::default()).expect("opens");
    let row = crate::store::Row { created_s: NOW_S, value: r#"{"answer":"forged"}"#.into() };
    let key = asking("q", |call| crate::Call { ..*call }.key());
    store.put(&[(key, row)].into()).expect("puts");
    let mut looking = cache(&path);
    assert_eq!(found(&mut looking, "q"), None);
    assert_eq!(looking.counts().misses, 1);
    assert_eq!(looking.stats().expect("counts").entries, 0);
    assert_eq!(looking.warning(), None);
}

/// Puts a store into some state; the result is kept alive for as long as the state lasts.
type Break = fn(&Path) -> Option<Connection>;

fn over(path: &Path, bytes: &[u8]) -> Option<Connection> {
    fs::write(path, bytes).expect("writes");
    None
}

fn inside(path: &Path, sql: &str) -> Connection {
    let connection = Connection::open(path).expect("opens");
    connection.execute_batch(sql).expect("runs");
    connection
}

fn changed(path: &Path, sql: &str) -> Option<Connection> {
    drop(inside(path, sql));
    None
}

const BROKEN: &[(&str, Break)] = &[
    ("a text", |path| over(path, b"not a database")),
    ("cut short", |path| over(path, &fs::read(path).expect("reads")[..5000])),
    ("noise after the first page", |path| {
        let mut bytes = fs::read(path).expect("reads");
        bytes[4096..].fill(0xA5);
        over(path, &bytes)
    }),
    ("newer", |path| changed(path, "PRAGMA user_version = 7")),
    ("of another program", |path| changed(path, "PRAGMA application_id = 7")),
    ("with other tables", |path| changed(path, "ALTER TABLE answers RENAME TO other")),
    ("locked for writing", |path| Some(inside(path, "BEGIN IMMEDIATE"))),
    ("locked for all", |path| Some(inside(path, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE"))),
    ("a directory", |path| {
        fs::remove_file(path).expect("removes");
        fs::create_dir(path).expect("makes");
        None
    }),
    ("in a directory that is a file", |path| {
        let directory = path.parent().expect("has one");
        fs::remove_dir_all(directory).expect("removes");
        over(directory, b"")
    }),
];

/// Counts what is logged as a warning or worse.
#[derive(Debug, Clone, Default)]
struct Warnings(Arc<AtomicU64>);

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn event(&self, _: &Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn p17_a_broken_store_gives_no_wrong_answer_and_one_warning() {
    for (name, damage) in BROKEN {
        let warnings = Warnings::default();
        let _logging = tracing::subscriber::set_default(warnings.clone());
        let (_directory, path) = place();
        let mut before = cache(&path);
        for n in 0..40 {
            keep(&mut before, &n.to_string(), &format!("answer {n}"));
        }
        drop(before);
        let _held = damage(&path);
        let mut after = cache(&path);
        for n in 0..40 {
            let text = found(&mut after, &n.to_string());
            assert!(text.is_none() || text == Some(format!("answer {n}")), "{name}: {text:?}");
            keep(&mut after, &format!("new {n}"), "yes");
            after.flush();
        }
        assert!(after.warning().is_some(), "{name}");
        assert_eq!(warnings.0.load(Ordering::Relaxed), 1, "{name}");
        let counts = after.counts();
        assert_eq!(counts.hits + counts.misses + counts.bypassed, 40, "{name}: {counts:?}");
    }
}

#[test]
fn g140_a_damaged_store_is_rebuilt_and_serves_again() {
    for (name, damage) in &BROKEN[1..3] {
        let (_directory, path) = place();
        keep(&mut cache(&path), "q", "old");
        damage(&path);
        let mut after = cache(&path);
        assert_eq!(found(&mut after, "q"), None, "{name}");
        keep(&mut after, "q", "new");
        drop(after);
        assert_eq!(found(&mut cache(&path), "q").as_deref(), Some("new"), "{name}");
        assert!(path.with_extension("db.corrupt-1").exists(), "{name}");
    }
}

#[test]
fn g140_of_many_that_find_a_damaged_store_one_moves_it_and_all_go_on() {
    let (_directory, path) = place();
    keep(&mut cache(&path), "q", "old");
    over(&path, b"SQLite format 3\0 and then");
    // A machine with much to do makes them wait for each other longer than a cache is worth waiting for.
    let wait = Duration::from_mins(1);
    let limits = Limits { read_wait: wait, write_wait: wait, ..Limits::default() };
    std::thread::scope(|scope| {
        for n in 0..8 {
            let path = &path;
            scope.spawn(move || {
                let mut shared = Cache::new(Options { limits, ..Options::at(path) }, at(NOW_S));
                assert_eq!(found(&mut shared, "q"), None);
                keep(&mut shared, &n.to_string(), "new");
            });
        }
    });
    let mut after = cache(&path);
    for n in 0..8 {
        assert_eq!(found(&mut after, &n.to_string()).as_deref(), Some("new"), "{n}");
    }
    assert!(path.with_extension("db.corrupt-1").exists());
    assert!(!path.with_extension("db.corrupt-2").exists());
}

#[test]
fn g142_what_a_locked_store_does_not_take_is_counted() {
    let (_directory, path) = place();
    keep(&mut cache(&path), "q", "yes");
    let holder = inside(&path, "BEGIN IMMEDIATE");
    let mut storing = cache(&path);
    for n in 0..250 {
        keep(&mut storing, &n.to_string(), "yes");
    }
    assert_eq!(found(&mut storing, "q").as_deref(), Some("yes"));
    storing.flush();
    assert_eq!((storing.counts().stored, storing.counts().dropped), (0, 250));
    assert!(storing.warning().expect("warns").contains("another process holds its lock"));
    drop(holder);
    keep(&mut storing, "late", "yes");
    storing.flush();
    assert_eq!(storing.counts().stored, 1, "a lock passes");
}
