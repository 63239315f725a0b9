//! A text on its way to a reader, piece by piece: with nothing in it that a terminal would obey, and in columns.

use super::wrap::Wrap;
use crate::visible::Visible;

/// What becomes of a text before it is read.
#[derive(Debug, Clone, Default)]
pub(super) struct Ink {
    visible: Option<Visible>,
    wrap: Option<Wrap>,
    trim: Option<Trim>,
    /// What was given back ends within a line, or nothing was.
    open: bool,
    begun: bool,
}

/// Leaves out the white space around a text.
#[derive(Debug, Clone, Default)]
struct Trim {
    begun: bool,
    /// White space that may be the last.
    space: String,
}

impl Ink {
    /// As it is.
    pub(super) fn plain() -> Self {
        Self { open: true, ..Self::default() }
    }

    /// With control characters written out.
    pub(super) fn visible(self) -> Self {
        Self { visible: Some(Visible::default()), ..self }
    }

    /// In `width` columns.
    pub(super) fn folded(self, width: usize) -> Self {
        Self { wrap: Some(Wrap::new(width)), ..self }
    }

    /// Without the white space around it.
    pub(super) fn trimmed(self) -> Self {
        Self { trim: Some(Trim::default()), ..self }
    }

    /// Whether something was given back.
    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }

    /// Takes a piece; gives back what is certain with it.
    pub(super) fn push(&mut self, piece: &str) -> String {
        let piece = match &mut self.trim {
            Some(trim) => trim.push(piece),
            None => piece.to_owned(),
        };
        let piece = self.visible.as_mut().map_or_else(|| piece.clone(), |visible| visible.push(&piece));
        let piece = self.wrap.as_mut().map_or_else(|| piece.clone(), |wrap| wrap.push(&piece));
        self.give(piece)
    }

    /// Gives back what is left, and ends the line.
    pub(super) fn finish(mut self) -> String {
        let mut rest = self.visible.take().map_or("", Visible::finish).to_owned();
        if let Some(mut wrap) = self.wrap.take() {
            rest = wrap.push(&rest) + &wrap.finish();
            return rest;
        }
        let mut rest = self.give(rest);
        if self.open {
            rest.push('\n');
        }
        rest
    }

    fn give(&mut self, piece: String) -> String {
        if !piece.is_empty() {
            self.open = !piece.ends_with('\n');
            self.begun = true;
        }
        piece
    }
}

impl Trim {
    fn push(&mut self, piece: &str) -> String {
        let mut piece = piece;
        if !self.begun {
            piece = piece.trim_start();
            self.begun = !piece.is_empty();
        }
        let text = piece.trim_end();
        let space = &piece[text.len()..];
        if text.is_empty() {
            self.space.push_str(space);
            return String::new();
        }
        let given = std::mem::take(&mut self.space) + text;
        self.space.push_str(space);
        given
    }
}

#[cfg(test)]
mod tests;
