//! Delimiters around data, which the data cannot forge.
//!
//! Every document and every answer stands between two lines that carry a mark of 128 bits. The mark is a hash of
//! the data itself, so the same content gives the same request and the same cache key on every run, and it is
//! made again until it occurs nowhere in the data: nothing in there can end the frame early or begin another.
//!
//! ```
//! use ultra_template::fence::Fence;
//! let (one, two) = ("An answer.", "Another.");
//! let fence = Fence::around(0, [one, two]);
//! let text = fence.answer("Answer A", one);
//! assert!(text.starts_with("<answer-") && text.contains("\nlabel: Answer A\n\nAn answer.\n</answer-"));
//! assert_eq!(fence, Fence::around(0, [one, two]));
//! ```

pub(crate) mod header;

use std::fmt::{self, Write as _};

use ultra_core::id::ContentHash;
use ultra_core::record::Document;

pub use header::{texts, tokens};

/// Hexadecimal digits of a mark: 128 bits.
const DIGITS: usize = 32;
/// The longest name or heading that is shown beside a document, in characters.
const HEADER: usize = 200;

/// The delimiters of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    mark: String,
}

impl Fence {
    /// Delimiters for a message that holds `data`; another `seed` gives other marks.
    ///
    /// Name here every text that is not the pattern's own, the question and the headings included.
    pub fn around<'a>(seed: u64, data: impl IntoIterator<Item = &'a str, IntoIter: Clone>) -> Self {
        let data = data.into_iter();
        let mut content = ContentHash::new("ultra fence v1");
        content.add(seed.to_le_bytes());
        for text in data.clone() {
            content.add(text);
        }
        let marks = (0_u64..).map(|again| {
            let mut mark = content.clone().field(again.to_le_bytes()).hex();
            mark.truncate(DIGITS);
            mark
        });
        Self { mark: first_free(marks, &data) }
    }

    /// The mark that every delimiter carries.
    pub fn mark(&self) -> &str {
        &self.mark
    }

    /// An answer under its label.
    pub fn answer(&self, label: &str, text: &str) -> String {
        self.framed("answer", &[("label", label)], text)
    }

    /// The question that the answers answer.
    pub fn question(&self, text: &str) -> String {
        self.framed("question", &[], text)
    }

    /// A document, with its name, source, page, part and heading.
    pub fn document(&self, document: &Document) -> String {
        let lines = header::lines(document);
        let headers: Vec<_> = lines.iter().map(|(key, value)| (*key, value.as_ref())).collect();
        self.framed("document", &headers, &document.text)
    }

    fn framed(&self, kind: &str, headers: &[(&str, &str)], text: &str) -> String {
        let Self { mark } = self;
        let mut framed = String::with_capacity(text.len() + 256);
        let _ = writeln!(framed, "<{kind}-{mark}>");
        for (key, value) in headers {
            let _ = writeln!(framed, "{key}: {}", OneLine(value));
        }
        let (before, after) =
            (if headers.is_empty() { "" } else { "\n" }, if text.ends_with('\n') { "" } else { "\n" });
        let _ = write!(framed, "{before}{text}{after}</{kind}-{mark}>");
        framed
    }
}

/// The first mark that occurs nowhere in the data.
fn first_free<'a>(
    mut marks: impl Iterator<Item = String>,
    data: &(impl Iterator<Item = &'a str> + Clone),
) -> String {
    // Marks without end are all different, so one of them is free.
    marks.find(|mark| !data.clone().any(|text| holds(text, mark))).unwrap_or_default()
}

/// Whether `text` holds the mark, in lower or upper case.
fn holds(text: &str, mark: &str) -> bool {
    text.contains(mark) || text.contains(&mark.to_ascii_uppercase())
}

/// Untrusted text on one line of bounded length.
struct OneLine<'a>(&'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars().take(HEADER) {
            f.write_char(if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })?;
        }
        if self.0.chars().nth(HEADER).is_some() {
            f.write_char('…')?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
