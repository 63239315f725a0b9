//! The thread that reads the input, so that calls in flight need not wait for it.

use std::io::{self, Write};

use ultra_core::bare::{self, Asked};
use ultra_core::failure::Failure;
use ultra_core::ndjson::{Fault, Head, Input, Item, Line, Output};
use ultra_core::record::{Prompt, Request, Type};
use ultra_provider::dispatch::{Feed, Feeder, feed};

/// How many pieces of input wait to be taken.
const ROOM: usize = 64;

/// A piece of input.
#[derive(Debug)]
pub(crate) enum Read {
    /// Whole lines that this tool does not own.
    Lines(Vec<u8>),
    /// A line that is not a record.
    Fault(Box<Fault>),
    /// A prompt record, which may have requests already.
    Prompt(Vec<u8>, Box<Prompt>),
    /// There are prompt records, and no targets to ask them.
    Unasked,
    /// Something to ask.
    Asked(Box<Asked>),
    /// A request and its line.
    Request(Vec<u8>, Box<Request>),
    /// The input cannot be read.
    Failed(Failure),
}

/// How the input is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    /// Each line is a prompt in plain text.
    pub(crate) plain: bool,
    /// There are targets for prompts that have no requests.
    pub(crate) asks_prompts: bool,
}

/// Starts to read.
///
/// # Errors
/// When there can be no thread.
pub(crate) fn start(input: Input, reading: Reading) -> Result<Feed<Read>, Failure> {
    let (feeder, feed) = feed(ROOM);
    let read = move || {
        let failed = feeder.clone();
        // When nobody takes it any more, the run is over and the failure is of no interest.
        if let Err(failure) = Reader::new(feeder, reading).read(input) {
            failed.give(Read::Failed(failure));
        }
    };
    let started = std::thread::Builder::new().name("input".into()).spawn(read);
    started.map_err(|cause| Failure::io("cannot start a thread", cause))?;
    Ok(feed)
}

struct Reader {
    feeder: Feeder<Read>,
    /// Gathers lines that only pass, until the input has to be waited for.
    passing: Output,
    reading: Reading,
    unasked: bool,
}

impl Reader {
    fn new(feeder: Feeder<Read>, reading: Reading) -> Self {
        let passing = Output::new("ultra-fanout", Passing { feeder: feeder.clone(), lines: Vec::new() });
        Self { feeder, passing, reading, unasked: false }
    }

    fn read(&mut self, mut input: Input) -> Result<(), Failure> {
        while let Some(item) = input.next(&mut self.passing)? {
            let read = match item {
                Item::Line(line) => match self.line(&line) {
                    Ok(None) => {
                        self.passing.pass(&line)?;
                        continue;
                    }
                    Ok(Some(read)) => read,
                    Err(fault) => Read::Fault(fault),
                },
                Item::Fault(fault) => Read::Fault(Box::new(fault)),
            };
            // The order of the input is kept.
            self.passing.flush()?;
            if !self.feeder.give(read) {
                return Ok(());
            }
        }
        self.passing.flush()
    }

    /// What a line is to this tool; nothing when it only passes.
    fn line(&mut self, line: &Line<'_>) -> Result<Option<Read>, Box<Fault>> {
        if let Some(asked) = bare::read(line, self.reading.plain) {
            return asked.map(|asked| Some(Read::Asked(Box::new(asked)))).map_err(Box::new);
        }
        Ok(match line.head {
            Head::Known(Type::Request) => {
                Some(Read::Request(line.bytes.to_vec(), Box::new(line.decode().map_err(Box::new)?)))
            }
            Head::Known(Type::Prompt) if self.reading.asks_prompts => {
                Some(Read::Prompt(line.bytes.to_vec(), Box::new(line.decode().map_err(Box::new)?)))
            }
            Head::Known(Type::Prompt) if !std::mem::replace(&mut self.unasked, true) => {
                self.feeder.give(Read::Unasked);
                None
            }
            _ => None,
        })
    }
}

/// Takes whole lines that pass as one piece.
struct Passing {
    feeder: Feeder<Read>,
    lines: Vec<u8>,
}

impl Write for Passing {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        if self.lines.is_empty() {
            // The end of a long line comes by itself.
            self.lines.reserve_exact(part.len() + 1);
        }
        self.lines.extend_from_slice(part);
        if !part.ends_with(b"\n") || self.feeder.give(Read::Lines(std::mem::take(&mut self.lines))) {
            return Ok(part.len());
        }
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
