//! Texts as they are compared: in lower case, and every run of white space one space.

use crate::aggregate::prose::is_low;

/// Puts a character as it is compared: one space for white space, and else what it is in lower case.
pub(super) fn lower(c: char, mut put: impl FnMut(char)) {
    match c {
        _ if is_low(c) => put(c),
        _ if c.is_whitespace() => put(' '),
        _ => c.to_lowercase().for_each(put),
    }
}

/// What is written of a text, letter by letter.
pub(super) struct Line<'a, T> {
    letters: &'a mut Vec<T>,
    len: usize,
    last: T,
    space: T,
}

impl<'a, T: Copy + PartialEq> Line<'a, T> {
    /// Begins with the letter that is the space. There is room for all of a text, since no character becomes more
    /// letters than it has bytes.
    pub(super) fn of(text: &str, space: T, letters: &'a mut Vec<T>) -> Self {
        letters.resize(text.len() + 2, space);
        letters[0] = space;
        Self { letters, len: 1, last: space, space }
    }

    /// Adds a letter, unless it is one more space.
    #[inline]
    pub(super) fn put(&mut self, letter: T) {
        // Nobody can predict where a word ends, so there is no branch: what comes next takes the place.
        self.letters[self.len] = letter;
        self.len += usize::from(letter != self.space || self.last != self.space);
        self.last = letter;
    }

    /// Ends with a space.
    pub(super) fn end(mut self) {
        self.put(self.space);
        self.letters.truncate(self.len);
    }
}
