//! JSON in prose: models put it in fences, after a sentence, or bare.

use serde_json::Value;

use crate::prose;

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
        let (value, read) = prose::value(&bytes[start..], &mut effort);
        if let Some(Ok(value)) = value {
            at = start + read;
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
