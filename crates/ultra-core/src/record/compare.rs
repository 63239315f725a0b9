//! `trial` and `comparison`: strategies measured against each other over the same answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Field;

record! {
    /// What one strategy made of the answers to one prompt, while strategies were compared.
    pub struct Trial = Trial, "tri" {
        /// Content id.
        pub id: String,
        /// The prompt.
        pub prompt_id: String,
        /// The strategy, or the pipe of strategies, as the user wrote it.
        pub strategy: String,
        /// How right the result is, from 0 to 1; absent without a reference.
        pub score: Option<f64>,
        /// The answer that the result is, when it is one of them.
        pub response_id: Option<String>,
        /// The result, when it is none of the answers; absent also when there is no result.
        pub text: Option<String>,
        /// The rung of the ladder that was taken.
        pub rung: Option<String>,
        /// True when a lower rung had to be taken.
        pub degraded: bool,
        /// Calls that the strategy made.
        pub calls: Option<u64>,
        /// What they cost, in US dollars.
        pub cost_usd: Option<f64>,
        /// Calls among them whose price is not known, so that `cost_usd` is what they cost at least.
        pub unpriced: Option<u64>,
        /// How long they took, in milliseconds: the longest of those side by side, and the sum of those that waited for each other.
        pub latency_ms: Option<u64>,
        /// Mean similarity of the result and the answers, from 0 to 1.
        pub agreement: Option<f64>,
    }
}

record! {
    /// One line of a comparison: what a strategy, a member of the panel, or a reader without a strategy gets.
    pub struct Comparison = Comparison, "cmp" {
        /// Content id.
        pub id: String,
        /// What the line is about: `strategy`, `bound` or `member`.
        pub of: Compared,
        /// The strategy as the user wrote it, the target of the member, or the bound: `one answer` (the mean over the answers), `any answer` (the best of them).
        pub name: String,
        /// Prompts that the score is the mean of.
        pub prompts: u64,
        /// How right the results are, from 0 to 1; absent without references.
        pub quality: Option<Estimate>,
        /// How much more that is than the score of the first strategy, on the same prompts.
        pub lead: Option<Estimate>,
        /// True when that is more than chance, by the interval and by a sign test at 5 %, which takes six prompts at least.
        pub apart: bool,
        /// Prompts without a result, for a strategy.
        pub unanswered: Option<u64>,
        /// Results from a lower rung of the ladder, for a strategy.
        pub degraded: Option<u64>,
        /// Calls that it made, over all prompts.
        pub calls: Option<u64>,
        /// Tokens of these calls, in and out.
        pub tokens: Option<u64>,
        /// What they cost, in US dollars.
        pub cost_usd: Option<f64>,
        /// Calls among them whose price is not known, so that `cost_usd` is what they cost at least.
        pub unpriced: Option<u64>,
        /// US dollars a prompt; absent where the price of a call is not known.
        pub prompt_cost_usd: Option<Estimate>,
        /// Milliseconds a prompt: of the calls of a strategy, on top of the answers; of the answers themselves for a bound and a member, where `any answer` waits for the slowest. Absent where time is simulated or was not recorded.
        pub latency_ms: Option<Estimate>,
        /// Similarity of results and answers, from 0 to 1, for a strategy.
        pub agreement: Option<Estimate>,
    }
}

object! {
    /// A mean over prompts, and where it would lie in 95 of 100 cases if the prompts were drawn anew (bootstrap). Of fewer than six prompts, and of values that are all the same, there is the mean alone.
    pub struct Estimate {
        /// The mean.
        pub mean: f64,
        /// The lower end of the interval.
        pub low: Option<f64>,
        /// The upper end of the interval.
        pub high: Option<f64>,
    }
}

/// What a line of a comparison is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Compared {
    /// A strategy.
    Strategy,
    /// What a reader gets without a strategy, or could get at best.
    Bound,
    /// A member of the panel.
    Member,
}

impl Field for Compared {}
