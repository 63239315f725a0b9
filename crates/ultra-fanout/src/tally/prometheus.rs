//! The numbers as metrics; they are those of the summary, under names of their own.

use std::collections::BTreeMap;

use ultra_core::metrics::{Metric, Metrics};
use ultra_provider::dispatch::Counts;

use super::numbers::Numbers;
use crate::quantiles::Quantiles;

const REQUESTS: Metric = Metric::counter("ultra_requests_total", "Requests with calls that were made here.");
const CALLS: Metric = Metric::counter("ultra_calls_total", "Attempts sent to a target.");
const UNREACHED: Metric =
    Metric::counter("ultra_unreached_total", "Attempts among the calls that made no connection.");
const RETRIES: Metric =
    Metric::counter("ultra_retries_total", "Attempts beyond the first of a call, by cause.");
const HEDGES: Metric =
    Metric::counter("ultra_hedges_total", "Second attempts beside a first one whose answer was late.");
const POSSIBLY_PAID: Metric =
    Metric::counter("ultra_possibly_paid_total", "Attempts without an answer that may have been billed.");
const TOKENS: Metric = Metric::counter("ultra_tokens_total", "Tokens as the providers counted them.");
const CACHED_TOKENS: Metric =
    Metric::counter("ultra_cached_tokens_total", "Input tokens that the providers had cached.");
const COST: Metric = Metric::counter("ultra_cost_usd_total", "Cost that is known, in US dollars.");
const UNPRICED: Metric =
    Metric::counter("ultra_unpriced_total", "Answers whose cost is not known for lack of a price.");
const RESPONSES: Metric = Metric::counter("ultra_responses_total", "Answers.");
const CACHED: Metric = Metric::counter("ultra_cached_total", "Records that came from the store.");
const SHARED: Metric =
    Metric::counter("ultra_shared_total", "Records that an identical call in flight served too.");
const JOURNALED: Metric = Metric::counter("ultra_journaled_total", "Records that came from the journal.");
const SKIPPED: Metric =
    Metric::counter("ultra_skipped_total", "Calls that were not made because the budget was spent.");
const UNASKED: Metric =
    Metric::counter("ultra_unasked_total", "Calls that were not made because a vote was decided.");
const FAILURES: Metric = Metric::counter("ultra_call_errors_total", "Calls without an answer.");
const LATENCY: Metric = Metric {
    name: "ultra_call_seconds",
    help: "Time from sending a call to the end of its answer.",
    kind: "summary",
};
const FIRST_BYTE: Metric = Metric {
    name: "ultra_first_byte_seconds",
    help: "Time from sending a call to the first byte of its answer.",
    kind: "summary",
};

/// Adds the numbers of a run.
pub(super) fn count(metrics: &Metrics, requests: u64, targets: &BTreeMap<String, Numbers>, counts: Counts) {
    metrics.add(REQUESTS, &[], requests as f64);
    for (target, at) in targets {
        count_target(metrics, target, at);
    }
    for (class, retries) in [
        ("throttled", counts.retries_throttled),
        ("free", counts.retries_free),
        ("unsure", counts.retries_unsure),
        ("asked", counts.retries_asked),
    ] {
        metrics.add(RETRIES, &[("class", class)], retries as f64);
    }
    metrics.add(HEDGES, &[], counts.hedges as f64);
}

fn count_target(metrics: &Metrics, target: &str, at: &Numbers) {
    let label = ("target", target);
    for (metric, amount) in [(CALLS, at.calls), (RESPONSES, at.responses), (CACHED, at.cached)] {
        metrics.add(metric, &[label], amount as f64);
    }
    metrics.add(POSSIBLY_PAID, &[label], at.possibly_paid as f64);
    for (metric, amount) in [
        (UNREACHED, at.unreached),
        (SHARED, at.shared),
        (JOURNALED, at.journaled),
        (SKIPPED, at.skipped()),
        (UNASKED, at.unasked),
        (UNPRICED, at.unpriced),
        (CACHED_TOKENS, at.tokens_cached),
    ] {
        if amount > 0 {
            metrics.add(metric, &[label], amount as f64);
        }
    }
    for (direction, amount) in [("input", at.tokens_in), ("output", at.tokens_out)] {
        metrics.add(TOKENS, &[label, ("direction", direction)], amount as f64);
    }
    if at.cost_usd() > 0.0 {
        metrics.add(COST, &[label], at.cost_usd());
    }
    for (kind, count) in &at.errors {
        metrics.add(FAILURES, &[label, ("kind", kind.as_str())], *count as f64);
    }
    quantiles(metrics, LATENCY, target, &at.whole);
    quantiles(metrics, FIRST_BYTE, target, &at.first_byte);
}

fn quantiles(metrics: &Metrics, metric: Metric, target: &str, times: &Quantiles) {
    for (percent, quantile) in [(50, "0.5"), (95, "0.95"), (99, "0.99")] {
        if let Some(millis) = times.at(percent) {
            metrics.set(metric, &[("target", target), ("quantile", quantile)], millis as f64 / 1e3);
        }
    }
}
