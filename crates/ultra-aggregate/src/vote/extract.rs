//! The answer in a text.

use std::borrow::Cow;
use std::str::FromStr;

use regex::Regex;

use super::{json, number};

/// Where the answer stands in a text.
///
/// As text: `whole`, `number`, `boxed`, `json:/pointer`, `regex:pattern`.
#[derive(Debug, Clone)]
pub enum Extract {
    /// The whole text.
    Whole,
    /// The last number, in the notations that [`normalise`](super::normalise) knows.
    LastNumber,
    /// What stands in the last `\boxed{…}` or `\fbox{…}` whose braces close.
    Boxed,
    /// What a JSON pointer (RFC 6901) finds in the last JSON object or array of the text that has it.
    /// A string is taken as it is, `null` is no answer, anything else as compact JSON.
    Pointer(String),
    /// The last match of a pattern: its group `answer`, or its first group, or all of it.
    Regex(Box<Regex>),
}

impl FromStr for Extract {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "whole" => Ok(Self::Whole),
            None if text == "number" => Ok(Self::LastNumber),
            None if text == "boxed" => Ok(Self::Boxed),
            Some(("json", pointer)) if pointer.is_empty() || pointer.starts_with('/') => {
                Ok(Self::Pointer(pointer.to_owned()))
            }
            Some(("json", pointer)) => Err(format!("the JSON pointer `{pointer}` does not begin with /")),
            Some(("regex", pattern)) => Regex::new(pattern)
                .map(|regex| Self::Regex(Box::new(regex)))
                .map_err(|error| error.to_string()),
            _ => Err(format!("`{text}` is none of whole, number, boxed, json:/pointer, regex:pattern")),
        }
    }
}

/// The answer in a text, trimmed; `None` when there is none, or nothing in it.
pub fn extract<'a>(text: &'a str, from: &Extract) -> Option<Cow<'a, str>> {
    let found = match from {
        Extract::Whole => text,
        Extract::LastNumber => number::last(text)?,
        Extract::Boxed => boxed(text)?,
        Extract::Pointer(pointer) => {
            let found = json::find(text, pointer)?;
            let found = found.trim();
            return (!found.is_empty()).then(|| found.to_owned().into());
        }
        Extract::Regex(regex) => {
            let last = regex.captures_iter(text).last()?;
            last.name("answer")
                .or_else(|| last.iter().skip(1).flatten().next())
                .or_else(|| last.get(0))?
                .as_str()
        }
    };
    let found = found.trim();
    (!found.is_empty()).then_some(found.into())
}

/// In one pass, so a text of opening boxes costs no more than any other. Of nested boxes the outer one closes
/// last.
fn boxed(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let mut open = Vec::new();
    let mut found = None;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => {
                let rest = &text[at..];
                let name = ["\\boxed", "\\fbox"].into_iter().find(|name| rest.starts_with(name));
                let brace = name.and_then(|name| brace_after(text, at + name.len()));
                // Anything else behind a backslash is one escaped byte, such as a brace that is text.
                at = brace.unwrap_or(at + 2);
                if brace.is_some() {
                    open.push(Some(at));
                }
                continue;
            }
            b'{' => open.push(None),
            b'}' => {
                if let Some(Some(start)) = open.pop() {
                    found = Some((start, at));
                }
            }
            _ => {}
        }
        at += 1;
    }
    found.and_then(|(start, end)| text.get(start..end))
}

/// Where a text goes on behind an opening brace, which spaces may precede.
fn brace_after(text: &str, at: usize) -> Option<usize> {
    let rest = text[at..].trim_start_matches(' ');
    rest.starts_with('{').then(|| text.len() - rest.len() + 1)
}
