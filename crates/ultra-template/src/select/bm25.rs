//! BM25: how much a text has to do with a question, judged by the words that they share.
//!
//! The formula is that of Lucene 8 and later: Robertson's BM25 with an inverse document frequency that is never
//! negative, and without the constant factor `k1 + 1`. For each term that the question has, however often:
//!
//! ```text
//! ln(1 + (n - df + 0.5) / (df + 0.5)) · tf / (tf + k1 · (1 - b + b · length / mean length))
//! ```
//!
//! where n texts are compared, df of them have the term, and this one has it tf times among its `length` terms.
//! Sources: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009); Lucene's
//! `BM25Similarity`, whose constants these are; here lengths are exact instead of rounded to a byte.

use super::terms::{self, Term};

/// How soon more of the same word stops to count.
pub(super) const K1: f64 = 1.2;
/// How far long texts are held back.
pub(super) const B: f64 = 0.75;

/// The terms of many texts, in order: four bytes a term.
#[derive(Debug, Default)]
pub(super) struct Index {
    terms: Vec<Term>,
    /// Where the terms of each text end.
    ends: Vec<usize>,
}

impl Index {
    /// Adds one text, which comes in pieces.
    pub(super) fn add<'a>(&mut self, pieces: impl IntoIterator<Item = &'a str>) {
        for piece in pieces {
            terms::each(piece, |term| self.terms.push(term));
        }
        self.ends.push(self.terms.len());
    }

    fn of(&self, text: usize) -> &[Term] {
        let start = text.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.terms[start..self.ends[text]]
    }

    /// The scores of some of the texts, which are compared with each other only; 0 for a text that shares no word
    /// with the question.
    pub(super) fn scores(&self, question: &str, texts: &[usize]) -> Vec<f64> {
        let wanted = Wanted::of(question);
        let mut hits: Vec<Hit> = Vec::new();
        let mut having = vec![0_u64; wanted.terms.len()];
        let mut counts = vec![0_u32; wanted.terms.len()];
        let mut length = 0;
        for (place, &text) in texts.iter().enumerate() {
            let terms = self.of(text);
            length += terms.len();
            for term in terms {
                if let Some(at) = wanted.find(*term) {
                    counts[at] += 1;
                }
            }
            for (term, count) in counts.iter_mut().enumerate().filter(|(_, count)| **count > 0) {
                hits.push(Hit { place, term, count: *count });
                having[term] += 1;
                *count = 0;
            }
        }
        let all = texts.len() as f64;
        let mean = length as f64 / all;
        let rarity = |having: u64| (1.0 + (all - having as f64 + 0.5) / (having as f64 + 0.5)).ln();
        let rarities: Vec<f64> = having.into_iter().map(rarity).collect();
        let mut scores = vec![0.0; texts.len()];
        for Hit { place, term, count } in hits {
            let length = self.of(texts[place]).len() as f64;
            let count = f64::from(count);
            scores[place] += rarities[term] * count / (count + K1 * (1.0 - B + B * length / mean));
        }
        scores
    }
}

/// A term of the question in one text.
struct Hit {
    place: usize,
    term: usize,
    count: u32,
}

/// The terms of a question.
struct Wanted {
    terms: Vec<Term>,
    /// One bit for the lower half of each term: what has none there is not wanted.
    seen: Vec<u64>,
}

impl Wanted {
    fn of(question: &str) -> Self {
        let mut found = Vec::new();
        terms::each(question, |term| found.push(term));
        found.sort_unstable();
        found.dedup();
        let mut seen = vec![0; 1 << 10];
        for term in &found {
            let (word, bit) = place(*term);
            seen[word] |= bit;
        }
        Self { terms: found, seen }
    }

    fn find(&self, term: Term) -> Option<usize> {
        let (word, bit) = place(term);
        if self.seen[word] & bit == 0 {
            return None;
        }
        self.terms.binary_search(&term).ok()
    }
}

/// The place of a term in a table of 2^16 bits.
fn place(term: Term) -> (usize, u64) {
    ((term & 0xFFFF) as usize >> 6, 1 << (term & 63))
}
