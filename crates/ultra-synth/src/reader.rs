//! The input on a thread of its own, so that answers can come in while judges write.
//!
//! Lines travel in blocks. A block is handed over when it is large, and always before the input is waited for, so
//! batches are fast and no line is held back.

use std::io::{self, Write};
use std::ops::Range;
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
    Block(Block),
    /// Nothing came for a while after this was asked for.
    Quiet,
    /// The input cannot be read any further.
    Failed(Failure),
    /// The input has ended.
    End,
}

/// Lines that travel together.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// Their bytes, one behind the other.
    bytes: Vec<u8>,
    pieces: Vec<Piece>,
}

/// One line, or why it is none.
#[derive(Debug)]
enum Piece {
    Line { number: u64, offset: u64, bytes: Range<usize>, head: Head },
    Fault(Fault),
}

impl Block {
    /// Takes one item in.
    fn push(&mut self, item: Item<'_>) {
        self.pieces.push(match item {
            Item::Fault(fault) => Piece::Fault(fault),
            Item::Line(Line { number, offset, bytes, head }) => {
                let from = self.bytes.len();
                self.bytes.extend_from_slice(bytes);
                Piece::Line { number, offset, bytes: from..self.bytes.len(), head }
            }
        });
    }

    /// Hands over what was gathered, and begins anew with as much room.
    fn take(&mut self) -> Self {
        let room = Self {
            bytes: Vec::with_capacity(self.bytes.len().min(2 * BLOCK)),
            pieces: Vec::with_capacity(self.pieces.len()),
        };
        std::mem::replace(self, room)
    }

    /// What was read, in order.
    pub(crate) fn items(self, mut take: impl FnMut(Item<'_>) -> Result<(), Failure>) -> Result<(), Failure> {
        self.pieces.into_iter().try_for_each(|piece| match piece {
            Piece::Fault(fault) => take(Item::Fault(fault)),
            Piece::Line { number, offset, bytes, head } => {
                take(Item::Line(Line { number, offset, bytes: &self.bytes[bytes], head }))
            }
        })
    }
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
    let relay = Relay { feeder: Arc::clone(feeder), block: Arc::default() };
    let block = Arc::clone(&relay.block);
    // An output is flushed before its input is waited for; here that hands a block over.
    let mut bell = Output::new("input", relay);
    while let Some(item) = input.next(&mut bell)? {
        let is_large = {
            let mut block = lock(&block);
            block.push(item);
            block.bytes.len() >= BLOCK
        };
        bell.pass_bytes(&[])?;
        if is_large {
            bell.flush()?;
        }
    }
    bell.flush()
}

/// Hands over what was gathered, whenever it is written to.
struct Relay {
    feeder: Arc<Feeder<Read>>,
    block: Arc<Mutex<Block>>,
}

impl Write for Relay {
    fn write(&mut self, rings: &[u8]) -> io::Result<usize> {
        let block = lock(&self.block).take();
        if block.pieces.is_empty() || self.feeder.give(Read::Block(block)) {
            Ok(rings.len())
        } else {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn lock(block: &Mutex<Block>) -> std::sync::MutexGuard<'_, Block> {
    block.lock().unwrap_or_else(PoisonError::into_inner)
}
