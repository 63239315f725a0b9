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

/// One bit for every two bytes that a hedge or a month begins with.
const BEGINNINGS: [u64; 1024] = beginnings();

const fn beginnings() -> [u64; 1024] {
    let mut bits = [0; 1024];
    let mut first = 0;
    while first < 128_u8 {
        let mut second = 0;
        while second < 128_u8 {
            let mut begins = !hedges(first.to_ascii_lowercase(), second.to_ascii_lowercase()).is_empty();
            let mut month = 0;
            while month < MONTHS.len() {
                let name = MONTHS[month].as_bytes();
                begins |= name[0] == first && name[1] == second;
                month += 1;
            }
            let pair = (first as usize) << 8 | second as usize;
            bits[pair >> 6] |= (begins as u64) << (pair & 63);
            second += 1;
        }
        first += 1;
    }
    bits
}

impl Counts {
    /// Counts what a text has, eight bytes at a time.
    pub fn of(text: &str) -> Self {
        let mut counts =
            Self { characters: text.chars().count(), paragraphs: paragraphs(text), ..Self::default() };
        let bytes = text.as_bytes();
        let (mut before, mut in_sentence) = (Eight::default(), false);
        for (place, chunk) in bytes.chunks(8).enumerate() {
            let mut padded = [0; 8];
            padded[..chunk.len()].copy_from_slice(chunk);
            let eight = Eight::of(padded);
            counts.names += marks(after(eight.upper, before.upper) & eight.lower);
            counts.numbers += marks(eight.digit & !after(eight.digit, before.digit));
            counts.sentences += eight.sentences(&mut in_sentence);
            // No hedge and no date begins within another.
            let mut words = eight.word & !after(eight.word, before.word);
            while words != 0 {
                let at = place * 8 + words.trailing_zeros() as usize / 8;
                words &= words - 1;
                if let [first, second, ..] = bytes[at..] {
                    let pair = usize::from(first) << 8 | usize::from(second);
                    if BEGINNINGS[pair >> 6] >> (pair & 63) & 1 != 0 {
                        counts.hedges += usize::from(is_hedge(&bytes[at..]));
                        counts.dates += usize::from(is_date(&bytes[at..]));
                    }
                }
            }
            before = eight;
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

/// What eight bytes are: in every number the highest bit of each byte that is one, the first byte lowest.
#[derive(Clone, Copy, Default)]
struct Eight {
    /// `A` to `Z`.
    upper: u64,
    /// `a` to `z`.
    lower: u64,
    /// `0` to `9`.
    digit: u64,
    /// A letter, a digit, or `_`.
    word: u64,
    /// A mark that ends a sentence.
    end: u64,
}

/// Every byte 1.
const ONES: u64 = 0x0101_0101_0101_0101;
/// The highest bit of every byte.
const HIGHS: u64 = 0x8080_8080_8080_8080;

impl Eight {
    fn of(bytes: [u8; 8]) -> Self {
        let all = u64::from_le_bytes(bytes);
        let (seven, ascii) = (all & !HIGHS, !all & HIGHS);
        // Bytes below 128 never carry into the next one here.
        let least = |seven: u64, byte: u8| seven + ONES * u64::from(0x80 - byte);
        let between = |seven: u64, from: u8, to: u8| least(seven, from) & !least(seven, to + 1) & ascii;
        let letter = between(seven | (ONES * 0x20), b'a', b'z');
        let small = seven << 2;
        let digit = between(seven, b'0', b'9');
        let end = between(seven, b'.', b'.') | between(seven, b'!', b'!') | between(seven, b'?', b'?');
        let word = letter | digit | between(seven, b'_', b'_');
        Self { upper: letter & !small, lower: letter & small, digit, word, end }
    }

    /// How many sentences end here; `open` says whether one has begun.
    fn sentences(&self, open: &mut bool) -> usize {
        let (mut upper, mut ends, mut count) = (self.upper, self.end, 0);
        while ends != 0 {
            let below = (ends & ends.wrapping_neg()) - 1;
            count += usize::from(*open || upper & below != 0);
            *open = false;
            upper &= !below;
            ends &= ends - 1;
        }
        *open |= upper != 0;
        count
    }
}

/// The bytes behind those that are marked, also behind the last one of `before`.
fn after(marked: u64, before: u64) -> u64 {
    marked << 8 | before >> 56
}

/// How many bytes are marked.
fn marks(marked: u64) -> usize {
    ((marked >> 7).wrapping_mul(ONES) >> 56) as usize
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
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
