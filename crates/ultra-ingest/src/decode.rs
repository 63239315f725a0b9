//! Bytes to text, in any encoding that is declared or can be detected, without losing a character.
//!
//! The order is: what the user says, a byte order mark, what the document declares, valid UTF-8, UTF-16 or
//! UTF-32 by the pattern of its zero bytes, and last a statistical guess. A byte that the encoding does not
//! know is an error with its offset; it becomes U+FFFD only when the user asked for that, and then the
//! document carries a warning.

mod declared;
mod strict;
mod wide;

use std::fmt;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use ultra_core::kind::ErrorKind;

use crate::error::DocError;

pub use declared::declared;

/// A character encoding; `encoding_rs` has no UTF-32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// Any encoding of the WHATWG standard.
    Known(&'static Encoding),
    /// UTF-32, least significant byte first.
    Utf32Le,
    /// UTF-32, most significant byte first.
    Utf32Be,
}

impl Charset {
    /// The encoding called `label`: a name or alias of the WHATWG standard, or UTF-32.
    pub fn named(label: &str) -> Option<Self> {
        match label.trim().to_ascii_lowercase().as_str() {
            "utf-32" | "utf-32le" | "utf32" | "utf32le" => Some(Self::Utf32Le),
            "utf-32be" | "utf32be" => Some(Self::Utf32Be),
            other => Encoding::for_label_no_replacement(other.as_bytes()).map(Self::Known),
        }
    }
}

impl fmt::Display for Charset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Known(encoding) => encoding.name(),
            Self::Utf32Le => "UTF-32LE",
            Self::Utf32Be => "UTF-32BE",
        })
    }
}

/// How the encoding of a text became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// The user named it.
    Asked,
    /// The text begins with a byte order mark.
    Mark,
    /// The document declares it.
    Declared,
    /// The bytes are valid in it, and hardly any other text would be.
    Valid,
    /// A guess from the frequency of bytes.
    Guessed,
}

/// What the caller knows and allows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// The encoding that the user named.
    pub asked: Option<Charset>,
    /// Look for a declaration inside, as in HTML and XML.
    pub markup: bool,
    /// Replace what cannot be decoded by U+FFFD.
    pub lossy: bool,
}

/// A text and how it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The text, without byte order mark.
    pub text: String,
    /// The encoding that was used.
    pub charset: Charset,
    /// Why that one.
    pub evidence: Evidence,
    /// How many malformed sequences became U+FFFD; 0 unless it was allowed.
    pub replaced: u64,
}

/// Decodes `bytes`.
///
/// # Errors
/// `doc.encoding` with the offset of the first byte that the encoding does not know.
pub fn decode(bytes: &[u8], options: Options) -> Result<Decoded, DocError> {
    let (charset, evidence, skip) = detect(bytes, options);
    let body = bytes.get(skip..).unwrap_or_default();
    match strict::decode(body, charset, evidence == Evidence::Guessed) {
        Ok(text) => Ok(Decoded { text, charset, evidence, replaced: 0 }),
        Err(_) if options.lossy => {
            let (text, replaced) = strict::replacing(body, charset);
            Ok(Decoded { text, charset, evidence, replaced })
        }
        Err(offset) => Err(undecodable(skip + offset, charset, evidence)),
    }
}

fn undecodable(offset: usize, charset: Charset, evidence: Evidence) -> DocError {
    let how = match evidence {
        Evidence::Asked => "the encoding that was asked for",
        Evidence::Mark => "which its byte order mark announces",
        Evidence::Declared => "which it declares",
        Evidence::Valid => "which it looks like",
        Evidence::Guessed => "which is the best guess",
    };
    DocError::new(
        ErrorKind::DocEncoding,
        format!(
            "byte {offset} is not valid in {charset}, {how}; name the right one with --encoding, or accept \
             U+FFFD in its place with --lossy"
        ),
    )
}

/// The encoding, why, and how many bytes of mark to skip.
fn detect(bytes: &[u8], options: Options) -> (Charset, Evidence, usize) {
    let mark = byte_order_mark(bytes);
    if let Some(asked) = options.asked {
        let skip = mark.filter(|(marked, _)| *marked == asked).map_or(0, |(_, length)| length);
        return (asked, Evidence::Asked, skip);
    }
    if let Some((charset, length)) = mark {
        return (charset, Evidence::Mark, length);
    }
    if let Some(charset) = options.markup.then(|| declared(bytes)).flatten() {
        return (charset, Evidence::Declared, 0);
    }
    if let Some(charset) = wide::by_zeros(bytes) {
        return (charset, Evidence::Valid, 0);
    }
    if std::str::from_utf8(bytes).is_ok() {
        return (Charset::Known(UTF_8), Evidence::Valid, 0);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    (Charset::Known(detector.guess(None, Utf8Detection::Allow)), Evidence::Guessed, 0)
}

fn byte_order_mark(bytes: &[u8]) -> Option<(Charset, usize)> {
    match bytes {
        [0xEF, 0xBB, 0xBF, ..] => Some((Charset::Known(UTF_8), 3)),
        [0xFF, 0xFE, 0, 0, ..] => Some((Charset::Utf32Le, 4)),
        [0, 0, 0xFE, 0xFF, ..] => Some((Charset::Utf32Be, 4)),
        [0xFF, 0xFE, ..] => Some((Charset::Known(UTF_16LE), 2)),
        [0xFE, 0xFF, ..] => Some((Charset::Known(UTF_16BE), 2)),
        _ => None,
    }
}

/// Whether `bytes` begin like a text in UTF-16 or UTF-32, whose zero bytes do not make it binary.
pub fn is_wide(bytes: &[u8]) -> bool {
    let marked = byte_order_mark(bytes).is_some_and(|(charset, _)| charset != Charset::Known(UTF_8));
    marked || wide::by_zeros(bytes).is_some()
}

/// Bytes that windows-1252 leaves undefined, so a guess of it that meets one is wrong.
fn is_hole(charset: Charset, byte: u8) -> bool {
    charset == Charset::Known(WINDOWS_1252) && matches!(byte, 0x81 | 0x8D | 0x8F | 0x90 | 0x9D)
}

#[cfg(test)]
mod tests;
