//! Where a line may be folded.

use console::measure_text_width;

/// A part of a line that stays whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word<'a> {
    /// What it is.
    pub(super) text: &'a str,
    /// White space stands before it.
    pub(super) spaced: bool,
}

/// The parts of a line, without the white space between them.
pub(super) fn words(line: &str) -> impl Iterator<Item = Word<'_>> {
    line.split([' ', '\t']).filter(|word| !word.is_empty()).flat_map(|word| {
        let mut rest = word;
        let mut spaced = true;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let (text, after) = rest.split_at(first_break(rest));
            rest = after;
            Some(Word { text, spaced: std::mem::replace(&mut spaced, false) })
        })
    })
}

/// Where the first part of a word ends: behind a wide character, and before one, unless something joins or closes.
fn first_break(word: &str) -> usize {
    if word.is_ascii() {
        return word.len();
    }
    let mut was_wide = false;
    let mut joins = true;
    for (at, c) in word.char_indices() {
        let mut letter = [0; 4];
        let width = measure_text_width(c.encode_utf8(&mut letter));
        let is_wide = width == 2;
        if at > 0 && !joins && (is_wide || was_wide) && width > 0 && !closes(c) {
            return at;
        }
        joins = c == '\u{200d}' || opens(c) || (width == 0 && joins);
        was_wide = if width == 0 { was_wide } else { is_wide };
    }
    word.len()
}

/// Marks that never begin a line.
fn closes(c: char) -> bool {
    "、。，．：；！？）」』】〉》〕…ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ!%),.:;?]}”’".contains(c)
}

/// Marks that never end a line.
fn opens(c: char) -> bool {
    "（「『【〈《〔([{“‘".contains(c)
}
