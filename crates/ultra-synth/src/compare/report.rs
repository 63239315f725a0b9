//! The numbers of a comparison.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use ultra_core::failure::Failure;
use ultra_core::id::ContentHash;
use ultra_core::ndjson::Output;

use super::entrant::Entrant;
use super::grade::Graded;
use super::ground::Ground;
use super::trial::Trial;
use crate::aggregate::stats::{Bootstrap, Interval, bootstrap, mean};

/// How often the prompts are drawn anew for an interval.
const RESAMPLES: usize = 2_000;

/// What a line of the report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A strategy.
    Strategy,
    /// What a reader gets without one, or could get at best.
    Bound,
    /// A member of the panel.
    Member,
}

/// One line.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) kind: Kind,
    /// What it is about.
    pub(super) name: String,
    /// Prompts that its score is the mean of.
    pub(super) prompts: usize,
    /// The mean score.
    pub(super) quality: Option<Interval>,
    /// What it has more than the first entrant on the same prompts.
    pub(super) lead: Option<Interval>,
    /// What it took, for entrants.
    pub(super) bill: Option<Bill>,
}

/// What an entrant took, over all prompts.
#[derive(Debug, Clone, Default)]
pub(super) struct Bill {
    /// Prompts without a result.
    pub(super) unanswered: u64,
    /// Results from a lower rung.
    pub(super) degraded: u64,
    pub(super) calls: u64,
    pub(super) tokens: u64,
    pub(super) cost_usd: Option<f64>,
    /// Mean time of a prompt in milliseconds.
    pub(super) ms: Option<f64>,
    /// Mean similarity of results and answers.
    pub(super) agreement: Option<f64>,
}

/// The whole comparison.
#[derive(Debug)]
pub(super) struct Report {
    /// Prompts that have answers.
    pub(super) prompts: usize,
    /// Prompts on which every entrant has a score.
    pub(super) scored: usize,
    /// Calls of the grader.
    pub(super) grading: u64,
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
        let how = Bootstrap { resamples: RESAMPLES, seed, ..Bootstrap::default() };
        let interval = |values: &[f64]| bootstrap(values, |values| mean(values).unwrap_or_default(), &how);
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
            interval(&more)
        };
        let mut rows = Vec::new();
        for (number, (entrant, trials)) in entrants.iter().zip(trials).enumerate() {
            let values = scores_of(trials);
            rows.push(Row {
                kind: Kind::Strategy,
                name: entrant.name.clone(),
                prompts: values.len(),
                quality: interval(&values),
                lead: (number > 0).then(|| versus(&values)).flatten(),
                bill: Some(Bill::of(trials)),
            });
        }
        let answers: Vec<Vec<f64>> =
            scored.iter().map(|at| graded.answers[*at].iter().copied().flatten().collect()).collect();
        let one: Vec<f64> = answers.iter().filter_map(|scores| mean(scores)).collect();
        let best = answers.iter().filter_map(|scores| scores.iter().copied().max_by(f64::total_cmp));
        let best: Vec<f64> = best.collect();
        for (name, values) in [("one answer", one), ("any answer", best)] {
            let (quality, lead) = (interval(&values), versus(&values));
            let name = name.to_owned();
            rows.push(Row { kind: Kind::Bound, name, prompts: values.len(), quality, lead, bill: None });
        }
        for (name, values) in members(ground, graded, &scored) {
            let (prompts, quality) = (values.len(), interval(&values));
            rows.push(Row { kind: Kind::Member, name, prompts, quality, lead: None, bill: None });
        }
        if scored.is_empty() {
            rows.retain(|row| row.kind == Kind::Strategy);
        }
        Self { prompts: ground.prompts.len(), scored: scored.len(), grading: graded.calls, rows }
    }

    /// Everything as one object.
    pub(super) fn json(&self) -> Value {
        let of =
            |kind: Kind| self.rows.iter().filter(|row| row.kind == kind).map(Row::json).collect::<Vec<_>>();
        json!({
            "prompts": self.prompts,
            "scored": self.scored,
            "grading_calls": self.grading,
            "strategies": of(Kind::Strategy),
            "bounds": of(Kind::Bound),
            "members": of(Kind::Member),
        })
    }

    /// A `trial` for each entrant and prompt, and a `comparison` for each line.
    pub(super) fn records(
        &self,
        ground: &Ground,
        trials: &[Vec<Trial>],
        output: &mut Output,
    ) -> Result<(), Failure> {
        for (row, trials) in self.rows.iter().zip(trials) {
            for (trial, place) in trials.iter().zip(&ground.prompts) {
                output.value(&trial.record(&row.name, &place.case))?;
            }
        }
        for row in &self.rows {
            let mut object = Map::new();
            object.insert("type".into(), json!("comparison"));
            let content =
                ContentHash::new("ultra comparison v1").field(&row.name).field(row.json().to_string());
            object.insert("id".into(), json!(content.id("cmp")));
            object.insert("of".into(), json!(row.kind.as_str()));
            object.extend(row.fields());
            output.value(&object)?;
        }
        Ok(())
    }
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Strategy => "strategy",
            Self::Bound => "bound",
            Self::Member => "member",
        }
    }
}

impl Row {
    fn json(&self) -> Value {
        Value::Object(self.fields())
    }

    fn fields(&self) -> Map<String, Value> {
        let mut object = Map::new();
        object.insert("name".into(), json!(self.name));
        object.insert("prompts".into(), json!(self.prompts));
        for (key, interval) in [("quality", self.quality), ("lead", self.lead)] {
            if let Some(Interval { estimate, low, high, .. }) = interval {
                object.insert(key.into(), json!({"mean": estimate, "low": low, "high": high}));
            }
        }
        if let Some(bill) = &self.bill {
            object.insert("unanswered".into(), json!(bill.unanswered));
            object.insert("degraded".into(), json!(bill.degraded));
            object.insert("calls".into(), json!(bill.calls));
            object.insert("tokens".into(), json!(bill.tokens));
            let optional =
                [("cost_usd", bill.cost_usd), ("latency_ms", bill.ms), ("agreement", bill.agreement)];
            for (key, value) in optional {
                if let Some(value) = value {
                    object.insert(key.into(), json!(value));
                }
            }
        }
        object
    }

    /// Whether the difference to the first entrant is more than chance.
    pub(super) fn is_apart(&self) -> bool {
        self.lead.is_some_and(|lead| lead.low > 0.0 || lead.high < 0.0)
    }
}

impl Bill {
    fn of(trials: &[Trial]) -> Self {
        let costs: Vec<f64> = trials.iter().filter_map(|trial| trial.cost_usd).collect();
        let all = |of: fn(&Trial) -> Option<f64>| mean(&trials.iter().filter_map(of).collect::<Vec<_>>());
        Self {
            unanswered: trials.iter().filter(|trial| trial.text.is_none()).count() as u64,
            degraded: trials.iter().filter(|trial| trial.degraded).count() as u64,
            calls: trials.iter().map(|trial| trial.calls).sum(),
            tokens: trials.iter().map(|trial| trial.tokens).sum(),
            cost_usd: (!costs.is_empty()).then(|| costs.iter().sum()),
            ms: all(|trial| trial.ms),
            agreement: all(|trial| trial.agreement),
        }
    }
}

/// The scores of each member, by target: the mean of its samples for each prompt that it answered.
fn members(ground: &Ground, graded: &Graded, scored: &[usize]) -> BTreeMap<String, Vec<f64>> {
    let mut members: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for at in scored {
        let mut here: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for (candidate, score) in ground.prompts[*at].case.candidates.iter().zip(&graded.answers[*at]) {
            here.entry(&candidate.target).or_default().extend(*score);
        }
        for (target, scores) in here {
            members.entry(target.to_owned()).or_default().extend(mean(&scores));
        }
    }
    members
}
