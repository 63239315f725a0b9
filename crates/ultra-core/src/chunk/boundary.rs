//! Where a text may be cut, and how good each place is.

use super::Heading;
use crate::tokens::is_cjk;

/// How good a place to cut is; later is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Word,
    Sentence,
    Line,
    Paragraph,
    /// A blank line before a line that is not indented, as between two functions.
    Block,
    /// Before a heading; the number grows from level 6 to level 1.
    Heading(u8),
}

/// The last of the best places in `after < place <= until` to cut the part that begins at `start`, if there is
/// one at all.
pub(super) fn best(
    text: &str,
    start: usize,
    (after, until): (usize, usize),
    heads: &[Heading],
) -> Option<usize> {
    let first = heads.partition_point(|head| head.start <= after);
    let last = heads.partition_point(|head| head.start <= until);
    let heading = heads[first..last].iter().map(|head| (Rank::Heading(7 - head.level), head.start)).max();
    if let Some((_, place)) = heading {
        return Some(place);
    }
    let inside = text[start..until].char_indices().map(|(offset, c)| (start + offset + c.len_utf8(), c));
    let following = text[start..].chars().skip(1).chain(std::iter::once('\n'));
    let mut found: Option<(Rank, usize)> = None;
    let mut past = Past::default();
    for ((place, c), next) in inside.zip(following) {
        past.take(c);
        if place > after
            && let Some(rank) = rank(c, next, &past)
        {
            found = found.max(Some((rank, place)));
        }
    }
    found.map(|(_, place)| place)
}

/// What is known of the text before a place.
#[derive(Debug, Default)]
struct Past {
    /// The line that just ended had no visible character.
    ended_blank: bool,
    /// The line so far has a visible character.
    visible: bool,
    /// The last word ends a sentence.
    stopped: bool,
}

impl Past {
    fn take(&mut self, c: char) {
        if c == '\n' {
            self.ended_blank = !self.visible;
            self.visible = false;
        } else if !c.is_whitespace() {
            self.visible = true;
            let closes = matches!(c, '"' | '\'' | ')' | ']' | '”' | '’' | '»' | '*' | '_');
            self.stopped = matches!(c, '.' | '!' | '?' | '…') || (self.stopped && closes);
        }
    }
}

/// The rank of the place between `before` and `next`.
fn rank(before: char, next: char, past: &Past) -> Option<Rank> {
    if before == '\n' {
        return Some(match (past.ended_blank, next.is_whitespace()) {
            (true, false) => Rank::Block,
            (true, true) if !matches!(next, '\n' | '\r') => Rank::Paragraph,
            _ => Rank::Line,
        });
    }
    if before.is_whitespace() && !next.is_whitespace() && before != '\r' {
        return Some(if past.stopped && !next.is_lowercase() { Rank::Sentence } else { Rank::Word });
    }
    if joins(next) || !(is_cjk(before) || is_cjk(next)) {
        return None;
    }
    Some(if matches!(before, '。' | '！' | '？') { Rank::Sentence } else { Rank::Word })
}

/// The last place in `start < place <= until` that does not tear a character from its marks.
pub(super) fn between_characters(text: &str, start: usize, until: usize) -> usize {
    let mut place = until;
    while let Some((offset, c)) = text[start..place].char_indices().next_back() {
        let next = text[place..].chars().next();
        if !next.is_some_and(joins) && c != '\u{200D}' {
            return place;
        }
        if offset == 0 {
            break;
        }
        place = start + offset;
    }
    until
}

/// Whether `c` belongs to the character before it: combining marks, joiners, closing punctuation of CJK.
fn joins(c: char) -> bool {
    matches!(u32::from(c),
        0x0300..=0x036F | 0x0483..=0x0489 | 0x0591..=0x05BD | 0x064B..=0x065F | 0x093A..=0x094F
        | 0x0E31 | 0x0E34..=0x0E3A | 0x0E47..=0x0E4E
        | 0x1AB0..=0x1AFF | 0x1DC0..=0x1DFF | 0x200D | 0x20D0..=0x20FF | 0x3099 | 0x309A
        | 0xFE00..=0xFE0F | 0xFE20..=0xFE2F | 0x1_F3FB..=0x1_F3FF | 0xE_0100..=0xE_01EF)
        || matches!(c, '、' | '。' | '，' | '．' | '」' | '』' | '）' | '】' | '！' | '？' | 'ー')
}
