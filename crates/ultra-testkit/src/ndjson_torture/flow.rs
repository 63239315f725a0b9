//! Inputs, from a few bytes to without end, and the function that writes them to a child.

use std::io::{self, Read, Write};
use std::thread;
use std::time::Duration;

/// What is written to a tool.
#[derive(Clone, Debug)]
pub enum Input {
    /// These bytes.
    Bytes(Vec<u8>),
    /// Bytes made while they are read.
    Flow(Flow),
    /// These bytes one at a time, with a pause before each.
    Slow {
        /// All bytes.
        bytes: Vec<u8>,
        /// The pause before each.
        pause: Duration,
    },
}

/// A head, a long run of one byte, and a tail, made while they are read.
#[derive(Clone, Debug)]
pub struct Flow {
    head: io::Cursor<Vec<u8>>,
    fill: u8,
    left: Option<u64>,
    tail: io::Cursor<Vec<u8>>,
}

impl Flow {
    pub(super) fn new(
        head: impl Into<Vec<u8>>,
        fill: u8,
        length: Option<u64>,
        tail: impl Into<Vec<u8>>,
    ) -> Self {
        Self { head: io::Cursor::new(head.into()), fill, left: length, tail: io::Cursor::new(tail.into()) }
    }

    /// How many bytes it has left; `None` when it has no end.
    pub fn length(&self) -> Option<u64> {
        let rest = |part: &io::Cursor<Vec<u8>>| part.get_ref().len() as u64 - part.position();
        Some(rest(&self.head) + self.left? + rest(&self.tail))
    }
}

impl Read for Flow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.head.read(buffer)?;
        if read > 0 {
            return Ok(read);
        }
        let room = buffer.len() as u64;
        let run = self.left.map_or(room, |left| left.min(room));
        if run == 0 {
            return self.tail.read(buffer);
        }
        let length = usize::try_from(run).unwrap_or(buffer.len());
        buffer[..length].fill(self.fill);
        self.left = self.left.map(|left| left - run);
        Ok(length)
    }
}

impl Input {
    /// A reader of the bytes, without any pause.
    pub fn reader(&self) -> Box<dyn Read + Send> {
        match self {
            Self::Bytes(bytes) | Self::Slow { bytes, .. } => Box::new(io::Cursor::new(bytes.clone())),
            Self::Flow(flow) => Box::new(flow.clone()),
        }
    }

    /// Writes the input as the case wants it, `limit` bytes at most.
    pub fn send(&self, to: &mut impl Write, limit: u64) -> io::Result<Fed> {
        let Self::Slow { bytes, pause } = self else { return feed(to, &mut self.reader(), limit) };
        let mut accepted = 0;
        for byte in bytes.iter().take(usize::try_from(limit).unwrap_or(usize::MAX)) {
            thread::sleep((*pause).min(Duration::from_secs(1)));
            let fed = feed(to, &mut [*byte].as_slice(), 1)?;
            accepted += fed.accepted;
            if fed.gone {
                return Ok(Fed { accepted, gone: true });
            }
        }
        Ok(Fed { accepted, gone: false })
    }
}

/// What became of a feeding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fed {
    /// Bytes that the child's pipe took.
    pub accepted: u64,
    /// The child stopped reading before the end.
    pub gone: bool,
}

/// Copies `source` to the stdin of a child until the source is over, `limit` bytes were accepted, or the child
/// has stopped reading. A child that reads nothing and lives on is ended by the timeout of its run.
pub fn feed(to: &mut impl Write, source: &mut impl Read, limit: u64) -> io::Result<Fed> {
    let mut piece = vec![0; 256 << 10];
    let mut fed = Fed { accepted: 0, gone: false };
    while fed.accepted < limit {
        let room = usize::try_from(limit - fed.accepted).unwrap_or(usize::MAX).min(piece.len());
        let read = source.read(&mut piece[..room])?;
        if read == 0 {
            break;
        }
        let mut rest = &piece[..read];
        while !rest.is_empty() {
            match to.write(rest) {
                Ok(written) => {
                    fed.accepted += written as u64;
                    rest = &rest[written..];
                }
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                    return Ok(Fed { gone: true, ..fed });
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
    match to.flush() {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Fed { gone: true, ..fed }),
        flushed => flushed.map(|()| fed),
    }
}
