//! One line that is folded while it comes.

use console::measure_text_width;

use super::words::Seams;

/// The least room that is left to text beside what hangs before it.
const LEAST: usize = 16;
/// Marks of quotations are looked for in so many bytes.
const QUOTED: usize = 120;

/// A line on its way: what is whole of it is laid out.
#[derive(Debug, Clone)]
pub(super) struct Fold {
    /// What stands before every line but the first.
    hanging: String,
    /// The columns that are taken.
    column: usize,
    /// There is no word on the line.
    is_empty: bool,
    /// Where the white space before the word begins.
    gap: usize,
    /// Where the word begins, when there is one.
    word: Option<usize>,
    /// Where the next letter is.
    next: usize,
    seams: Seams,
}

impl Fold {
    /// Begins with the line that has this beginning and is folded to `width`; `None` while what stands before its
    /// text cannot be told.
    pub(super) fn begin(line: &str, has_ended: bool, width: usize, out: &mut String) -> Option<Self> {
        let text = prefix(line, has_ended)?;
        let first = &line[..text];
        let hanging = hang(first);
        let hanging = if measure_text_width(&hanging) + LEAST > width { String::new() } else { hanging };
        out.push_str(first);
        Some(Self {
            hanging,
            column: measure_text_width(first),
            is_empty: true,
            gap: text,
            word: None,
            next: text,
            seams: Seams::new(),
        })
    }

    /// Lays out the words of `line` that are whole. The line only grows, and has no white space at its end.
    pub(super) fn go(&mut self, line: &str, has_ended: bool, width: usize, out: &mut String) {
        let from = self.next;
        for (at, c) in line[from..].char_indices().map(|(at, c)| (from + at, c)) {
            let is_space = matches!(c, ' ' | '\t');
            if let Some(word) = self.word
                && (is_space || self.seams.parts(c))
            {
                self.lay(&line[self.gap..word], &line[word..at], width, out);
                (self.gap, self.word) = (at, None);
            }
            if self.word.is_none() && !is_space {
                self.word = Some(at);
                self.seams = Seams::new();
                self.seams.parts(c);
            }
        }
        self.next = line.len();
        if let Some(word) = self.word.filter(|_| has_ended) {
            self.lay(&line[self.gap..word], &line[word..], width, out);
        }
    }

    /// Puts a word behind the white space before it, or on the next line.
    fn lay(&mut self, space: &str, word: &str, width: usize, out: &mut String) {
        let wide = measure_text_width(word);
        if !self.is_empty && self.column + space.len() + wide > width {
            out.push('\n');
            out.push_str(&self.hanging);
            self.column = measure_text_width(&self.hanging);
        } else {
            out.push_str(space);
            self.column += space.len();
        }
        out.push_str(word);
        self.column += wide;
        self.is_empty = false;
    }
}

/// The bytes before the text of a line: indent, marks of quotations, and the mark of an item. `None` when what is
/// there of the line does not tell.
fn prefix(line: &str, has_ended: bool) -> Option<usize> {
    let indented = |at: usize| line.len() - line[at..].trim_start_matches([' ', '\t']).len();
    let mut at = indented(0);
    while line[at..].starts_with('>') && at < QUOTED {
        at = indented(at + 1);
    }
    let rest = &line[at..];
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let mark = match rest.as_bytes().get(digits) {
        None if digits < 10 && !has_ended => return None,
        Some(b'.' | b')') if (1..=9).contains(&digits) => digits + 1,
        Some(b'-' | b'*' | b'+') if digits == 0 => 1,
        _ => return Some(at),
    };
    if rest.len() == mark && !has_ended {
        return None;
    }
    match indented(at + mark) {
        after if after > at + mark => Some(after),
        _ => Some(at),
    }
}

/// What stands before the next lines: quotations go on, everything else is blank.
fn hang(first: &str) -> String {
    let quoted = first.rfind('>').map_or(0, |at| at + 1);
    let (quoted, blank) = first.split_at(quoted);
    let blank = measure_text_width(blank);
    format!("{quoted}{}", " ".repeat(blank))
}
