//! What is shared, while the lock is held.

use std::fs::File;
use std::io;
use std::time::Duration;

use ultra_pace::Shared;

use super::lane::Lane;
use super::moment::{Moment, Offset};
use super::page::Page;
use super::record::Record;

/// A record that says the same as before is written again after this time, so that it is not taken for old.
const FRESH: Duration = Duration::from_mins(10);

/// The shared records, on the clock of the run.
#[derive(Debug)]
pub struct Book<'a> {
    file: &'a File,
    page: &'a mut Page,
    offset: Offset,
    now: Moment,
    failure: Option<io::Error>,
}

impl<'a> Book<'a> {
    pub(super) fn new(file: &'a File, page: &'a mut Page, offset: Offset, now: Moment) -> Self {
        Self { file, page, offset, now, failure: None }
    }

    /// The error that reading or writing met.
    pub(super) fn failed(self) -> Option<io::Error> {
        self.failure
    }

    /// What is shared of `lane`; `None` when nothing is known.
    pub fn get(&mut self, lane: Lane) -> Option<Shared> {
        let found = self.page.find(self.file, lane);
        let (_, record) = self.noting(found)??;
        record.filter(|record| record.holds(self.now.boot)).map(|record| self.offset.to_run(record.shared))
    }

    /// Shares what this run knows of `lane`. False when there is no room for it.
    ///
    /// What is known already is not written again, so others do not take it for news.
    pub fn set(&mut self, lane: Lane, shared: Shared) -> bool {
        let written = self.put(lane, shared);
        self.noting(written).unwrap_or(false)
    }

    fn put(&mut self, lane: Lane, shared: Shared) -> io::Result<bool> {
        let now = self.now.boot;
        let record = Record { lane: lane.0, touched: now, shared: self.offset.to_boot(shared) }.bounded(now);
        let slot = match self.page.find(self.file, lane)? {
            Some((_, Some(old))) if self.says_the_same(&old, &record) => return Ok(true),
            Some((slot, _)) => Some(slot),
            None if shared == Shared::default() => return Ok(true),
            None => self.page.room(self.file, now)?,
        };
        let Some(slot) = slot else { return Ok(false) };
        self.page.write(self.file, slot, &record)?;
        Ok(true)
    }

    /// Whether readers would notice no difference; times before this run are all the same to it.
    fn says_the_same(&self, old: &Record, new: &Record) -> bool {
        let now = self.now.boot;
        let run = |record: &Record| self.offset.to_run(record.shared);
        old.holds(now) && old.touched + FRESH > now && run(old) == run(new)
    }

    /// The value, or `None` with the error kept.
    fn noting<T>(&mut self, result: io::Result<T>) -> Option<T> {
        result.map_err(|cause| self.failure.get_or_insert(cause).kind()).ok()
    }
}
