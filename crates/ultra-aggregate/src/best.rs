//! How good a text looks, by a fixed formula over its characters: portable, without a model, and easily
//! fooled, so it is the last resort before all answers are printed.

/// The score, from 0 to 1: a weighted sum of length, structure, facts and certainty.
///
/// ```text
/// 0.2 · min(characters / 1500, 1)
/// 0.3 · (min(paragraphs / 3, 1) + min(sentences / 10, 1)) / 2
/// 0.4 · min((numbers + names + dates) / 20, 1)
/// 0.1 · max(1 − hedges / 10, 0)
/// ```
///
/// See [`Counts`] for what is counted.
pub fn score(text: &str) -> f64 {
    Counts::of(text).score()
}

/// What a text has. Letters, digits and the edges of words are those of ASCII; no match overlaps another of
/// its kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Characters, all of them.
    pub characters: usize,
    /// Lines that are not blank, together with those right below them.
    pub paragraphs: usize,
    /// `[A-Z][^.!?]*[.!?]`.
    pub sentences: usize,
    /// `[0-9]+`.
    pub numbers: usize,
    /// `[A-Z][a-z]+`.
    pub names: usize,
    /// `\b(Jan|Feb|…|Dec)[a-z]*\b [0-9]{1,2},? [0-9]{4}`.
    pub dates: usize,
    /// Whole words in any case: might, could, perhaps, possibly, seem, seems, appear, appears, maybe,
    /// probably, I think, I believe, in my opinion, not sure, not certain, it depends.
    pub hedges: usize,
}

/// The hedges that begin with these two bytes, in lower case.
const fn hedges(first: u8, second: u8) -> &'static [&'static str] {
    match (first, second) {
        (b'm', b'i') => &["might"],
        (b'm', b'a') => &["maybe"],
        (b'c', b'o') => &["could"],
        (b'p', b'e') => &["perhaps"],
        (b'p', b'o') => &["possibly"],
        (b'p', b'r') => &["probably"],
        (b's', b'e') => &["seem", "seems"],
        (b'a', b'p') => &["appear", "appears"],
        (b'i', b' ') => &["i think", "i believe"],
        (b'i', b'n') => &["in my opinion"],
        (b'i', b't') => &["it depends"],
        (b'n', b'o') => &["not sure", "not certain"],
        _ => &[],
    }
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `A` to `Z`.
const UPPER: u8 = 1;
/// A mark that ends a sentence.
const END: u8 = 2;
/// `0` to `9`.
const DIGIT: u8 = 4;
/// A letter, a digit, or `_`.
const WORD: u8 = 8;
/// What a hedge begins with.
const HEDGE: u8 = 16;
/// What each byte is.
const CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 128_u8 {
        let mut class = 0;
        if byte.is_ascii_uppercase() {
            class |= UPPER;
        }
        if matches!(byte, b'.' | b'!' | b'?') {
            class |= END;
        }
        if byte.is_ascii_digit() {
            class |= DIGIT;
        }
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            class |= WORD;
        }
        if matches!(byte.to_ascii_lowercase(), b'm' | b'c' | b'p' | b's' | b'a' | b'i' | b'n') {
            class |= HEDGE;
        }
        classes[byte as usize] = class;
        byte += 1;
    }
    classes
}

impl Counts {
    /// Counts what a text has, in one pass.
    pub fn of(text: &str) -> Self {
        let mut counts =
            Self { characters: text.chars().count(), paragraphs: paragraphs(text), ..Self::default() };
        let bytes = text.as_bytes();
        let mut in_sentence = false;
        let mut before = 0;
        for (at, &byte) in bytes.iter().enumerate() {
            let class = CLASSES[usize::from(byte)];
            if class & UPPER != 0 {
                in_sentence = true;
                counts.names += usize::from(bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase));
            } else if class & END != 0 {
                counts.sentences += usize::from(in_sentence);
                in_sentence = false;
            }
            let begins = class & !before;
            counts.numbers += usize::from(begins & DIGIT != 0);
            // No hedge and no date begins within another.
            if begins & WORD != 0 && class & (HEDGE | UPPER) != 0 {
                let rest = &bytes[at..];
                counts.hedges += usize::from(is_hedge(rest));
                counts.dates += usize::from(is_date(rest));
            }
            before = class;
        }
        counts
    }

    /// The score of a text that has this.
    pub fn score(&self) -> f64 {
        let part = |count: usize, full: f64| (count as f64 / full).min(1.0);
        let structure = f64::midpoint(part(self.paragraphs, 3.0), part(self.sentences, 10.0));
        let facts = part(self.numbers + self.names + self.dates, 20.0);
        0.2 * part(self.characters, 1500.0)
            + 0.3 * structure
            + 0.4 * facts
            + 0.1 * (1.0 - part(self.hedges, 10.0))
    }
}

fn is_word(byte: u8) -> bool {
    CLASSES[usize::from(byte)] & WORD != 0
}

fn paragraphs(text: &str) -> usize {
    let mut blank = true;
    let mut count = 0;
    for line in text.lines() {
        let was_blank = std::mem::replace(&mut blank, line.trim().is_empty());
        count += usize::from(was_blank && !blank);
    }
    count
}

/// Whether a text begins with a hedge.
fn is_hedge(text: &[u8]) -> bool {
    let &[first, second, ..] = text else { return false };
    let ends = |length: usize| !text.get(length).copied().is_some_and(is_word);
    let begins = |hedge: &str| {
        text.get(..hedge.len()).is_some_and(|start| start.eq_ignore_ascii_case(hedge.as_bytes()))
    };
    let hedges = hedges(first.to_ascii_lowercase(), second.to_ascii_lowercase());
    hedges.iter().any(|hedge| begins(hedge) && ends(hedge.len()))
}

/// Whether a text begins with a date.
fn is_date(text: &[u8]) -> bool {
    let run = |from: usize, of: fn(&u8) -> bool| text[from..].iter().take_while(|byte| of(byte)).count();
    if !MONTHS.iter().any(|month| text.starts_with(month.as_bytes())) {
        return false;
    }
    let day = 3 + run(3, u8::is_ascii_lowercase) + 1;
    if text.get(day - 1) != Some(&b' ') {
        return false;
    }
    let digits = run(day, u8::is_ascii_digit);
    let comma = usize::from(text.get(day + digits) == Some(&b','));
    let year = day + digits + comma + 1;
    (1..=2).contains(&digits) && text.get(year - 1) == Some(&b' ') && run(year, u8::is_ascii_digit) >= 4
}

#[cfg(test)]
mod tests;
