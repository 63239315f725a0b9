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
    // The text ends with the place that `column` tells; a cause from within carries a place of its own.
    let text = cause.to_string();
    let message = text.split(" at line 1 column ").next().unwrap_or_default().to_owned();
    let kind = if message.contains("surrogate") || message.contains("unexpected end of hex escape") {
        ErrorKind::InputSurrogate
    } else if message.contains("duplicate field") {
        ErrorKind::InputDuplicateKey
    } else if message.starts_with("`params`") && is_about_a_number(&message) {
        ErrorKind::ParamRange
    } else {
        ErrorKind::InputSchema
    };
    Flaw { kind, at: cause.column().saturating_sub(1), cause: message }
}

fn is_about_a_number(message: &str) -> bool {
    ["out of range", "floating point", "invalid value: integer"].iter().any(|part| message.contains(part))
}
