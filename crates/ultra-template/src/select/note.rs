//! What a request says about the documents that it shows and does not show.

use serde::Serialize;
use ultra_core::record::Document;

use super::{Choice, Excerpts, Rule};

/// The field `documents` of a request whose excerpts were chosen.
#[derive(Debug, Serialize)]
pub struct Note<'a> {
    /// `all`, `bm25` or `first`; see [`Rule`].
    by: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context_tokens: Option<u64>,
    /// Estimated tokens of what is shown.
    tokens: u64,
    /// What is shown, in order.
    shown: Vec<Place<'a>>,
    /// What is not.
    left_out: Vec<Place<'a>>,
}

/// A document record, or the bytes `start..end` of its text.
#[derive(Debug, Serialize)]
struct Place<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<usize>,
    /// BM25, to four places.
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
}

impl Excerpts {
    /// What a request is to say about a choice; `documents` are those that were added.
    pub fn note<'a>(&self, choice: &Choice, documents: &'a [Document]) -> Note<'a> {
        let place = |excerpt: usize, score: Option<f64>| {
            let excerpt = &self.all[excerpt];
            let cut = excerpt.cut.as_ref();
            Some(Place {
                id: documents.get(excerpt.document)?.id.as_str(),
                start: cut.map(|cut| cut.start),
                end: cut.map(|cut| cut.end),
                score: score.map(|score| (score * 1e4).round() / 1e4),
            })
        };
        let mut left_out: Vec<Place<'a>> = Vec::new();
        for next in choice.left_out.iter().filter_map(|excerpt| place(*excerpt, None)) {
            match left_out.last_mut() {
                Some(last) if next.start.is_some() && last.id == next.id && last.end == next.start => {
                    last.end = next.end;
                }
                _ => left_out.push(next),
            }
        }
        Note {
            by: match choice.rule {
                Rule::All => "all",
                Rule::Bm25 => "bm25",
                Rule::First => "first",
            },
            top_k: self.limits.top_k,
            context_tokens: self.limits.tokens,
            tokens: choice.tokens,
            shown: choice.shown.iter().filter_map(|(excerpt, score)| place(*excerpt, Some(*score))).collect(),
            left_out,
        }
    }
}
