//! The input on a thread of its own, so that answers can come in while judges write.
//!
//! Lines travel in blocks. A block is handed over when it is large, and always before the input is waited for, so
//! batches are fast and no line is held back.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ultra_core::failure::Failure;
use ultra_core::ndjson::{Fault, Head, Input, Item, Line, Output};
use ultra_provider::dispatch::{Feed, Feeder, feed};

/// Bytes of a block that is handed over although more can be read.
const BLOCK: usize = 64 << 10;
/// Blocks that may wait.
const ROOM: usize = 1;

/// What the input holds.
#[derive(Debug)]
pub(crate) enum Read {
    /// Some lines.
    Block(Vec<Piece>),
    /// Nothing came for a while after this was asked for.
    Quiet,
    /// The input cannot be read any further.
    Failed(Failure),
    /// The input has ended.
    End,
}

/// One line, or why it is none.
#[derive(Debug)]
pub(crate) enum Piece {
    Line { number: u64, offset: u64, bytes: Vec<u8>, head: Head },
    Fault(Fault),
}

/// The other end of the input.
#[derive(Debug)]
pub(crate) struct Reader {
    /// What was read.
    pub(crate) feed: Feed<Read>,
    feeder: Arc<Feeder<Read>>,
}

impl Reader {
    /// Starts to read.
    pub(crate) fn start(input: Input) -> Result<Self, Failure> {
        let (feeder, feed) = feed(ROOM);
        let feeder = Arc::new(feeder);
        let reading = Arc::clone(&feeder);
        spawn("input", move || {
            let end = read(input, &reading).map_or_else(Read::Failed, |()| Read::End);
            // Nobody takes it when the run is over already.
            reading.give(end);
        })?;
        Ok(Self { feed, feeder })
    }

    /// Gives [`Read::Quiet`] after `time`, behind whatever was read by then.
    pub(crate) fn quiet_after(&self, time: Duration) -> Result<(), Failure> {
        let feeder = Arc::clone(&self.feeder);
        spawn("quiet", move || {
            std::thread::sleep(time);
            feeder.give(Read::Quiet);
        })
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
    let started = std::thread::Builder::new().name(name.into()).spawn(work);
    started.map(drop).map_err(|cause| Failure::io("cannot start a thread", cause))
}

fn read(mut input: Input, feeder: &Arc<Feeder<Read>>) -> Result<(), Failure> {
    let relay = Relay { feeder: Arc::clone(feeder), pieces: Arc::default() };
    let pieces = Arc::clone(&relay.pieces);
    // An output is flushed before its input is waited for; here that hands a block over.
    let mut bell = Output::new("input", relay);
    let mut bytes = 0;
    while let Some(item) = input.next(&mut bell)? {
        let piece = match item {
            Item::Fault(fault) => Piece::Fault(fault),
            Item::Line(Line { number, offset, bytes: line, head }) => {
                bytes += line.len();
                Piece::Line { number, offset, bytes: line.to_vec(), head }
            }
        };
        lock(&pieces).push(piece);
        bell.pass_bytes(&[])?;
        if bytes >= BLOCK {
            bytes = 0;
            bell.flush()?;
        }
    }
    bell.flush()
}

/// Hands over what was gathered, whenever it is written to.
struct Relay {
    feeder: Arc<Feeder<Read>>,
    pieces: Arc<Mutex<Vec<Piece>>>,
}

impl Write for Relay {
    fn write(&mut self, rings: &[u8]) -> io::Result<usize> {
        let pieces = std::mem::take(&mut *lock(&self.pieces));
        if pieces.is_empty() || self.feeder.give(Read::Block(pieces)) {
            Ok(rings.len())
        } else {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn lock(pieces: &Mutex<Vec<Piece>>) -> std::sync::MutexGuard<'_, Vec<Piece>> {
    pieces.lock().unwrap_or_else(PoisonError::into_inner)
}
