//! Which patterns suit a prompt: a ranking with reasons, from the words of the prompt and of the patterns alone.
//!
//! Every pattern is a small text: its name, title and aliases, what it is for and when to use it. The words of the
//! prompt are looked for in these texts, lightly stemmed and with a table of words that mean the same to a reader;
//! rare words count more than common ones, and a match in `when_not` counts against the pattern (BM25 over weighted
//! fields). No model is asked, and the same prompt and patterns always give the same ranking.

mod kin;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::pattern::Pattern;
use words::{Word, words};

/// How soon more of the same word stops to count.
const SATURATION: f64 = 1.2;
/// How much the length of a text matters.
const LENGTH: f64 = 0.4;
/// The share that a word counts which only means the same.
const KIN: f64 = 0.6;
/// The share of its weight that a match in `when_not` takes away.
const AGAINST: f64 = 0.8;
/// The most of a prompt that is read, in bytes: what is wanted stands at its beginning or its end.
const PROMPT: usize = 4096;

/// A pattern that suits a prompt.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Suggestion {
    /// The name of the pattern.
    pub name: String,
    /// A name for people.
    pub title: String,
    /// What it is for.
    pub purpose: String,
    /// How well it suits; comparable within one ranking only.
    pub score: f64,
    /// What speaks for it and against it, the strongest first.
    pub reasons: Vec<Reason>,
}

/// One match.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reason {
    /// The word of the prompt.
    pub word: String,
    /// Where it was found: `name`, `when`, `purpose` or `when_not`.
    pub field: &'static str,
    /// The words around it there.
    pub quote: String,
    /// What it adds to the score.
    pub weight: f64,
}

/// A field of a pattern as words.
struct Field<'a> {
    name: &'static str,
    weight: f64,
    text: &'a str,
    words: Vec<Word<'a>>,
}

/// The patterns that suit `prompt`, the best first; those for which nothing speaks are left out.
pub fn suggest<'a>(prompt: &str, patterns: impl IntoIterator<Item = &'a Pattern>) -> Vec<Suggestion> {
    let patterns: Vec<_> = patterns.into_iter().map(|pattern| (pattern, fields(pattern))).collect();
    let wanted = wanted(ends(prompt));
    let length = |fields: &[Field<'_>]| fields.iter().map(|field| field.words.len()).sum::<usize>() as f64;
    let mean = patterns.iter().map(|(_, fields)| length(fields)).sum::<f64>() / patterns.len().max(1) as f64;
    let rarity = rarity(patterns.iter().map(|(_, fields)| fields.as_slice()));
    let mut suggestions: Vec<_> = patterns
        .iter()
        .map(|(pattern, fields)| {
            let norm = 1.0 - LENGTH + LENGTH * length(fields) / mean.max(1.0);
            let mut reasons: Vec<_> =
                wanted.iter().filter_map(|word| reason(word, fields, norm, &rarity)).collect();
            let against = wanted.iter().filter_map(|word| against(word, pattern, &rarity));
            reasons.extend(against);
            reasons.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()).then(a.word.cmp(&b.word)));
            let score = reasons.iter().map(|reason| reason.weight).sum::<f64>();
            Suggestion {
                name: pattern.name.clone(),
                title: pattern.title.clone(),
                purpose: pattern.purpose.clone(),
                score: rounded(score),
                reasons,
            }
        })
        .filter(|suggestion| suggestion.score > 0.0)
        .collect();
    suggestions.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.name.cmp(&b.name)));
    suggestions
}

/// A word of the prompt, and the stems that stand for it with the share that each counts.
struct Wanted {
    word: String,
    stems: Vec<(String, f64)>,
}

fn wanted(prompt: &str) -> Vec<Wanted> {
    let mut seen = BTreeSet::new();
    let mut wanted = Vec::new();
    for word in words(prompt) {
        if !seen.insert(word.stem.clone()) {
            continue;
        }
        let kin = kin::of(&word.stem).map(|stem| (stem, KIN));
        let own = (!word.is_common).then(|| (word.stem.clone(), 1.0));
        let stems: Vec<_> = own.into_iter().chain(kin).collect();
        wanted.push(Wanted { word: word.text.to_lowercase(), stems });
    }
    wanted
}

fn fields(pattern: &Pattern) -> Vec<Field<'_>> {
    let field = |name, weight, text| Field { name, weight, text, words: words(text) };
    let mut fields = vec![
        field("name", 3.0, pattern.name.as_str()),
        field("name", 3.0, &pattern.title),
        field("purpose", 1.5, &pattern.purpose),
    ];
    fields.extend(pattern.aliases.iter().map(|alias| field("name", 2.0, alias)));
    fields.extend(pattern.when.iter().map(|when| field("when", 2.0, when)));
    fields
}

/// How much a stem tells patterns apart: much when few patterns have it.
fn rarity<'a>(patterns: impl ExactSizeIterator<Item = &'a [Field<'a>]>) -> impl Fn(&str) -> f64 {
    let total = patterns.len() as f64;
    let mut having: BTreeMap<String, f64> = BTreeMap::new();
    for fields in patterns {
        let stems: BTreeSet<_> = fields
            .iter()
            .flat_map(|field| &field.words)
            .filter(|word| !word.is_common)
            .collect::<Vec<_>>()
            .into_iter()
            .map(|word| word.stem.clone())
            .collect();
        for stem in stems {
            *having.entry(stem).or_default() += 1.0;
        }
    }
    move |stem| {
        let n = having.get(stem).copied().unwrap_or_default();
        (1.0 + (total - n + 0.5) / (n + 0.5)).ln()
    }
}

/// The best match of one word of the prompt in the fields of a pattern.
fn reason(wanted: &Wanted, fields: &[Field<'_>], norm: f64, rarity: &dyn Fn(&str) -> f64) -> Option<Reason> {
    let mut best: Option<Reason> = None;
    for (stem, share) in &wanted.stems {
        let hits = |field: &Field<'_>| {
            field.words.iter().filter(|word| word.stem == *stem).count() as f64 * field.weight
        };
        let found = fields.iter().filter(|field| hits(field) > 0.0);
        let Some(strongest) = found.max_by(|a, b| a.weight.total_cmp(&b.weight)) else { continue };
        let often: f64 = fields.iter().map(hits).sum();
        let weight = share * rarity(stem) * often * (SATURATION + 1.0) / (often + SATURATION * norm);
        if best.as_ref().is_none_or(|best| weight > best.weight) {
            let quote = quote(strongest.text, &strongest.words, stem);
            best = Some(Reason {
                word: wanted.word.clone(),
                field: strongest.name,
                quote,
                weight: rounded(weight),
            });
        }
    }
    best
}

/// What one word of the prompt says against a pattern.
fn against(wanted: &Wanted, pattern: &Pattern, rarity: &dyn Fn(&str) -> f64) -> Option<Reason> {
    let text = pattern.when_not.as_deref()?;
    let words = words(text);
    // A name between marks is another pattern that suits better.
    let plain = |word: &&Word<'_>| !text[..word.start].ends_with(['`', '_']);
    let (stem, share) =
        wanted.stems.iter().find(|(stem, _)| words.iter().filter(plain).any(|word| word.stem == *stem))?;
    let weight = rounded(-AGAINST * share * rarity(stem));
    Some(Reason { word: wanted.word.clone(), field: "when_not", quote: quote(text, &words, stem), weight })
}

/// The clause in which a stem stands first.
fn quote(text: &str, words: &[Word<'_>], stem: &str) -> String {
    let Some(word) = words.iter().find(|word| word.stem == stem) else { return String::new() };
    let (before, after) = (&text[..word.start], &text[word.start + word.text.len()..]);
    let start = before.rfind([',', ':', ';', '.']).map_or(0, |at| at + 1);
    let end = after.find([',', ':', ';', '.']).unwrap_or(after.len());
    text[start..word.start + word.text.len() + end].trim().to_owned()
}

/// The beginning and the end of a long prompt.
fn ends(prompt: &str) -> &str {
    // What is asked stands before a long text or after it; the question after it is the rarer habit.
    &prompt[..prompt.floor_char_boundary(PROMPT)]
}

fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests;
