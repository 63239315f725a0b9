//! A judgement in words: the ranking, what the answers have in common, and the claims that were checked. Answers are
//! called by their labels, as on the rest of the page.

use std::fmt::{self, Write as _};

use serde_json::Value;
use ultra_core::record::{Analysis, Json, Verdict};
use ultra_template::label;

use super::sheet::name;
use crate::candidate::Candidate;

/// A judgement as Markdown.
pub(super) fn judged(verdict: &Verdict, answers: &[Candidate]) -> String {
    let mut told = Told { text: String::new(), answers };
    for (at, rank) in verdict.ranking.iter().enumerate() {
        let place = told.place(&rank.response_id);
        let name = place.map_or_else(|| rank.response_id.clone(), |place| name(place, &answers[place]));
        let won = if verdict.winner.as_ref() == Some(&rank.response_id) { " – wins" } else { "" };
        told.line(format_args!("{}. {name} ({:.3}){won}", at + 1, rank.score));
    }
    let list = |key: &str| verdict.extra.get(key).and_then(|list| list.read::<Vec<Value>>().ok());
    let (claims, cited) = (list("claims").unwrap_or_default(), list("citations").unwrap_or_default());
    if verdict.analysis.is_some() || !claims.is_empty() {
        told.legend(verdict);
    }
    if let Some(analysis) = &verdict.analysis {
        told.analysis(analysis);
    }
    told.part("Claims", &claims, Told::claim);
    told.part("What the answers cite", &cited, Told::cited);
    if told.text.is_empty() { "There is no judgement.\n".to_owned() } else { told.text }
}

/// What is told of a judgement so far.
struct Told<'a> {
    text: String,
    answers: &'a [Candidate],
}

impl Told<'_> {
    /// Who stands behind the labels of answers that the ranking does not name.
    fn legend(&mut self, verdict: &Verdict) {
        let is_ranked = |answer: &Candidate| verdict.ranking.iter().any(|rank| rank.response_id == answer.id);
        let answers = self.answers.iter().enumerate().filter(|(_, answer)| !is_ranked(answer));
        let names: Vec<Value> = answers.map(|(place, answer)| name(place, answer).into()).collect();
        let title = if verdict.ranking.is_empty() { "Answers" } else { "Not ranked" };
        self.part(title, &names, |told, name| told.line(format_args!("- {}", told.flat(name))));
    }

    fn analysis(&mut self, analysis: &Analysis) {
        let partial = analysis.extra.get("partial").and_then(|partial| partial.read().ok());
        let read = |items: &[Json]| items.iter().filter_map(|item| item.read().ok()).collect();
        let parts: [(&str, Vec<Value>); 5] = [
            ("What all say", read(&analysis.consensus)),
            ("Where they contradict each other", read(&analysis.contradictions)),
            ("What only some say", partial.unwrap_or_default()),
            ("What only one says", read(&analysis.unique)),
            ("What none says", read(&analysis.blind_spots)),
        ];
        for (title, items) in parts {
            self.part(title, &items, Self::point);
        }
    }

    fn part(&mut self, title: &str, items: &[Value], tell: impl Fn(&mut Self, &Value)) {
        if items.is_empty() {
            return;
        }
        let gap = if self.text.is_empty() { "" } else { "\n" };
        self.line(format_args!("{gap}**{title}**\n"));
        for item in items {
            tell(self, item);
        }
    }

    /// A point of an analysis, with the answers that make it.
    fn point(&mut self, item: &Value) {
        match (item.get("point"), item.get("topic"), item.get("stances").and_then(Value::as_array)) {
            (Some(point), ..) => {
                let with = self.names("", item.get("answers").or(item.get("answer")));
                let without = self.names("not ", item.get("missing"));
                let who: Vec<String> = [with, without].into_iter().flatten().collect();
                let who = if who.is_empty() { String::new() } else { format!(" ({})", who.join("; ")) };
                self.line(format_args!("- {}{who}", self.flat(point)));
            }
            (None, Some(topic), Some(stances)) => {
                self.line(format_args!("- {}", self.flat(topic)));
                for stance in stances {
                    let who = self.names("", stance.get("answers"));
                    let who = who.map_or_else(String::new, |who| format!(" ({who})"));
                    let said = stance.get("stance").unwrap_or(stance);
                    self.line(format_args!("  - {}{who}", self.flat(said)));
                }
            }
            _ => self.line(format_args!("- {}", self.flat(item))),
        }
    }

    /// A claim: how it stands, who makes it, who says the opposite, and what documents say.
    fn claim(&mut self, claim: &Value) {
        let text = |key: &str| claim.get(key).map(|value| self.flat(value));
        let standing = text("standing").unwrap_or_else(|| "open".to_owned());
        let said = text("claim").unwrap_or_else(|| self.flat(claim));
        let documents = text("documents").filter(|said| said != "silent");
        let who: Vec<String> = [
            self.names("said by ", claim.get("answers")),
            self.names("against: ", claim.get("against")),
            documents.map(|said| format!("documents: {said}")),
        ]
        .into_iter()
        .flatten()
        .collect();
        self.line(format_args!("- {standing}: {said}"));
        if !who.is_empty() {
            self.line(format_args!("  - {}", who.join("; ")));
        }
        for citation in claim.get("citations").and_then(Value::as_array).into_iter().flatten() {
            self.line(format_args!("  - {}", self.citation(citation)));
        }
    }

    /// A document that an answer names.
    fn cited(&mut self, citation: &Value) {
        let who = self.names("", citation.get("answer")).unwrap_or_else(|| "an answer".to_owned());
        self.line(format_args!("- {who}: {}", self.citation(citation)));
    }

    fn citation(&self, citation: &Value) -> String {
        let text = |key: &str| citation.get(key).map(|value| self.flat(value));
        let mut told = text("document").unwrap_or_default();
        if let Some(part) = text("part") {
            add(&mut told, format_args!(", part {part}"));
        }
        if let Some(quote) = text("quote") {
            add(&mut told, format_args!(": “{quote}”"));
        }
        let found = text("found").unwrap_or_default();
        add(&mut told, format_args!(" – {}", found.replace('_', " ")));
        told
    }

    /// The labels of answers after a word; `None` where there are none.
    fn names(&self, word: &str, ids: Option<&Value>) -> Option<String> {
        let names = match ids? {
            Value::Array(ids) => ids.iter().map(|id| self.flat(id)).collect::<Vec<_>>().join(", "),
            Value::Null => return None,
            id => self.flat(id),
        };
        (!names.is_empty()).then(|| format!("{word}{names}"))
    }

    /// A value on one line: a text as it is, an id as the label of its answer, an object by its fields.
    fn flat(&self, value: &Value) -> String {
        match value {
            Value::String(text) => match self.place(text) {
                Some(place) => label(place),
                None => text.split_whitespace().collect::<Vec<_>>().join(" "),
            },
            Value::Array(items) => items.iter().map(|item| self.flat(item)).collect::<Vec<_>>().join("; "),
            Value::Object(fields) => {
                let fields = fields.iter().map(|(key, value)| format!("{key}: {}", self.flat(value)));
                fields.collect::<Vec<_>>().join("; ")
            }
            other => other.to_string(),
        }
    }

    fn place(&self, id: &str) -> Option<usize> {
        self.answers.iter().position(|answer| answer.id == id)
    }

    fn line(&mut self, line: fmt::Arguments<'_>) {
        add(&mut self.text, line);
        self.text.push('\n');
    }
}

fn add(text: &mut String, part: fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = text.write_fmt(part);
}

#[cfg(test)]
mod tests;
