//! When two answers are the same: they are written in one form, and the forms are compared.

use std::ops::Range;
use std::str::FromStr;

use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

use super::number;
use crate::prose::is_low;

/// More layers of quotes and brackets than anybody writes.
const LAYERS: usize = 64;

/// What does not count when answers are compared. White space at the ends, and how much there is between
/// words, never counts; nor does it whether a letter and its accent are one character or two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "four switches that a user turns one by one")]
pub struct Normal {
    /// Upper and lower case are the same.
    pub case: bool,
    /// Marks at the end of a sentence or clause, quotes, emphasis, currency signs before a number, and
    /// brackets, dollars or `\text{…}` around the whole do not count. Signs inside, as in `x-1`, do.
    pub punctuation: bool,
    /// `1,000`, `1000.0` and `1e3` are the same; `50%` is `0.5`; `2/4` and `\frac{1}{2}` are `0.5`, and a
    /// fraction without an end, such as `2/6`, is the same as `1/3`. A comma is a separator of thousands and
    /// never a decimal point. The answer must be a number and nothing else.
    pub numbers: bool,
    /// The answer is a set: its items stand between commas, semicolons or lines, in any order, once or more.
    /// A comma between a digit and three digits (`1,000`) is a part of a number.
    pub set: bool,
}

impl Default for Normal {
    /// All but `set`.
    fn default() -> Self {
        Self { case: true, punctuation: true, numbers: true, set: false }
    }
}

/// As text: any of `case`, `punctuation`, `numbers` and `set` between commas, or `none`.
impl FromStr for Normal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut normal = Self { case: false, punctuation: false, numbers: false, set: false };
        for name in text.split(',').map(str::trim) {
            match name {
                "case" => normal.case = true,
                "punctuation" => normal.punctuation = true,
                "numbers" => normal.numbers = true,
                "set" => normal.set = true,
                "none" => {}
                _ => return Err(format!("`{name}` is none of case, punctuation, numbers, set, none")),
            }
        }
        Ok(normal)
    }
}

/// The form in which an answer is compared. It can be empty, when nothing in the answer counts.
pub fn normalise(text: &str, normal: &Normal) -> String {
    if !normal.set {
        return single(text, *normal);
    }
    let mut items: Vec<String> = items(unwrapped(text.trim()))
        .map(|item| single(item, *normal))
        .filter(|item| !item.is_empty())
        .collect();
    items.sort_unstable();
    items.dedup();
    items.join(", ")
}

fn single(text: &str, normal: Normal) -> String {
    let mut form = letters(one_line(text), normal.case);
    if normal.punctuation {
        for _ in 0..LAYERS {
            let before = form.len();
            form = inside(&form).unwrap_or(form);
            let range = within(&form, outside(&form));
            form.truncate(range.end);
            form.drain(..range.start);
            // Whatever is dropped or replaced leaves a shorter text.
            if form.len() == before {
                break;
            }
        }
    }
    normal.numbers.then(|| number::canonical(&form)).flatten().unwrap_or(form)
}

/// The text with letters and their accents in one character each, where there is one (NFC), and in lower case.
fn letters(mut text: String, in_lower_case: bool) -> String {
    // Most texts need a look and no more.
    if in_lower_case && first(&text, |c| !is_composed(c) || !is_lower(c)).is_none() {
        text.make_ascii_lowercase();
        return text;
    }
    if first(&text, |c| !is_composed(c)).is_some() && is_nfc_quick(text.chars()) != IsNormalized::Yes {
        text = text.nfc().collect();
    }
    if in_lower_case { lower(text) } else { text }
}

/// Whether a character is in one of the large blocks that stay as they are in every composition.
const fn is_composed(c: char) -> bool {
    matches!(c, '\0'..='\u{2ff}' | '\u{400}'..='\u{47f}' | '\u{2010}'..='\u{205e}' | '\u{20a0}'..='\u{20bf}'
        | '\u{2190}'..='\u{22ff}' | '\u{2500}'..='\u{27bf}' | '\u{3001}'..='\u{3029}' | '\u{3031}'..='\u{3096}'
        | '\u{30a0}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{ff01}'..='\u{ff9d}'
        | '\u{1f300}'..='\u{1faff}')
}

/// Whether a character is the same in lower case.
fn is_lower(c: char) -> bool {
    is_low(c) || c.to_lowercase().eq([c])
}

/// Where the first character stands that is not ASCII and `is` what is looked for. Letters that are composed and in
/// lower case are passed over by their first two bytes where these say it.
fn first(text: &str, is: impl Fn(char) -> bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(chunk) = bytes[at..].first_chunk::<32>().filter(|chunk| chunk.is_ascii()) {
        at += chunk.len();
    }
    let may_change = |two: &[u8]| {
        let [from, count] = CHANGING[usize::from(two[0])];
        two[1].wrapping_sub(from) < count
    };
    while let Some(passed) = bytes[at..].windows(2).position(may_change) {
        at += passed;
        let c = text[at..].chars().next()?;
        if is(c) {
            return Some(at);
        }
        at += c.len_utf8();
    }
    None
}

/// By the first byte of a character: where the second bytes begin, and how many they are, with which it may be another
/// one when it is composed or in lower case.
const CHANGING: [[u8; 2]; 256] = changing();

const fn changing() -> [[u8; 2]; 256] {
    let mut table = [[0; 2]; 256];
    let mut first = 0xc4;
    while first < 0xf5 {
        // All that follows, but CJK and most of Hangul.
        if first < 0xe4 || first > 0xe9 && first != 0xeb && first != 0xec {
            table[first] = [0x80, 0x40];
        }
        first += 1;
    }
    // À to Þ, А to Я with what is before them, and Ѡ to Ѿ.
    table[0xc3] = [0x80, 0x1f];
    table[0xd0] = [0x80, 0x30];
    table[0xd1] = [0xa0, 0x20];
    table
}

/// Bytes that white space other than a plain space can begin with.
const SPACES: [bool; 256] = table(&[9, 10, 11, 12, 13, 0xc2, 0xe1, 0xe2, 0xe3]);
/// Bytes that what is dropped or replaced can begin with: the last two are the first of quotes, and of much else.
const DROPS: [bool; 256] = table(&[b'*', b'"', b'`', b',', b';', b':', b'!', b'?', b'.', 0xe2, 0xc2]);

const fn table(bytes: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut at = 0;
    while at < bytes.len() {
        table[bytes[at] as usize] = true;
        at += 1;
    }
    table
}

/// The text without white space at its ends, and with one space for any inside.
fn one_line(text: &str) -> String {
    let text = text.trim();
    let mut line = String::with_capacity(text.len());
    let bytes = text.as_bytes();
    let (mut from, mut at) = (0, 0);
    // A space between two words is most of all white space, and stays as it is; the rest is looked at closely.
    let mut before = 0;
    while let Some(skipped) = bytes[at..].iter().position(|&byte| {
        let after_space = std::mem::replace(&mut before, byte) == b' ';
        SPACES[usize::from(byte)] || after_space && byte == b' '
    }) {
        at += skipped;
        let Some(c) = text[at..].chars().next() else { break };
        if c.is_whitespace() {
            line.push_str(&text[from..at]);
            if !line.ends_with(' ') {
                line.push(' ');
            }
            from = at + c.len_utf8();
            before = b' ';
        }
        at += c.len_utf8();
    }
    line.push_str(&text[from..]);
    line
}

/// The text in lower case.
fn lower(mut text: String) -> String {
    text.make_ascii_lowercase();
    let Some(upper) = first(&text, |c| !is_lower(c)) else { return text };
    let (before, rest) = text.split_at(upper);
    // The form of this letter depends on what stands around it.
    if rest.contains('Σ') {
        return text.to_lowercase();
    }
    let mut low = String::with_capacity(text.len());
    low.push_str(before);
    for c in rest.chars() {
        if c.is_ascii() || is_low(c) {
            low.push(c);
        } else {
            low.extend(c.to_lowercase());
        }
    }
    low
}

/// Where a part of a text stands in it.
fn within(text: &str, part: &str) -> Range<usize> {
    let from = part.as_ptr().addr() - text.as_ptr().addr();
    from..from + part.len()
}

/// A line without quotes, emphasis, and marks that end a clause; `None` when there are none.
fn inside(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut kept = String::new();
    // What is kept as it is goes from here to `at`.
    let (mut from, mut at) = (0, 0);
    while let Some(skipped) = bytes[at..].iter().position(|&byte| DROPS[usize::from(byte)]) {
        at += skipped;
        let rest = &text[at..];
        let (dropped, instead) = match (quoting(rest), bytes[at]) {
            (0, b',' | b';' | b':' | b'!' | b'?' | b'.') if ends_clause(&rest[1..]) => (1, ""),
            (0, 0xe2) if rest.starts_with('’') => ('’'.len_utf8(), "'"),
            (dropped, _) => (dropped, ""),
        };
        if dropped == 0 {
            at += 1;
            continue;
        }
        if from == 0 {
            kept.reserve(text.len());
        }
        kept.push_str(&text[from..at]);
        kept.push_str(instead);
        at += dropped;
        // Of the spaces on both sides of what was dropped one is left.
        at += usize::from(kept.ends_with(' ') && bytes.get(at) == Some(&b' '));
        from = at;
    }
    if from == 0 {
        return None;
    }
    kept.push_str(&text[from..]);
    Some(kept)
}

/// The length of the emphasis or the quotation mark that a text begins with.
fn quoting(text: &str) -> usize {
    match text.chars().next() {
        Some('*') if text[1..].starts_with('*') => 2,
        Some(c @ ('"' | '“' | '”' | '„' | '«' | '»' | '`')) => c.len_utf8(),
        _ => 0,
    }
}

/// Whether a space follows, but for quotes and emphasis.
fn ends_clause(mut rest: &str) -> bool {
    loop {
        match quoting(rest) {
            0 => return rest.starts_with(' '),
            dropped => rest = &rest[dropped..],
        }
    }
}

/// Drops what stands around the whole.
fn outside(text: &str) -> &str {
    let text = text
        .trim()
        .trim_start_matches([',', ';', ':', '!', '?'])
        .trim_end_matches([',', ';', ':', '!', '?', '.']);
    let text = unwrapped(text.trim());
    let text = match text.strip_suffix([')', ']', '}']) {
        // A choice such as `a)`.
        Some(choice) if !text.contains(['(', '[', '{']) => choice,
        _ => text,
    };
    let amount = text.strip_prefix("\\$").or_else(|| text.strip_prefix(['$', '€', '£', '¥']));
    amount
        .map(str::trim_start)
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || "-+.".contains(c)))
        .unwrap_or(text)
}

/// Without one layer of what stands around the whole.
fn unwrapped(text: &str) -> &str {
    const AROUND: [(&str, &str); 7] = [
        ("$", "$"),
        ("'", "'"),
        ("*", "*"),
        ("_", "_"),
        ("\\(", "\\)"),
        ("\\text{", "}"),
        ("\\mathrm{", "}"),
    ];
    for (open, close) in AROUND {
        if let Some(inner) = text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close))
            && !inner.contains(open)
            && !inner.contains(close)
        {
            return inner;
        }
    }
    bracketed(text).unwrap_or(text)
}

/// What is in brackets that close each other, and not merely the first and the last of several.
fn bracketed(text: &str) -> Option<&str> {
    let (open, close) = match text.chars().next()? {
        '(' => ('(', ')'),
        '[' => ('[', ']'),
        '{' => ('{', '}'),
        _ => return None,
    };
    let inner = text.strip_prefix(open)?.strip_suffix(close)?;
    let mut depth = 0_usize;
    for c in inner.chars() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth = depth.checked_sub(1)?;
        }
    }
    (depth == 0).then_some(inner)
}

fn items(text: &str) -> impl Iterator<Item = &str> {
    let bytes = text.as_bytes();
    let digits =
        |from: usize| bytes[from.min(bytes.len())..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut cuts = vec![0];
    for (at, byte) in bytes.iter().enumerate() {
        let thousands = *byte == b',' && at > 0 && bytes[at - 1].is_ascii_digit() && digits(at + 1) == 3;
        if matches!(byte, b',' | b';' | b'\n') && !thousands {
            cuts.push(at + 1);
        }
    }
    let ends: Vec<usize> = cuts[1..].iter().map(|cut| cut - 1).chain([text.len()]).collect();
    cuts.into_iter().zip(ends).map(|(start, end)| &text[start..end])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop, prop_assert_eq, proptest};
    use unicode_normalization::char::canonical_combining_class;
    use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

    use super::{CHANGING, is_composed, is_lower, letters, one_line};

    #[test]
    fn what_is_passed_over_is_what_stays() {
        let mut encoded = [0; 4];
        let mut passed = 0;
        for c in '\u{80}'..=char::MAX {
            let bytes = c.encode_utf8(&mut encoded).as_bytes();
            let [from, count] = CHANGING[usize::from(bytes[0])];
            let stays = bytes[1].wrapping_sub(from) >= count;
            if stays || is_composed(c) {
                assert_eq!(is_nfc_quick([c].into_iter()), IsNormalized::Yes, "{c:?}");
                assert_eq!(canonical_combining_class(c), 0, "{c:?}");
                passed += 1;
            }
            assert!(!stays || is_lower(c), "{c:?}");
        }
        assert!(passed > 40_000);
    }

    proptest! {
        #[test]
        fn lines_and_letters_are_those_of_the_standard_library(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    " ", "  ", "\n", "\t", "\u{b}", "\u{1c}", "\u{3000}", "a", "Ab", "É", "ß", "İ", "Σ", "aΣ", "ΑΣ b", "“q”",
                    "東", "", "e\u{301}", "\u{315}\u{300}", "か\u{3099}", "각", "č", "Č", "д", "Д", "\u{1100}\u{1161}", "Å", "Ж", "ж", "ﬀ", "Ａ",
                ]),
                0..12,
            ),
        ) {
            let text = parts.concat();
            let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
            prop_assert_eq!(one_line(&text), line);
            let nfc: String = text.nfc().collect();
            prop_assert_eq!(letters(text.clone(), true), nfc.to_lowercase());
            prop_assert_eq!(letters(text, false), nfc);
        }
    }
}
