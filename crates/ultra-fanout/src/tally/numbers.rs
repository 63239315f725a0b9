//! The counters of one target, or of all together.

use std::collections::BTreeMap;

use ultra_core::kind::ErrorKind;
use ultra_core::record::{Timing, Usage};
use ultra_provider::Answer;

use crate::calls::Source;
use crate::quantiles::Quantiles;

/// What happened at one target.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    /// Answers that were written.
    pub(crate) responses: u64,
    /// Error records that were written, but for those of `unasked`.
    pub(crate) errors: BTreeMap<ErrorKind, u64>,
    /// Of both, records from the store.
    pub(crate) cached: u64,
    /// Of both, records that an identical call in flight served too.
    pub(crate) shared: u64,
    /// Of both, records from the journal.
    pub(crate) journaled: u64,
    /// Records of calls that were not made because a vote was decided; they are no failures.
    pub(crate) unasked: u64,
    /// Attempts launched.
    pub(crate) calls: u64,
    /// Of these, attempts that never reached the target.
    pub(crate) unreached: u64,
    /// Of these, attempts of calls that were not over when the run was.
    pub(crate) unfinished: u64,
    /// Of these, attempts without an answer that may have been billed.
    pub(crate) possibly_paid: u64,
    /// Tokens of prompts, cached ones included.
    pub(crate) tokens_in: u64,
    /// Of these, tokens that the provider had cached.
    pub(crate) tokens_cached: u64,
    /// Tokens of answers, reasoning included.
    pub(crate) tokens_out: u64,
    /// Answers without a price: what they cost is not known.
    pub(crate) unpriced: u64,
    /// Answers whose provider did not count tokens.
    pub(crate) uncounted: u64,
    /// Milliseconds from sending to the end of the answer.
    pub(crate) whole: Quantiles,
    /// Milliseconds from sending to the first byte.
    pub(crate) first_byte: Quantiles,
    /// 10⁻¹² US dollars, to which prices are exact: so the sum does not depend on the order of the answers.
    pico_usd: u128,
}

impl Numbers {
    /// A complete answer arrived.
    pub(super) fn answer(&mut self, answer: &Answer, timing: Option<&Timing>) {
        self.spent(answer.usage.as_ref(), answer.cost_usd, answer.mock);
        if let Some(timing) = timing {
            self.whole.add(timing.total_ms.saturating_sub(timing.queue_ms));
            if let Some(first) = timing.first_token_ms {
                self.first_byte.add(first);
            }
        }
    }

    /// What an answer took; that of a simulated model has no price and needs none.
    pub(super) fn spent(&mut self, usage: Option<&Usage>, cost_usd: Option<f64>, mock: bool) {
        match usage {
            Some(usage) => {
                self.tokens_in += usage.input_tokens;
                self.tokens_cached += usage.cached_input_tokens.unwrap_or_default();
                self.tokens_out += usage.output_tokens;
            }
            None => self.uncounted += 1,
        }
        match cost_usd {
            Some(cost) => self.pico_usd += pico(cost),
            None => self.unpriced += u64::from(!mock),
        }
    }

    /// A record came from there.
    pub(super) fn from(&mut self, source: Source) {
        match source {
            Source::Target => {}
            Source::Cache => self.cached += 1,
            Source::Journal => self.journaled += 1,
            Source::Shared => self.shared += 1,
            Source::Unasked => self.unasked += 1,
        }
    }

    /// Error records of calls that were wanted.
    pub(crate) fn failed(&self) -> u64 {
        self.errors.values().sum()
    }

    /// Terminal records.
    pub(crate) fn records(&self) -> u64 {
        self.responses + self.failed() + self.unasked
    }

    /// Calls that were not made because the budget was spent.
    pub(crate) fn skipped(&self) -> u64 {
        self.errors.get(&ErrorKind::Budget).copied().unwrap_or_default()
    }

    /// The cost that is known, in US dollars.
    pub(crate) fn cost_usd(&self) -> f64 {
        self.pico_usd as f64 / 1e12
    }

    /// Adds the numbers of another target.
    pub(super) fn merge(&mut self, other: &Self) {
        self.responses += other.responses;
        self.cached += other.cached;
        self.shared += other.shared;
        self.journaled += other.journaled;
        for (kind, count) in &other.errors {
            *self.errors.entry(*kind).or_default() += count;
        }
        self.unasked += other.unasked;
        self.calls += other.calls;
        self.unreached += other.unreached;
        self.unfinished += other.unfinished;
        self.possibly_paid += other.possibly_paid;
        self.tokens_in += other.tokens_in;
        self.tokens_cached += other.tokens_cached;
        self.tokens_out += other.tokens_out;
        self.unpriced += other.unpriced;
        self.uncounted += other.uncounted;
        self.whole.merge(&other.whole);
        self.first_byte.merge(&other.first_byte);
        self.pico_usd += other.pico_usd;
    }
}

/// 10⁻¹² dollars; what is no amount of money counts as nothing.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float becomes the nearest number that fits, and nothing below zero comes here"
)]
fn pico(usd: f64) -> u128 {
    (usd.max(0.0) * 1e12).round() as u128
}
