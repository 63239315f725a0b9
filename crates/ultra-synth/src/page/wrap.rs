//! Text in columns: lines are folded at spaces, and where scripts without spaces allow it, by the width of their
//! characters on a terminal.
//!
//! The text is Markdown and stays it: items of lists and quotations hang under their first line, code and tables are
//! never folded. A word that is wider than a line stands whole on a line of its own, so that a link can be copied.

mod words;

use console::measure_text_width;

use words::{Word, words};

/// The least room that is left to text beside what hangs before it.
const LEAST: usize = 16;

/// Folds text that comes in pieces, line by line.
#[derive(Debug, Clone)]
pub(crate) struct Wrap {
    width: usize,
    /// What came of a line that has not ended.
    open: String,
    /// The mark that ends the code block that began.
    code: Option<String>,
}

impl Wrap {
    /// Folds to `width` columns.
    pub(crate) fn new(width: usize) -> Self {
        Self { width, open: String::new(), code: None }
    }

    /// Takes a piece; gives back the lines that are whole with it.
    pub(crate) fn push(&mut self, piece: &str) -> String {
        let mut out = String::with_capacity(piece.len() + 16);
        for part in piece.split_inclusive('\n') {
            self.open.push_str(part);
            if part.ends_with('\n') {
                self.line(&mut out);
            }
        }
        out
    }

    /// Gives back what is left.
    pub(crate) fn finish(mut self) -> String {
        let mut out = String::new();
        if !self.open.is_empty() {
            self.line(&mut out);
        }
        out
    }

    fn line(&mut self, out: &mut String) {
        let line = std::mem::take(&mut self.open);
        let line = line.trim_end();
        let start = line.trim_start();
        let fence = fence(start);
        if let Some(mark) = &self.code {
            if fence.is_some_and(|found| found.starts_with(mark.as_str()) && found == start) {
                self.code = None;
            }
            out.push_str(line);
        } else if let Some(fence) = fence {
            self.code = Some(fence.to_owned());
            out.push_str(line);
        } else if start.starts_with('|') || measure_text_width(line) <= self.width {
            out.push_str(line);
        } else {
            fold(line, self.width, out);
        }
        out.push('\n');
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

fn fold(line: &str, width: usize, out: &mut String) {
    let (first, rest) = line.split_at(prefix(line));
    let hanging = hang(first);
    let hanging = if measure_text_width(&hanging) + LEAST > width { String::new() } else { hanging };
    out.push_str(first);
    let mut column = measure_text_width(first);
    let mut is_empty = true;
    for Word { text, spaced } in words(rest) {
        let wide = measure_text_width(text);
        let space = usize::from(spaced && !is_empty);
        if !is_empty && column + space + wide > width {
            out.push('\n');
            out.push_str(&hanging);
            column = measure_text_width(&hanging);
        } else if space > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(text);
        column += wide;
        is_empty = false;
    }
}

/// The bytes before the text of a line: indent, marks of quotations, and the mark of an item.
fn prefix(line: &str) -> usize {
    let indented = |at: usize| line.len() - line[at..].trim_start_matches([' ', '\t']).len();
    let mut at = indented(0);
    while line[at..].starts_with('>') {
        at = indented(at + 1);
    }
    let rest = &line[at..];
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let mark = match rest.as_bytes().get(digits) {
        Some(b'.' | b')') if (1..=9).contains(&digits) => digits + 1,
        Some(b'-' | b'*' | b'+') if digits == 0 => 1,
        _ => return at,
    };
    match indented(at + mark) {
        after if after > at + mark => after,
        _ => at,
    }
}

/// What stands before the next lines: quotations go on, everything else is blank.
fn hang(first: &str) -> String {
    let quoted = first.rfind('>').map_or(0, |at| at + 1);
    let (quoted, blank) = first.split_at(quoted);
    let blank = measure_text_width(blank);
    format!("{quoted}{}", " ".repeat(blank))
}

#[cfg(test)]
mod tests;
