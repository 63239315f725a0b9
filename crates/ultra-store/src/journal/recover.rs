//! Reading a journal when it is opened: what it knows, where it is damaged, and what is done about that.

use std::io;

use ultra_core::failure::Failure;

use super::Access;
use super::disk::{Disk, write_all};
use super::index::{Index, Slot};
use super::line::{self, COMMENT, Check, End, Line};

/// Bytes that are read at once.
const BLOCK: usize = 256 << 10;

/// Bytes that may differ in a damaged first line, so that it is still known for what it was.
const NEARLY: usize = 8;

/// What a journal knew when it was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Calls that ended with an answer.
    pub answers: u64,
    /// Calls that ended with an error and are not repeated.
    pub errors: u64,
    /// Calls that began and whose end is not known: they may have been paid for.
    pub uncertain: u64,
    /// Damaged lines that were passed over.
    pub damaged: u64,
    /// Bytes at the end that were cut off, or passed over by who only reads, because the line they began was never finished.
    pub cut: u64,
}

/// A journal that has been read and is ready to be written.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) index: Index,
    /// Where the next line goes.
    pub(super) end: u64,
    pub(super) recovered: Recovered,
    /// Whether its first line had to be written.
    pub(super) fresh: bool,
    /// Results that are not known to be on the disk.
    pub(super) unsynced: u64,
}

/// How a journal is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    /// How messages name the file.
    pub(super) name: &'a str,
    /// Whether damaged lines are passed over.
    pub(super) repair: bool,
    /// Whether errors are forgotten.
    pub(super) retry_errors: bool,
    /// Whether the file is mended.
    pub(super) access: Access,
}

/// Where a line begins.
#[derive(Debug, Clone, Copy)]
struct Place {
    number: u64,
    offset: u64,
}

impl Reading<'_> {
    /// Reads all of `disk`; where it may be written, makes it a journal if it is empty, and removes or marks what is
    /// damaged.
    ///
    /// # Errors
    /// When it is no journal, one of another version, or damaged where it had been whole on the disk and
    /// repair was not asked for; then nothing is changed. When it cannot be read or written.
    pub(super) fn load(self, disk: &dyn Disk) -> Result<Loaded, Failure> {
        let header = line::header();
        let fresh = self.check_header(disk, &header)?;
        let mut scan = Scan::new(self, header.len() as u64);
        scan.run(disk)?;
        Ok(Loaded { fresh, ..self.settle(disk, scan)? })
    }

    /// Makes sure that the first line is that of a journal; tells whether it had to be written.
    fn check_header(self, disk: &dyn Disk, header: &[u8]) -> Result<bool, Failure> {
        // One byte more, to see whether anything follows.
        let mut first = self.first_bytes(disk, header.len() + 1)?;
        if first.starts_with(header) {
            return Ok(false);
        }
        let never_written = first.len() <= header.len() && first.iter().all(|&byte| byte == 0);
        if never_written || header.starts_with(&first) {
            return self.mend(|| write_all(disk, header, 0)).map(|()| true);
        }
        let version = version(&first);
        first.truncate(header.len());
        let damaged = first.len() == header.len() && difference(&first, header) <= NEARLY;
        match version {
            Some(version) => Err(Failure::usage(format!(
                "the journal {} is of version {version}; this program knows {}",
                self.name,
                line::VERSION
            ))
            .hint("use the version of Ultra that wrote it, or give this run a new journal")),
            None if damaged && self.repair => self.mend(|| write_all(disk, header, 0)).map(|()| true),
            None if damaged => Err(self.damaged(Place { number: 1, offset: 0 })),
            None => Err(Failure::usage(format!("{} is not a journal; it is left alone", self.name))
                .hint("give --journal a new file, or one that --journal made")),
        }
    }

    fn first_bytes(self, disk: &dyn Disk, wanted: usize) -> Result<Vec<u8>, Failure> {
        let mut bytes = vec![0; wanted];
        let mut read = 0;
        while read < wanted {
            match disk.read_at(&mut bytes[read..], read as u64).map_err(|cause| self.unreadable(cause))? {
                0 => break,
                more => read += more,
            }
        }
        bytes.truncate(read);
        Ok(bytes)
    }

    /// Cuts the end that was never finished, and marks the damaged lines before it.
    fn settle(self, disk: &dyn Disk, scan: Scan<'_>) -> Result<Loaded, Failure> {
        let Scan { index, mut bad, good_end, end, unsynced, .. } = scan;
        let mut recovered = Recovered { cut: end - good_end, ..Recovered::default() };
        if recovered.cut > 0 {
            bad.retain(|place| place.offset < good_end);
            self.mend(|| disk.cut(good_end))?;
            tracing::warn!(
                "journal {}: its last line was never finished and is {} ({} bytes)",
                self.name,
                if self.access == Access::Write { "cut off" } else { "passed over" },
                recovered.cut
            );
        }
        recovered.damaged = bad.len() as u64;
        for place in &bad {
            self.mend(|| write_all(disk, &[COMMENT], place.offset))?;
        }
        if let Some(first) = bad.first() {
            let (verb, lines) = if bad.len() == 1 { ("is", "line") } else { ("are", "lines") };
            tracing::warn!(
                "journal {}: {} damaged {lines} {verb} passed over, the first at line {} (byte {}); what stood \
                 there is asked again",
                self.name,
                bad.len(),
                first.number,
                first.offset
            );
        }
        for slot in index.slots() {
            match slot {
                Slot::Answer(_) => recovered.answers += 1,
                Slot::Error(_) => recovered.errors += 1,
                Slot::Intended => recovered.uncertain += 1,
            }
        }
        Ok(Loaded { index, end: good_end, recovered, fresh: false, unsynced })
    }

    fn damaged(self, place: Place) -> Failure {
        let Place { number, offset } = place;
        let cause = io::Error::new(io::ErrorKind::InvalidData, "the checksum of the line does not fit");
        Failure::io(format!("the journal {} is damaged at line {number} (byte {offset})", self.name), cause)
            .hint("--journal-repair goes on without the damaged lines; what stood there is asked again")
    }

    fn unreadable(self, cause: io::Error) -> Failure {
        Failure::io(format!("cannot read the journal {}", self.name), cause)
    }

    /// Changes the file, where that is allowed.
    fn mend(self, change: impl FnOnce() -> io::Result<()>) -> Result<(), Failure> {
        if self.access == Access::Read {
            return Ok(());
        }
        change().map_err(|cause| Failure::io(format!("cannot write the journal {}", self.name), cause))
    }
}

/// The version in a whole first line; one of another version is as long as ours, or a digit longer.
fn version(first: &[u8]) -> Option<u32> {
    let line = first.split(|&byte| byte == b'\n').next()?;
    match line::read(line)?.0 {
        Line::Header { version } => Some(version),
        _ => None,
    }
}

fn difference(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).filter(|(one, other)| one != other).count()
}

/// A journal while it is read, one line after the other.
#[derive(Debug)]
struct Scan<'a> {
    reading: Reading<'a>,
    index: Index,
    /// Lines that are no lines of a journal.
    bad: Vec<Place>,
    /// The line that is being read.
    at: Place,
    /// Where the last good line ends.
    good_end: u64,
    /// Where the file ends.
    end: u64,
    /// Results since the last line that tells of a sync.
    unsynced: u64,
    check: Check,
}

impl<'a> Scan<'a> {
    fn new(reading: Reading<'a>, start: u64) -> Self {
        Self {
            reading,
            index: Index::default(),
            bad: Vec::new(),
            at: Place { number: 2, offset: start },
            good_end: start,
            end: start,
            unsynced: 0,
            check: Check::default(),
        }
    }

    fn run(&mut self, disk: &dyn Disk) -> Result<(), Failure> {
        let mut block = vec![0; BLOCK];
        loop {
            let read = disk.read_at(&mut block, self.end).map_err(|cause| self.reading.unreadable(cause))?;
            if read == 0 {
                return Ok(());
            }
            self.end += read as u64;
            let mut rest = &block[..read];
            while let Some(end) = memchr::memchr(b'\n', rest) {
                self.check.push(&rest[..end]);
                self.line()?;
                rest = &rest[end + 1..];
            }
            self.check.push(rest);
        }
    }

    /// Takes the line that has just ended.
    fn line(&mut self) -> Result<(), Failure> {
        let Place { number, offset } = self.at;
        let end = offset + self.check.length() + 1;
        match self.check.finish() {
            Some(line) => {
                self.good_end = end;
                self.enter(line)?;
            }
            None => self.bad.push(self.at),
        }
        self.at = Place { number: number + 1, offset: end };
        Ok(())
    }

    fn enter(&mut self, line: Line) -> Result<(), Failure> {
        match line {
            Line::Intent { key } => self.index.intend(&key),
            Line::Done { key, end } => {
                self.unsynced += 1;
                match end {
                    End::Response => self.index.end(&key, Slot::Answer(self.at.offset)),
                    End::Error if self.reading.retry_errors => self.index.forget(&key),
                    End::Error => self.index.end(&key, Slot::Error(self.at.offset)),
                }
            }
            Line::Synced(bytes) => {
                self.unsynced = 0;
                // What had reached the disk whole was damaged later; the rest may just not have reached it.
                let damaged = self.bad.first().filter(|first| first.offset < bytes);
                if let Some(place) = damaged.filter(|_| !self.reading.repair) {
                    return Err(self.reading.damaged(*place));
                }
            }
            Line::Header { .. } | Line::Other => {}
        }
        Ok(())
    }
}
