//! The cache as tools see it: it answers or it does not, and it never fails.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ultra_core::clock::Clock;
use ultra_core::record::Response;

use crate::answer::{Answer, Hit, storable};
use crate::key::{Call, Key};
use crate::store::{Limits, MAX_VALUE_BYTES, Row, Stats, Store, StoreError};

/// Rows that are gathered before they are written.
const BATCH_ROWS: usize = 100;

/// Bytes that are gathered before they are written.
const BATCH_BYTES: usize = 1 << 20;

/// Seconds that a row waits for others, at most, before the next call writes it.
const BATCH_S: u64 = 1;

/// Seconds that the clock may have gone back since an answer was stored, before the answer is too old.
const SLACK_S: u64 = 24 * 60 * 60;

/// Where the cache is and how long answers stay good.
#[derive(Debug, Clone)]
pub struct Options {
    /// The file.
    pub path: PathBuf,
    /// Seconds after which an answer is not served any more; 0 serves nothing.
    pub ttl_s: u64,
    /// Size and patience.
    pub limits: Limits,
    /// Whether answers are only looked up; then the store is changed in nothing, not even when it is damaged.
    pub looks_only: bool,
}

impl Options {
    /// Fourteen days.
    pub const TTL_S: u64 = 14 * 24 * 60 * 60;

    /// The cache at `path`, with the defaults.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), ttl_s: Self::TTL_S, limits: Limits::default(), looks_only: false }
    }

    /// `cache.db` in the user's cache directory, `$XDG_CACHE_HOME/ultra` or `~/.cache/ultra`; `None` when the
    /// environment names neither.
    pub fn default_path() -> Option<PathBuf> {
        Some(ultra_core::env::cache_dir()?.join("cache.db"))
    }
}

/// What the cache did in this run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Lookups that found an answer.
    pub hits: u64,
    /// Lookups that found none.
    pub misses: u64,
    /// Lookups that the store could not serve; their calls are made as if there were no cache.
    pub bypassed: u64,
    /// Answers written to the store.
    pub stored: u64,
    /// Answers that should have been stored and could not be.
    pub dropped: u64,
}

/// A cache over a store that is opened when it is first needed.
///
/// Whatever is wrong with the store, [`Cache::lookup`] then finds nothing and [`Cache::store`] stores
/// nothing; the results of a run are the same as without a cache. The first trouble is logged as the one
/// warning of the run and kept in [`Cache::warning`]; the rest is counted.
pub struct Cache {
    options: Options,
    clock: Arc<dyn Clock>,
    state: State,
    queue: BTreeMap<Key, Row>,
    queued_bytes: usize,
    queued_since_s: Option<u64>,
    counts: Counts,
    warning: Option<String>,
}

enum State {
    Closed,
    Open(Box<Store>),
    Off,
}

impl Cache {
    /// A cache that has touched nothing yet.
    pub fn new(options: Options, clock: Arc<dyn Clock>) -> Self {
        Self {
            options,
            clock,
            state: State::Closed,
            queue: BTreeMap::new(),
            queued_bytes: 0,
            queued_since_s: None,
            counts: Counts::default(),
            warning: None,
        }
    }

    /// A cache that has no place and does nothing; `cause` says why and is its one warning.
    pub fn nowhere(cause: &str, clock: Arc<dyn Clock>) -> Self {
        let mut cache = Self::new(Options::at(PathBuf::new()), clock);
        cache.state = State::Off;
        cache.warn(cause.to_owned());
        cache
    }

    /// The answer to `call`, when there is one that is whole and not too old.
    pub fn lookup(&mut self, call: &Call<'_>) -> Option<Hit> {
        let key = call.key();
        let now_s = self.clock.unix_seconds();
        self.flush_when_due(now_s);
        let row = match self.queue.get(&key) {
            Some(row) => Ok(Some(row.clone())),
            None => self.read(&key),
        };
        let Ok(row) = row else {
            self.counts.bypassed += 1;
            return None;
        };
        let hit = row.and_then(|row| self.serve(key, &row, now_s));
        *(if hit.is_some() { &mut self.counts.hits } else { &mut self.counts.misses }) += 1;
        hit
    }

    fn serve(&mut self, key: Key, row: &Row, now_s: u64) -> Option<Hit> {
        let age_s = age(row.created_s, now_s).filter(|age_s| *age_s < self.options.ttl_s)?;
        let answer = Answer::read(&row.value);
        if answer.is_none() {
            // Nothing that this version wrote; without it the next answer can take its place.
            let _ = self.with_store(|store| if store.is_writable() { store.remove(&key) } else { Ok(()) });
        }
        Some(Hit { key, answer: answer?, age_s })
    }

    /// Keeps the answer of `response` for `call`, unless it is one that must not be stored: see [`storable`]. A
    /// simulated answer is kept only for a simulated call, so that it never stands in for a model's.
    ///
    /// The answer is found by this cache at once, and by others after [`Cache::flush`], which happens by
    /// itself once there is enough to write, after about a second of work, and at the end.
    pub fn store(&mut self, call: &Call<'_>, response: &Response) {
        if !storable(response) || response.mock != call.is_mock() {
            return;
        }
        if matches!(self.state, State::Off) {
            self.counts.dropped += 1;
            return;
        }
        let Ok(value) = serde_json::to_string(&Answer::of(response)) else { return };
        if value.len() > MAX_VALUE_BYTES {
            self.counts.dropped += 1;
            return;
        }
        let created_s = self.clock.unix_seconds();
        self.queued_bytes += value.len();
        self.queued_since_s.get_or_insert(created_s);
        self.queue.insert(call.key(), Row { created_s, value });
        if self.queue.len() >= BATCH_ROWS || self.queued_bytes >= BATCH_BYTES {
            self.flush();
        } else {
            self.flush_when_due(created_s);
        }
    }

    /// Writes what is waiting.
    pub fn flush(&mut self) {
        let rows = std::mem::take(&mut self.queue);
        (self.queued_bytes, self.queued_since_s) = (0, None);
        if rows.is_empty() {
            return;
        }
        match self.with_store(|store| store.put(&rows)) {
            Ok(()) => self.counts.stored += rows.len() as u64,
            Err(Unserved) => self.counts.dropped += rows.len() as u64,
        }
    }

    fn flush_when_due(&mut self, now_s: u64) {
        if self.queued_since_s.is_some_and(|since_s| now_s.abs_diff(since_s) > BATCH_S) {
            self.flush();
        }
    }

    /// What the cache did so far; answers that wait to be written are not counted yet.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The one warning, when there was cause for it.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// What is in the store; all zero when there is none.
    ///
    /// # Errors
    /// Why the store cannot be read: unlike a lookup, a question about the store itself may fail, and it leaves
    /// a damaged file where it is.
    pub fn stats(&mut self) -> Result<Stats, StoreError> {
        self.flush();
        if let State::Open(store) = &self.state {
            return store.stats();
        }
        if Store::is_missing(&self.options.path)? {
            return Ok(Stats::default());
        }
        Store::look(&self.options.path, self.options.limits)?.stats()
    }

    fn read(&mut self, key: &Key) -> Result<Option<Row>, Unserved> {
        if matches!(self.state, State::Closed) {
            match Store::is_missing(&self.options.path) {
                Ok(false) => {}
                Ok(true) => return Ok(None),
                Err(cause) => {
                    self.state = State::Off;
                    self.warn_of(&cause);
                    return Err(Unserved);
                }
            }
        }
        self.with_store(|store| store.get(key))
    }

    fn with_store<T>(&mut self, work: impl Fn(&mut Store) -> Result<T, StoreError>) -> Result<T, Unserved> {
        if matches!(self.state, State::Off) {
            return Err(Unserved);
        }
        self.attempt(work).map_err(|cause| {
            self.warn_of(&cause);
            Unserved
        })
    }

    /// Runs `work` on the store, and once more on a new one when the store turns out to be damaged.
    ///
    /// The store stays in use after a success and after trouble that passes; any other trouble ends its use.
    fn attempt<T>(&mut self, work: impl Fn(&mut Store) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut store = match std::mem::replace(&mut self.state, State::Off) {
            State::Open(store) => *store,
            State::Closed | State::Off => self.open()?,
        };
        let mut done = work(&mut store);
        if matches!(done, Err(StoreError::Corrupt(_))) && store.is_writable() {
            store = store.rebuild()?;
            self.warn_of_rebuilt(&store);
            done = work(&mut store);
        }
        if done.as_ref().err().is_none_or(StoreError::passes) {
            self.state = State::Open(Box::new(store));
        }
        done
    }

    fn open(&mut self) -> Result<Store, StoreError> {
        let open = if self.options.looks_only { Store::look } else { Store::open };
        let opened = open(&self.options.path, self.options.limits);
        if matches!(opened, Err(StoreError::Locked)) {
            // The next call tries again, but waits for nobody any more.
            self.options.limits = self.options.limits.impatient();
            self.state = State::Closed;
        }
        let store = opened?;
        self.warn_of_rebuilt(&store);
        Ok(store)
    }

    fn warn_of_rebuilt(&mut self, store: &Store) {
        if let Some(name) = store.set_aside().and_then(Path::file_name) {
            let path = &self.options.path;
            let kept = path.with_file_name(name);
            self.warn(format!(
                "cache {}: it was damaged and is kept as {}; a new one was begun",
                path.display(),
                kept.display()
            ));
        }
    }

    fn warn_of(&mut self, cause: &StoreError) {
        let path = self.options.path.display();
        self.warn(match cause {
            StoreError::NotACache => {
                format!("{path} is not a cache; it is left alone and nothing is stored")
            }
            cause => format!("cache {path}: {cause}"),
        });
    }

    fn warn(&mut self, warning: String) {
        if self.warning.is_none() {
            tracing::warn!("{warning}; the results are the same without it");
            self.warning = Some(warning);
        }
    }
}

/// The store did not do what it was asked; the warning says why.
#[derive(Debug)]
struct Unserved;

/// Seconds since `created_s`; `None` when that is further in the future than clocks go wrong.
fn age(created_s: u64, now_s: u64) -> Option<u64> {
    match now_s.checked_sub(created_s) {
        None if created_s - now_s > SLACK_S => None,
        age => Some(age.unwrap_or(0)),
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        self.flush();
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("options", &self.options)
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}
