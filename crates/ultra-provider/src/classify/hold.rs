//! Text that is passed on piece by piece without the key that it may hold: what could be the beginning of the
//! key waits until more is known.

use super::peer::Peer;

/// The pieces of one text.
#[derive(Debug)]
pub(crate) struct Hold<'a> {
    key: Option<&'a str>,
    held: String,
}

impl<'a> Hold<'a> {
    /// A text that must not hold `key`.
    pub(super) fn new(key: Option<&'a str>) -> Self {
        Self { key, held: String::new() }
    }

    /// Takes a piece; what is safe goes to `say`.
    pub(crate) fn push(&mut self, piece: &str, say: impl FnOnce(&str)) {
        let Some(key) = self.key else {
            if !piece.is_empty() {
                say(piece);
            }
            return;
        };
        self.held.push_str(piece);
        if self.held.contains(key) {
            self.held = self.held.replace(key, "[secret]");
        }
        let safe = self.held.len() - beginning(key.as_bytes(), self.held.as_bytes());
        if safe > 0 {
            say(&self.held[..safe]);
            self.held.drain(..safe);
        }
    }

    /// The text is over; what was held goes to `say`.
    pub(crate) fn end(self, say: impl FnOnce(&str)) {
        if !self.held.is_empty() {
            say(&self.held);
        }
    }
}

/// The length of the longest end of `text` with which `key` begins.
fn beginning(key: &[u8], text: &[u8]) -> usize {
    (1..key.len().min(text.len() + 1)).rev().find(|&length| text.ends_with(&key[..length])).unwrap_or(0)
}

impl Peer {
    /// Holds what the model writes, like [`Peer::text`], for text that comes in pieces.
    pub(crate) fn hold(&self) -> Hold<'_> {
        Hold::new(self.key_in_answers())
    }
}

#[cfg(test)]
mod tests {
    use super::Hold;

    const KEY: &str = "sk-canary-0123456789abcdef";

    fn said<'a>(pieces: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let (mut hold, mut said) = (Hold::new(Some(KEY)), Vec::new());
        for piece in pieces {
            hold.push(piece, |text| said.push(text.to_owned()));
        }
        hold.end(|text| said.push(text.to_owned()));
        said
    }

    #[test]
    fn a_key_across_any_cut_is_never_said_even_in_part() {
        let text = format!("Zürich: {KEY}{KEY}, sk-canary-0123456789abcde, sks");
        let cuts: Vec<usize> = (0..=text.len()).filter(|&at| text.is_char_boundary(at)).collect();
        for &first in &cuts {
            for &second in cuts.iter().filter(|&&second| second >= first) {
                let said = said([&text[..first], &text[first..second], &text[second..]]);
                assert_eq!(said.concat(), text.replace(KEY, "[secret]"), "{first} {second}");
            }
        }
        let single: Vec<&str> = cuts.windows(2).map(|ends| &text[ends[0]..ends[1]]).collect();
        assert_eq!(said(single).concat(), text.replace(KEY, "[secret]"));
    }

    #[test]
    fn text_that_is_no_key_goes_on_at_once() {
        assert_eq!(said(["Zür", "", "ich li", "es"]), ["Zür", "ich li", "e", "s"]);
        let mut all = String::new();
        let mut hold = Hold::new(None);
        hold.push("as", |text| all.push_str(text));
        assert_eq!(all, "as");
    }
}
