//! How many tokens a text has, estimated.
//!
//! The estimate is `ceil(bytes / 4)`, where a character of Chinese, Japanese or Korean writing counts as one
//! whole token instead of its three bytes. Four characters a token is what the vendors state for English; it
//! needs no vocabulary, so it costs nothing to load and is the same for every model. It is an estimate, and the
//! `usage` in an answer is what counts for money.

/// A quarter of a token: the unit in which the estimate is additive.
pub type Quarters = u64;

/// Quarters of a token that `c` costs.
pub fn quarters(c: char) -> Quarters {
    if is_cjk(c) { 4 } else { c.len_utf8() as u64 }
}

/// Whether `c` belongs to a script that is written without spaces and costs about a token a character.
pub fn is_cjk(c: char) -> bool {
    matches!(u32::from(c),
        0x1100..=0x11FF       // Hangul Jamo
        | 0x2E80..=0x9FFF     // radicals, kana, CJK symbols and ideographs
        | 0xA960..=0xA97F
        | 0xAC00..=0xD7FF     // Hangul
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE4F
        | 0xFF01..=0xFF9F     // full-width and half-width forms
        | 0x2_0000..=0x3_FFFF)
}

/// Estimated number of tokens in `text`; 0 only for the empty text.
pub fn estimate(text: &str) -> u64 {
    if text.is_ascii() {
        return text.len().div_ceil(4) as u64;
    }
    text.chars().map(quarters).sum::<Quarters>().div_ceil(4)
}

#[cfg(test)]
mod tests {
    use super::{estimate, quarters};

    #[test]
    fn latin_text_costs_a_quarter_of_its_bytes_rounded_up() {
        assert_eq!(estimate(""), 0);
        assert_eq!(estimate("a"), 1);
        assert_eq!(estimate("abcdefgh"), 2);
        assert_eq!(estimate("abcdefghi"), 3);
        assert_eq!(estimate("äöüß"), 2);
    }

    #[test]
    fn cjk_text_costs_a_token_a_character() {
        assert_eq!(estimate("日本語"), 3);
        assert_eq!(estimate("한국어"), 3);
        assert_eq!(estimate("日本 and"), 3);
    }

    #[test]
    fn the_short_way_for_ascii_gives_the_same() {
        for length in 0..20 {
            let text = "x".repeat(length);
            assert_eq!(estimate(&text), text.chars().map(quarters).sum::<u64>().div_ceil(4));
        }
    }
}
