//! What a store survives, and what it refuses.
#![allow(clippy::disallowed_methods, reason = "waiting is measured with the real clock")]

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tempfile::TempDir;

use super::{Limits, Row, Store, StoreError};
use crate::key::Key;
use crate::key::tests::key;

fn place() -> (TempDir, PathBuf) {
    let directory = TempDir::new().expect("makes a directory");
    let path = directory.path().join("ultra").join("cache.db");
    (directory, path)
}

fn open(path: &Path) -> Store {
    Store::open(path, Limits::default()).expect("opens")
}

fn rows(count: usize) -> BTreeMap<Key, Row> {
    let row = |n: usize| Row { created_s: 1000 + n as u64, value: format!("value {n} {}", "x".repeat(2000)) };
    (0..count).map(|n| (key(&n.to_string()), row(n))).collect()
}

/// The rows `rows` would give after the first `skip`.
fn later_rows(skip: usize, count: usize) -> BTreeMap<Key, Row> {
    let first = rows(skip);
    rows(skip + count).into_iter().filter(|(key, _)| !first.contains_key(key)).collect()
}

fn filled(path: &Path, count: usize) -> BTreeMap<Key, Row> {
    let rows = rows(count);
    open(path).put(&rows).expect("puts");
    rows
}

/// Damage is allowed to lose rows and to end in an error, never to give another row.
fn check_no_wrong_row(path: &Path, rows: &BTreeMap<Key, Row>, what: &str) {
    let Ok(mut store) = Store::open(path, Limits::default()) else { return };
    for (key, row) in rows {
        match store.get(key) {
            Ok(Some(found)) => assert_eq!(&found, row, "{what}"),
            Ok(None) => {}
            Err(cause) => {
                assert!(matches!(cause, StoreError::Corrupt(_) | StoreError::Sql(_)), "{what}: {cause}");
                store = store.rebuild().expect("begins a new store");
                store.put(rows).expect("the new store works");
            }
        }
    }
}

#[test]
fn rows_come_back_in_another_connection() {
    let (_directory, path) = place();
    let rows = filled(&path, 3);
    let mut store = open(&path);
    for (key, row) in &rows {
        assert_eq!(store.get(key).expect("reads").as_ref(), Some(row));
    }
    assert_eq!(store.get(&key("absent")).expect("reads"), None);
    let stats = store.stats().expect("counts");
    assert_eq!((stats.entries, stats.oldest_s, stats.newest_s), (3, Some(1000), Some(1002)));
    assert!(stats.bytes > 6000);
}

#[test]
fn a_second_put_replaces_the_first() {
    let (_directory, path) = place();
    let mut store = open(&path);
    for value in ["old", "new"] {
        let row = Row { created_s: 5, value: value.into() };
        store.put(&BTreeMap::from([(key("k"), row)])).expect("puts");
    }
    assert_eq!(store.get(&key("k")).expect("reads").expect("is there").value, "new");
    assert_eq!(store.stats().expect("counts").entries, 1);
}

#[test]
fn only_the_user_can_read_the_files() {
    let (_directory, path) = place();
    let mut store = open(&path);
    store.put(&rows(1)).expect("puts");
    let mode = |path: &Path| fs::metadata(path).expect("exists").mode() & 0o777;
    assert_eq!(mode(path.parent().expect("has one")), 0o700);
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&path.with_extension("db-wal")), 0o600);
    drop(store);
    fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("sets");
    drop(open(&path));
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn g140_a_store_cut_short_at_any_page_gives_no_wrong_row() {
    let (_directory, path) = place();
    let rows = filled(&path, 60);
    let whole = fs::read(&path).expect("reads");
    for at in (0..whole.len()).step_by(4096) {
        fs::write(&path, &whole[..at]).expect("writes");
        check_no_wrong_row(&path, &rows, &format!("cut at {at}"));
    }
}

#[test]
fn g140_a_changed_byte_in_any_page_gives_no_wrong_row() {
    let (_directory, path) = place();
    let rows = filled(&path, 20);
    let whole = fs::read(&path).expect("reads");
    for page in (0..whole.len()).step_by(4096) {
        for inside in [0, 17, 90, 2111, 4095] {
            let mut damaged = whole.clone();
            damaged[page + inside] ^= 0x41;
            fs::write(&path, &damaged).expect("writes");
            check_no_wrong_row(&path, &rows, &format!("byte {}", page + inside));
        }
    }
}

#[test]
fn g140_a_page_of_noise_gives_no_wrong_row() {
    let (_directory, path) = place();
    let rows = filled(&path, 60);
    let whole = fs::read(&path).expect("reads");
    for page in (0..whole.len()).step_by(4096) {
        let mut damaged = whole.clone();
        for (n, byte) in damaged[page..page + 4096].iter_mut().enumerate() {
            *byte = (n * 167 + page).to_le_bytes()[0];
        }
        fs::write(&path, &damaged).expect("writes");
        check_no_wrong_row(&path, &rows, &format!("page at {page}"));
    }
}

#[test]
fn g140_a_changed_letter_inside_a_value_is_a_miss_and_the_row_goes() {
    let (_directory, path) = place();
    filled(&path, 2);
    let inside = Connection::open(&path).expect("opens");
    inside.execute("UPDATE answers SET value = replace(value, 'value 0', 'value 1')", []).expect("updates");
    drop(inside);
    let mut store = open(&path);
    assert_eq!(store.get(&key("0")).expect("reads"), None);
    assert!(store.get(&key("1")).expect("reads").is_some());
    assert_eq!(store.stats().expect("counts").entries, 1);
}

#[test]
fn g140_a_row_under_the_key_of_another_is_a_miss() {
    let (_directory, path) = place();
    filled(&path, 2);
    let inside = Connection::open(&path).expect("opens");
    inside.execute("DELETE FROM answers WHERE key = ?1", [key("0").as_str()]).expect("deletes");
    inside.execute("UPDATE answers SET key = ?1", [key("0").as_str()]).expect("updates");
    drop(inside);
    assert_eq!(open(&path).get(&key("0")).expect("reads"), None);
}

#[test]
fn g140_a_file_that_never_was_a_store_is_left_alone() {
    let marked = |mark: &[u8]| [b"SQLite format 3\0".as_slice(), &[1; 52], mark, b"and more"].concat();
    let files = [
        b"x".to_vec(),
        b"my notes\n".to_vec(),
        b"SQLite format 3 is what this text is about".to_vec(),
        b"a long text ".repeat(1000),
        marked(b"else"),
        marked(&[0; 4]),
    ];
    for bytes in files {
        let (_directory, path) = place();
        let directory = path.parent().expect("has one");
        fs::create_dir(directory).expect("makes");
        fs::write(&path, &bytes).expect("writes");
        fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("sets");
        for refused in [Store::open(&path, Limits::default()), Store::look(&path, Limits::default())] {
            assert!(matches!(refused, Err(StoreError::NotACache | StoreError::Foreign)), "{refused:?}");
        }
        assert_eq!(fs::read(&path).expect("is kept"), bytes);
        assert_eq!(fs::metadata(&path).expect("is kept").mode() & 0o777, 0o644);
        assert_eq!(fs::read_dir(directory).expect("lists").count(), 1);
    }
}

#[test]
fn g140_a_damaged_store_is_moved_beside_and_kept_private() {
    for bytes in [6, 16, 40, 72, 5000] {
        let (_directory, path) = place();
        for n in 1..3 {
            filled(&path, 5);
            let cut = fs::read(&path).expect("reads")[..bytes].to_vec();
            fs::write(&path, &cut).expect("writes");
            fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("sets");
            let mut store = open(&path);
            if let Err(StoreError::Corrupt(_)) = store.get(&key("1")) {
                store = store.rebuild().expect("begins a new store");
            }
            let aside = path.with_extension(format!("db.corrupt-{n}"));
            assert_eq!(store.set_aside(), Some(aside.as_path()), "{bytes}");
            assert_eq!(fs::read(&aside).expect("is kept").len(), bytes);
            assert_eq!(fs::metadata(&aside).expect("is kept").mode() & 0o777, 0o600);
            store.put(&rows(1)).expect("the new store works");
        }
    }
}

#[test]
fn a_reader_changes_neither_a_sound_store_nor_a_damaged_one() {
    let (_directory, path) = place();
    let rows = filled(&path, 5);
    fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("sets");
    let whole = fs::read(&path).expect("reads");
    let mut store = Store::look(&path, Limits::default()).expect("opens");
    for (key, row) in &rows {
        assert_eq!(store.get(key).expect("reads").as_ref(), Some(row));
    }
    assert!(matches!(store.put(&rows), Err(StoreError::ReadOnly)));
    assert!(matches!(store.remove(&key("1")), Err(StoreError::ReadOnly)));
    drop(store);
    for bytes in [whole.len(), 5000, 40, 0] {
        fs::write(&path, &whole[..bytes]).expect("writes");
        let _ = Store::look(&path, Limits::default()).and_then(|mut store| store.get(&key("1")));
        assert_eq!(fs::read(&path).expect("is there"), &whole[..bytes]);
        assert_eq!(fs::metadata(&path).expect("is there").mode() & 0o777, 0o644);
        assert_eq!(fs::read_dir(path.parent().expect("has one")).expect("lists").count(), 1, "{bytes}");
    }
}

#[test]
fn a_store_that_cannot_be_written_is_read_without_a_file_beside_it() {
    let (directory, _) = place();
    let path = directory.path().join("a b%20?c#.db");
    let rows = filled(&path, 5);
    let file = super::place::FileId::of(&path).expect("exists");
    // What the superuser may not write cannot be made here, so the store is told.
    let mut sealed = super::open::connect(&path, file, Limits::default(), super::open::Access::Sealed)
        .expect("opens to read");
    for (key, row) in &rows {
        assert_eq!(sealed.get(key).expect("reads").as_ref(), Some(row));
    }
    assert!(matches!(sealed.put(&rows), Err(StoreError::ReadOnly)));
    assert_eq!(sealed.stats().expect("counts").entries, 5);
    assert_eq!(fs::read_dir(directory.path()).expect("lists").count(), 1);
}

#[test]
fn what_the_user_may_not_write_is_opened_to_be_read() {
    let (_directory, path) = place();
    let rows = filled(&path, 2);
    let parent = path.parent().expect("has one");
    for (file_mode, directory_mode) in [(0o444, 0o700), (0o600, 0o500), (0o444, 0o555)] {
        fs::set_permissions(&path, Permissions::from_mode(file_mode)).expect("sets");
        fs::set_permissions(parent, Permissions::from_mode(directory_mode)).expect("sets");
        let mut store = open(&path);
        let superuser = rustix::process::geteuid().is_root();
        assert_eq!(store.is_writable(), superuser);
        for (key, row) in &rows {
            assert_eq!(store.get(key).expect("reads").as_ref(), Some(row));
        }
        drop(store);
        fs::set_permissions(parent, Permissions::from_mode(0o700)).expect("sets");
        // A store that may be written loses the rights of others; no right is ever added.
        let mode = fs::metadata(&path).expect("exists").mode() & 0o777;
        assert_eq!(mode, if superuser { file_mode & 0o700 } else { file_mode });
    }
}

#[test]
fn a_directory_in_which_others_can_write_is_refused_and_not_changed() {
    let (directory, _) = place();
    let path = directory.path().join("cache.db");
    for (mode, refused) in [(0o755, false), (0o770, true), (0o702, true), (0o777, true)] {
        fs::set_permissions(directory.path(), Permissions::from_mode(mode)).expect("sets");
        let opened = Store::open(&path, Limits::default()).map(drop);
        let looked = Store::look(&path, Limits::default()).map(drop);
        assert_eq!((opened.is_err(), looked.is_err()), (refused, refused), "{mode:o}: {opened:?} {looked:?}");
        assert_eq!(fs::metadata(directory.path()).expect("exists").mode() & 0o777, mode);
    }
}

#[test]
fn a_directory_that_is_a_link_is_refused_and_left_alone() {
    let (directory, path) = place();
    let elsewhere = directory.path().join("elsewhere");
    fs::create_dir(&elsewhere).expect("makes");
    std::os::unix::fs::symlink(&elsewhere, path.parent().expect("has one")).expect("links");
    let refused = Store::open(&path, Limits::default()).map(drop).expect_err("is refused");
    assert!(refused.to_string().contains("symbolic link"), "{refused}");
    assert_eq!(fs::read_dir(&elsewhere).expect("lists").count(), 0);
}

#[test]
fn g140_the_second_to_find_the_damage_uses_the_new_store_of_the_first() {
    let (_directory, path) = place();
    filled(&path, 1);
    let (first, second) = (open(&path), open(&path));
    let mut first = first.rebuild().expect("begins a new store");
    first.put(&rows(2)).expect("puts");
    let mut second = second.rebuild().expect("opens the new store");
    assert_eq!((first.set_aside().is_some(), second.set_aside()), (true, None));
    assert!(second.get(&key("1")).expect("reads").is_some());
}

#[test]
fn g140_an_empty_file_becomes_a_store() {
    let (_directory, path) = place();
    fs::create_dir(path.parent().expect("has one")).expect("makes");
    fs::write(&path, "").expect("writes");
    let mut store = open(&path);
    store.put(&rows(1)).expect("puts");
    assert_eq!(store.set_aside(), None);
}

#[test]
fn g141_a_log_left_by_a_killed_writer_is_recovered() {
    let (directory, path) = place();
    let rows = filled(&path, 3);
    let mut store = open(&path);
    let more = later_rows(3, 10);
    store.put(&more).expect("puts");
    // A copy of the files as a killed process would leave them, with the log not yet in the file.
    let copy = directory.path().join("copy.db");
    for suffix in ["", "-wal"] {
        fs::copy(format!("{}{suffix}", path.display()), format!("{}{suffix}", copy.display()))
            .expect("copies");
    }
    let mut log = fs::read(format!("{}-wal", copy.display())).expect("reads");
    assert!(log.len() > 4096);
    log.extend([0x5A; 100]);
    fs::write(format!("{}-wal", copy.display()), log).expect("writes");
    let mut recovered = open(&copy);
    assert_eq!(recovered.set_aside(), None);
    for (key, row) in rows.iter().chain(&more) {
        assert_eq!(recovered.get(key).expect("reads").as_ref(), Some(row));
    }
}

#[test]
fn g142_a_held_lock_is_waited_for_once_and_then_not_at_all() {
    let (_directory, path) = place();
    let rows = filled(&path, 1);
    let mut store = open(&path);
    let holder = Connection::open(&path).expect("opens");
    holder.execute_batch("BEGIN IMMEDIATE").expect("locks");
    let known = rows.keys().next().expect("has one");
    assert!(store.get(known).expect("readers do not wait for the writer").is_some());
    let started = Instant::now();
    for _ in 0..50 {
        assert!(matches!(store.put(&rows), Err(StoreError::Locked)));
    }
    let waited = started.elapsed();
    assert!(waited >= Duration::from_millis(900) && waited < Duration::from_secs(10), "{waited:?}");
    holder.execute_batch("ROLLBACK").expect("unlocks");
    store.put(&rows).expect("puts");
}

#[test]
fn g142_a_store_that_someone_has_for_himself_is_locked_and_not_damaged() {
    let (_directory, path) = place();
    let rows = filled(&path, 1);
    let holder = Connection::open(&path).expect("opens");
    holder.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").expect("locks");
    let started = Instant::now();
    assert!(matches!(Store::open(&path, Limits::default()), Err(StoreError::Locked)));
    assert!(started.elapsed() < Duration::from_secs(10));
    drop(holder);
    assert!(open(&path).get(rows.keys().next().expect("has one")).expect("reads").is_some());
}

#[test]
fn g143_a_reader_that_stays_does_not_let_the_log_grow_without_bound() {
    let (_directory, path) = place();
    let limits = Limits { max_wal_bytes: 1 << 20, write_wait: Duration::ZERO, ..Limits::default() };
    let mut store = Store::open(&path, limits).expect("opens");
    store.put(&rows(1)).expect("puts");
    let reader = Connection::open(&path).expect("opens");
    reader.execute_batch("BEGIN; SELECT count(*) FROM answers").expect("reads");
    let held = (0..20)
        .map(|n| store.put(&later_rows(100 * n, 100)))
        .find_map(Result::err)
        .expect("is refused in the end");
    assert!(matches!(held, StoreError::Held(_) | StoreError::Locked), "{held}");
    let log = fs::metadata(path.with_extension("db-wal")).expect("exists").len();
    assert!(log < 3 << 20, "{log}");
    drop(reader);
    store.put(&later_rows(5000, 100)).expect("puts again once the reader has gone");
}

#[test]
fn g144_a_newer_store_is_left_alone() {
    let (_directory, path) = place();
    filled(&path, 1);
    Connection::open(&path).expect("opens").pragma_update(None, "user_version", 2).expect("sets");
    let before = fs::read(&path).expect("reads");
    assert!(matches!(Store::open(&path, Limits::default()), Err(StoreError::Newer(2))));
    assert_eq!(fs::read(&path).expect("reads"), before);
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let (directory, _) = place();
    let path = directory.path().join("other.db");
    Connection::open(&path).expect("opens").execute_batch("CREATE TABLE mine (a)").expect("makes");
    let before = fs::read(&path).expect("reads");
    assert!(matches!(Store::open(&path, Limits::default()), Err(StoreError::Foreign)));
    assert_eq!(fs::read(&path).expect("reads"), before);
}

#[test]
fn what_is_not_a_file_is_refused() {
    let (directory, _) = place();
    let inner = directory.path().join("inner");
    fs::create_dir(&inner).expect("makes");
    for path in [&inner, Path::new("/dev/null"), Path::new("/proc/none/cache.db")] {
        let refused = Store::open(path, Limits::default()).map(drop);
        assert!(matches!(refused, Err(StoreError::NotAFile | StoreError::Io(_))), "{}", path.display());
    }
}

#[test]
fn a_directory_of_someone_else_is_refused() {
    let (directory, _) = place();
    let path = directory.path().join("cache.db");
    // Only the superuser can give a directory away; that of root, which nobody else can write to, is fine.
    if std::os::unix::fs::chown(directory.path(), Some(65_534), None).is_ok() {
        for mode in [0o700, 0o755, 0o777] {
            fs::set_permissions(directory.path(), Permissions::from_mode(mode)).expect("sets");
            let refused = Store::open(&path, Limits::default()).map(drop).expect_err("is refused");
            assert!(refused.to_string().contains("belongs to another user"), "{refused}");
        }
    }
    let shared = Path::new("/tmp/ultra-test-refused.db");
    assert!(Store::open(shared, Limits::default()).is_err() && !shared.exists());
    assert!(!path.exists());
}

#[test]
fn a_name_with_a_meaning_for_sqlite_is_only_a_name() {
    let (directory, _) = place();
    for name in [":memory:", "file:a?mode=memory", "a b%20c.db"] {
        let path = directory.path().join(name);
        drop(open(&path));
        assert!(fs::metadata(&path).expect("is a file").len() > 0, "{name}");
    }
}

#[test]
fn g149_the_size_is_bounded_and_the_oldest_make_room() {
    let (_directory, path) = place();
    let limits = Limits { max_bytes: 1 << 20, ..Limits::default() };
    let mut store = Store::open(&path, limits).expect("opens");
    let all = self::rows(1000);
    let mut in_time: Vec<_> = all.iter().collect();
    in_time.sort_by_key(|(_, row)| row.created_s);
    for some in in_time.chunks(10) {
        let batch = some.iter().map(|(key, row)| (**key, (*row).clone())).collect();
        store.put(&batch).expect("finds room");
    }
    let stats = store.stats().expect("counts");
    assert_eq!(stats.newest_s, Some(1999));
    assert!(stats.oldest_s > Some(1500) && stats.entries > 100, "{stats:?}");
    drop(store);
    assert!(fs::metadata(&path).expect("exists").len() <= 1 << 20);
}

#[test]
fn g149_a_row_larger_than_the_store_is_refused_and_the_store_goes_on() {
    let (_directory, path) = place();
    let mut store = Store::open(&path, Limits { max_bytes: 1 << 20, ..Limits::default() }).expect("opens");
    let large = Row { created_s: 1, value: "x".repeat(2 << 20) };
    assert!(matches!(store.put(&BTreeMap::from([(key("large"), large)])), Err(StoreError::Full)));
    store.put(&rows(1)).expect("puts");
}
