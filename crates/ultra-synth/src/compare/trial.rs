//! What an entrant made of a prompt.

use std::collections::BTreeMap;

use ultra_core::failure::Failure;
use ultra_core::id::{ContentHash, Ids};
use ultra_core::ndjson::{Item, Output};
use ultra_core::record::{self, Object, Record as _, Synthesis, Type, Usage, Verdict};
use ultra_provider::prices;

use super::ground::{self, Ground, Place};
use crate::candidate::Case;
use crate::similar::{Matrix, WHOLE};

/// What an entrant made of a prompt, and how good it is.
#[derive(Debug, Clone, Default)]
pub(super) struct Trial {
    /// The result; `None` when there is none.
    pub(super) text: Option<String>,
    /// The response that it is, where it is one.
    pub(super) chosen: Option<usize>,
    /// All answers stand in it, and the reader chooses.
    pub(super) is_all: bool,
    /// The rung that it came from.
    pub(super) rung: String,
    /// Something failed on the way.
    pub(super) degraded: bool,
    /// Calls that it took.
    pub(super) calls: u64,
    /// What they cost in US dollars, as far as it is known.
    pub(super) cost_usd: Option<f64>,
    /// Calls whose cost is not known.
    pub(super) unpriced: u64,
    /// Tokens in and out.
    pub(super) tokens: u64,
    /// How long its calls took in milliseconds, where time is real.
    pub(super) ms: Option<u64>,
    /// How alike the result and the answers are, from 0 to 1.
    pub(super) agreement: Option<f64>,
    /// How right it is, from 0 to 1; `None` without a reference.
    pub(super) score: Option<f64>,
}

/// Reads what came out of an entrant's last strategy: one trial for each prompt, in their order.
///
/// # Errors
/// When the stream cannot be read.
pub(super) fn read(ground: &Ground, stream: Vec<u8>) -> Result<Vec<Trial>, Failure> {
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, place) in ground.prompts.iter().enumerate() {
        places.entry(place.id()).or_default().push(at);
    }
    let mut trials: Vec<Trial> = vec![Trial::default(); ground.prompts.len()];
    let mut input = ground::again(stream);
    let mut nowhere = Output::new("ultra-synth", std::io::sink());
    while let Some(item) = input.next(&mut nowhere)? {
        let Item::Line(line) = item else { continue };
        match line.known() {
            Some(Type::Verdict) => {
                let Ok(verdict) = line.decode::<Verdict>() else { continue };
                let ids: Vec<&str> = verdict.ranking.iter().map(|rank| rank.response_id.as_str()).collect();
                if let Some(at) = which(ground, &places, &verdict.prompt_id, &ids) {
                    trials[at].hear_verdict(&verdict, &ground.prompts[at]);
                }
            }
            Some(Type::Synthesis) => {
                let Ok(synthesis) = line.decode::<Synthesis>() else { continue };
                let ids: Vec<&str> = synthesis.sources.iter().map(String::as_str).collect();
                if let Some(at) = which(ground, &places, &synthesis.prompt_id, &ids) {
                    trials[at].hear_synthesis(synthesis, &ground.prompts[at]);
                }
            }
            _ => {}
        }
    }
    for (trial, place) in trials.iter_mut().zip(&ground.prompts) {
        trial.agreement = trial.text.as_deref().map(|text| agreement(text, place));
    }
    Ok(trials)
}

/// The place of a prompt: the one that has one of these answers, where several share an id.
fn which(ground: &Ground, places: &BTreeMap<&str, Vec<usize>>, id: &str, answers: &[&str]) -> Option<usize> {
    let all = places.get(id)?;
    let has = |at: &&usize| {
        let candidates = &ground.prompts[**at].case.candidates;
        candidates.iter().any(|candidate| answers.contains(&candidate.id.as_str()))
    };
    all.iter().find(has).or(all.first()).copied()
}

impl Trial {
    fn hear_verdict(&mut self, verdict: &Verdict, place: &Place) {
        let cost = verdict.extra.get("cost_usd").and_then(|cost| cost.read().ok());
        self.pay(cost, &verdict.extra);
        if let Some(Ok(usage)) = verdict.extra.get("usage").map(ultra_core::record::Json::read::<Usage>) {
            self.tokens += usage.input_tokens + usage.output_tokens;
        }
        let is = |key: &str, value: &str| verdict.extra.get(key).is_some_and(|found| found.text() == value);
        // What is not accepted is left to the strategy after it.
        if is("accepted", "false") {
            return;
        }
        self.degraded |= is("degraded", "true");
        if let Some(Ok(rung)) = verdict.extra.get("rung").map(ultra_core::record::Json::read) {
            self.rung = rung;
        }
        // A verdict alone is worth the answer that it puts first; a synthesis after it takes its place.
        let won = verdict.winner.as_ref();
        self.chosen =
            won.and_then(|id| place.case.candidates.iter().position(|candidate| candidate.id == *id));
        self.text = self.chosen.map(|at| place.case.candidates[at].text.clone());
    }

    fn hear_synthesis(&mut self, synthesis: Synthesis, place: &Place) {
        self.pay(synthesis.cost_usd, &synthesis.extra);
        if let Some(usage) = &synthesis.usage {
            self.tokens += usage.input_tokens + usage.output_tokens;
        }
        self.degraded |= synthesis.degraded;
        self.rung = synthesis.rung.unwrap_or_default();
        self.is_all = self.rung == "concat";
        let is_source = |text: &str, id: &str| synthesis.sources == [id] && text == synthesis.text;
        self.chosen =
            place.case.candidates.iter().position(|candidate| is_source(&candidate.text, &candidate.id));
        self.text = Some(synthesis.text);
    }

    /// Adds the calls, their cost and the time that a record tells.
    fn pay(&mut self, cost: Option<f64>, extra: &Object) {
        let number = |key: &str| extra.get(key).and_then(|value| value.read::<u64>().ok());
        let calls = number("calls").unwrap_or_default();
        self.calls += calls;
        match cost {
            Some(cost) => {
                self.cost_usd = Some(prices::sum(self.cost_usd.unwrap_or_default(), cost));
                self.unpriced += number("unpriced").unwrap_or_default();
            }
            None => self.unpriced += calls,
        }
        // The strategies of a pipe wait for each other.
        if let Some(ms) = number("latency_ms") {
            self.ms = Some(self.ms.unwrap_or_default().saturating_add(ms));
        }
    }
}

/// The mean similarity of a text and the answers.
fn agreement(text: &str, place: &Place) -> f64 {
    let texts: Vec<&str> = std::iter::once(text).chain(place.case.texts()).collect();
    let matrix = Matrix::lexical(&texts);
    let sum: f64 = (1..texts.len()).map(|other| f64::from(matrix.between(0, other))).sum();
    sum / f64::from(WHOLE) / (texts.len() - 1).max(1) as f64
}

impl Trial {
    /// The record of a trial.
    pub(super) fn record(&self, name: &str, case: &Case, ids: &mut Ids) -> record::Trial {
        let content = ContentHash::new("ultra trial v1")
            .field(name)
            .field(&case.group.prompt_id)
            .field(self.text.as_deref().unwrap_or_default());
        record::Trial {
            id: ids.give(record::Trial::PREFIX, &content),
            prompt_id: case.group.prompt_id.clone(),
            strategy: name.to_owned(),
            score: self.score,
            response_id: self.chosen.map(|at| case.candidates[at].id.clone()),
            // An answer stands in the stream already.
            text: self.text.clone().filter(|_| self.chosen.is_none()),
            rung: (!self.rung.is_empty()).then(|| self.rung.clone()),
            degraded: self.degraded,
            calls: (self.calls > 0).then_some(self.calls),
            cost_usd: self.cost_usd,
            unpriced: self.cost_usd.and((self.unpriced > 0).then_some(self.unpriced)),
            latency_ms: self.ms,
            agreement: self.agreement,
            extra: Object::default(),
        }
    }
}
