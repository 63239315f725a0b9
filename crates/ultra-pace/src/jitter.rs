//! Randomness, injected: a number for each decision that wants one.

use crate::id::CallId;

/// Names one random decision, so that its number depends on what is decided and not on how many were drawn
/// before it: the order of completions cannot shift the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Draw {
    /// The call that the decision is about.
    pub call: CallId,
    /// Its attempt, from 1, unless the purpose says otherwise.
    pub n: u32,
    /// What is decided.
    pub purpose: Purpose,
}

/// What a [`Draw`] is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// The sleep after the failure of this attempt.
    Backoff,
    /// How long after the pause that this attempt was told of the target is taken up again.
    Reopen,
    /// The distance of the next launch from this one while a target is taken up again.
    Spread,
    /// How long the breaker stays open that this attempt opened, or found open as a probe.
    Break,
    /// Whether the storm guard delays a launch, and for how long. `n` counts how often the guard of the target asked.
    Storm,
}

/// A source of numbers in `[0, 1)`. A good one hashes a seed with the draw.
pub trait Jitter {
    /// The number for this decision: always the same for the same draw. Values outside of `[0, 1]` are moved
    /// to the nearest bound, and what is not a number counts as 1.
    fn unit(&self, draw: Draw) -> f64;
}

impl<F: Fn(Draw) -> f64> Jitter for F {
    fn unit(&self, draw: Draw) -> f64 {
        self(draw)
    }
}
