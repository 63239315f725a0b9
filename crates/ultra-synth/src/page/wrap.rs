//! Text in columns: lines are folded at spaces, and where scripts without spaces allow it, by the width of their
//! characters on a terminal.
//!
//! The text is Markdown and stays it: items of lists and quotations hang under their first line, code and tables are
//! never folded. A word that is wider than a line stands whole on a line of its own, so that a link can be copied.
//! White space at the end of a line is dropped.
//!
//! The text may come in pieces. Whatever can follow, a word that is whole stands where it stands, so it is given
//! back at once, and any pieces make the same text as the whole.

mod fold;
mod words;

use fold::Fold;

/// Folds text that comes in pieces, word by word.
#[derive(Debug, Clone)]
pub(crate) struct Wrap {
    width: usize,
    /// What came of a line that has not ended.
    open: String,
    /// The bytes of it up to the last that is no white space: what may end the line.
    solid: usize,
    layout: Layout,
    /// The mark that ends the code block that began.
    code: Option<String>,
}

/// How a line is laid out.
#[derive(Debug, Clone)]
enum Layout {
    /// Its beginning does not tell.
    Unknown,
    /// As it is; so many bytes are given back.
    Plain(usize),
    Folded(Box<Fold>),
}

impl Wrap {
    /// Folds to `width` columns.
    pub(crate) fn new(width: usize) -> Self {
        Self { width, open: String::new(), solid: 0, layout: Layout::Unknown, code: None }
    }

    /// Takes a piece; gives back what is certain with it.
    pub(crate) fn push(&mut self, piece: &str) -> String {
        let mut out = String::with_capacity(piece.len() + 16);
        for part in piece.split_inclusive('\n') {
            let text = part.strip_suffix('\n');
            let from = self.open.len();
            self.open.push_str(text.unwrap_or(part));
            match self.open[from..].trim_end().len() {
                0 => {}
                solid => self.solid = from + solid,
            }
            self.lay(text.is_some(), &mut out);
        }
        out
    }

    /// Gives back what is left.
    pub(crate) fn finish(mut self) -> String {
        let mut out = String::new();
        if !self.open.is_empty() {
            self.lay(true, &mut out);
        }
        out
    }

    /// Lays out what is certain of the line.
    fn lay(&mut self, has_ended: bool, out: &mut String) {
        let line = &self.open[..self.solid];
        if matches!(self.layout, Layout::Unknown) {
            self.layout = self.layout(line, has_ended, out);
        }
        match &mut self.layout {
            Layout::Unknown => {}
            Layout::Plain(given) => {
                out.push_str(&line[*given..]);
                *given = line.len();
            }
            Layout::Folded(fold) => fold.go(line, has_ended, self.width, out),
        }
        if has_ended {
            self.end_line();
            out.push('\n');
        }
    }

    /// How the line is laid out that begins so; writes what stands before its text.
    fn layout(&self, line: &str, has_ended: bool, out: &mut String) -> Layout {
        let start = line.trim_start();
        let may_be_fence = start.len() < 3 && start.chars().all(|c| matches!(c, '`' | '~'));
        if self.code.is_some() || start.starts_with('|') || fence(start).is_some() {
            Layout::Plain(0)
        } else if may_be_fence && !has_ended {
            Layout::Unknown
        } else {
            let fold = Fold::begin(line, has_ended, self.width, out);
            fold.map_or(Layout::Unknown, |fold| Layout::Folded(Box::new(fold)))
        }
    }

    fn end_line(&mut self) {
        let start = self.open[..self.solid].trim_start();
        match (&self.code, fence(start)) {
            (Some(mark), Some(found)) if found.starts_with(mark.as_str()) && found == start => {
                self.code = None;
            }
            (None, Some(fence)) => self.code = Some(fence.to_owned()),
            _ => {}
        }
        self.open.clear();
        (self.solid, self.layout) = (0, Layout::Unknown);
    }
}

/// Folds a whole text.
pub(crate) fn wrap(text: &str, width: usize) -> String {
    let mut wrap = Wrap::new(width);
    let mut out = wrap.push(text);
    out.push_str(&wrap.finish());
    out
}

/// Three or more backticks or tildes, with which a line of code begins or ends.
fn fence(start: &str) -> Option<&str> {
    let mark = start.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let len = start.len() - start.trim_start_matches(mark).len();
    (len >= 3).then(|| &start[..len])
}

#[cfg(test)]
mod tests;
