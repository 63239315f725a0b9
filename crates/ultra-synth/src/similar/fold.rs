//! Texts as they are compared: in lower case, and every run of white space one space.

use std::sync::LazyLock;

use crate::aggregate::prose::is_low;

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

/// Gives every character of a text, with one space before and after it.
#[inline]
pub(super) fn fold(text: &str, mut give: impl FnMut(u32)) {
    let short = SHORT.as_slice();
    let space = u32::from(b' ');
    give(space);
    let mut last = space;
    let mut push = |c: u32| {
        if c != space || last != space {
            give(c);
        }
        last = c;
    };
    for c in text.chars() {
        match c {
            '\u{1}'..='\u{7ff}' if short[c as usize] != 0 => push(u32::from(short[c as usize])),
            _ if is_low(c) => push(u32::from(c)),
            _ if c.is_whitespace() => push(space),
            _ => c.to_lowercase().for_each(|c| push(u32::from(c))),
        }
    }
    push(space);
}
