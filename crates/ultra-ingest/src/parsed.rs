//! What a parser makes of a document: text with structure as Markdown, and what the document says of itself.

use serde::{Deserialize, Serialize};

/// The result of reading HTML or a PDF.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parsed {
    /// The text.
    #[serde(skip)]
    pub text: String,
    /// Facts about the document in the order in which they are written, such as `title`.
    pub meta: Vec<(String, Fact)>,
    /// What a reader should know.
    pub warnings: Vec<String>,
    /// Where its pages begin in the text; nothing when it has none.
    #[serde(default)]
    pub pages: Pages,
}

/// Where pages begin in a text: the byte and the number of the page, from 1. Blank pages are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pages(pub Vec<(u64, u64)>);

impl Pages {
    /// The page on which the byte at `offset` stands.
    pub fn at(&self, offset: usize) -> Option<u64> {
        let before = self.0.partition_point(|(start, _)| *start <= offset as u64);
        Some(self.0.get(before.checked_sub(1)?)?.1)
    }
}

/// The value of one fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Fact {
    /// A number, such as of pages.
    Number(u64),
    /// Words.
    Text(String),
}

/// The longest fact that is kept, in bytes.
const FACT_MAX: usize = 500;

impl Parsed {
    /// Notes a fact in words; blank ones are left out, white space is made single and the length bounded.
    pub fn fact(&mut self, name: &str, value: &str) {
        let mut words = value.split_whitespace().collect::<Vec<_>>().join(" ");
        words.retain(|c| !c.is_control());
        if words.len() > FACT_MAX {
            words.truncate(words.floor_char_boundary(FACT_MAX));
            words.push('…');
        }
        if !words.is_empty() {
            self.meta.push((name.to_owned(), Fact::Text(words)));
        }
    }
}
