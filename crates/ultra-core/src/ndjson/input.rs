//! The stream that a tool reads: records and faults, in order, from any source.

use std::fmt;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::decode;
use super::fault::Fault;
use super::frame::{DEFAULT_MAX_LINE, Framed, Framer, Place};
use super::output::Output;
use super::scan::{Flaw, Head, scan};
use crate::failure::Failure;
use crate::kind::ErrorKind;
use crate::record::{Record, Type};

/// After so many malformed lines in a row the user is told, once, what NDJSON is.
const HINT_AFTER: u32 = 20;

/// How a stream is read.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Longest line in bytes.
    pub max_line: usize,
    /// Each line is plain text, not JSON.
    pub plain: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_line: DEFAULT_MAX_LINE, plain: false }
    }
}

/// A stream of records. Blank lines are skipped but counted; a byte order mark before the first line is skipped.
pub struct Input {
    source: Box<dyn Read + Send>,
    framer: Framer,
    options: Options,
    stop: Arc<AtomicBool>,
    started: bool,
    faults_in_a_row: u32,
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input").field("options", &self.options).finish_non_exhaustive()
    }
}

/// What comes next in the stream.
#[derive(Debug)]
pub enum Item<'a> {
    /// One JSON object, or one line of plain text.
    Line(Line<'a>),
    /// A line that is not a record.
    Fault(Fault),
}

/// A line that is one whole JSON object.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// Line number, from 1.
    pub number: u64,
    /// Byte offset of the line from the start of the input.
    pub offset: u64,
    /// The bytes without the line ending.
    pub bytes: &'a [u8],
    /// What it is.
    pub head: Head,
}

impl Line<'_> {
    /// The type, when it is one that Ultra knows.
    pub fn known(&self) -> Option<Type> {
        match self.head {
            Head::Known(kind) => Some(kind),
            _ => None,
        }
    }

    /// Decodes the line as a record of type `R`.
    ///
    /// # Errors
    /// A fault that names the field.
    pub fn decode<R: Record>(&self) -> Result<R, Fault> {
        let record: R = self.decode_as()?;
        match record.check() {
            Ok(()) => Ok(record),
            Err(cause) => {
                let kind = if cause.contains("out of range") {
                    ErrorKind::ParamRange
                } else {
                    ErrorKind::InputSchema
                };
                Err(self.fault(kind, cause))
            }
        }
    }

    /// Decodes the line as any type.
    ///
    /// # Errors
    /// A fault that names the field.
    pub fn decode_as<T: for<'de> serde::Deserialize<'de>>(&self) -> Result<T, Fault> {
        decode::decode(self.bytes).map_err(|flaw| Fault::new(self.number, self.offset, self.bytes, flaw))
    }

    /// A fault of this line that only the tool can see.
    pub fn fault(&self, kind: ErrorKind, cause: impl Into<String>) -> Fault {
        Fault::new(self.number, self.offset, self.bytes, Flaw { kind, at: 0, cause: cause.into() })
    }
}

impl Input {
    /// A stream over `source`.
    pub fn new(source: impl Read + Send + 'static, options: Options) -> Self {
        Self::with_stop(source, options, Arc::default())
    }

    /// A stream that ends early once `stop` is set.
    pub fn with_stop(source: impl Read + Send + 'static, options: Options, stop: Arc<AtomicBool>) -> Self {
        let framer = Framer::new(options.max_line);
        Self { source: Box::new(source), framer, options, stop, started: false, faults_in_a_row: 0 }
    }

    /// The same stream, read as records even where `--lines` was given.
    #[must_use]
    pub fn as_records(mut self) -> Self {
        self.options.plain = false;
        self
    }

    /// A stream without a line.
    pub fn empty() -> Self {
        Self::new(std::io::empty(), Options::default())
    }

    /// The next item; `output` is flushed before this waits for more input.
    ///
    /// # Errors
    /// When the source cannot be read, or `output` cannot be flushed.
    pub fn next(&mut self, output: &mut Output) -> Result<Option<Item<'_>>, Failure> {
        self.next_with(|| output.flush())
    }

    /// The next item, for a reader without an output of its own.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub fn read(&mut self) -> Result<Option<Item<'_>>, Failure> {
        self.next_with(|| Ok(()))
    }

    /// The whole input as bytes, for tools that read a document and not records; at most `limit` + 1 bytes.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub fn read_raw(&mut self, limit: u64) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        let read = (&mut self.source).take(limit.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(unreadable)?;
        Ok(bytes)
    }

    fn next_with(
        &mut self,
        mut before_waiting: impl FnMut() -> Result<(), Failure>,
    ) -> Result<Option<Item<'_>>, Failure> {
        let (place, range, whole) = loop {
            match self.framer.next() {
                Framed::Hungry => {
                    before_waiting()?;
                    self.fill()?;
                }
                Framed::End => return Ok(None),
                Framed::TooLong { place, range } => {
                    let cause = format!(
                        "longer than {} bytes; raise --max-line if this is right",
                        self.options.max_line
                    );
                    let flaw = Flaw { kind: ErrorKind::InputTooLong, at: 0, cause };
                    let shown = range.start..range.end.min(range.start + 256);
                    return Ok(Some(Item::Fault(self.fault(place, shown, flaw))));
                }
                Framed::Line { place, range, whole } => {
                    if !self.started {
                        self.started = true;
                        if let Some(flaw) = not_text(&self.framer.bytes()[range.clone()]) {
                            self.framer.stop();
                            return Ok(Some(Item::Fault(self.fault(place, range, flaw))));
                        }
                        let bom = self.framer.bytes()[range.clone()].starts_with(b"\xEF\xBB\xBF");
                        let range = if bom { range.start + 3..range.end } else { range };
                        if !self.is_blank(range.clone()) {
                            let offset = place.offset + if bom { 3 } else { 0 };
                            break (Place { offset, ..place }, range, whole);
                        }
                    } else if !self.is_blank(range.clone()) {
                        break (place, range, whole);
                    }
                }
            }
        };
        Ok(Some(self.item(place, range, whole)))
    }

    fn item(&mut self, place: Place, mut range: Range<usize>, whole: bool) -> Item<'_> {
        if self.framer.bytes()[range.clone()].ends_with(b"\r") {
            range.end -= 1;
        }
        let bytes = &self.framer.bytes()[range.clone()];
        let scanned = if self.options.plain { plain(bytes) } else { scan(bytes) };
        match scanned {
            Ok(head) => {
                self.faults_in_a_row = 0;
                let bytes = &self.framer.bytes()[range];
                Item::Line(Line { number: place.number, offset: place.offset, bytes, head })
            }
            Err(mut flaw) => {
                if !whole && flaw.kind == ErrorKind::InputParse {
                    flaw.cause
                        .push_str(" (the input ends here without a line ending; was its producer killed?)");
                }
                Item::Fault(self.fault(place, range, flaw))
            }
        }
    }

    /// Reads one block; a stop that was asked for is the end of the input.
    fn fill(&mut self) -> Result<(), Failure> {
        if self.stop.load(Ordering::Acquire) {
            self.framer.stop();
            return Ok(());
        }
        match self.framer.fill(&mut self.source) {
            Ok(_) => Ok(()),
            Err(cause) => Err(unreadable(cause)),
        }
    }

    fn is_blank(&self, range: Range<usize>) -> bool {
        let bytes = &self.framer.bytes()[range];
        bytes.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
    }

    fn fault(&mut self, place: Place, range: Range<usize>, flaw: Flaw) -> Fault {
        self.faults_in_a_row += 1;
        if self.faults_in_a_row == HINT_AFTER {
            tracing::warn!(
                "{HINT_AFTER} malformed lines in a row; the input must be NDJSON, one object a line \
                 (`jq -c .` makes it from pretty-printed JSON, `ultra-fanout --lines` reads plain text)"
            );
        }
        Fault::new(place.number, place.offset, &self.framer.bytes()[range], flaw)
    }

    /// How many bytes are buffered and not yet handed out.
    pub fn buffered(&self) -> usize {
        self.framer.waiting().len()
    }
}

/// Why there is no input: what a user gave by mistake is told apart from what the system could not read.
fn unreadable(cause: io::Error) -> Failure {
    match cause.kind() {
        io::ErrorKind::IsADirectory => Failure::usage("the input is a directory")
            .hint("`ultra-ingest DIRECTORY` reads the documents in it; records come from a file or a pipe"),
        _ => Failure::io("cannot read the input", cause),
    }
}

/// A line of plain text only has to be text.
fn plain(line: &[u8]) -> Result<Head, Flaw> {
    match std::str::from_utf8(line) {
        Ok(_) => Ok(Head::Bare { asks: true, batch: false }),
        Err(cause) => {
            let at = cause.valid_up_to();
            Err(Flaw {
                kind: ErrorKind::InputEncoding,
                at,
                cause: format!("byte 0x{:02x} is not UTF-8", line[at]),
            })
        }
    }
}

/// Recognises input that is not UTF-8 text at all; then one error is better than one a line.
fn not_text(first: &[u8]) -> Option<Flaw> {
    let found = match first {
        [0xFF, 0xFE, ..] | [b'{', 0, ..] => {
            "UTF-16 (little endian); convert it with `iconv -f UTF-16LE -t UTF-8`"
        }
        [0xFE, 0xFF, ..] | [0, b'{', ..] => {
            "UTF-16 (big endian); convert it with `iconv -f UTF-16BE -t UTF-8`"
        }
        [0x1F, 0x8B, ..] => "gzip; decompress it with `gzip -dc`",
        [0x28, 0xB5, 0x2F, 0xFD, ..] => "zstd; decompress it with `zstd -dc`",
        [b'%', b'P', b'D', b'F', b'-', ..] => "a PDF; read it with `ultra-ingest`",
        _ => return None,
    };
    Some(Flaw { kind: ErrorKind::InputEncoding, at: 0, cause: format!("the input is {found}") })
}
