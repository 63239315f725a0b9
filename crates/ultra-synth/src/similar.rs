//! How alike two answers are, by their letters alone: portable, exact, and bounded for any length.
//!
//! The similarity is the Dice coefficient of the multisets of character trigrams, in parts per million, over text
//! in lower case whose runs of white space count as one space. Integers only, so every machine gives the same
//! number; no words, so languages without spaces between words are treated like the others.
//!
//! A text longer than its *window* is compared by its first and last halves of the window, on the ground that an
//! answer states its claim early and its result late. The window is 64 KiB, or an equal share of 4 MiB when many
//! answers are compared. Time is linear in the windows for each pair.

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
        let trigrams: Vec<_> = texts.iter().map(|text| Trigrams::of(text, window)).collect();
        Self::by(texts.len(), |one, other| trigrams[one].dice(&trigrams[other]))
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

/// The trigrams of a text, each with how often it occurs.
struct Trigrams {
    /// Three characters of 21 bits each, and a count; sorted.
    counts: Vec<(u64, u32)>,
    total: u64,
}

impl Trigrams {
    fn of(text: &str, window: usize) -> Self {
        let (head, tail) = ends(text, window);
        let mut all = Vec::new();
        for part in [head, tail].into_iter().filter(|part| !part.is_empty()) {
            collect(part, &mut all);
        }
        all.sort_unstable();
        let total = all.len() as u64;
        let mut counts: Vec<(u64, u32)> = Vec::new();
        for trigram in all {
            match counts.last_mut() {
                Some((last, count)) if *last == trigram => *count += 1,
                _ => counts.push((trigram, 1)),
            }
        }
        Self { counts, total }
    }

    /// Twice what both have, of all that they have.
    fn dice(&self, other: &Self) -> u32 {
        let both: u64 = common(&self.counts, &other.counts);
        let whole = self.total + other.total;
        let ratio = (2 * both * u64::from(WHOLE)).checked_div(whole).unwrap_or(u64::from(WHOLE));
        u32::try_from(ratio).unwrap_or(WHOLE)
    }
}

fn common(one: &[(u64, u32)], other: &[(u64, u32)]) -> u64 {
    let (mut i, mut j, mut both) = (0, 0, 0);
    while let (Some(a), Some(b)) = (one.get(i), other.get(j)) {
        if a.0 == b.0 {
            both += u64::from(a.1.min(b.1));
        }
        i += usize::from(a.0 <= b.0);
        j += usize::from(b.0 <= a.0);
    }
    both
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

/// Adds the trigrams of a text with one space before and after it.
fn collect(text: &str, all: &mut Vec<u64>) {
    let mut state = Trigram { bits: 0, seen: 0, after_space: false };
    state.push(' ', all);
    for c in text.chars() {
        if c.is_whitespace() {
            state.push(' ', all);
        } else {
            c.to_lowercase().for_each(|c| state.push(c, all));
        }
    }
    state.push(' ', all);
}

struct Trigram {
    bits: u64,
    seen: u32,
    after_space: bool,
}

impl Trigram {
    fn push(&mut self, c: char, all: &mut Vec<u64>) {
        let is_space = c == ' ';
        if is_space && self.after_space {
            return;
        }
        self.after_space = is_space;
        self.bits = (self.bits << 21 | u64::from(u32::from(c))) & ((1 << 63) - 1);
        self.seen = self.seen.saturating_add(1);
        if self.seen >= 3 {
            all.push(self.bits);
        }
    }
}

#[cfg(test)]
mod tests;
