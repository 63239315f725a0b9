//! One reading of a text, after which its white space, letters and marks are in one form.

use unicode_normalization::char::canonical_combining_class;
use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

use crate::prose::is_low;

/// A text that was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Clean {
    pub(super) text: String,
    /// Whether marks may be left: what was dropped stood between two parts of one, or before the end of a clause.
    pub(super) again: bool,
}

/// The text on one line, without white space at its ends and with one space for any inside, with letters and their
/// accents in one character each where there is one (NFC), and, if wanted, in lower case and without marks: quotes,
/// emphasis, and what ends a clause.
pub(super) fn clean(text: &str, lower: bool, marks: bool) -> Clean {
    let text = text.trim();
    let reading = Reading { compose: true, lower, marks };
    reading.read(text).unwrap_or_else(|| {
        let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if is_nfc_quick(line.chars()) != IsNormalized::Yes {
            line = line.nfc().collect();
        }
        if lower {
            line = line.to_lowercase();
        }
        if marks { without_marks(line) } else { Clean { text: line, again: false } }
    })
}

/// A clean text without the marks that are left in it.
pub(super) fn without_marks(text: String) -> Clean {
    let reading = Reading { compose: false, lower: false, marks: true };
    reading.read(&text).unwrap_or(Clean { text, again: false })
}

/// What is to be done while a text is read.
#[derive(Debug, Clone, Copy)]
struct Reading {
    compose: bool,
    lower: bool,
    marks: bool,
}

impl Reading {
    /// `None` when letters are to be composed that depend on each other: there are few such texts.
    fn read(self, text: &str) -> Option<Clean> {
        let mut clean = String::with_capacity(text.len());
        let mut again = false;
        // What stays as it is goes from here to `at`.
        let (mut from, mut at) = (0, 0);
        let mut changes = Changes::of(text);
        while let Some(place) = changes.next(at) {
            at = place;
            let rest = &text[at..];
            let dropped = if self.marks { mark(rest) } else { 0 };
            if dropped > 0 {
                clean.push_str(&text[from..at]);
                let before = clean.chars().next_back().unwrap_or('\0');
                again |= before == '*' || ends_clauses(before);
                from = at + dropped;
                // Of the spaces on both sides one is left.
                if before == ' ' {
                    from = past_space(text, from);
                }
                at = from;
                continue;
            }
            let c = rest.chars().next()?;
            let after = at + c.len_utf8();
            if c.is_whitespace() {
                clean.push_str(&text[from..at]);
                if !clean.ends_with(' ') {
                    clean.push(' ');
                }
                from = past_space(text, at);
            } else if self.marks && is_raised(c) {
                clean.push_str(&text[from..at]);
                clean.push('\'');
                from = after;
            } else if self.compose && !is_composed(c) || self.lower && c == 'Σ' {
                return None;
            } else if self.lower && !c.is_ascii() && !is_lower(c) {
                clean.push_str(&text[from..at]);
                clean.extend(c.to_lowercase());
                from = after;
            } else {
                at = after;
                continue;
            }
            at = from;
        }
        clean.push_str(&text[from..]);
        if self.lower {
            clean.make_ascii_lowercase();
        }
        Some(Clean { text: clean, again })
    }
}

/// Where the white space ends that begins at a place.
fn past_space(text: &str, at: usize) -> usize {
    text.len() - text[at..].trim_start().len()
}

/// The length of the quote, the emphasis, or the mark that ends a clause, with which a text begins.
fn mark(text: &str) -> usize {
    let first = text.chars().next().unwrap_or('\0');
    match quoting(text.as_bytes()) {
        0 if ends_clauses(first) && precedes_space(&text[first.len_utf8()..]) => first.len_utf8(),
        length => length,
    }
}

/// The length of `**` or one of `"`, `` ` ``, `“`, `”`, `„`, `«`, `»`, `「`, `」`, `『`, `』` with which a text begins.
const fn quoting(text: &[u8]) -> usize {
    match text {
        [b'"' | b'`', ..] => 1,
        [b'*', b'*', ..] | [0xc2, 0xab | 0xbb, ..] => 2,
        [0xe2, 0x80, 0x9c..=0x9e, ..] | [0xe3, 0x80, 0x8c..=0x8f, ..] => 3,
        _ => 0,
    }
}

/// Whether a character ends a clause or a sentence: in Latin, Arabic, Indian and East Asian texts.
pub(super) const fn ends_clauses(c: char) -> bool {
    matches!(
        c,
        ',' | ';'
            | ':'
            | '!'
            | '?'
            | '.'
            | '…'
            | '،'
            | '؛'
            | '؟'
            | '।'
            | '॥'
            | '、'
            | '。'
            | '！'
            | '，'
            | '．'
            | '：'
            | '；'
            | '？'
            | '｡'
            | '､'
    )
}

/// Whether a character is an apostrophe or a quote that is written as one.
const fn is_raised(c: char) -> bool {
    matches!(c, '‘'..='‛')
}

/// Whether white space is what a text begins with, but for quotes and emphasis.
fn precedes_space(mut text: &str) -> bool {
    loop {
        match quoting(text.as_bytes()) {
            0 => return text.starts_with(char::is_whitespace),
            length => text = &text[length..],
        }
    }
}

/// Whether a character is the same in every composition, whatever stands around it. To ask for large blocks first takes
/// less time than to look each up.
pub(super) fn is_composed(c: char) -> bool {
    matches!(c, '\0'..='\u{2ff}' | '\u{400}'..='\u{47f}' | '\u{2010}'..='\u{205e}' | '\u{3001}'..='\u{3029}'
        | '\u{30a0}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
        || is_nfc_quick([c].into_iter()) == IsNormalized::Yes && canonical_combining_class(c) == 0
}

/// Whether a character is the same in lower case.
fn is_lower(c: char) -> bool {
    is_low(c) || c.to_lowercase().eq([c])
}

/// So many bytes are looked at together.
const TOGETHER: usize = 16;

/// The places of a text where what begins may not stay as it is.
struct Changes<'a> {
    bytes: &'a [u8],
    /// Where the bytes begin that are looked at now.
    window: usize,
    /// For each of them a byte that is not 0 if it is such a place.
    found: u128,
}

impl<'a> Changes<'a> {
    fn of(text: &'a str) -> Self {
        let mut changes = Self { bytes: text.as_bytes(), window: 0, found: 0 };
        changes.look();
        changes
    }

    /// The first place that is not before `from`, which is never less than it was.
    fn next(&mut self, from: usize) -> Option<usize> {
        match from - self.window {
            passed if passed < TOGETHER => self.found &= u128::MAX << (8 * passed),
            _ => {
                self.window = from;
                self.look();
            }
        }
        while self.found == 0 {
            self.window += TOGETHER;
            if self.window >= self.bytes.len() {
                return None;
            }
            self.look();
        }
        Some(self.window + self.found.trailing_zeros() as usize / 8)
    }

    fn look(&mut self) {
        let rest = &self.bytes[self.window..];
        let mut last = [0; TOGETHER + 1];
        let bytes = rest.first_chunk().unwrap_or_else(|| {
            last[..rest.len()].copy_from_slice(rest);
            &last
        });
        let found: [u8; TOGETHER] = std::array::from_fn(|one| may_change(bytes[one], bytes[one + 1]).into());
        self.found = u128::from_le_bytes(found);
    }
}

/// Whether two bytes are the beginning of white space other than one plain space, of a mark, or of a letter that
/// another form or lower case may change. Without a branch, so that many are looked at together.
fn may_change(one: u8, two: u8) -> bool {
    let is = |byte| one == byte;
    let from = |first, last| one.wrapping_sub(first) <= last - first;
    let then = |first, last| two.wrapping_sub(first) <= u8::wrapping_sub(last, first);
    let space = from(b'\t', b'\r') | (is(b' ') && two == b' ');
    let quote = is(b'"') | is(b'`') | (is(b'*') && two == b'*');
    // Neither a digit nor a capital letter follows.
    let clause = (is(b',') | is(b'.') | is(b'!') | is(b'?') | from(b':', b';')) & then(b'[', b'/');
    // À to Þ; А to Я with what is before them; Ѡ to Ѿ; and all that follows, but CJK and most of Hangul.
    let letter = is(0xc3) & then(0x80, 0x9e)
        | is(0xd0) & then(0x80, 0xaf)
        | is(0xd1) & then(0xa0, 0xbf)
        | (one >= 0xc2) & !(is(0xc3) | from(0xd0, 0xd1) | from(0xe4, 0xe9) | from(0xeb, 0xec));
    space | quote | clause | letter
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, prop_assert_eq, proptest};

    use super::*;

    /// What [`clean`] does, one thing after the other, until there is nothing left to do.
    fn slowly(text: &str, lower: bool, marks: bool) -> String {
        let mut line: String = text.split_whitespace().collect::<Vec<_>>().join(" ").nfc().collect();
        if lower {
            line = line.to_lowercase();
        }
        if !marks {
            return line;
        }
        loop {
            let less = once(&line);
            if less == line {
                return line;
            }
            line = less;
        }
    }

    /// A line without the marks that are in it, but for those that come about when these are dropped.
    fn once(line: &str) -> String {
        let mut kept = String::new();
        let mut rest = line;
        while let Some(c) = rest.chars().next() {
            let dropped = mark(rest);
            if dropped == 0 {
                kept.push(if is_raised(c) { '\'' } else { c });
                rest = &rest[c.len_utf8()..];
            } else {
                rest = &rest[dropped..];
                if kept.ends_with(' ') {
                    rest = rest.strip_prefix(' ').unwrap_or(rest);
                }
            }
        }
        kept
    }

    fn quickly(text: &str, lower: bool, marks: bool) -> String {
        let mut cleaned = clean(text, lower, marks);
        while cleaned.again {
            cleaned = without_marks(cleaned.text);
        }
        cleaned.text
    }

    #[test]
    fn what_is_passed_over_is_what_stays() {
        let mut encoded = [0; 4];
        let mut passed = 0;
        for c in '\u{80}'..=char::MAX {
            let stays = Changes::of(c.encode_utf8(&mut encoded)).next(0).is_none();
            if stays || is_composed(c) {
                assert_eq!(is_nfc_quick([c].into_iter()), IsNormalized::Yes, "{c:?}");
                assert_eq!(canonical_combining_class(c), 0, "{c:?}");
                passed += 1;
            }
            assert!(
                !stays || is_lower(c) && !c.is_whitespace() && mark(c.encode_utf8(&mut encoded)) == 0,
                "{c:?}"
            );
        }
        assert!(passed > 40_000);
    }

    #[test]
    fn one_reading_is_enough_for_usual_texts() {
        let text = "He said: “It’s **3.14**, or so”; \"Now\"  what?\n\tÉcole, «東京»: „x“ `y`. ";
        let expected =
            Clean { text: "he said it's 3.14 or so now what école 東京 x y.".to_owned(), again: false };
        assert_eq!(clean(text, true, true), expected);
        assert_eq!(clean("a.! b", true, true), Clean { text: "a. b".to_owned(), again: true });
        assert_eq!(clean("*\"* b", true, true), Clean { text: "** b".to_owned(), again: true });
    }

    proptest! {
        #[test]
        fn a_text_is_cleaned_as_by_one_step_after_another(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    " ", "  ", "\n", "\t", "\u{b}", "\u{1c}", "\u{85}", "\u{a0}", "\u{2009}", "\u{3000}", "a", "Ab", "É",
                    "ß", "İ", "Σ", "aΣ", "ΑΣ b", "“", "”", "„", "«", "»", "’", "\"", "`", "*", "**", ",", ";", ":", "!",
                    "?", ".", "\u{37e}", "\u{1fef}", "\u{212a}", "—", "1", "東", "e\u{301}", "\u{315}\u{300}", "か\u{3099}",
                    "각", "‘", "‚", "「", "』", "。", "，", "…", "؟", "।", "č", "Č", "д", "Д", "\u{1100}\u{1161}", "Å", "Ж", "ж", "α", "Δ", "⁰", "ก\u{e48}", "अ\u{93c}", "\u{958}", "ﬀ", "Ａ", "가\u{11a8}",
                ]),
                0..16,
            ),
            lower in any::<bool>(),
            marks in any::<bool>(),
        ) {
            let text = parts.concat();
            prop_assert_eq!(quickly(&text, lower, marks), slowly(&text, lower, marks));
        }

        #[test]
        fn marks_that_come_about_are_found(text in r#"[ab ,.!"*`\n]{0,16}"#) {
            prop_assert_eq!(quickly(&text, true, true), slowly(&text, true, true));
        }
    }
}
