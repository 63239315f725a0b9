//! Bytes to lines: capped, counted, and in constant memory whatever comes.

use std::io::{self, Read};
use std::ops::Range;

use memchr::memchr;

/// The longest line that is accepted unless the user says otherwise: 16 MiB.
pub const DEFAULT_MAX_LINE: usize = 16 << 20;

/// Bytes asked of the source at a time.
const BLOCK: usize = 256 << 10;

/// A line of more bytes gets room for the longest that is accepted by default.
const LONG: usize = 1 << 20;

/// Where a line lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Line number, from 1.
    pub(super) number: u64,
    /// Byte offset of the line from the start of the input.
    pub(super) offset: u64,
}

/// What the framer found next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Framed {
    /// A line without its ending, as a range of [`Framer::bytes`]; `whole` when its `\n` was there.
    Line { place: Place, range: Range<usize>, whole: bool },
    /// A line longer than the cap; it is skipped up to its end.
    TooLong { place: Place, range: Range<usize> },
    /// The buffer holds no whole line: [`Framer::fill`] must be called.
    Hungry,
    /// The end of the input.
    End,
}

/// Splits what is read into lines.
#[derive(Debug)]
pub(super) struct Framer {
    buffer: Vec<u8>,
    start: usize,
    /// Bytes before this are known to hold no line ending.
    searched: usize,
    end: usize,
    place: Place,
    max_line: usize,
    skipping: bool,
    finished: bool,
}

impl Framer {
    pub(super) fn new(max_line: usize) -> Self {
        let place = Place { number: 1, offset: 0 };
        Self {
            buffer: Vec::new(),
            start: 0,
            searched: 0,
            end: 0,
            place,
            max_line,
            skipping: false,
            finished: false,
        }
    }

    /// The buffer that ranges point into.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    /// The bytes that are buffered and not yet framed.
    pub(super) fn waiting(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Gives up the rest of the input.
    pub(super) fn stop(&mut self) {
        self.finished = true;
        self.start = self.end;
        self.searched = self.end;
        self.skipping = false;
    }

    /// Reads one block; false at the end of the input.
    pub(super) fn fill(&mut self, source: &mut impl Read) -> io::Result<bool> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.searched -= self.start;
            self.start = 0;
        }
        // Small inputs stay small; long lines grow the buffer, but never beyond the cap and one block. They do so in
        // few steps, since each leaves a buffer behind that the allocator keeps for a while.
        let least = if self.end > LONG { DEFAULT_MAX_LINE + BLOCK } else { BLOCK };
        let room = (self.end * 2).max(least);
        let room = room.min(self.max_line.saturating_add(BLOCK)).max(self.end + 1);
        if self.buffer.len() < room {
            self.buffer.resize(room, 0);
        }
        loop {
            match source.read(&mut self.buffer[self.end..]) {
                Ok(0) => {
                    self.finished = true;
                    return Ok(false);
                }
                Ok(count) => {
                    self.end += count;
                    return Ok(true);
                }
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(cause),
            }
        }
    }

    /// The next line, if the buffer holds one.
    pub(super) fn next(&mut self) -> Framed {
        loop {
            let found = memchr(b'\n', &self.buffer[self.searched..self.end]);
            let Some(length) = found.map(|at| self.searched - self.start + at) else {
                return self.without_ending();
            };
            let place = self.place;
            let start = self.start;
            self.advance(length + 1);
            self.place.number += 1;
            if std::mem::take(&mut self.skipping) {
                continue;
            }
            let range = start..start + length;
            if length > self.max_line {
                return Framed::TooLong { place, range };
            }
            return Framed::Line { place, range, whole: true };
        }
    }

    fn without_ending(&mut self) -> Framed {
        self.searched = self.end;
        let length = self.end - self.start;
        let (place, range) = (self.place, self.start..self.end);
        if self.skipping {
            self.advance(length);
        } else if length > self.max_line {
            self.skipping = true;
            self.advance(length);
            return Framed::TooLong { place, range };
        }
        if !self.finished {
            return Framed::Hungry;
        }
        if self.start == self.end {
            return Framed::End;
        }
        self.advance(length);
        Framed::Line { place, range, whole: false }
    }

    fn advance(&mut self, length: usize) {
        self.start += length;
        self.searched = self.start;
        self.place.offset += length as u64;
    }
}
