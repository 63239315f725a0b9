//! Where a line may be folded between letters.

use console::measure_text_width;

/// Looks at the letters of a word, one after the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seams {
    was_wide: bool,
    /// The next letter belongs to the one before it.
    joins: bool,
}

impl Seams {
    /// At the beginning of a word.
    pub(super) fn new() -> Self {
        Self { was_wide: false, joins: true }
    }

    /// Whether the word may be parted before its next letter: behind a wide one, and before one, unless something
    /// joins or closes.
    pub(super) fn parts(&mut self, c: char) -> bool {
        let width = if c.is_ascii() { 1 } else { measure_text_width(c.encode_utf8(&mut [0; 4])) };
        let is_wide = width == 2;
        let parts = !self.joins && (is_wide || self.was_wide) && width > 0 && !closes(c);
        self.joins = c == '\u{200d}' || opens(c) || (width == 0 && self.joins);
        self.was_wide = if width == 0 { self.was_wide } else { is_wide };
        parts
    }
}

/// Marks that never begin a line, and tones of skin.
fn closes(c: char) -> bool {
    matches!(c, '\u{1f3fb}'..='\u{1f3ff}')
        || "、。，．：；！？）」』】〉》〕…ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ!%),.:;?]}”’".contains(c)
}

/// Marks that never end a line.
fn opens(c: char) -> bool {
    "（「『【〈《〔([{“‘".contains(c)
}
