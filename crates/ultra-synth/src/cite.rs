//! Citations, checked against the documents that were in the request: by code, not by a model.
//!
//! The documents are read back from their frames in the messages of the first stage, so what counts is what the
//! panel was really shown.

use std::sync::LazyLock;

use regex::Regex;
use serde::Serialize;

use crate::candidate::Case;

/// A piece of a document, as the panel was shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its name.
    pub name: String,
    /// Number of the part, from 1, and how many there are; `None` for a whole document.
    pub part: Option<(u64, u64)>,
    /// Its text.
    pub text: String,
}

/// What became of a citation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The quoted words are there.
    Quoted,
    /// The document is there, and nothing was quoted from it.
    Named,
    /// The document is there, and the quoted words are not.
    NotThere,
    /// The document is there, and the part or page is not.
    NoSuchPart,
    /// There was no such document.
    NoSuchDocument,
}

/// A citation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Citation {
    /// The document.
    pub document: String,
    /// Number of the part or page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<u64>,
    /// The quoted words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// What became of it.
    pub found: Standing,
}

/// A frame around a document, up to its headers.
static FRAME: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("<document-([0-9a-f]{32})>\n").ok());

/// A file that is named in a text, and perhaps a part or page of it.
static NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let kinds =
        "pdf|md|markdown|txt|html?|docx?|odt|rtf|csv|tsv|json|ya?ml|toml|xml|rst|tex|pptx?|xlsx?|epub|log";
    let part = r"(?:[\]\)`*_’'»“”,;:\s]{0,6}(?:p|pp|page|pages|part|s|seite|teil)\.?\s{0,2}([0-9]{1,6}))?";
    Regex::new(&format!(r"(?i)\b([\p{{L}}\p{{N}}_][\p{{L}}\p{{N}}_./-]{{0,120}}\.(?:{kinds}))\b{part}")).ok()
});

/// The documents that the panel was shown.
pub fn shown(case: &Case) -> Vec<Shown> {
    let Some(request) = case.group.first_request(None) else { return Vec::new() };
    request.messages.iter().flat_map(|message| framed(&message.content.text())).collect()
}

/// The documents in a message.
fn framed(text: &str) -> Vec<Shown> {
    let mut found = Vec::new();
    let Some(frame) = FRAME.as_ref() else { return found };
    let mut from = 0;
    while let Some(start) = frame.captures_at(text, from) {
        let (Some(whole), Some(mark)) = (start.get(0), start.get(1)) else { break };
        let close = format!("</document-{}>", mark.as_str());
        let Some(length) = text[whole.end()..].find(&close) else { break };
        let inside = &text[whole.end()..whole.end() + length];
        let (headers, body) = inside.split_once("\n\n").unwrap_or(("", inside));
        let header = |key: &str| headers.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
        let part = header("part").and_then(|part| {
            let (number, count) = part.split_once(" of ")?;
            Some((number.trim().parse().ok()?, count.trim().parse().ok()?))
        });
        found.push(Shown {
            name: header("name").unwrap_or_default().to_owned(),
            part,
            text: body.to_owned(),
        });
        from = whole.end() + length + close.len();
    }
    found
}

/// Checks a citation.
pub fn check(documents: &[Shown], document: &str, part: Option<u64>, quote: Option<&str>) -> Citation {
    let named: Vec<&Shown> = documents.iter().filter(|shown| is_same(&shown.name, document)).collect();
    let in_part: Vec<&Shown> = match part {
        // A whole document holds all of its pages; which is where cannot be told.
        Some(part) => named
            .iter()
            .copied()
            .filter(|shown| shown.part.is_none_or(|(number, _)| number == part))
            .collect(),
        None => named.clone(),
    };
    let quote = quote.map(str::trim).filter(|quote| !quote.is_empty());
    let holds = |quote: &str| {
        let quote = plain(quote);
        in_part.iter().any(|shown| plain(&shown.text).contains(&quote))
    };
    let found = match quote {
        _ if named.is_empty() => Standing::NoSuchDocument,
        _ if in_part.is_empty() => Standing::NoSuchPart,
        None => Standing::Named,
        Some(quote) if holds(quote) => Standing::Quoted,
        Some(_) => Standing::NotThere,
    };
    Citation { document: document.to_owned(), part, quote: quote.map(str::to_owned), found }
}

/// The files that a text names, checked; each once.
pub fn named(documents: &[Shown], text: &str) -> Vec<Citation> {
    let mut found: Vec<Citation> = Vec::new();
    for named in NAMED.as_ref().into_iter().flat_map(|named| named.captures_iter(text)) {
        let part = named.get(2).and_then(|part| part.as_str().parse().ok());
        let citation = check(documents, &named[1], part, None);
        if !found.contains(&citation) {
            found.push(citation);
        }
    }
    found
}

/// Whether a name in a text means a document: the same, or its last part.
fn is_same(name: &str, said: &str) -> bool {
    let (name, said) = (name.trim().to_lowercase(), said.trim().to_lowercase());
    let tail = |path: &str| path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
    name == said || (!said.is_empty() && tail(&name) == tail(&said))
}

/// Text whose white space, quotes, dashes and case do not matter.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !plain.is_empty() {
            plain.push(' ');
        }
        for c in word.chars() {
            match c {
                '“' | '”' | '„' | '«' | '»' => plain.push('"'),
                '‘' | '’' => plain.push('\''),
                '–' | '—' | '‑' => plain.push('-'),
                '\u{ad}' => {}
                c => plain.extend(c.to_lowercase()),
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::{Shown, Standing, check, framed, named};

    fn documents() -> Vec<Shown> {
        let mark = "0123456789abcdef0123456789abcdef";
        let text = format!(
            "Note.\n\n<document-{mark}>\nname: plans/plan.pdf\npart: 2 of 3\nheading: Costs\n\nThe  bridge costs “four” million.\n</document-{mark}>\n\n<document-{mark}>\nname: notes.md\n\nNothing.\n</document-{mark}>\nWhat does it cost?"
        );
        framed(&text)
    }

    #[test]
    fn documents_are_read_back_from_their_frames() {
        let documents = documents();
        assert_eq!(documents.len(), 2);
        assert_eq!((documents[0].name.as_str(), documents[0].part), ("plans/plan.pdf", Some((2, 3))));
        assert_eq!((documents[1].text.as_str(), documents[1].part), ("Nothing.\n", None));
        assert!(framed("<document-0123456789abcdef0123456789abcdef>\nname: x\n\nno end").is_empty());
    }

    #[test]
    fn a_citation_stands_when_its_words_are_there() {
        let found = |document, part, quote| check(&documents(), document, part, quote).found;
        assert_eq!(found("plan.pdf", None, Some("bridge costs \"four\"\nmillion")), Standing::Quoted);
        assert_eq!(found("Plan.PDF", Some(2), None), Standing::Named);
        assert_eq!(found("plan.pdf", Some(9), Some("The bridge")), Standing::NoSuchPart);
        assert_eq!(found("plan.pdf", None, Some("five million")), Standing::NotThere);
        assert_eq!(found("budget.pdf", None, Some("The bridge")), Standing::NoSuchDocument);
    }

    #[test]
    fn files_that_a_text_names_are_found_with_their_pages() {
        let text = "See [plan.pdf, p. 2], plan.pdf page 7 and budget.xlsx; e.g. this, version 1.2, is none.";
        let found: Vec<_> =
            named(&documents(), text).into_iter().map(|one| (one.document, one.part, one.found)).collect();
        assert_eq!(
            found,
            [
                ("plan.pdf".to_owned(), Some(2), Standing::Named),
                ("plan.pdf".to_owned(), Some(7), Standing::NoSuchPart),
                ("budget.xlsx".to_owned(), None, Standing::NoSuchDocument),
            ]
        );
    }
}
