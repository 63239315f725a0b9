//! Text to parts of at most so many tokens, cut where a reader would cut it.
//!
//! The parts follow each other without gap or overlap, so that joined they are the text again. A part ends
//! at the strongest boundary in the second half of the room it has: a heading before a paragraph, a
//! paragraph before a line, a line before a sentence, a sentence before a word. Only a word that is longer
//! than a whole part is cut inside, between two characters.

mod boundary;
mod heading;

use crate::tokens::{Quarters, quarters};

pub use heading::{Heading, headings, path_at};

/// What the text is made of, which decides where it may be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Structure {
    /// Markdown: headings count.
    Markdown,
    /// Anything else: blank lines, lines, sentences and words.
    Plain,
}

/// One part of a text: the bytes `start..end`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Its first byte.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// Estimated tokens.
    pub tokens: u64,
    /// The headings above its first word, outermost first, joined by ` > `.
    pub heading: Option<String>,
}

/// Cuts `text` into parts of at most `limit` tokens; 0 never cuts.
///
/// A part is larger than `limit` only when one character alone is.
pub fn split(text: &str, structure: Structure, limit: u64) -> Vec<Chunk> {
    let heads = match structure {
        Structure::Markdown => headings(text),
        Structure::Plain => Vec::new(),
    };
    let room = if limit == 0 { Quarters::MAX } else { limit.saturating_mul(4) };
    let mut chunks = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let (end, cost) = next_end(text, start, room, &heads);
        let first_word = start + (text[start..end].len() - text[start..end].trim_start().len());
        let heading = path_at(&heads, first_word.min(end.saturating_sub(1)));
        chunks.push(Chunk { start, end, tokens: cost.div_ceil(4), heading });
        start = end;
    }
    chunks
}

/// Where the part that begins at `start` ends, and what it costs.
fn next_end(text: &str, start: usize, room: Quarters, heads: &[Heading]) -> (usize, Quarters) {
    let mut cost = 0;
    let (mut half, mut full) = (None, text.len());
    for (offset, c) in text[start..].char_indices() {
        let more = cost + quarters(c);
        if more > room && offset > 0 {
            full = start + offset;
            break;
        }
        if half.is_none() && more > room / 2 {
            half = Some(start + offset);
        }
        cost = more;
    }
    if full == text.len() {
        return (full, cost);
    }
    let cut = boundary::best(text, start, (half.unwrap_or(start), full), heads)
        .or_else(|| boundary::best(text, start, (start, full), heads))
        .unwrap_or_else(|| boundary::between_characters(text, start, full));
    (cut, text[start..cut].chars().map(quarters).sum())
}

#[cfg(test)]
mod tests;
