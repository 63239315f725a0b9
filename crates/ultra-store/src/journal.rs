//! The journal of a run: every paid call is written there before its record is printed, so that the same
//! command, run again after a crash, asks only what is missing.
//!
//! # The file
//! Lines of JSON, only ever added at the end, made to be searched with `grep` and `jq`. In each, the last
//! field is a checksum of the line itself:
//!
//! | line | says |
//! |---|---|
//! | `{"type":"journal","v":1,"sum":S}` | the first line: what the file is, and the version of the format |
//! | `{"type":"intent","key":K,"sum":S}` | the call `K` begins; it may be paid for from here on |
//! | `{"type":"done","key":K,"response":{…},"sum":S}` | it ended with this answer |
//! | `{"type":"done","key":K,"error":{…},"sum":S}` | it ended with this error |
//! | `{"type":"synced","bytes":N,"sum":S}` | the first `N` bytes of the file are known to be on the disk |
//! | `#…`, or an empty line | nothing; `#` in the first place is how a damaged line is marked |
//!
//! `K` is the [`Key`] of the call, the same as in the cache: 64 hexadecimal digits over everything that can
//! change the answer, and nothing else. So the journal of one run serves another with its input in another
//! order, longer or shorter. `S` is the first 16 hexadecimal digits of the BLAKE3 hash of the bytes of the line
//! before `,"sum"`. What is in `response` and `error` is told by [`Answered`] and [`Failed`]: the record without
//! the ids of who asked. When a key has ended more than once, the last time counts.
//!
//! # After a crash
//! `write(2)` outlives the process, so a killed run loses at most what it had not yet flushed, and nothing it
//! had printed. A last line that was never finished is cut off. What the loss of power leaves behind the last
//! `synced` line is taken as it is: lines that are whole count, the others are marked and passed over. A damaged
//! line before that point is another matter, because it had been on the disk: the journal is refused, unless
//! repair is asked for, which marks such lines too.
//!
//! # Durability
//! Any level survives the end of the process. [`Durability::Power`] is the default, because it costs next to
//! nothing: the disk is asked to sync once for all results of the last 200 ms, or sooner for every 64, but
//! never for more than about a tenth of the time. [`Durability::Record`] waits for the disk before any
//! result is printed, which slows a fast run down to the pace of the disk.

mod disk;
mod entry;
mod index;
mod line;
mod pace;
mod place;
mod recover;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ultra_core::clock::Clock;
use ultra_core::failure::Failure;

use crate::key::Key;
use disk::Disk;
use index::{Index, Slot};
use line::{End, Line};
use pace::Pace;

pub use entry::{Answered, Entry, Failed};
pub use recover::Recovered;

/// What a journal survives, beside the end of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Nothing more: but for the first line of a new file, the system writes when it likes.
    None,
    /// The loss of power costs at most the results of the last moment: 64 of them, or those of less than a
    /// second.
    #[default]
    Power,
    /// The loss of power costs nothing that was printed.
    Record,
}

/// How a journal is opened.
#[derive(Debug, Clone, Copy, Default)]
pub struct JournalOptions {
    /// What it survives.
    pub durability: Durability,
    /// Whether a damaged journal is used, without its damaged lines.
    pub repair: bool,
    /// Whether calls that ended with an error in an earlier run are asked again.
    pub retry_errors: bool,
    /// Whether a file system is used that may neither lock nor keep the file.
    pub unsafe_fs: bool,
}

/// How a journal is opened, and what for.
#[derive(Debug, Clone, Copy)]
struct Opening {
    options: JournalOptions,
    access: Access,
}

/// What a journal says of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It was never begun.
    Unknown,
    /// An earlier run began it, and its end is not known: it may have been paid for.
    Intended,
    /// It has ended; [`Journal::get`] has the end.
    Done,
}

/// What may be done to the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Write,
    /// Not even what is torn or damaged is mended.
    Read,
}

/// A journal that is open, and held until it is dropped.
pub struct Journal {
    disk: Box<dyn Disk>,
    name: String,
    clock: Arc<dyn Clock>,
    index: Index,
    recovered: Recovered,
    pace: Pace,
    /// Lines that are not written yet.
    buffer: Vec<u8>,
    /// Results among them.
    results: u64,
    /// Bytes of the file.
    end: u64,
    /// Why nothing is written any more.
    failed: Option<String>,
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").field("name", &self.name).field("end", &self.end).finish_non_exhaustive()
    }
}

impl Journal {
    /// Opens the journal at `path`, or makes it, takes its lock, and reads it.
    ///
    /// # Errors
    /// - Stopped: another process holds it, and is named.
    /// - Usage: it is no regular file, no journal, or one of another version; or it lies where it would not be
    ///   safe.
    /// - I/O: it cannot be read or written, or is damaged, and repair was not asked for.
    ///
    /// A file that is refused is left as it was.
    pub fn open(path: &Path, options: JournalOptions, clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        let file = Arc::new(place::open(path, options.unsafe_fs)?);
        let name = path.display().to_string();
        let disk = Box::new(Arc::clone(&file));
        let (journal, fresh) = Self::over(disk, name, Opening { options, access: Access::Write }, clock)?;
        place::make_private(&file);
        if fresh {
            place::sync_name(path).map_err(|cause| journal.unwritten(cause))?;
        }
        Ok(journal)
    }

    /// Opens the journal at `path` for [`get`](Self::get) alone, errors of earlier runs included. Others may read it
    /// at the same time, and it may lie where nothing can be written.
    ///
    /// # Errors
    /// As for [`open`](Self::open), and when there is none.
    pub fn read(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        let file = Arc::new(place::open_to_read(path)?);
        let opening = Opening { options: JournalOptions::default(), access: Access::Read };
        Self::over(Box::new(file), path.display().to_string(), opening, clock).map(|(journal, _)| journal)
    }

    /// A journal over any disk, and whether it is a new one.
    fn over(
        disk: Box<dyn Disk>,
        name: String,
        opening: Opening,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, bool), Failure> {
        let Opening { options: JournalOptions { durability, repair, retry_errors, .. }, access } = opening;
        let reading = recover::Reading { name: &name, repair, retry_errors, access };
        let recover::Loaded { index, end, recovered, fresh, unsynced } = reading.load(disk.as_ref())?;
        let mut pace = Pace::new(durability);
        if access == Access::Write {
            pace.written(unsynced, clock.elapsed());
        }
        let journal = Self {
            disk,
            name,
            clock,
            index,
            recovered,
            pace,
            buffer: Vec::new(),
            results: 0,
            end,
            failed: None,
        };
        if fresh && access == Access::Write {
            journal.disk.sync().map_err(|cause| journal.unwritten(cause))?;
        }
        Ok((journal, fresh))
    }

    /// What is known of the call with this key.
    pub fn state(&self, key: &Key) -> State {
        match self.index.get(key) {
            None => State::Unknown,
            Some(Slot::Intended) => State::Intended,
            Some(Slot::Answer(_) | Slot::Error(_)) => State::Done,
        }
    }

    /// How the call with this key ended; `None` when it has not.
    ///
    /// The line is read from the file and checked once more: nothing is served that was not written.
    ///
    /// # Errors
    /// When the file cannot be read, or was changed by somebody else meanwhile.
    pub fn get(&self, key: &Key) -> Result<Option<Entry>, Failure> {
        let Some(Slot::Answer(at) | Slot::Error(at)) = self.index.get(key) else { return Ok(None) };
        let read;
        let line = if let Some(held) = at.checked_sub(self.end) {
            let from =
                usize::try_from(held).ok().and_then(|held| self.buffer.get(held..)).unwrap_or_default();
            from.split(|&byte| byte == b'\n').next().unwrap_or_default()
        } else {
            let line = disk::read_line(self.disk.as_ref(), at);
            let line =
                line.map_err(|cause| Failure::io(format!("cannot read the journal {}", self.name), cause))?;
            read = line.unwrap_or_default();
            &read
        };
        let Some((Line::Done { key: found, end }, content)) = line::read(line) else {
            return Err(self.changed(at, "the line that stood there is gone"));
        };
        if found != key.as_str() {
            return Ok(None);
        }
        let entry = match end {
            End::Response => serde_json::from_slice(content).map(Entry::Answer),
            End::Error => serde_json::from_slice(content).map(Entry::Error),
        };
        entry.map(Some).map_err(|cause| self.changed(at, &format!("another version wrote the line: {cause}")))
    }

    /// Notes that a call begins. It must not begin before the next [`flush`](Self::flush) has succeeded.
    pub fn intend(&mut self, key: &Key) {
        line::put_intent(&mut self.buffer, key);
    }

    /// Notes how a call ended. It must not be printed before the next [`flush`](Self::flush) has succeeded.
    pub fn done(&mut self, key: &Key, entry: &Entry) {
        let at = self.end + self.buffer.len() as u64;
        let (slot, put) = match entry {
            Entry::Answer(answer) => {
                (Slot::Answer(at), line::put_done(&mut self.buffer, key, End::Response, answer))
            }
            Entry::Error(error) => {
                (Slot::Error(at), line::put_done(&mut self.buffer, key, End::Error, error))
            }
        };
        match put {
            Ok(()) => {
                self.index.end(key.as_str(), slot);
                self.results += 1;
            }
            Err(cause) => self.failed = Some(format!("a result cannot be written as JSON: {cause}")),
        }
    }

    /// Writes what was noted, in one `write(2)`, and syncs if that is due.
    ///
    /// # Errors
    /// When the disk is full or does not answer for what it was given. Then this journal is not written any
    /// more, and each further call says so; what reached the file stays good, and the next run finds it.
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.refuse()?;
        if !self.buffer.is_empty() {
            let written = disk::write_all(self.disk.as_ref(), &self.buffer, self.end);
            self.or_fail(written)?;
            self.end += self.buffer.len() as u64;
            self.buffer.clear();
            let results = std::mem::take(&mut self.results);
            self.pace.written(results, self.clock.elapsed());
        }
        if self.pace.due(self.clock.elapsed()) == Some(Duration::ZERO) { self.sync_file() } else { Ok(()) }
    }

    /// How long after `now`, on the journal's clock, a sync is due; `None` when nothing waits for one.
    ///
    /// For when nothing else is to be flushed: then call [`sync`](Self::sync).
    pub fn due(&self, now: Duration) -> Option<Duration> {
        self.pace.due(now).filter(|_| self.failed.is_none())
    }

    /// Writes what was noted and waits until all results are on the disk, unless no durability was asked for.
    ///
    /// # Errors
    /// As for [`flush`](Self::flush). A sync that failed is never tried again: the system may have forgotten
    /// what it could not write, and the second attempt would succeed without it.
    pub fn sync(&mut self) -> Result<(), Failure> {
        self.flush()?;
        if self.pace.waits() { self.sync_file() } else { Ok(()) }
    }

    /// Ends the journal: everything is written and on the disk.
    ///
    /// # Errors
    /// As for [`flush`](Self::flush).
    pub fn close(mut self) -> Result<(), Failure> {
        self.finish()
    }

    /// Calls that have ended, in this run and before.
    pub fn len(&self) -> usize {
        self.index.ended()
    }

    /// Whether no call has ended.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the journal knew when it was opened.
    pub fn recovered(&self) -> Recovered {
        self.recovered
    }

    fn sync_file(&mut self) -> Result<(), Failure> {
        let begun = self.clock.elapsed();
        let synced = self.disk.sync();
        self.or_fail(synced)?;
        self.pace.synced(begun, self.clock.elapsed());
        // Goes out with what comes next: it is only needed where something came next.
        line::put_synced(&mut self.buffer, self.end);
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Failure> {
        self.sync()?;
        self.flush()
    }

    fn refuse(&self) -> Result<(), Failure> {
        match &self.failed {
            None => Ok(()),
            Some(cause) => Err(self.unwritten(io::Error::other(cause.clone()))),
        }
    }

    fn or_fail(&mut self, done: io::Result<()>) -> Result<(), Failure> {
        done.map_err(|cause| {
            self.failed = Some(cause.to_string());
            self.unwritten(cause)
        })
    }

    fn unwritten(&self, cause: io::Error) -> Failure {
        Failure::io(format!("cannot write the journal {}", self.name), cause)
            .hint("no more calls are made; run the same command again when it can be written")
    }

    fn changed(&self, at: u64, why: &str) -> Failure {
        let cause = io::Error::new(io::ErrorKind::InvalidData, why.to_owned());
        Failure::io(format!("the journal {} was changed by another program at byte {at}", self.name), cause)
    }
}

impl Drop for Journal {
    /// Writes what was noted, as [`Journal::close`] does, where nobody is left to be told of a failure.
    fn drop(&mut self) {
        let _ = self.finish();
    }
}
