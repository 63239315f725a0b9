//! What the processes of one host know together about one target, so that they keep its limits together.
//!
//! Several processes may talk to the same target with the same key. They keep one [`Shared`] for it where all
//! of them can lock it; each lets its machine [adopt](crate::Machine::adopt) it before a step and writes back
//! what the machine [shares](crate::Machine::share) after it, under one lock.

use std::time::Duration;

/// The part of a target's state that belongs to the target and not to one run. All times are on the clock of
/// the machine; zero means never.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shared {
    /// The end of the pause that the target asked for.
    pub gate: Duration,
    /// When the limit of requests allows the next launch.
    pub next_request: Duration,
    /// When the limit of tokens allows the next launch.
    pub next_tokens: Duration,
    /// Requests a second that are sent to it while it is paced.
    pub rate: Option<f64>,
    /// When the rate was last lowered.
    pub cut: Duration,
    /// When the breaker, if it is open, lets the next probe pass.
    pub broken_until: Duration,
    /// Openings and probes without a success since the breaker was last closed.
    pub broken_times: u32,
}
