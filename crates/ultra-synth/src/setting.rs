//! The arguments, checked: what a run does with every prompt.

use ultra_core::record::Params;
use ultra_core::tool::{Context, Order};

use crate::args::SynthArgs;
use crate::ladder::Strategy;

/// How prompts are merged: the arguments, checked.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) strategy: Strategy,
    /// The judges, in the order in which they are asked.
    pub(crate) judges: Vec<String>,
    pub(crate) min_answers: usize,
    pub(crate) limit: usize,
    pub(crate) params: Option<Params>,
    pub(crate) seed: u64,
    pub(crate) strict: bool,
    /// Results come out in the order of the prompts.
    pub(crate) in_order: bool,
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
        }
    }
}
