//! The one writer of stdout: whole lines, flushed when the input is idle.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use clap::ValueEnum;
use serde::Serialize;

use super::fault::Fault;
use super::frame::DEFAULT_MAX_LINE;
use super::input::Line;
use crate::failure::Failure;
use crate::id::{ContentHash, Ids};
use crate::record::{ErrorRecord, Record, Type};

/// Bytes gathered before they are written.
const BLOCK: usize = 64 << 10;

/// Malformed lines that a person is told of; a stream of them must not drown what else is said.
const FAULTS_TOLD: u64 = 3;

/// Which records come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Emit {
    /// What was read, and what this tool made.
    #[default]
    All,
    /// Only what this tool made.
    New,
}

/// Where the bytes go; shared with the shell, which must not let a signal tear a line.
pub(crate) type Sink = Arc<Mutex<Box<dyn Write + Send>>>;

/// A stream of records that is written.
pub struct Output {
    tool: &'static str,
    sink: Sink,
    buffer: Vec<u8>,
    emit: Emit,
    strict: bool,
    errors: u64,
    faults: u64,
    told_long: bool,
    written: u64,
    ids: Ids,
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("tool", &self.tool)
            .field("written", &self.written)
            .finish_non_exhaustive()
    }
}

impl Output {
    /// Writes to `sink` in the name of `tool`.
    pub fn new(tool: &'static str, sink: impl Write + Send + 'static) -> Self {
        Self::shared(tool, Arc::new(Mutex::new(Box::new(sink))))
    }

    /// Writes to a sink that somebody else may wait for.
    pub(crate) fn shared(tool: &'static str, sink: Sink) -> Self {
        Self {
            tool,
            sink,
            buffer: Vec::with_capacity(BLOCK),
            emit: Emit::All,
            strict: false,
            errors: 0,
            faults: 0,
            told_long: false,
            written: 0,
            ids: Ids::of_a_stream(),
        }
    }

    /// Chooses which records come out.
    #[must_use]
    pub fn emitting(mut self, emit: Emit) -> Self {
        self.emit = emit;
        self
    }

    /// Makes the first error record the last record.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Copies a line that this tool does not own, byte for byte.
    ///
    /// # Errors
    /// When the sink cannot be written.
    pub fn pass(&mut self, line: &Line<'_>) -> Result<(), Failure> {
        match self.emit {
            Emit::All => self.pass_bytes(line.bytes),
            Emit::New => Ok(()),
        }
    }

    /// Copies a line that was kept as bytes.
    ///
    /// # Errors
    /// When the sink cannot be written.
    pub fn pass_bytes(&mut self, line: &[u8]) -> Result<(), Failure> {
        if self.emit == Emit::New {
            return Ok(());
        }
        if line.len() < BLOCK {
            self.buffer.extend_from_slice(line);
            return self.end_line();
        }
        // A copy of a long line would take as much memory again.
        self.flush()?;
        self.written += 1;
        self.write(&[line, b"\n"])
    }

    /// Writes a record that was read and changed: left out when only new records come out.
    ///
    /// # Errors
    /// When the sink cannot be written.
    pub fn rewrite<R: Record>(&mut self, record: &R) -> Result<(), Failure> {
        match self.emit {
            Emit::All => self.put(record),
            Emit::New => Ok(()),
        }
    }

    /// Writes a record that this tool made.
    ///
    /// # Errors
    /// When the sink cannot be written.
    pub fn put<R: Record>(&mut self, record: &R) -> Result<(), Failure> {
        debug_assert!(R::TYPE != Type::Error, "errors are written with `error`, which counts them");
        self.value(record)
    }

    /// Writes any JSON object, for outputs that are not records.
    ///
    /// # Errors
    /// When the sink cannot be written.
    pub fn value(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let start = self.buffer.len();
        if let Err(cause) = serde_json::to_writer(&mut self.buffer, value) {
            self.buffer.truncate(start);
            return Err(Failure::internal(format!("a record cannot be written as JSON: {cause}")));
        }
        if self.buffer.len() - start > DEFAULT_MAX_LINE && !self.told_long {
            self.told_long = true;
            tracing::warn!(
                "a record is longer than the 16 MiB that tools accept; give the next ones a larger --max-line"
            );
        }
        self.end_line()
    }

    /// Writes an error record of this tool, gives it its id, and counts it for the exit status.
    ///
    /// # Errors
    /// When the sink cannot be written, or at once under `--strict`.
    pub fn error(&mut self, record: ErrorRecord) -> Result<(), Failure> {
        self.errors += 1;
        let message = self.strict.then(|| record.message.clone());
        self.spared(record)?;
        match message {
            Some(message) => Err(Failure::strict(message)),
            None => Ok(()),
        }
    }

    /// Writes the error record of something that this tool did not do because nobody needs it, and gives it its id.
    /// It is no failure: neither the exit status nor `--strict` knows of it.
    ///
    /// # Errors
    /// When the sink cannot be written.
    pub fn spared(&mut self, mut record: ErrorRecord) -> Result<(), Failure> {
        if record.id.is_empty() {
            let content = ContentHash::new("ultra error v1")
                .field(&record.tool)
                .field(record.kind.as_str())
                .field(&record.message)
                .field(record.request_id.as_deref().unwrap_or_default())
                .field(record.target.as_deref().unwrap_or_default())
                .field(record.sample.unwrap_or_default().to_le_bytes());
            record.id = self.ids.give(ErrorRecord::PREFIX, &content);
        }
        self.value(&record)
    }

    /// Writes the error record of a malformed line.
    ///
    /// # Errors
    /// As for [`Output::error`].
    pub fn fault(&mut self, fault: Fault) -> Result<(), Failure> {
        let record = self.told(fault);
        self.error(record)
    }

    /// The error record of a malformed line, which has still to be written; the first few are told on stderr too.
    pub fn told(&mut self, fault: Fault) -> ErrorRecord {
        let record = fault.into_record(self.tool);
        self.faults += 1;
        if self.faults <= FAULTS_TOLD {
            let more = if self.faults == FAULTS_TOLD { " (further ones are in the output only)" } else { "" };
            tracing::warn!("{}{more}", record.message);
        }
        record
    }

    /// Writes text for a person; it is not part of a record stream.
    ///
    /// # Errors
    /// When the sink cannot be written.
    pub fn text(&mut self, text: &str) -> Result<(), Failure> {
        self.buffer.extend_from_slice(text.as_bytes());
        self.flush()
    }

    /// Writes out everything that was gathered.
    ///
    /// # Errors
    /// When the sink cannot be written; a reader that left is told apart.
    pub fn flush(&mut self) -> Result<(), Failure> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let gathered = std::mem::take(&mut self.buffer);
        let written = self.write(&[&gathered]);
        self.buffer = gathered;
        self.buffer.clear();
        written
    }

    /// Writes whole lines, which nothing may come between.
    fn write(&self, parts: &[&[u8]]) -> Result<(), Failure> {
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        let mut parts = parts.iter();
        let written = parts.try_for_each(|part| sink.write_all(part)).and_then(|()| sink.flush());
        written.map_err(|cause| match cause.kind() {
            io::ErrorKind::BrokenPipe => Failure::reader_gone(),
            _ => Failure::io("cannot write the output", cause),
        })
    }

    /// How many error records this tool made.
    pub fn errors(&self) -> u64 {
        self.errors
    }

    /// How many lines were written.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// The tool that writes.
    pub fn tool(&self) -> &'static str {
        self.tool
    }

    fn end_line(&mut self) -> Result<(), Failure> {
        self.buffer.push(b'\n');
        self.written += 1;
        if self.buffer.len() >= BLOCK { self.flush() } else { Ok(()) }
    }
}
