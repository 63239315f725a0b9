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
        let (texts, kinds) = Letters::lend(|letters| trigrams(&ends, letters))
            .or_else(|| trigrams(&ends, &mut Vocabulary::of(&ends)))
            .unwrap_or_default();
        Self::of(&texts, kinds)
    }

    /// The similarities of texts whose trigrams have numbers below `kinds`.
    fn of(texts: &[Trigrams], kinds: usize) -> Self {
        let mut held = vec![0; kinds];
        let mut pairs = Vec::with_capacity(texts.len() * texts.len().saturating_sub(1) / 2);
        for (at, one) in texts.iter().enumerate() {
            for (trigram, count) in &one.counts {
                held[*trigram as usize] = *count;
            }
            pairs.extend(texts[at + 1..].iter().map(|other| one.dice(&held, other)));
            for (trigram, _) in &one.counts {
                held[*trigram as usize] = 0;
            }
        }
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
        // The rows before `low` hold len-1, len-2, … pairs.
        self.pairs[low * (2 * self.len - low - 1) / 2 + (high - low - 1)]
    }

    /// The mean over all pairs, rounded down; `None` for fewer than two answers.
    pub fn mean(&self) -> Option<u32> {
        let sum: u64 = self.pairs.iter().copied().map(u64::from).sum();
        sum.checked_div(self.pairs.len() as u64).and_then(|mean| u32::try_from(mean).ok())
    }
}

/// Gives numbers to trigrams, and counts how often each occurs in a text.
trait Words {
    /// Counts every three characters that stand together.
    fn count(&mut self, characters: &[u32]);

    /// What was counted since this was last asked: numbers, and how often each occurs.
    fn counted(&mut self) -> Vec<(u32, u32)>;

    /// All numbers are smaller.
    fn len(&self) -> usize;

    /// Whether there was too much for it, so that what was counted is worth nothing.
    fn is_full(&self) -> bool;
}

/// The trigrams of each text, and a number above theirs; `None` when they are too many for these `words`.
fn trigrams(texts: &[(&str, &str)], words: &mut impl Words) -> Option<(Vec<Trigrams>, usize)> {
    let mut characters = Vec::new();
    let mut all = Vec::with_capacity(texts.len());
    for (head, tail) in texts {
        let mut total = 0;
        for part in [head, tail].into_iter().filter(|part| !part.is_empty()) {
            fold::fold(part, &mut characters);
            words.count(&characters);
            total += characters.len().saturating_sub(2) as u64;
        }
        all.push(Trigrams { counts: words.counted(), total });
        if words.is_full() {
            return None;
        }
    }
    Some((all, words.len()))
}

/// The trigrams of a text, each by its number and with how often it occurs.
struct Trigrams {
    counts: Vec<(u32, u32)>,
    total: u64,
}

impl Trigrams {
    /// Twice what both have, of all that they have; `held` is how often this one has each trigram.
    fn dice(&self, held: &[u32], other: &Self) -> u32 {
        let both: u64 =
            other.counts.iter().map(|(trigram, count)| u64::from(held[*trigram as usize].min(*count))).sum();
        let whole = self.total + other.total;
        let ratio = (2 * both * u64::from(WHOLE)).checked_div(whole).unwrap_or(u64::from(WHOLE));
        u32::try_from(ratio).unwrap_or(WHOLE)
    }
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
