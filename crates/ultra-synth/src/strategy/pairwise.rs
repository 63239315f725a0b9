//! A model compares the answers two by two, each pair in both orders.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use ultra_core::kind::ErrorKind;

use super::judge::too_few;
use super::{Ask, By, Move, View, sitting};
use crate::aggregate::pairs::{Choice, Match, Outcome, PRIOR, both_orders, bradley_terry, copeland};
use crate::args::PairRule;
use crate::form::{Form, Reply};
use crate::found::{Found, Judgement, Miss, put};
use crate::ladder::Slip;
use crate::sheet::Sheet;

/// Two calls for each pair.
#[derive(Debug, Default)]
pub struct Pairwise {
    judge: String,
    sheet: Option<Sheet>,
    /// What is shown first and second, by slot: a pair has the slots 2k and 2k + 1.
    shown: Vec<(usize, usize)>,
    said: BTreeMap<usize, Result<Choice, Slip>>,
}

const TASK: &str = "\
Which of the two answers serves the one who asked better? Work the question out for yourself as far as you can, then \
compare. Truth comes first, then whether the question is answered as it was put, then completeness, then clarity. \
Length is no merit, confidence is no evidence, and the order of the answers means nothing. An invented fact is a grave \
fault.

Reply with one JSON object and nothing else: {\"reason\": \"…\", \"better\": \"…\"}, where `better` is \"A\", \"B\", or \
\"tie\" when neither is better.";

impl Pairwise {
    pub(super) fn begin(&mut self, view: &View<'_>, by: By<'_>) -> Move {
        let (number, name) = match by.judge() {
            Ok(judge) => judge,
            Err(slip) => return Move::failed(slip),
        };
        let sheet = Sheet::of_others(view, number, name);
        if sheet.order.len() < 2 {
            return Move::failed(too_few(name, &sheet));
        }
        name.clone_into(&mut self.judge);
        self.said.clear();
        self.shown = (0..sheet.order.len())
            .flat_map(|one| (one + 1..sheet.order.len()).map(move |other| (one, other)))
            .flat_map(|(one, other)| [(one, other), (other, one)])
            .map(|(first, second)| (sheet.order[first], sheet.order[second]))
            .collect();
        self.sheet = Some(sheet);
        let asks = self.shown.iter().enumerate().map(|(slot, (first, second))| {
            let pair = Sheet { order: vec![*first, *second], own: Vec::new() };
            let messages = pair.messages(view, &[], TASK);
            Ask { slot, target: name.to_owned(), sample: 0, messages, form: form(), is_result: false }
        });
        Move::Ask(asks.collect())
    }

    pub(super) fn hear(&mut self, view: &View<'_>, slot: usize, reply: Result<Reply, Slip>) -> Move {
        let choice = reply.map(|reply| match reply.json["better"].as_str() {
            Some("A") => Choice::First,
            Some("B") => Choice::Second,
            _ => Choice::Tie,
        });
        self.said.insert(slot, choice);
        if self.said.len() < self.shown.len() { Move::Ask(Vec::new()) } else { self.settle(view) }
    }

    fn settle(&self, view: &View<'_>) -> Move {
        let Some(sheet) = &self.sheet else {
            return Move::failed(Slip::of(ErrorKind::Internal, "nobody was asked"));
        };
        let choice = |slot: usize| self.said.get(&slot).and_then(|said| said.as_ref().ok()).copied();
        let (mut matches, mut flips) = (Vec::new(), 0_usize);
        for (pair, shown) in self.shown.chunks_exact(2).enumerate() {
            let both = (choice(2 * pair), choice(2 * pair + 1));
            flips += usize::from(matches!(
                both,
                (Some(Choice::First), Some(Choice::First)) | (Some(Choice::Second), Some(Choice::Second))
            ));
            if let Some(outcome) = both_orders(both.0, both.1) {
                matches.push(Match { one: shown[0].0, other: shown[0].1, outcome });
            }
        }
        let pairs = self.shown.len() / 2;
        let failed: Vec<&Slip> = self.said.values().filter_map(|said| said.as_ref().err()).collect();
        let missing = failed.first().map(|first| Slip {
            message: format!(
                "{} of {} comparisons are missing: {}",
                failed.len(),
                self.shown.len(),
                first.message
            ),
            ..(*first).clone()
        });
        let judgement = self.judgement(view, sheet, &matches, flips);
        // Half of the pairs are needed, and every answer must have been compared with another.
        let is_met = |number: &usize| matches.iter().any(|one| one.one == *number || one.other == *number);
        if matches.len() * 2 < pairs || !sheet.order.iter().all(is_met) {
            let none = || Slip::of(ErrorKind::NoInputs, "too few pairs were compared");
            // Too little for a ranking; what was compared was paid for, and is told.
            let told = Judgement { judges: judgement.judges, ..Judgement::of("pairwise") };
            let judgement = (!matches.is_empty()).then(|| Box::new(told));
            return Move::failed(Miss { slip: missing.unwrap_or_else(none), judgement });
        }
        if judgement.winner.is_none() {
            let message = format!("{}: no answer is better than all others", self.judge);
            return Move::failed(Miss::tie(message, judgement));
        }
        Move::done(Found { partial: missing, ..Found::judged(judgement) })
    }

    fn judgement(&self, view: &View<'_>, sheet: &Sheet, matches: &[Match], flips: usize) -> Judgement {
        let n = view.len();
        let rule = view.plan.pair_rule;
        let scores: Vec<f64> = match rule {
            PairRule::BradleyTerry => {
                bradley_terry(matches, n, PRIOR).map_or_else(|| vec![0.0; n], |strengths| strengths.scores)
            }
            PairRule::Copeland => copeland(matches, n).into_iter().map(Option::unwrap_or_default).collect(),
        };
        let mut judgement = Judgement::of("pairwise");
        // Only what was shown is placed: nobody judges their own answer.
        let mut shown: Vec<usize> = sheet.order.clone();
        shown.sort_unstable();
        let own: Vec<f64> = shown.iter().map(|number| scores[*number]).collect();
        let by = Judgement::by_scores("pairwise", &own);
        judgement.ranking = by.ranking.iter().map(|(at, score)| (shown[*at], *score)).collect();
        judgement.winner = by.winner.map(|at| shown[at]);
        judgement.margin = by.margin;
        let id = |number: usize| Value::from(view.at(number).id.as_str());
        let told: Vec<Value> = matches
            .iter()
            .map(|one| {
                let better = match one.outcome {
                    Outcome::One => id(one.one),
                    Outcome::Other => id(one.other),
                    Outcome::Tie => "tie".into(),
                };
                json!({"of": [id(one.one), id(one.other)], "better": better})
            })
            .collect();
        let mut said = Map::new();
        said.insert("flips".into(), flips.into());
        said.insert("comparisons".into(), told.into());
        judgement.judges = vec![sitting(view, sheet, &self.judge, 0, Ok(said))];
        put(&mut judgement.extra, "rule", &rule.as_str());
        judgement
    }
}

fn form() -> Form {
    Form::json(json!({
        "type": "object",
        "properties": {"reason": {"type": "string"}, "better": {"type": "string", "enum": ["A", "B", "tie"]}},
        "required": ["reason", "better"],
        "additionalProperties": false
    }))
}
