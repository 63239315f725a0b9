//! The numbers of a comparison.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use ultra_core::failure::Failure;
use ultra_core::id::{ContentHash, Ids};
use ultra_core::ndjson::Output;
use ultra_core::record::{Compared, Comparison, Estimate, Object, Record as _};
use ultra_provider::prices;

use super::chance::{Lead, Mean, Ruler};
use super::entrant::Entrant;
use super::grade::Graded;
use super::ground::Ground;
use super::lines::{bounds, members, times};
use super::trial::Trial;

/// One line.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) kind: Compared,
    /// What it is about.
    pub(super) name: String,
    /// Prompts that its score is the mean of.
    pub(super) prompts: usize,
    /// The mean score.
    pub(super) quality: Option<Mean>,
    /// What it has more than the first entrant on the same prompts.
    pub(super) lead: Option<Lead>,
    /// The mean time of a prompt in milliseconds.
    pub(super) latency: Option<Mean>,
    /// What it took, for entrants.
    pub(super) bill: Option<Bill>,
}

/// What an entrant took.
#[derive(Debug, Clone, Default)]
pub(super) struct Bill {
    /// Prompts without a result.
    pub(super) unanswered: u64,
    /// Results from a lower rung.
    pub(super) degraded: u64,
    pub(super) calls: u64,
    pub(super) tokens: u64,
    /// The cost of all prompts in US dollars, as far as it is known.
    pub(super) cost_usd: Option<f64>,
    /// Calls whose cost is not known, where that of others is.
    pub(super) unpriced: u64,
    /// The mean cost of a prompt, where that of every call is known.
    pub(super) cost: Option<Mean>,
    /// The mean similarity of results and answers.
    pub(super) agreement: Option<Mean>,
}

/// The whole comparison.
#[derive(Debug)]
pub(super) struct Report {
    /// Prompts that have answers.
    pub(super) prompts: usize,
    /// Prompts on which every entrant has a score.
    pub(super) scored: usize,
    /// References of prompts that are not there.
    pub(super) unfit: usize,
    /// Calls of the grader.
    pub(super) grading: u64,
    /// How many texts it could not grade, and why.
    pub(super) ungraded: Option<String>,
    /// The entrants in their order, then bounds and members.
    pub(super) rows: Vec<Row>,
}

impl Report {
    pub(super) fn new(
        ground: &Ground,
        entrants: &[Entrant],
        trials: &[Vec<Trial>],
        graded: &Graded,
        seed: u64,
    ) -> Self {
        let ruler = Ruler::new(seed);
        // A prompt counts for all or for none: differences are over the same prompts.
        let counts = |at: &usize| {
            trials.iter().all(|trials| trials[*at].score.is_some())
                && graded.answers[*at].iter().all(Option::is_some)
        };
        let scored: Vec<usize> = (0..ground.prompts.len()).filter(counts).collect();
        let scores_of =
            |trials: &[Trial]| -> Vec<f64> { scored.iter().filter_map(|at| trials[*at].score).collect() };
        let first = trials.first().map(|trials| scores_of(trials)).unwrap_or_default();
        let versus = |values: &[f64]| {
            let more: Vec<f64> = values.iter().zip(&first).map(|(value, first)| value - first).collect();
            ruler.lead(&more)
        };
        let mut rows = Vec::new();
        for (number, (entrant, trials)) in entrants.iter().zip(trials).enumerate() {
            let values = scores_of(trials);
            rows.push(Row {
                kind: Compared::Strategy,
                name: entrant.name.clone(),
                prompts: values.len(),
                quality: ruler.mean(&values),
                lead: (number > 0).then(|| versus(&values)).flatten(),
                latency: ruler.mean(&times(trials)),
                bill: Some(Bill::of(trials, ruler)),
            });
        }
        if !scored.is_empty() {
            rows.extend(bounds(ground, graded, &scored).into_iter().map(|bound| {
                let lead = versus(&bound.scores);
                Row { lead, ..bound.row(Compared::Bound, ruler) }
            }));
            rows.extend(
                members(ground, graded, &scored)
                    .into_iter()
                    .map(|member| member.row(Compared::Member, ruler)),
            );
        }
        Self {
            prompts: ground.prompts.len(),
            scored: scored.len(),
            unfit: ground.unfit.ids.len(),
            grading: graded.calls,
            ungraded: graded.failed.clone(),
            rows,
        }
    }

    /// Everything as one object.
    ///
    /// # Errors
    /// Never: a line has a JSON form.
    pub(super) fn json(&self) -> Result<Value, Failure> {
        let mut lines: BTreeMap<Compared, Vec<Value>> = BTreeMap::new();
        for row in &self.rows {
            let mut line = serde_json::to_value(row.record()).map_err(|cause| unwritten(&cause))?;
            if let Some(fields) = line.as_object_mut() {
                for of_records in ["type", "id", "of"] {
                    fields.remove(of_records);
                }
            }
            lines.entry(row.kind).or_default().push(line);
        }
        let mut of = |kind: Compared| lines.remove(&kind).unwrap_or_default();
        Ok(json!({
            "prompts": self.prompts,
            "scored": self.scored,
            "grading_calls": self.grading,
            "strategies": of(Compared::Strategy),
            "bounds": of(Compared::Bound),
            "members": of(Compared::Member),
        }))
    }

    /// A `trial` for each entrant and prompt, and a `comparison` for each line.
    pub(super) fn records(
        &self,
        ground: &Ground,
        trials: &[Vec<Trial>],
        output: &mut Output,
    ) -> Result<(), Failure> {
        let mut ids = Ids::default();
        for (row, trials) in self.rows.iter().zip(trials) {
            for (trial, place) in trials.iter().zip(&ground.prompts) {
                output.put(&trial.record(&row.name, &place.case, &mut ids))?;
            }
        }
        for row in &self.rows {
            let mut line = row.record();
            let content = serde_json::to_string(&line).map_err(|cause| unwritten(&cause))?;
            let content = ContentHash::new("ultra comparison v1").field(&row.name).field(content);
            line.id = ids.give(Comparison::PREFIX, &content);
            output.put(&line)?;
        }
        Ok(())
    }
}

impl Row {
    /// The record without its id.
    fn record(&self) -> Comparison {
        let bill = self.bill.as_ref();
        Comparison {
            id: String::new(),
            of: self.kind,
            name: self.name.clone(),
            prompts: self.prompts as u64,
            quality: self.quality.map(estimate),
            lead: self.lead.map(|lead| estimate(lead.mean)),
            apart: self.lead.is_some_and(|lead| lead.is_apart),
            unanswered: bill.map(|bill| bill.unanswered),
            degraded: bill.map(|bill| bill.degraded),
            calls: bill.map(|bill| bill.calls),
            tokens: bill.map(|bill| bill.tokens),
            cost_usd: bill.and_then(|bill| bill.cost_usd),
            unpriced: bill.map(|bill| bill.unpriced).filter(|unpriced| *unpriced > 0),
            prompt_cost_usd: bill.and_then(|bill| bill.cost).map(estimate),
            latency_ms: self.latency.map(estimate),
            agreement: bill.and_then(|bill| bill.agreement).map(estimate),
            extra: Object::default(),
        }
    }
}

impl Bill {
    fn of(trials: &[Trial], ruler: Ruler) -> Self {
        let is_priced = trials.iter().any(|trial| trial.cost_usd.is_some());
        let unpriced: u64 = trials.iter().map(|trial| trial.unpriced).filter(|_| is_priced).sum();
        // What made no call costs nothing.
        let costs = trials.iter().map(|trial| trial.cost_usd.unwrap_or_default());
        let costs: Vec<f64> = costs.filter(|_| is_priced).collect();
        let agreement: Vec<f64> = trials.iter().filter_map(|trial| trial.agreement).collect();
        Self {
            unanswered: trials.iter().filter(|trial| trial.text.is_none()).count() as u64,
            degraded: trials.iter().filter(|trial| trial.degraded).count() as u64,
            calls: trials.iter().map(|trial| trial.calls).sum(),
            tokens: trials.iter().map(|trial| trial.tokens).sum(),
            cost_usd: is_priced.then(|| costs.iter().copied().fold(0.0, prices::sum)),
            unpriced,
            cost: ruler.mean(&costs).filter(|_| unpriced == 0),
            agreement: ruler.mean(&agreement),
        }
    }
}

fn estimate(Mean { estimate: mean, range }: Mean) -> Estimate {
    let (low, high) = range.unzip();
    Estimate { mean, low, high, extra: Object::default() }
}

fn unwritten(cause: &serde_json::Error) -> Failure {
    Failure::internal(format!("a comparison cannot be written as JSON: {cause}"))
}
