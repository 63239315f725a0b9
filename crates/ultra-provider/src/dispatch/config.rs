//! How calls are made.

use std::time::Duration;

use ultra_pace::Config;

/// Limits and times of a run. The default is that of [`ultra_pace::Config`], which says where each number
/// comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// How long calls in flight may go on after a signal.
    pub grace: Duration,
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
            grace: Duration::from_millis(9_500),
        }
    }
}

impl DispatchConfig {
    pub(super) fn machine(&self) -> Config {
        Config {
            per_target: self.per_target,
            total: self.total,
            attempts: self.attempts,
            unsure_attempts: self.attempts.div_ceil(2),
            attempt_timeout: self.timeout,
            deadline: self.deadline,
            ..Config::default()
        }
    }
}
