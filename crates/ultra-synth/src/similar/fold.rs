//! Texts as they are compared: in lower case, and every run of white space one space.

use std::sync::LazyLock;

use crate::aggregate::prose::is_low;

/// A space, as a character.
const SPACE: u32 = b' ' as u32;

/// The characters of at most two bytes in lower case, 0 for those that become several.
static SHORT: LazyLock<Vec<u16>> = LazyLock::new(|| {
    let lower = |c: char| {
        let mut lower = c.to_lowercase();
        match (lower.next(), lower.next()) {
            _ if c.is_whitespace() => u16::from(b' '),
            (Some(one), None) => u16::try_from(u32::from(one)).unwrap_or_default(),
            _ => 0,
        }
    };
    ('\0'..='\u{7ff}').map(lower).collect()
});

/// Makes `characters` those of a text, with one space before and after it.
pub(super) fn fold(text: &str, characters: &mut Vec<u32>) {
    let short = SHORT.as_slice();
    // No character becomes more of them than it has bytes.
    characters.resize(text.len() + 2, 0);
    let mut line = Line { characters, len: 0, last: 0 };
    line.put(SPACE);
    for c in text.chars() {
        match short.get(c as usize) {
            Some(&low) if low != 0 || c == '\0' => line.put(u32::from(low)),
            _ if is_low(c) => line.put(u32::from(c)),
            _ if c.is_whitespace() => line.put(SPACE),
            _ => c.to_lowercase().for_each(|c| line.put(u32::from(c))),
        }
    }
    line.put(SPACE);
    let len = line.len;
    characters.truncate(len);
}

/// What was written of a text.
struct Line<'a> {
    characters: &'a mut [u32],
    len: usize,
    last: u32,
}

impl Line<'_> {
    /// Adds a character, unless it is one more space.
    #[inline]
    fn put(&mut self, c: u32) {
        // Nobody can predict where a word ends, so there is no branch: what comes next takes the place.
        self.characters[self.len] = c;
        self.len += usize::from(c != SPACE || self.last != SPACE);
        self.last = c;
    }
}
