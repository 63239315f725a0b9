//! What calls cost.
//!
//! Prices come from the configuration, in US dollars per million tokens, which is micro-dollars per token.
//! What a provider itself says about the cost of an answer comes before them.

use ultra_core::config::Price;
use ultra_core::record::Usage;

/// Cost of `usage` in US dollars, to the nearest 10⁻¹².
///
/// Cached tokens of the prompt have their own price; reasoning is part of the output.
pub fn cost(price: &Price, usage: &Usage) -> f64 {
    let cached = usage.cached_input_tokens.unwrap_or(0).min(usage.input_tokens);
    let fresh = usage.input_tokens - cached;
    let of = |tokens: u64, price: f64| tokens as f64 * price;
    let micro = of(fresh, price.input) + of(cached, price.cached) + of(usage.output_tokens, price.output);
    // Decimal prices have no exact binary form; without rounding, 7 tokens at 0.15 would cost 1.0499999999999998.
    (micro * 1e6).round() / 1e12
}

/// Two costs together in US dollars, to the nearest 10⁻¹²: a sum of decimal prices stays one.
pub fn sum(one: f64, other: f64) -> f64 {
    ((one + other) * 1e12).round() / 1e12
}

/// Cost of a reply in US dollars: what the provider `told`, or else its tokens at `price`; `None` when neither is
/// known.
pub fn spent(usage: Option<&Usage>, told: Option<f64>, price: Option<&Price>) -> Option<f64> {
    let told = told.filter(|usd| usd.is_finite() && *usd >= 0.0);
    told.or_else(|| Some(cost(price?, usage?)))
}

/// A sum of costs in whole micro-dollars that loses no fractions: a thousand calls at 0.4 are 400.
#[derive(Debug, Clone, Copy, Default)]
pub struct Till {
    micro: f64,
}

impl Till {
    /// Adds `usd` (negative and unreadable amounts count as nothing); returns the whole micro-dollars that
    /// the sum has grown by.
    pub fn add(&mut self, usd: f64) -> u64 {
        let before = whole(self.micro);
        if usd.is_finite() && usd > 0.0 {
            self.micro += usd * 1e6;
        }
        whole(self.micro) - before
    }

    /// All of it, in US dollars.
    pub fn usd(&self) -> f64 {
        self.micro.round() / 1e6
    }
}

/// Whole micro-dollars; what lacks less than a millionth of one is an error of the binary form.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the sum is not negative, and the cast saturates"
)]
fn whole(micro: f64) -> u64 {
    (micro + 1e-6).floor() as u64
}

#[cfg(test)]
mod tests;
