//! Decoding one line into one record. The only module that touches `ndjson-stream`.
//!
//! Its engine drops an unterminated last line, says "line 1" in every error and grows without bound on a
//! line without end; fed with exactly one whole line that was framed and scanned before, it does none of it.

use ndjson_stream::engine::NdjsonEngine;
use serde::Deserialize;

use super::scan::Flaw;
use crate::kind::ErrorKind;

/// Decodes a line without its line ending.
pub(super) fn decode<T: for<'de> Deserialize<'de>>(line: &[u8]) -> Result<T, Flaw> {
    let mut engine = NdjsonEngine::<T>::new();
    engine.input(line);
    engine.input(b"\n".as_slice());
    match engine.pop() {
        Some(Ok(record)) => Ok(record),
        Some(Err(cause)) => Err(flaw(&cause)),
        None => Err(Flaw { kind: ErrorKind::Internal, at: 0, cause: "the line gave no record".into() }),
    }
}

/// Says in our words what `serde_json` found wrong with a line whose grammar is already known to be right.
fn flaw(cause: &serde_json::Error) -> Flaw {
    let text = cause.to_string();
    // Nested causes repeat their place; the outermost column is the one that counts.
    let mut parts = text.split(" at line 1 column ");
    let message: String = parts.next().unwrap_or_default().to_owned();
    let column = parts.next().map(|rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    let column =
        column.and_then(|digits| text[message.len() + " at line 1 column ".len()..][..digits].parse().ok());
    let kind = if message.contains("surrogate") || message.contains("unexpected end of hex escape") {
        ErrorKind::InputSurrogate
    } else if message.contains("duplicate field") {
        ErrorKind::InputDuplicateKey
    } else if message.starts_with("`params`") && is_about_a_number(&message) {
        ErrorKind::ParamRange
    } else {
        ErrorKind::InputSchema
    };
    Flaw { kind, at: column.unwrap_or(1_usize).saturating_sub(1), cause: message }
}

fn is_about_a_number(message: &str) -> bool {
    ["out of range", "floating point", "invalid value: integer"].iter().any(|part| message.contains(part))
}
