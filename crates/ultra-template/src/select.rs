//! Which excerpts of many documents a prompt gets to see.
//!
//! Where all of them fit, all are shown. Otherwise they come in the order of their score ([BM25](Rule::Bm25), over
//! text, name and heading) while there is room; one that shares no word with the prompt is left out, unless none
//! shares a word: then the first ones are shown. What is shown stands in the order of the documents. The same
//! documents and prompt give the same choice on every machine.
//!
//! An excerpt is a document record, which is often a part of a document already. One that is larger than the whole
//! room is cut at its natural boundaries.

mod bm25;
mod note;
mod pick;
mod terms;

use std::borrow::Cow;

use ultra_core::chunk::{self, Structure};
use ultra_core::record::{Document, Object, Part};
use ultra_core::tokens;

use crate::fence::header;
use bm25::Index;
pub use note::Note;

/// How much may be shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Excerpts.
    pub top_k: Option<u64>,
    /// Estimated tokens, those of the lines around each excerpt included.
    pub tokens: Option<u64>,
}

/// By what the excerpts were chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// All are shown, since all fit.
    All,
    /// By the words that they share with the prompt.
    Bm25,
    /// No excerpt shares a word with the prompt, so the first are shown.
    First,
}

/// The excerpts of all documents, ready to be chosen from.
#[derive(Debug)]
pub struct Excerpts {
    limits: Limits,
    index: Index,
    all: Vec<Excerpt>,
    /// The first excerpt of each document.
    firsts: Vec<usize>,
}

/// One excerpt.
#[derive(Debug)]
struct Excerpt {
    document: usize,
    tokens: u64,
    cut: Option<Cut>,
}

/// A piece of the text of a document record.
#[derive(Debug)]
struct Cut {
    start: usize,
    end: usize,
    index: usize,
    count: usize,
    heading: Option<String>,
}

/// What a prompt gets to see.
#[derive(Debug)]
pub struct Choice {
    /// By what it was chosen.
    pub rule: Rule,
    /// Estimated tokens of what is shown.
    pub tokens: u64,
    /// What is shown, in the order of the documents: excerpts with their scores.
    shown: Vec<(usize, f64)>,
    left_out: Vec<usize>,
}

impl Choice {
    /// How many excerpts are shown.
    pub fn shown(&self) -> usize {
        self.shown.len()
    }

    /// How many excerpts are left out.
    pub fn left_out(&self) -> usize {
        self.left_out.len()
    }
}

impl Excerpts {
    /// No excerpts yet.
    pub fn new(limits: Limits) -> Self {
        Self { limits, index: Index::default(), all: Vec::new(), firsts: Vec::new() }
    }

    /// Adds a document; documents are numbered from 0 as they are added.
    pub fn add(&mut self, document: &Document) {
        let number = self.firsts.len();
        self.firsts.push(self.all.len());
        let around = header::room(document);
        let whole = (around + header::quarters(&document.text)).div_ceil(4);
        let cuts = match self.limits.tokens {
            Some(room) if whole > room => cuts(document, room, around.div_ceil(4)),
            _ => Vec::new(),
        };
        if cuts.is_empty() {
            self.index.add([document.text.as_str(), &document.name, heading(document)]);
            self.all.push(Excerpt { document: number, tokens: whole, cut: None });
            return;
        }
        for cut in cuts {
            let mut excerpt = Excerpt { document: number, tokens: 0, cut: Some(cut) };
            let shown = excerpt.of(document);
            excerpt.tokens = header::tokens(&shown);
            self.index.add([shown.text.as_str(), &shown.name, heading(&shown)]);
            self.all.push(excerpt);
        }
    }

    /// Chooses from the excerpts of some documents, which are named by number, in order.
    pub fn choose(&self, prompt: &str, documents: &[usize]) -> Choice {
        let excerpts: Vec<usize> = documents.iter().flat_map(|document| self.of(*document)).collect();
        let scores = self.index.scores(prompt, &excerpts);
        let costs: Vec<u64> = excerpts.iter().map(|excerpt| self.all[*excerpt].tokens).collect();
        let picked = pick::pick(&scores, &costs, self.limits);
        let mut choice = Choice { rule: picked.rule, tokens: 0, shown: Vec::new(), left_out: Vec::new() };
        for (place, excerpt) in excerpts.into_iter().enumerate() {
            if picked.shown[place] {
                choice.tokens += costs[place];
                choice.shown.push((excerpt, scores[place]));
            } else {
                choice.left_out.push(excerpt);
            }
        }
        choice
    }

    /// What is shown of a choice, as documents; `documents` are those that were added.
    pub fn shown<'a>(&self, choice: &Choice, documents: &'a [Document]) -> Vec<Cow<'a, Document>> {
        let shown = choice.shown.iter().filter_map(|(excerpt, _)| {
            let excerpt = &self.all[*excerpt];
            Some(excerpt.of(documents.get(excerpt.document)?))
        });
        shown.collect()
    }

    fn of(&self, document: usize) -> std::ops::Range<usize> {
        let end = self.firsts.get(document + 1).copied().unwrap_or(self.all.len());
        self.firsts.get(document).map_or(0..0, |start| *start..end)
    }
}

impl Excerpt {
    fn of<'a>(&self, document: &'a Document) -> Cow<'a, Document> {
        let Some(cut) = &self.cut else { return Cow::Borrowed(document) };
        let text = &document.text[cut.start..cut.end];
        let part = match &document.part {
            Some(part) => {
                Part { heading: cut.heading.clone().or_else(|| part.heading.clone()), ..part.clone() }
            }
            None => Part {
                index: cut.index as u64,
                count: cut.count as u64,
                start: cut.start as u64,
                end: cut.end as u64,
                heading: cut.heading.clone(),
                page: None,
                last_page: None,
                extra: Object::default(),
            },
        };
        Cow::Owned(Document {
            id: document.id.clone(),
            name: document.name.clone(),
            media_type: document.media_type.clone(),
            text: text.to_owned(),
            tokens: tokens::estimate(text),
            source: document.source.clone(),
            part: Some(part),
            meta: document.meta.clone(),
            trust: document.trust.clone(),
            warnings: document.warnings.clone(),
            extra: document.extra.clone(),
        })
    }
}

fn heading(document: &Document) -> &str {
    document.part.as_ref().and_then(|part| part.heading.as_deref()).unwrap_or_default()
}

/// Tokens that are kept free for the lines `part` and `heading`, which a document has only once it is cut.
const LINES: u64 = 16;

/// The least and the most tokens of a piece.
const PIECE: (u64, u64) = (64, 512);

/// The pieces of a document that is larger than `room`: small enough that several places of it can be shown.
/// None when there is no room for any.
fn cuts(document: &Document, room: u64, around: u64) -> Vec<Cut> {
    let left = room.saturating_sub(around + LINES);
    let size = (room / 4).clamp(PIECE.0, PIECE.1).min(left);
    if size == 0 {
        return Vec::new();
    }
    let structure = match document.media_type.as_str() {
        "text/markdown" | "text/html" | "application/pdf" => Structure::Markdown,
        _ => Structure::Plain,
    };
    let chunks = chunk::split(&document.text, structure, size);
    let count = chunks.len();
    let cut = |(index, chunk): (usize, chunk::Chunk)| Cut {
        start: chunk.start,
        end: chunk.end,
        index,
        count,
        heading: chunk.heading,
    };
    chunks.into_iter().enumerate().map(cut).collect()
}

#[cfg(test)]
mod tests;
