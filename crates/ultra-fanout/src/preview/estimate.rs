//! What a run would take: calls, tokens and cost by target, from what is known before it.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use ultra_core::config::{Config, Price};
use ultra_core::record::{Object, Usage};
use ultra_core::target::{Route, Target};
use ultra_core::tool::Context;
use ultra_provider::prices;
use ultra_provider::tokens::Estimate;

use crate::tally::{Align, Table, short, visible};

/// Whether a call is answered already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// By the store.
    Cached,
    /// By the journal of an earlier run.
    Journaled,
    /// By nobody.
    New,
}

/// Adds up calls that are not made.
#[derive(Debug)]
pub(crate) struct Estimator {
    config: Arc<Config>,
    mock: bool,
    targets: BTreeMap<String, Taken>,
}

/// What one target would take.
#[derive(Debug, Clone, Default)]
struct Taken {
    calls: u64,
    cached: u64,
    journaled: u64,
    input: u64,
    output: u64,
    price: Option<Price>,
}

/// What a run would take, at one target or in all: the record of type `estimate`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct EstimateRecord {
    /// Always `estimate`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The target; absent in the last record, which is about all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Calls that would be made, each once.
    pub calls: u64,
    /// Calls that the store answers.
    pub cached: u64,
    /// Calls that the journal answers.
    pub journaled: u64,
    /// Tokens of the prompts of the calls that would be made, estimated.
    pub input_tokens: u64,
    /// Tokens of their answers: the limit of each call, or an assumption where it has none.
    pub output_tokens: u64,
    /// What these tokens cost in US dollars; absent when no target has a price. In the record about all
    /// targets it is the cost at those that have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// The price that was used; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceOf>,
    /// Targets with calls and without a price, only in the record about all targets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub without_price: Vec<String>,
}

/// A price in US dollars per million tokens, as the configuration has it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct PriceOf {
    /// Of tokens of the prompt.
    #[serde(rename = "in")]
    pub input: f64,
    /// Of tokens of the prompt that the provider has cached; none are expected to be.
    pub cached: f64,
    /// Of generated tokens.
    #[serde(rename = "out")]
    pub output: f64,
    /// The day that it was looked up, as `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
}

impl Estimator {
    /// An estimate without calls, at the prices of the configuration.
    pub(crate) fn new(context: &Context) -> Self {
        Self { config: Arc::clone(&context.config), mock: context.mock, targets: BTreeMap::new() }
    }

    /// Adds a call of `target`, which would take `estimate` unless it is answered already.
    pub(crate) fn add(&mut self, target: &str, estimate: Estimate, known: Known) {
        if !self.targets.contains_key(target) {
            let price = self.price(target);
            self.targets.insert(target.to_owned(), Taken { price, ..Taken::default() });
        }
        let Some(taken) = self.targets.get_mut(target) else { return };
        match known {
            Known::Cached => taken.cached += 1,
            Known::Journaled => taken.journaled += 1,
            Known::New => {
                taken.calls += 1;
                taken.input = taken.input.saturating_add(estimate.input);
                taken.output = taken.output.saturating_add(estimate.output);
            }
        }
    }

    /// What the target costs; a simulated model costs nothing unless the configuration says so.
    fn price(&self, target: &str) -> Option<Price> {
        let simulated = Target::one(target, &self.config, self.mock)
            .is_ok_and(|target| matches!(target.route, Route::Mock { .. }));
        let free = simulated.then_some(Price::FREE);
        if self.mock { free } else { self.config.price(target).cloned().or(free) }
    }

    /// A record for each target, by name, and a last one for all.
    pub(crate) fn records(&self) -> Vec<EstimateRecord> {
        let mut records: Vec<_> = self.targets.iter().map(|(name, taken)| taken.record(name)).collect();
        records.push(self.total());
        records
    }

    fn total(&self) -> EstimateRecord {
        let mut sum = Taken::default();
        let (mut cost, mut without_price) = (None, Vec::new());
        for (name, taken) in &self.targets {
            sum.calls += taken.calls;
            sum.cached += taken.cached;
            sum.journaled += taken.journaled;
            sum.input = sum.input.saturating_add(taken.input);
            sum.output = sum.output.saturating_add(taken.output);
            match taken.cost() {
                Some(more) => cost = Some(cost.unwrap_or(0.0) + more),
                None if taken.calls > 0 => without_price.push(name.clone()),
                None => {}
            }
        }
        let cost_usd = cost.map(|usd| (usd * 1e12).round() / 1e12);
        EstimateRecord { target: None, cost_usd, without_price, ..sum.record("") }
    }

    /// The same for people, in at most 80 columns, and below it what the numbers rest on.
    pub(crate) fn table(&self) -> String {
        let right = |name| (name, Align::Right);
        let mut table = Table::new(&[
            ("target", Align::Left),
            right("calls"),
            right("cached"),
            right("journaled"),
            right("in"),
            right("out"),
            right("USD"),
            ("price of", Align::Left),
        ]);
        for (name, taken) in &self.targets {
            table.row(cells(&taken.record(name)));
        }
        let total = self.total();
        if self.targets.len() > 1 {
            table.row(cells(&total));
        }
        let mut text = table.lines();
        text.push_str("estimated; an answer is taken to be as long as its call allows\n");
        if !total.without_price.is_empty() {
            let names: Vec<_> = total.without_price.iter().map(|name| visible(name)).collect();
            text.push_str("no price is known, so not in the sum: ");
            text.push_str(&names.join(", "));
            text.push('\n');
        }
        text
    }
}

impl Taken {
    /// What its calls cost; nothing when that is not known.
    fn cost(&self) -> Option<f64> {
        let usage = Usage {
            input_tokens: self.input,
            output_tokens: self.output,
            cached_input_tokens: None,
            reasoning_tokens: None,
            extra: Object::default(),
        };
        self.price.as_ref().map(|price| prices::cost(price, &usage))
    }

    fn record(&self, target: &str) -> EstimateRecord {
        let price = self.price.as_ref().map(|price| PriceOf {
            input: price.input,
            cached: price.cached,
            output: price.output,
            date: price.date.clone(),
        });
        EstimateRecord {
            kind: "estimate",
            target: Some(target.to_owned()),
            calls: self.calls,
            cached: self.cached,
            journaled: self.journaled,
            input_tokens: self.input,
            output_tokens: self.output,
            cost_usd: self.cost(),
            price,
            without_price: Vec::new(),
        }
    }
}

fn cells(record: &EstimateRecord) -> [String; 8] {
    let cost = match record.cost_usd {
        None => "no price".to_owned(),
        Some(usd) if record.without_price.is_empty() => format!("{usd:.4}"),
        Some(usd) => format!("{usd:.4}+"),
    };
    let date = record.price.as_ref().and_then(|price| price.date.clone());
    [
        record.target.clone().unwrap_or_else(|| "total".to_owned()),
        short(record.calls),
        short(record.cached),
        short(record.journaled),
        short(record.input_tokens),
        short(record.output_tokens),
        cost,
        date.unwrap_or_default(),
    ]
}

#[cfg(test)]
mod tests;
