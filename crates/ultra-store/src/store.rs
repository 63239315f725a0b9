//! One SQLite file that several processes share: rows of key, time, value and checksum.
//!
//! The file is in WAL mode with `synchronous=NORMAL`: readers and the one writer do not wait for each other,
//! a killed process loses nothing it has committed, and a power cut can lose the last commits but not the
//! file. It is not mapped into memory, so a file that another program cuts short is an error and no signal.
//! WAL needs shared memory between the processes; the file must not lie on a network file system.
//!
//! Every value carries a BLAKE3 checksum over itself, its key and its time. What SQLite cannot notice, such
//! as a byte that changed inside a text, is noticed here and is a miss.

mod error;
mod open;
mod place;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use ultra_core::id::ContentHash;

use crate::key::Key;

pub use error::StoreError;

/// A value longer than this is not stored.
pub const MAX_VALUE_BYTES: usize = 16 << 20;

/// How large the store may grow and how long it may be waited for.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Size of the file in bytes; when it is reached, the oldest tenth of the entries makes room.
    pub max_bytes: u64,
    /// Size of the write-ahead log in bytes above which nothing is written: someone keeps it from shrinking.
    pub max_wal_bytes: u64,
    /// How long a read may wait for a lock.
    pub read_wait: Duration,
    /// How long a write may wait for a lock.
    pub write_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 4 << 30,
            max_wal_bytes: 256 << 20,
            read_wait: Duration::from_millis(50),
            write_wait: Duration::from_secs(1),
        }
    }
}

impl Limits {
    /// The same sizes, and no wait for a lock.
    #[must_use]
    pub fn impatient(self) -> Self {
        Self { read_wait: Duration::ZERO, write_wait: Duration::ZERO, ..self }
    }
}

/// A value and when it was stored, in seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// When it was stored.
    pub created_s: u64,
    /// The value.
    pub value: String,
}

/// What is in a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Whether there is a store at all.
    pub exists: bool,
    /// Number of answers.
    pub entries: u64,
    /// Size on disk, the write-ahead log included.
    pub bytes: u64,
    /// When the oldest was stored, in seconds since 1970.
    pub oldest_s: Option<u64>,
    /// When the newest was stored.
    pub newest_s: Option<u64>,
}

/// An open store.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
    file: place::FileId,
    limits: Limits,
    access: open::Access,
    set_aside: Option<PathBuf>,
    last_read_met_lock: bool,
    last_write_met_lock: bool,
}

impl Store {
    /// Opens the store at `path`, made new when there is none; a damaged store is moved beside it first. One that
    /// cannot be written is opened to be read.
    ///
    /// # Errors
    /// When the place is not safe, cannot be used, or holds something else or something newer, which stays as it
    /// is.
    pub fn open(path: &Path, limits: Limits) -> Result<Self, StoreError> {
        open::open(path, limits)
    }

    /// Whether there is no store at `path` yet: no file, or an empty one.
    ///
    /// # Errors
    /// When that cannot be told, as below a file.
    pub fn is_missing(path: &Path) -> Result<bool, StoreError> {
        Ok(place::is_free(path)?)
    }

    /// Opens the store that is at `path` to read it; no row, no mode and no place of a file is changed.
    ///
    /// # Errors
    /// As for [`Store::open`], and when there is none.
    pub fn look(path: &Path, limits: Limits) -> Result<Self, StoreError> {
        open::look(path, limits)
    }

    /// Moves this store, which turned out to be damaged, beside its place and begins a new one.
    ///
    /// # Errors
    /// As for [`Store::open`].
    pub fn rebuild(self) -> Result<Self, StoreError> {
        let Self { connection, path, file, limits, .. } = self;
        drop(connection);
        open::rebuild(&path, file, limits)
    }

    /// Whether a damaged store may be moved: it was opened to be written, and can be.
    pub fn is_writable(&self) -> bool {
        self.access == open::Access::Write
    }

    /// Where the damaged file went, when one was found.
    pub fn set_aside(&self) -> Option<&Path> {
        self.set_aside.as_deref()
    }

    /// The row of `key`. One that fails its checksum counts as absent, and is removed where that is allowed.
    ///
    /// # Errors
    /// [`StoreError::Locked`] after the wait; after one such failure the next reads do not wait.
    pub fn get(&mut self, key: &Key) -> Result<Option<Row>, StoreError> {
        let wait = if self.last_read_met_lock { Duration::ZERO } else { self.limits.read_wait };
        let found = self.connection.busy_timeout(wait).and_then(|()| self.select(key)).map_err(Into::into);
        self.last_read_met_lock = matches!(found, Err(StoreError::Locked));
        match found? {
            Some(Ok(row)) => Ok(Some(row)),
            Some(Err(Unsound)) => {
                // Removing it is a courtesy to the next reader; that it can fail changes nothing here.
                let _ = self.remove(key);
                Ok(None)
            }
            None => Ok(None),
        }
    }

    fn select(&self, key: &Key) -> rusqlite::Result<Option<Result<Row, Unsound>>> {
        let mut select =
            self.connection.prepare_cached("SELECT created_s, value, sum FROM answers WHERE key = ?1")?;
        select.query_row([key.as_str()], |row| Ok(sound(key, row))).optional()
    }

    /// Removes the row of `key`.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn remove(&self, key: &Key) -> Result<(), StoreError> {
        let mut delete = self.connection.prepare_cached("DELETE FROM answers WHERE key = ?1")?;
        delete.execute([key.as_str()])?;
        Ok(())
    }

    /// Writes `rows` in one transaction: all of them or none. A row with the same key is replaced.
    ///
    /// # Errors
    /// [`StoreError::ReadOnly`] when it cannot be written;
    /// [`StoreError::Locked`] after the wait, as for [`Store::get`]; [`StoreError::Full`] when evicting did not
    /// help; [`StoreError::Held`] while a reader keeps the write-ahead log from shrinking.
    pub fn put(&mut self, rows: &BTreeMap<Key, Row>) -> Result<(), StoreError> {
        if !self.is_writable() {
            return Err(StoreError::ReadOnly);
        }
        let wait = if self.last_write_met_lock { Duration::ZERO } else { self.limits.write_wait };
        self.connection.busy_timeout(wait)?;
        let done = self.bound_log().and_then(|()| match self.insert(rows) {
            Err(StoreError::Full) => self.evict().and_then(|()| self.insert(rows)),
            done => done,
        });
        self.last_write_met_lock = matches!(done, Err(StoreError::Locked));
        done
    }

    fn insert(&mut self, rows: &BTreeMap<Key, Row>) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO answers (key, created_s, value, sum) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (key) DO UPDATE
                 SET created_s = excluded.created_s, value = excluded.value, sum = excluded.sum",
            )?;
            for (key, row) in rows {
                let sum = checksum(key, row.created_s, &row.value);
                let created_s = i64::try_from(row.created_s).unwrap_or(i64::MAX);
                insert.execute(params![key.as_str(), created_s, row.value, sum])?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn evict(&mut self) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute(
            "DELETE FROM answers WHERE id IN (SELECT id FROM answers ORDER BY created_s, id
             LIMIT (SELECT count(*) / 10 + 1 FROM answers))",
            [],
        )?;
        Ok(transaction.commit()?)
    }

    fn bound_log(&self) -> Result<(), StoreError> {
        if place::log_bytes(&self.path) <= self.limits.max_wal_bytes {
            return Ok(());
        }
        self.connection.busy_timeout(Duration::ZERO)?;
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        self.connection.busy_timeout(self.limits.write_wait)?;
        match place::log_bytes(&self.path) {
            bytes if bytes > self.limits.max_wal_bytes => Err(StoreError::Held(bytes)),
            _ => Ok(()),
        }
    }

    /// Counts what is in the store.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn stats(&self) -> Result<Stats, StoreError> {
        self.connection.busy_timeout(self.limits.write_wait)?;
        let sql = "SELECT count(*), min(created_s), max(created_s) FROM answers";
        let (entries, oldest, newest) = self.connection.query_row(sql, [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?, row.get::<_, Option<i64>>(2)?))
        })?;
        Ok(Stats {
            exists: true,
            entries: entries.unsigned_abs(),
            bytes: place::bytes(&self.path),
            oldest_s: oldest.and_then(|time| u64::try_from(time).ok()),
            newest_s: newest.and_then(|time| u64::try_from(time).ok()),
        })
    }
}

/// A row that is not what was once stored.
struct Unsound;

fn sound(key: &Key, row: &rusqlite::Row<'_>) -> Result<Row, Unsound> {
    let text = |column| row.get_ref(column).ok().and_then(|value| value.as_str().ok());
    let created_s: u64 = row.get::<_, i64>(0).ok().and_then(|time| time.try_into().ok()).ok_or(Unsound)?;
    let (value, sum) = text(1).zip(text(2)).ok_or(Unsound)?;
    if checksum(key, created_s, value) != sum {
        return Err(Unsound);
    }
    Ok(Row { created_s, value: value.to_owned() })
}

fn checksum(key: &Key, created_s: u64, value: &str) -> String {
    ContentHash::new("ultra store row v1")
        .field(key.as_str())
        .field(created_s.to_le_bytes())
        .field(value)
        .hex()
}
