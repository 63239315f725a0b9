//! How alike two answers are, by their letters alone: portable, exact, and bounded for any length.
//!
//! The similarity is the Dice coefficient of the multisets of character trigrams, in parts per million, over text
//! in lower case whose runs of white space count as one space. Integers only, so every machine gives the same
//! number; no words, so languages without spaces between words are treated like the others.
//!
//! A text longer than its *window* is compared by its first and last halves of the window, on the ground that an
//! answer states its claim early and its result late. The window is 64 KiB, or an equal share of 4 MiB when many
//! answers are compared. Time is linear in the windows for each pair, whatever stands in them.

mod fold;
mod letters;
mod vocabulary;

use letters::Letters;
use vocabulary::Vocabulary;

/// One in parts per million: two texts that cannot be told apart.
pub const WHOLE: u32 = 1_000_000;

/// The longest window, in bytes.
const WINDOW: usize = 64 << 10;
/// What all windows share, in bytes.
const SHARED: usize = 4 << 20;

/// The similarities of all pairs of `len` answers. Strategies read this and never the texts, so another measure
/// can fill it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matrix {
    len: usize,
    /// The pairs (0,1), (0,2), … (1,2), …
    pairs: Vec<u32>,
}

impl Matrix {
    /// Similarities by letters.
    pub fn lexical(texts: &[&str]) -> Self {
        let window = WINDOW.min(SHARED / texts.len().max(1)).max(2);
        let ends: Vec<_> = texts.iter().map(|text| ends(text, window)).collect();
        let pairs = Letters::lend(|letters| pairs(&ends, letters))
            .or_else(|| pairs(&ends, &mut Vocabulary::of(&ends)))
            .unwrap_or_default();
        Self { len: texts.len(), pairs }
    }

    /// Similarities by any symmetric `measure`, in parts per million.
    pub fn by(len: usize, measure: impl Fn(usize, usize) -> u32) -> Self {
        let pairs = (0..len).flat_map(|one| (one + 1..len).map(move |other| (one, other)));
        Self { len, pairs: pairs.map(|(one, other)| measure(one, other).min(WHOLE)).collect() }
    }

    /// How many answers are compared.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no answer is compared.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How alike two answers are, in parts per million.
    pub fn between(&self, one: usize, other: usize) -> u32 {
        let (low, high) = (one.min(other), one.max(other));
        if low == high {
            return WHOLE;
        }
        self.pairs[place(self.len, low, high)]
    }

    /// The mean over all pairs, rounded down; `None` for fewer than two answers.
    pub fn mean(&self) -> Option<u32> {
        let sum: u64 = self.pairs.iter().copied().map(u64::from).sum();
        sum.checked_div(self.pairs.len() as u64).and_then(|mean| u32::try_from(mean).ok())
    }
}

/// Where a pair stands among all pairs of `len`.
fn place(len: usize, low: usize, high: usize) -> usize {
    // The rows before `low` hold len-1, len-2, … pairs.
    low * (2 * len - low - 1) / 2 + (high - low - 1)
}

/// Gives numbers to trigrams, and counts how often each occurs in a text.
trait Words {
    /// Counts every three characters of a text that stand together, and says how many they are.
    fn count(&mut self, text: &str) -> usize;

    /// How often a trigram was counted since [`counted`](Self::counted) was last asked.
    fn times(&self, trigram: u32) -> u16;

    /// What was counted since this was last asked: numbers, and how often each occurs.
    fn counted(&mut self) -> Vec<(u32, u16)>;

    /// Whether there was too much for it, so that what was counted is worth nothing.
    fn is_full(&self) -> bool;
}

/// The similarities of all pairs; `None` when there is too much in the texts for these `words`.
fn pairs(texts: &[(&str, &str)], words: &mut impl Words) -> Option<Vec<u32>> {
    let mut pairs = vec![0; texts.len() * texts.len().saturating_sub(1) / 2];
    // What was counted in the texts before.
    let mut all: Vec<(Vec<(u32, u16)>, u64)> = Vec::with_capacity(texts.len());
    for (at, (head, tail)) in texts.iter().enumerate() {
        let total = (words.count(head) + words.count(tail)) as u64;
        for (before, (counts, other)) in all.iter().enumerate() {
            let both =
                counts.iter().map(|(trigram, count)| u64::from(words.times(*trigram).min(*count))).sum();
            pairs[place(texts.len(), before, at)] = dice(both, total + other);
        }
        all.push((words.counted(), total));
        if words.is_full() {
            return None;
        }
    }
    Some(pairs)
}

/// Twice what both texts have, of all that they have.
fn dice(both: u64, whole: u64) -> u32 {
    let ratio = (2 * both * u64::from(WHOLE)).checked_div(whole).unwrap_or(u64::from(WHOLE));
    u32::try_from(ratio).unwrap_or(WHOLE)
}

/// The first and the last half of the window, or the whole text and nothing.
fn ends(text: &str, window: usize) -> (&str, &str) {
    if text.len() <= window {
        return (text, "");
    }
    let head = text.floor_char_boundary(window / 2);
    let tail = text.ceil_char_boundary(text.len() - window / 2);
    (&text[..head], &text[tail..])
}

#[cfg(test)]
mod tests;
