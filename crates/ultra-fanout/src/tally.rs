//! What a run did, counted for the summary and the metrics.

use std::collections::BTreeMap;

use ultra_core::kind::ErrorKind;
use ultra_core::metrics::{Metric, Metrics};
use ultra_core::record::{ErrorRecord, Response};
use ultra_core::tool::many;
use ultra_provider::dispatch::Counts;

const CALLS: Metric = Metric::counter("ultra_calls_total", "Attempts sent to a target.");
const RETRIES: Metric =
    Metric::counter("ultra_retries_total", "Attempts beyond the first of a call, by cause.");
const POSSIBLY_PAID: Metric =
    Metric::counter("ultra_possibly_paid_total", "Attempts without an answer that may have been billed.");
const TOKENS: Metric = Metric::counter("ultra_tokens_total", "Tokens as the providers counted them.");
const COST: Metric = Metric::counter("ultra_cost_usd_total", "Cost as the providers reported it.");
const RESPONSES: Metric = Metric::counter("ultra_responses_total", "Answers.");
const CACHED: Metric = Metric::counter("ultra_cached_total", "Answers that came from the store.");
const FAILURES: Metric = Metric::counter("ultra_call_errors_total", "Calls without an answer.");

/// What happened at one target.
#[derive(Debug, Default)]
struct AtTarget {
    responses: u64,
    cached: u64,
    attempts: u64,
    tokens_in: u64,
    tokens_out: u64,
    cost_usd: f64,
    errors: BTreeMap<ErrorKind, u64>,
}

/// The counters of a run.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Requests that were read or made.
    seen: u64,
    /// Requests with calls that were made here.
    requests: u64,
    /// Prompts and requests that name nobody to ask.
    unaddressed: u64,
    calls: u64,
    targets: BTreeMap<String, AtTarget>,
}

impl Tally {
    /// A request with so many calls.
    pub(crate) fn request(&mut self, calls: usize) {
        self.seen += 1;
        self.requests += u64::from(calls > 0);
        self.calls += calls as u64;
    }

    /// An answer; one from the store cost nothing.
    pub(crate) fn response(&mut self, response: &Response) {
        let at = self.targets.entry(response.target.clone()).or_default();
        at.responses += 1;
        at.attempts += u64::from(response.attempts);
        if response.cache.is_some() {
            at.cached += 1;
            return;
        }
        at.cost_usd += response.cost_usd.unwrap_or_default();
        if let Some(usage) = &response.usage {
            at.tokens_in += usage.input_tokens;
            at.tokens_out += usage.output_tokens;
        }
    }

    /// A prompt or a request that names nobody to ask; true for the first.
    pub(crate) fn unaddressed(&mut self) -> bool {
        self.unaddressed += 1;
        self.unaddressed == 1
    }

    /// A call without an answer; true for the first of its kind at its target.
    pub(crate) fn error(&mut self, error: &ErrorRecord) -> bool {
        let at = self.targets.entry(error.target.clone().unwrap_or_default()).or_default();
        at.attempts += u64::from(error.attempts.unwrap_or_default());
        let times = at.errors.entry(error.kind).or_default();
        *times += 1;
        *times == 1
    }

    /// Requests seen so far, those included that ask nothing here.
    pub(crate) fn seen(&self) -> u64 {
        self.seen
    }

    /// Prompts and requests so far that name nobody to ask.
    pub(crate) fn nobody(&self) -> u64 {
        self.unaddressed
    }

    /// Whether something was asked and nothing was answered.
    pub(crate) fn is_nothing(&self) -> bool {
        let asked = self.calls > 0 || (self.unaddressed > 0 && self.seen == 0);
        asked && self.sum(|at| at.responses) == 0
    }

    /// Answers, and calls without one, so far.
    pub(crate) fn ended(&self) -> (u64, u64) {
        (self.sum(|at| at.responses), self.sum(|at| at.errors.values().sum()))
    }

    /// One line.
    pub(crate) fn line(&self, counts: Counts) -> String {
        let (responses, errors) = self.ended();
        let mut records = vec![many(self.requests, "request"), many(responses, "response")];
        if errors > 0 {
            records.push(format!("{} ({})", many(errors, "error"), self.kinds()));
        }
        let mut calls = vec![many(self.sum(|at| at.attempts), "call")];
        match counts.retries() {
            0 => {}
            1 => calls.push("1 retry".to_owned()),
            retries => calls.push(format!("{retries} retries")),
        }
        let cached = self.sum(|at| at.cached);
        if cached > 0 {
            calls.push(format!("{cached} from the cache"));
        }
        if counts.possibly_paid > 0 {
            calls.push(format!("{} possibly paid without an answer", counts.possibly_paid));
        }
        let tokens =
            format!("tokens {} in, {} out", self.sum(|at| at.tokens_in), self.sum(|at| at.tokens_out));
        let mut parts = vec![records.join(", "), calls.join(", "), tokens];
        let cost: f64 = self.targets.values().map(|at| at.cost_usd).sum();
        if cost > 0.0 {
            parts.push(format!("{cost:.4} USD"));
        }
        parts.join("; ")
    }

    /// The errors by kind, `auth 3, server 1`.
    fn kinds(&self) -> String {
        let mut kinds: BTreeMap<ErrorKind, u64> = BTreeMap::new();
        for (kind, count) in self.targets.values().flat_map(|at| &at.errors) {
            *kinds.entry(*kind).or_default() += count;
        }
        kinds.iter().map(|(kind, count)| format!("{kind} {count}")).collect::<Vec<_>>().join(", ")
    }

    /// Adds everything to the metrics.
    pub(crate) fn count(&self, metrics: &Metrics, counts: Counts) {
        for (target, at) in &self.targets {
            let target = [("target", target.as_str())];
            for (metric, amount) in [(CALLS, at.attempts), (RESPONSES, at.responses), (CACHED, at.cached)] {
                metrics.add(metric, &target, amount as f64);
            }
            for (direction, amount) in [("input", at.tokens_in), ("output", at.tokens_out)] {
                metrics.add(TOKENS, &[target[0], ("direction", direction)], amount as f64);
            }
            if at.cost_usd > 0.0 {
                metrics.add(COST, &target, at.cost_usd);
            }
            for (kind, count) in &at.errors {
                metrics.add(FAILURES, &[target[0], ("kind", kind.as_str())], *count as f64);
            }
        }
        for (class, retries) in [
            ("throttled", counts.retries_throttled),
            ("free", counts.retries_free),
            ("unsure", counts.retries_unsure),
            ("asked", counts.retries_asked),
        ] {
            metrics.add(RETRIES, &[("class", class)], retries as f64);
        }
        metrics.add(POSSIBLY_PAID, &[], counts.possibly_paid as f64);
    }

    fn sum(&self, count: impl Fn(&AtTarget) -> u64) -> u64 {
        self.targets.values().map(count).sum()
    }
}
