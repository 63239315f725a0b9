//! Text of models on a terminal: what could move the cursor, hide words or turn them around is shown, not obeyed.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with every control character but tab and newline written out: `\x1b`, `\u{202e}`.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut pieces = Visible::default();
    let mut shown = pieces.push(text);
    shown.push_str(pieces.finish());
    Cow::Owned(shown)
}

/// The same for text that comes in pieces.
#[derive(Debug, Clone, Default)]
pub struct Visible {
    /// A carriage return came, which may be the first half of the end of a line.
    returned: bool,
}

impl Visible {
    /// Takes a piece; gives back what of it can be shown.
    pub fn push(&mut self, piece: &str) -> String {
        let mut shown = String::with_capacity(piece.len() + 16);
        for c in piece.chars() {
            if std::mem::replace(&mut self.returned, c == '\r') && c != '\n' {
                shown.push_str(RETURN);
            }
            // Writing to a string cannot fail.
            let _ = match c {
                _ if !is_hidden(c) => shown.write_char(c),
                '\r' => Ok(()),
                c if u32::from(c) < 0x100 => write!(shown, "\\x{:02x}", u32::from(c)),
                c => write!(shown, "\\u{{{:x}}}", u32::from(c)),
            };
        }
        shown
    }

    /// Gives back what is left.
    pub fn finish(self) -> &'static str {
        if self.returned { RETURN } else { "" }
    }
}

/// A carriage return that no new line follows.
const RETURN: &str = "\\r";

/// Controls (C0 but tab and newline, DEL, C1), line and paragraph separators, marks that turn the direction of
/// text around, and characters of the tag block, which nobody sees.
fn is_hidden(c: char) -> bool {
    match c {
        '\t' | '\n' => false,
        '\u{2028}'
        | '\u{2029}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{e0000}'..='\u{e007f}' => true,
        c => c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Visible, visible};

    #[test]
    fn plain_text_stays_as_it_is() {
        let text = "Größe\tπ 天\n👩‍🚀 שלום";
        assert_eq!(visible(text), text);
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        assert_eq!(visible("\u{1b}[2Jgone"), "\\x1b[2Jgone");
        assert_eq!(visible("a\u{9b}31mb\u{7f}\0"), "a\\x9b31mb\\x7f\\x00");
        assert_eq!(visible("\u{202e}txt\u{2066}\u{2028}"), "\\u{202e}txt\\u{2066}\\u{2028}");
        assert_eq!(visible("one\r\ntwo\rthree"), "one\ntwo\\rthree");
        assert_eq!(visible("\r\r\n\r"), "\\r\n\\r");
    }

    #[test]
    fn pieces_are_shown_as_the_whole_is() {
        let text = "\u{1b}[2J\r\n\u{9b}31m\r\r\u{202e}\u{1b}\r";
        for size in 1..8 {
            let mut pieces = Visible::default();
            let chars: Vec<char> = text.chars().collect();
            let mut shown: String =
                chars.chunks(size).map(|piece| pieces.push(&piece.iter().collect::<String>())).collect();
            shown.push_str(pieces.finish());
            assert_eq!(shown, visible(text), "{size}");
        }
    }
}
