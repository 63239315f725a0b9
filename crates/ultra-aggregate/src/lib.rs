//! The rules that make one outcome of many votes, rankings, comparisons and similarities.
//!
//! Pure functions over plain data: members, judges and answers are numbers from 0. No records, no input or
//! output, and no randomness but that of a seed. What the rules cannot tell apart is a tie, is reported as
//! one, and is ordered by number, so the caller decides what a tie means by the order in which it numbers
//! things.
//!
//! | module | rules |
//! |---|---|
//! | [`vote`] | the answer in a text, when two answers are the same, plurality, when a vote is decided |
//! | [`rank`] | Borda, Kemeny, reciprocal rank fusion, Copeland, over rankings with ties and gaps |
//! | [`agreement`] | Kendall's W, and how far a judge is from the result |
//! | [`pairs`] | comparisons in both orders, Bradley–Terry, Copeland |
//! | [`cluster`] | which answers say the same, by any similarity |
//! | [`best`] | how good a text looks, by a fixed formula |
//! | [`stats`] | means, quantiles, intervals by bootstrap |
//! | [`review`] | who reads whose answer, in which order |
//! | [`panel`] | panels and judges of known skill, to measure the rules by |
//!
//! Scores are compared up to [`EPSILON`], since sums of fractions that are equal on paper need not be equal in
//! floating point. Sums are formed in an order of their own, so the order of judges changes no bit of a score.

pub mod agreement;
pub mod best;
pub mod cluster;
pub mod pairs;
pub mod panel;
pub mod prose;
pub mod rank;
pub mod review;
pub mod stats;
pub mod vote;

/// Scores that differ by no more are equal.
pub const EPSILON: f64 = 1e-9;

/// A sum that does not depend on the order of its terms.
pub(crate) fn sum(terms: impl IntoIterator<Item = f64>) -> f64 {
    let mut terms: Vec<f64> = terms.into_iter().collect();
    terms.sort_by(f64::total_cmp);
    // From +0, since the sum of nothing is -0 otherwise.
    terms.into_iter().fold(0.0, |sum, term| sum + term)
}

/// What a weight counts: itself, or nothing when it is not a positive number.
pub(crate) fn weight(weight: f64) -> f64 {
    if weight.is_finite() && weight > 0.0 { weight } else { 0.0 }
}

#[cfg(test)]
mod tests;
