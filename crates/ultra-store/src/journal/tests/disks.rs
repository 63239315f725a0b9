//! Disks for tests: they remember what was asked of them, forget, and fail.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ultra_core::clock::Clock;

use super::super::disk::Disk;
use super::super::{Access, Journal, JournalOptions, Opening};
use ultra_core::failure::Failure;

/// What was asked of a disk.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Asked {
    Write { offset: usize, bytes: Vec<u8> },
    Cut(usize),
    Sync,
}

#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    pub(super) log: Vec<Asked>,
    /// Bytes that have room; `None` for no end.
    pub(super) room: Option<usize>,
    /// Whether the next sync fails.
    pub(super) sync_fails: bool,
}

/// A disk in memory; its clones are the same disk.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory(Arc<Mutex<Content>>);

impl Memory {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let disk = Self::default();
        disk.content().bytes = bytes.to_vec();
        disk
    }

    pub(super) fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn open(&self, options: JournalOptions) -> Result<Journal, Failure> {
        self.open_at(options, Arc::default())
    }

    pub(super) fn open_at(&self, options: JournalOptions, clock: Arc<Hand>) -> Result<Journal, Failure> {
        self.opened(Opening { options, access: Access::Write }, clock)
    }

    /// Opens it as [`Journal::read`] opens a file.
    pub(super) fn read(&self) -> Result<Journal, Failure> {
        self.opened(Opening { options: JournalOptions::default(), access: Access::Read }, Arc::default())
    }

    fn opened(&self, opening: Opening, clock: Arc<Hand>) -> Result<Journal, Failure> {
        Journal::over(Box::new(self.clone()), "j".into(), opening, clock).map(|(journal, _)| journal)
    }
}

impl Disk for Memory {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let content = self.content();
        let from = content.bytes.get(at(offset)..).unwrap_or_default();
        let read = from.len().min(bytes.len());
        bytes[..read].copy_from_slice(&from[..read]);
        Ok(read)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut content = self.content();
        let offset = at(offset);
        let room = content.room.map_or(usize::MAX, |room| room.saturating_sub(offset));
        let taken = bytes.len().min(room);
        if taken == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let op = Asked::Write { offset, bytes: bytes[..taken].to_vec() };
        op.apply(&mut content.bytes);
        content.log.push(op);
        Ok(taken)
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        let mut content = self.content();
        let op = Asked::Cut(at(length));
        op.apply(&mut content.bytes);
        content.log.push(op);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut content = self.content();
        content.log.push(Asked::Sync);
        if std::mem::take(&mut content.sync_fails) { Err(io::Error::other("lost")) } else { Ok(()) }
    }
}

impl Asked {
    pub(super) fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => {
                let end = offset + bytes.len();
                if to.len() < end {
                    to.resize(end, 0);
                }
                to[*offset..end].copy_from_slice(bytes);
            }
            Self::Cut(length) => to.truncate(*length),
            Self::Sync => {}
        }
    }
}

fn at(offset: u64) -> usize {
    usize::try_from(offset).expect("fits")
}

/// A clock that is moved by hand.
#[derive(Debug, Default)]
pub(super) struct Hand(Mutex<Duration>);

impl Hand {
    pub(super) fn pass(&self, ms: u64) {
        *self.0.lock().expect("is not poisoned") += Duration::from_millis(ms);
    }
}

impl Clock for Hand {
    fn elapsed(&self) -> Duration {
        *self.0.lock().expect("is not poisoned")
    }

    fn unix_seconds(&self) -> u64 {
        0
    }
}
