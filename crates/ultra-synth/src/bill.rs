//! What the calls of one prompt were, and what they cost.

use ultra_core::record::{Object, Usage};
use ultra_provider::dispatch::Finished;
use ultra_provider::prices;

/// Calls, tokens, money and time of the synthesis of one prompt.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bill {
    /// Calls that were made.
    pub calls: u64,
    /// Their tokens, as far as providers count.
    pub usage: Option<Usage>,
    /// Their cost in US dollars, as far as it is known.
    pub cost_usd: Option<f64>,
    /// Calls whose cost is not known: nobody told it, or they failed.
    pub unpriced: u64,
    /// The longest chain of calls that had to wait for each other, in milliseconds: of calls that were made side by
    /// side the longest counts, and those that followed are added. `None` while time is simulated.
    pub latency_ms: Option<u64>,
}

impl Bill {
    /// Adds a call that is over, and says when that was: in milliseconds on its chain, where `since` was its beginning.
    pub fn hear(&mut self, since: u64, done: &Finished) -> u64 {
        for wasted in &done.wasted {
            self.pay(wasted.usage.as_ref(), wasted.cost_usd);
        }
        match &done.result {
            Ok(answer) => self.pay(answer.usage.as_ref(), answer.cost_usd),
            // All that may have been billed is accounted for.
            Err(_) if !done.wasted.is_empty() && done.wasted.len() >= done.possibly_paid as usize => {}
            Err(_) => self.unpriced += 1,
        }
        let Some(timing) = &done.timing else { return since };
        let end = since.saturating_add(timing.total_ms);
        self.latency_ms = Some(self.latency_ms.unwrap_or_default().max(end));
        end
    }

    /// When a call begins that waited for all that was heard so far.
    pub fn now(&self) -> u64 {
        self.latency_ms.unwrap_or_default()
    }

    fn pay(&mut self, usage: Option<&Usage>, cost_usd: Option<f64>) {
        self.usage = add_usage(self.usage.take(), usage.cloned());
        match cost_usd {
            Some(cost) => self.cost_usd = Some(prices::sum(self.cost_usd.unwrap_or_default(), cost)),
            None => self.unpriced += 1,
        }
    }
}

/// The sum of what two calls used.
fn add_usage(one: Option<Usage>, other: Option<Usage>) -> Option<Usage> {
    let sum = |a: Option<u64>, b: Option<u64>| match (a, b) {
        (None, None) => None,
        (a, b) => Some(a.unwrap_or_default().saturating_add(b.unwrap_or_default())),
    };
    match (one, other) {
        (Some(a), Some(b)) => Some(Usage {
            input_tokens: a.input_tokens.saturating_add(b.input_tokens),
            output_tokens: a.output_tokens.saturating_add(b.output_tokens),
            cached_input_tokens: sum(a.cached_input_tokens, b.cached_input_tokens),
            reasoning_tokens: sum(a.reasoning_tokens, b.reasoning_tokens),
            extra: Object::default(),
        }),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests;
