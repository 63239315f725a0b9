//! What a run did, in numbers and in one line.

use std::collections::BTreeMap;

use ultra_core::metrics::{Metric, Metrics};
use ultra_core::record::Usage;
use ultra_core::tool::many;

use crate::made::Made;

const SYNTHESES: Metric =
    Metric::counter("ultra_syntheses_total", "Syntheses made, by the rung of the ladder.");
const FAILED: Metric = Metric::counter("ultra_synth_failed_total", "Prompts that got no synthesis.");
const CALLS: Metric = Metric::counter("ultra_synth_calls_total", "Calls of ultra models, by outcome.");
const TOKENS: Metric =
    Metric::counter("ultra_synth_tokens_total", "Tokens of the ultra models, as providers count.");
const COST: Metric = Metric::counter("ultra_synth_cost_usd_total", "Cost of the ultra models in US dollars.");

/// The numbers of a run.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    metrics: Metrics,
    rungs: BTreeMap<String, u64>,
    how: Option<String>,
    pub(crate) made: u64,
    /// Those among them that are verdicts without an answer.
    judged: u64,
    pub(crate) degraded: u64,
    pub(crate) failed: u64,
    pub(crate) left_alone: u64,
    calls: u64,
    input_tokens: u64,
    output_tokens: u64,
    cost_usd: Option<f64>,
}

impl Tally {
    pub(crate) fn new(metrics: Metrics) -> Self {
        Self { metrics, ..Self::default() }
    }

    /// Whether a model was asked.
    pub(crate) fn asked(&self) -> bool {
        self.calls > 0
    }

    pub(crate) fn call(&mut self, target: &str, outcome: &str) {
        self.calls += 1;
        self.metrics.add(CALLS, &[("target", target), ("outcome", outcome)], 1.0);
    }

    pub(crate) fn paid(&mut self, usage: Option<&Usage>, cost_usd: Option<f64>) {
        if let Some(usage) = usage {
            self.input_tokens += usage.input_tokens;
            self.output_tokens += usage.output_tokens;
            self.metrics.add(TOKENS, &[("direction", "input")], usage.input_tokens as f64);
            self.metrics.add(TOKENS, &[("direction", "output")], usage.output_tokens as f64);
        }
        if let Some(cost) = cost_usd {
            self.cost_usd = Some(self.cost_usd.unwrap_or_default() + cost);
            self.metrics.add(COST, &[], cost);
        }
    }

    pub(crate) fn made(&mut self, made: &Made) {
        let rung = made.ladder.rung().to_string();
        self.metrics.add(SYNTHESES, &[("rung", &rung)], 1.0);
        *self.rungs.entry(rung).or_default() += 1;
        self.made += 1;
        self.judged += u64::from(!made.has_answer());
        self.degraded += u64::from(made.ladder.is_degraded());
        self.how = Some(made.how());
    }

    pub(crate) fn failed(&mut self) {
        self.failed += 1;
        self.metrics.add(FAILED, &[], 1.0);
    }

    /// One line for people.
    pub(crate) fn line(&self) -> String {
        let mut parts = Vec::new();
        if let (1, Some(how)) = (self.made, &self.how) {
            let what = if self.judged > 0 { "verdict" } else { "synthesis" };
            parts.push(format!("1 {what}: {how}"));
        } else {
            let rungs: Vec<_> = self.rungs.iter().map(|(rung, count)| format!("{count} {rung}")).collect();
            let rungs = if rungs.is_empty() { String::new() } else { format!(" ({})", rungs.join(", ")) };
            let written = self.made - self.judged;
            let what = match (written, self.judged) {
                (_, 0) => format!("{written} syntheses"),
                (0, judged) => many(judged, "verdict"),
                (_, judged) => format!("{}, {} alone", many(written, "answer"), many(judged, "verdict")),
            };
            parts.push(format!("{what}{rungs}"));
            if self.degraded > 0 {
                parts.push(format!("{} degraded", self.degraded));
            }
        }
        if self.failed > 0 {
            parts.push(format!("{} without one", self.failed));
        }
        if self.left_alone > 0 {
            parts.push(format!("{} had one", self.left_alone));
        }
        if self.input_tokens + self.output_tokens > 0 {
            parts.push(format!("{} tokens in, {} out", self.input_tokens, self.output_tokens));
        }
        if let Some(cost) = self.cost_usd {
            parts.push(format!("{cost:.4} USD"));
        }
        parts.join("; ")
    }
}
