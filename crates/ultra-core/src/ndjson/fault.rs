//! A malformed line, on its way to becoming an `error` record.

use std::fmt::Write as _;

use super::scan::Flaw;
use crate::kind::ErrorKind;
use crate::record::{ErrorRecord, InputPlace, Object};

/// How much of a malformed line goes into the error record, in bytes.
const EXCERPT: usize = 256;

/// Why a line of the input is not a record: the place, the kind, the cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Line number, from 1.
    pub line: u64,
    /// Byte offset of the flaw from the start of the input.
    pub offset: u64,
    /// The kind of the error record.
    pub kind: ErrorKind,
    /// The cause and, where there is one, the remedy.
    pub cause: String,
    /// The beginning of the line; bytes that are not UTF-8 are shown as `\xNN`.
    pub excerpt: String,
}

impl Fault {
    /// The fault of a line that starts at `offset`.
    pub fn new(line: u64, offset: u64, bytes: &[u8], flaw: Flaw) -> Self {
        let Flaw { kind, at, cause } = flaw;
        Self { line, offset: offset.saturating_add(at as u64), kind, cause, excerpt: excerpt(bytes) }
    }

    /// The error record that stands in the stream in place of the line.
    pub fn into_record(self, tool: &str) -> ErrorRecord {
        let Self { line, offset, kind, cause, excerpt } = self;
        let mut record = ErrorRecord::new(tool, kind, format!("line {line}, byte {offset}: {cause}"));
        record.input = Some(InputPlace {
            line: Some(line),
            offset: Some(offset),
            path: None,
            text: Some(excerpt),
            extra: Object::default(),
        });
        record
    }
}

fn excerpt(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes[..bytes.len().min(EXCERPT)].utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}
