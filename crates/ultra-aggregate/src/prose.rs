//! What answers are read for, whatever is made of it: JSON among words, and letters that are small already.

use std::io::Read;

use serde_json::{Deserializer, Result, Value};

/// The JSON value at the beginning of a text, and how many bytes of the text were read for it. They are taken from
/// `effort`, and no more than that are read.
pub fn value(text: &[u8], effort: &mut usize) -> (Option<Result<Value>>, usize) {
    let mut rest = Counted { bytes: &text[..text.len().min(*effort)], read: 0 };
    let value = Deserializer::from_reader(&mut rest).into_iter().next();
    *effort -= rest.read;
    (value, rest.read)
}

/// Counts what the parser reads.
struct Counted<'a> {
    bytes: &'a [u8],
    read: usize,
}

impl Read for Counted<'_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let read = Read::read(&mut self.bytes, to)?;
        self.read += read;
        Ok(read)
    }
}

/// Whether a character is in one of the large blocks without upper case and white space. To ask that takes less time
/// than to look the character up.
pub const fn is_low(c: char) -> bool {
    matches!(c, '\u{df}'..='\u{ff}' | '\u{3ac}'..='\u{3ce}' | '\u{430}'..='\u{45f}'
        | '\u{2010}'..='\u{2027}' | '\u{3001}'..='\u{a63f}' | '\u{ac00}'..='\u{d7a3}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_read_than_the_effort_allows() {
        let mut effort = 10;
        let (found, read) = value(br#"{"a":1} and more"#, &mut effort);
        assert!(found.is_some_and(|found| found.is_ok()));
        assert_eq!((read, effort), (7, 3));
        let (found, read) = value(br#"{"a":1}"#, &mut effort);
        assert!(found.is_some_and(|found| found.is_err()));
        assert_eq!((read, effort), (3, 0));
    }

    #[test]
    fn what_is_low_stays_as_it_is_and_is_no_space() {
        let all = ('\0'..=char::MAX).filter(|c| is_low(*c));
        assert!(all.clone().count() > 40_000);
        for c in all {
            assert!(c.to_lowercase().eq([c]) && !c.is_whitespace(), "{c:?}");
        }
    }
}
