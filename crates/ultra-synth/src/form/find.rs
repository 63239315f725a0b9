//! JSON in a reply: alone, in a fence, after a sentence, or behind the thoughts of a model.
//!
//! Every bracket may begin it, since prose has brackets too. What begins like an object and is broken is passed over
//! as a whole: what stands inside it was not said on its own.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::aggregate::prose;

/// How many times the length of the text is read at most, and so many bytes more.
const EFFORT: (usize, usize) = (8, 1 << 16);

/// The objects and arrays of a text, the first first.
#[derive(Debug)]
pub(super) struct Values<'a> {
    text: &'a str,
    at: usize,
    /// Bytes that may still be read in search of an end.
    effort: usize,
}

/// The objects and arrays that `text` holds; an error is one that cannot be taken at its word.
pub(super) fn values(text: &str) -> Values<'_> {
    let text = text.trim_start_matches('\u{feff}').trim();
    // A text in quotes is a text, whatever stands in it.
    let is_other = !text.starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(text).is_ok();
    let text = if is_other { "" } else { without_thoughts(text) };
    Values { text, at: 0, effort: EFFORT.0 * text.len() + EFFORT.1 }
}

/// Why there is none.
pub(super) fn cause(text: &str) -> String {
    match serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}').trim()) {
        Ok(_) => "it is not a JSON object".into(),
        Err(_) if !text.contains(['{', '[']) => "it holds no JSON".into(),
        Err(cause) => format!("it is not valid JSON: {cause}"),
    }
}

impl Iterator for Values<'_> {
    type Item = Result<Value, String>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(next) = self.text[self.at..].find(['{', '[']) {
            let start = self.at + next;
            self.at = start + 1;
            let rest = &self.text[start..];
            if !may_begin(rest) {
                continue;
            }
            let (first, read) = prose::value(rest.as_bytes(), &mut self.effort);
            let told = match first? {
                Ok(value) => {
                    self.at = start + read;
                    Some(alone(&self.text[start..self.at], value))
                }
                Err(_) if self.effort == 0 => return None,
                Err(cause) => self.mended(rest, &cause),
            };
            if told.is_some() {
                return told;
            }
        }
        None
    }
}

impl Values<'_> {
    /// What does not parse, without commas that stand before a closing bracket. A broken object is passed over.
    fn mended(&mut self, rest: &str, cause: &serde_json::Error) -> Option<Result<Value, String>> {
        let has_comma = cause.to_string().starts_with("trailing comma");
        let is_object = names_a_field(rest);
        if !has_comma && !is_object {
            return None;
        }
        let (length, closes) = extent(&rest.as_bytes()[..rest.len().min(self.effort)]);
        self.effort -= length;
        let start = self.at - 1;
        if closes && has_comma {
            let mended = without_trailing_commas(&rest[..length]);
            if let Ok(value) = serde_json::from_str(&mended) {
                self.at = start + length;
                return Some(alone(&mended, value));
            }
        }
        if is_object {
            self.at = if closes { start + length } else { self.text.len() };
        }
        None
    }
}

/// What a model says behind the thoughts that some put in front, where JSON may still come.
fn without_thoughts(text: &str) -> &str {
    let thoughts = text.strip_prefix("<think>").and_then(|text| text.split_once("</think>"));
    thoughts.map(|(_, said)| said).filter(|said| said.contains(['{', '['])).unwrap_or(text)
}

/// Whether JSON can begin with these two characters, which spares most brackets of prose a parser.
fn may_begin(text: &str) -> bool {
    let mut bytes = text.bytes();
    let opening = bytes.next();
    let first = bytes.find(|byte| !byte.is_ascii_whitespace());
    match first {
        Some(first) if opening == Some(b'{') => matches!(first, b'"' | b'}'),
        Some(first) => b"\"]{[-tfn0123456789".contains(&first),
        None => false,
    }
}

/// Whether it begins like an object: a brace, a name, a colon.
fn names_a_field(text: &str) -> bool {
    let name = text.strip_prefix('{').and_then(|text| text.trim_start().strip_prefix('"'));
    let Some(name) = name else { return false };
    let mut escaped = false;
    let end = name.bytes().take(NAME).position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.is_some_and(|end| name[end + 1..].trim_start().starts_with(':'))
}

/// The longest name of a field that is looked for, in bytes.
const NAME: usize = 200;

/// How far it is from an opening bracket to the one that closes it, or to the end, and whether it is closed.
fn extent(text: &[u8]) -> (usize, bool) {
    let (mut depth, mut quoted, mut escaped) = (0_u32, false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return (at + 1, true);
                }
            }
            _ => {}
        }
    }
    (text.len(), false)
}

/// Leaves out the commas before a closing brace.
fn without_trailing_commas(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let (mut quoted, mut escaped) = (false, false);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '}' | ']' if !quoted => {
                let bare = kept.trim_end().len();
                if kept[..bare].ends_with(',') {
                    kept.truncate(bare - 1);
                }
            }
            _ => {}
        }
        kept.push(c);
    }
    kept
}

/// The value, unless its text names a field twice: nobody can tell which of the two was meant.
fn alone(text: &str, value: Value) -> Result<Value, String> {
    let twice = |cause: serde_json::Error| {
        let cause = cause.to_string();
        cause.split(" at line ").next().unwrap_or_default().to_owned()
    };
    serde_json::from_str::<Unique>(text).map_err(twice).map(|Unique| value)
}

/// JSON in which no object has two fields of one name.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut names = BTreeSet::new();
        while let Some((name, Self)) = map.next_entry::<String, Self>()? {
            if let Some(twice) = names.replace(name) {
                let twice: String = twice.chars().take(40).collect();
                return Err(serde::de::Error::custom(format_args!("`{twice}` stands twice in one object")));
            }
        }
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }
}
