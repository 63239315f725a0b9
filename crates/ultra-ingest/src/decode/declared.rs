//! The encoding that an HTML or XML document declares about itself.

use encoding_rs::{UTF_8, UTF_16BE, UTF_16LE};

use super::Charset;

/// How far in browsers look for a declaration.
const PRESCAN: usize = 1024;

/// The encoding named by an XML declaration or an HTML `<meta>`, if Ultra knows it.
///
/// A declaration that could be read byte by byte cannot be in UTF-16, so that name means UTF-8, as in browsers.
pub fn declared(bytes: &[u8]) -> Option<Charset> {
    let head = bytes[..bytes.len().min(PRESCAN)].to_ascii_lowercase();
    let label = xml_label(&head).or_else(|| meta_label(&head))?;
    match Charset::named(std::str::from_utf8(label).ok()?)? {
        Charset::Known(encoding) if encoding == UTF_16LE || encoding == UTF_16BE => {
            Some(Charset::Known(UTF_8))
        }
        Charset::Utf32Le | Charset::Utf32Be => Some(Charset::Known(UTF_8)),
        other @ Charset::Known(_) => Some(other),
    }
}

fn xml_label(head: &[u8]) -> Option<&[u8]> {
    let declaration = head.trim_ascii_start().strip_prefix(b"<?xml")?;
    let end = find(declaration, b"?>")?;
    value_of(&declaration[..end], b"encoding")
}

fn meta_label(head: &[u8]) -> Option<&[u8]> {
    let mut rest = head;
    while let Some(start) = find(rest, b"<") {
        rest = &rest[start..];
        if rest.starts_with(b"<!--") {
            rest = &rest[find(rest, b"-->")? + 3..];
            continue;
        }
        if rest.starts_with(b"<meta") {
            let tag = &rest[..find(rest, b">").unwrap_or(rest.len())];
            if let Some(label) = value_of(tag, b"charset") {
                return Some(label);
            }
        }
        rest = &rest[1..];
    }
    None
}

/// The value in `name="value"`, `name='value'` or `name=value`.
fn value_of<'a>(tag: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let after = tag[find(tag, name)? + name.len()..].trim_ascii_start();
    let value = after.strip_prefix(b"=")?.trim_ascii_start();
    let (value, ends): (_, &[u8]) = match value {
        [b'"', inner @ ..] => (inner, b"\""),
        [b'\'', inner @ ..] => (inner, b"'"),
        bare => (bare, b" \t\r\n\"';/>"),
    };
    let end = value.iter().position(|byte| ends.contains(byte)).unwrap_or(value.len());
    Some(value[..end].trim_ascii())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
