//! How calls are made.

use std::time::Duration;

use ultra_pace::{Config, Limit};

/// Limits and times of a run. The default is that of [`ultra_pace::Config`], which says where each number
/// comes from.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a question of its own that the user answers")]
pub struct DispatchConfig {
    /// Calls in flight at one target.
    pub per_target: usize,
    /// Calls in flight in all.
    pub total: usize,
    /// Attempts after which a call is given up; half as many when they may have been billed.
    pub attempts: u32,
    /// What one attempt may take.
    pub timeout: Duration,
    /// What one call may take in all, waiting included.
    pub deadline: Duration,
    /// What the run may take: then nothing is sent any more.
    pub run_deadline: Option<Duration>,
    /// How long calls in flight may go on after a signal.
    pub grace: Duration,
    /// The send rate of each target that has none of its own in the configuration.
    pub limit: Option<Limit>,
    /// Attempts that may be sent in all.
    pub max_calls: Option<u64>,
    /// Tokens, in and out, after which nothing is sent any more.
    pub max_tokens: Option<u64>,
    /// Millionths of a US dollar after which nothing is sent any more. A target without a price is not asked.
    pub max_micro_usd: Option<u64>,
    /// A second attempt for a call whose answer begins later than usual.
    pub hedge: bool,
    /// Answers are told piece by piece as [`Event::Text`](super::Event::Text).
    pub stream: bool,
    /// Calls of a target that is down wait for it until their deadline, instead of using up their attempts. A
    /// simulated run never waits so: what becomes of a call must not depend on the others.
    pub hold: bool,
    /// Calls are announced before they are sent for the first time.
    pub announce: bool,
    /// Send rates, pauses and the state of breakers are kept together with the other runs on this host.
    pub shared: bool,
}

impl Default for DispatchConfig {
    fn default() -> Self {
        let Config { per_target, total, attempts, attempt_timeout, deadline, .. } = Config::default();
        Self {
            per_target,
            total,
            attempts,
            timeout: attempt_timeout,
            deadline,
            run_deadline: None,
            grace: Duration::from_millis(9_500),
            limit: None,
            max_calls: None,
            max_tokens: None,
            max_micro_usd: None,
            hedge: false,
            stream: false,
            hold: false,
            announce: false,
            shared: true,
        }
    }
}

impl DispatchConfig {
    pub(super) fn machine(&self, simulated: bool) -> Config {
        let defaults = Config::default();
        Config {
            break_after: if self.hold && !simulated { defaults.break_after } else { 0 },
            per_target: self.per_target,
            total: self.total,
            attempts: self.attempts,
            unsure_attempts: self.attempts.div_ceil(2),
            attempt_timeout: self.timeout,
            deadline: self.deadline,
            run_deadline: self.run_deadline,
            max_calls: self.max_calls,
            max_tokens: self.max_tokens,
            max_micro_usd: self.max_micro_usd,
            hedge: self.hedge,
            ..defaults
        }
    }

    /// Whether only targets with a price can be asked.
    pub(super) fn needs_prices(&self) -> bool {
        self.max_micro_usd.is_some()
    }
}
