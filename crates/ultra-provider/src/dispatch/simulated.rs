//! Simulated attempts under way: what each will give, and when.

use std::collections::BTreeMap;
use std::time::Duration;

use ultra_core::kind::ErrorKind;
use ultra_pace::{AttemptId, Class};

use crate::call::{Answer, CallError};
use crate::mock::Attempt;

/// Attempts by the time they end; of two that end together, the older call comes first.
#[derive(Debug, Default)]
pub(super) struct Simulated(BTreeMap<(Duration, AttemptId), Result<Answer, CallError>>);

impl Simulated {
    /// Starts an attempt at `now`; one that would take longer than `timeout` fails then.
    pub(super) fn launch(&mut self, now: Duration, attempt: AttemptId, drawn: Attempt, timeout: Duration) {
        let (latency, result) = if drawn.latency > timeout {
            let message = format!("no answer within {} s", timeout.as_secs_f64());
            (timeout, Err(CallError::new(ErrorKind::TimeoutAttempt, Class::Unsure, message)))
        } else {
            (drawn.latency, drawn.result)
        };
        self.0.insert((now.saturating_add(latency), attempt), result);
    }

    /// When the next attempt ends.
    pub(super) fn due(&self) -> Option<Duration> {
        self.0.first_key_value().map(|((due, _), _)| *due)
    }

    /// Takes an attempt that has ended.
    pub(super) fn take_due(&mut self, now: Duration) -> Option<(AttemptId, Result<Answer, CallError>)> {
        let entry = self.0.first_entry().filter(|entry| entry.key().0 <= now)?;
        let ((_, attempt), result) = entry.remove_entry();
        Some((attempt, result))
    }

    /// Forgets an attempt; false when it is not under way here.
    pub(super) fn cancel(&mut self, attempt: AttemptId) -> bool {
        let before = self.0.len();
        self.0.retain(|(_, other), _| *other != attempt);
        self.0.len() < before
    }
}
