//! The arguments, checked: what a run does with every prompt.

use ultra_core::record::Params;
use ultra_core::tool::{Context, Order};

use crate::args::SynthArgs;
use crate::strategy::Strategy;

/// How prompts are merged: the arguments, checked.
#[derive(Debug)]
pub struct Plan {
    /// The strategy.
    pub strategy: Strategy,
    /// The judges, in the order in which they are asked.
    pub judges: Vec<String>,
    /// A prompt with fewer answers is an error.
    pub min_answers: usize,
    /// The most bytes of one answer that a judge reads.
    pub limit: usize,
    /// Parameters of the calls.
    pub params: Option<Params>,
    /// Seed of orders and marks.
    pub seed: u64,
    /// What would be degraded is an error.
    pub strict: bool,
    /// Results come out in the order of the prompts.
    pub in_order: bool,
    /// The most calls for one prompt.
    pub max_calls: Option<u64>,
}

impl Plan {
    pub(crate) fn new(args: &SynthArgs, judges: Vec<String>, context: &Context) -> Self {
        Self {
            strategy: args.strategy(),
            judges,
            min_answers: args.min_answers as usize,
            limit: usize::try_from(args.max_answer).unwrap_or(usize::MAX),
            params: args.sampling.fill(None),
            seed: context.seed,
            strict: context.strict,
            in_order: context.order == Some(Order::Input),
            max_calls: args.max_calls,
        }
    }
}
