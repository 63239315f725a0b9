//! Text to terms: what two texts must share to be about the same thing.
//!
//! A term is a run of letters and digits in lower case. The plural `s` of a word in Latin letters is cut off by the
//! three rules of Harman's S-stemmer, on both sides alike, so that `risks` finds `risk`. Scripts that are written
//! without spaces (Chinese, Japanese, Korean, Thai, Lao, Burmese, Khmer) give every pair of neighbouring characters.
//! Combining marks above Latin letters are passed over, full-width letters and digits are those that they stand for.

use ultra_core::tokens::is_cjk;

/// Bytes of a word that count; what follows is noise, such as an encoded picture.
const LONGEST: usize = 64;

/// A term as it is compared. Two different words share one about once in four thousand million pairs.
pub(super) type Term = u32;

/// Gives every term of `text` to `take`, in order.
pub(super) fn each(text: &str, mut take: impl FnMut(Term)) {
    each_word(text, |word| take(hash(word)));
}

/// Gives every term of `text` to `take` as it reads.
fn each_word(text: &str, mut take: impl FnMut(&str)) {
    let mut word = String::with_capacity(LONGEST + 8);
    let mut run = Run::default();
    for c in text.chars() {
        if c.is_ascii() {
            run.end(&mut take);
            if c.is_ascii_alphanumeric() {
                push(&mut word, c.to_ascii_lowercase());
            } else {
                end(&mut word, &mut take);
            }
            continue;
        }
        let c = narrow(c);
        if matches!(c, '\u{300}'..='\u{36F}' | '\u{AD}' | '\u{200C}' | '\u{200D}') {
            continue;
        }
        if is_unspaced(c) {
            end(&mut word, &mut take);
            run.push(c, &mut take);
            continue;
        }
        run.end(&mut take);
        if c.is_alphanumeric() {
            c.to_lowercase().for_each(|c| push(&mut word, if c == 'ς' { 'σ' } else { c }));
        } else {
            end(&mut word, &mut take);
        }
    }
    end(&mut word, &mut take);
    run.end(&mut take);
}

fn push(word: &mut String, c: char) {
    if word.len() < LONGEST && !matches!(c, '\u{300}'..='\u{36F}') {
        word.push(c);
    }
}

fn end(word: &mut String, take: &mut impl FnMut(&str)) {
    if !word.is_empty() {
        singular(word);
        take(word);
        word.clear();
    }
}

/// Cuts off the plural `s`, where the word has one.
fn singular(word: &mut String) {
    if word.len() < 4 || !word.ends_with('s') || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return;
    }
    let is = |ends: &[&str]| ends.iter().any(|end| word.ends_with(end));
    if is(&["ies"]) && !is(&["eies", "aies"]) {
        word.truncate(word.len() - 3);
        word.push('y');
    } else if !is(&["us", "ss", "aes", "ees", "oes"]) {
        word.pop();
    }
}

/// A run of characters of scripts without spaces.
#[derive(Debug, Default)]
struct Run {
    last: Option<char>,
    /// Whether the last character stands in a pair already.
    paired: bool,
}

impl Run {
    fn push(&mut self, c: char, take: &mut impl FnMut(&str)) {
        if let Some(last) = self.last {
            take(String::from_iter([last, c]).as_str());
            self.paired = true;
        }
        self.last = Some(c);
    }

    fn end(&mut self, take: &mut impl FnMut(&str)) {
        if let Some(last) = self.last.take().filter(|_| !self.paired) {
            take(last.encode_utf8(&mut [0; 4]));
        }
        self.paired = false;
    }
}

/// The ASCII character for which a full-width one stands.
fn narrow(c: char) -> char {
    match u32::from(c) {
        wide @ 0xFF01..=0xFF5E => char::from_u32(wide - 0xFEE0).unwrap_or(c),
        _ => c,
    }
}

fn is_unspaced(c: char) -> bool {
    (is_cjk(c) && c.is_alphanumeric())
        || matches!(u32::from(c), 0x0E01..=0x0E4E | 0x0E81..=0x0ECD | 0x1000..=0x103F | 0x1780..=0x17D3)
}

/// FNV-1a.
fn hash(word: &str) -> Term {
    word.bytes().fold(0x811C_9DC5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::{each_word, hash};

    fn words(text: &str) -> Vec<String> {
        let mut words = Vec::new();
        each_word(text, |word| words.push(word.to_owned()));
        words
    }

    #[test]
    fn words_are_runs_of_letters_and_digits_in_lower_case() {
        assert_eq!(
            words("The  RENT is 3,5-mal_x “hoch”.\n"),
            ["the", "rent", "is", "3", "5", "mal", "x", "hoch"]
        );
        assert_eq!(words("ÄRGER straße ΛΟΓΟΣ Привет"), ["ärger", "straße", "λογοσ", "привет"]);
        assert_eq!(words("İs cafe\u{301} ３Ｄ soft\u{AD}ware"), ["is", "cafe", "3d", "software"]);
        assert!(words(" \n\u{0}—…!").is_empty());
    }

    #[test]
    fn the_plural_finds_the_singular() {
        for (many, one) in [("risks", "risk"), ("policies", "policy"), ("causes", "cause")] {
            assert_eq!(words(many), words(one), "{many}");
        }
        assert_eq!(words("this bus class shoes gas is"), ["thi", "bus", "class", "shoes", "gas", "is"]);
    }

    #[test]
    fn scripts_without_spaces_give_pairs() {
        assert_eq!(words("東京都と"), ["東京", "京都", "都と"]);
        assert_eq!(words("茶。お茶 x茶y"), ["茶", "お茶", "x", "茶", "y"]);
        assert_eq!(words("한국어"), ["한국", "국어"]);
        assert_eq!(words("ราคา"), ["รา", "าค", "คา"]);
    }

    #[test]
    fn a_word_without_end_is_one_short_term() {
        let found = words(&"QUJD".repeat(100_000));
        assert_eq!(found, ["qujd".repeat(16)]);
    }

    #[test]
    fn terms_are_fnv_1a() {
        assert_eq!((hash(""), hash("a"), hash("foobar")), (0x811C_9DC5, 0xE40C_292C, 0xBF9C_F968));
    }
}
