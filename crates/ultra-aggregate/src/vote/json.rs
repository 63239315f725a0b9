//! JSON in prose: models put it in fences, after a sentence, or bare.

use std::io::Read;

use serde_json::{Deserializer, Value};

/// How many times the length of the text is read at most, in search of JSON that closes.
const EFFORT: usize = 8;

/// What a pointer finds in the last object or array of the text that has it.
pub(super) fn find(text: &str, pointer: &str) -> Option<String> {
    if let Ok(whole) = serde_json::from_str::<Value>(text) {
        return whole.pointer(pointer).and_then(plain);
    }
    let bytes = text.as_bytes();
    let mut effort = EFFORT * bytes.len();
    let mut found = None;
    let mut at = 0;
    while let Some(start) = bytes[at..].iter().position(|byte| matches!(byte, b'{' | b'[')) {
        let start = at + start;
        let mut rest = Counted { bytes: &bytes[start..bytes.len().min(start + effort)], read: 0 };
        let value = Deserializer::from_reader(&mut rest).into_iter::<Value>().next();
        effort -= rest.read;
        if let Some(Ok(value)) = value {
            at = start + rest.read;
            found = value.pointer(pointer).and_then(plain).or(found);
        } else {
            at = start + 1;
        }
        if effort == 0 {
            break;
        }
    }
    found
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Counts what the parser reads.
struct Counted<'a> {
    bytes: &'a [u8],
    read: usize,
}

impl Read for Counted<'_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let count = Read::read(&mut self.bytes, to)?;
        self.read += count;
        Ok(count)
    }
}
