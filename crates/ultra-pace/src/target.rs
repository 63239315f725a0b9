//! What is known of one target.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::gate::Gate;
use crate::id::{AttemptId, CallId};

/// One target: its calls that wait, its gate, its slots in use.
#[derive(Debug, Default)]
pub(crate) struct Target {
    /// The calls that could be launched, oldest first.
    pub(crate) queue: BTreeSet<CallId>,
    /// The calls that are queued or asleep, by deadline.
    pub(crate) waiting: BTreeSet<(Duration, CallId)>,
    /// Attempts in flight.
    pub(crate) in_flight: usize,
    pub(crate) gate: Gate,
    /// Whether a timer is set for the gate.
    pub(crate) alarm: bool,
    /// Whether the target was counted as busy.
    pub(crate) busy: bool,
    /// The attempt that closed the target.
    pub(crate) closed: Option<AttemptId>,
}

impl Target {
    /// Whether it wants slots or holds some.
    pub(crate) fn is_busy(&self) -> bool {
        self.in_flight > 0 || !self.queue.is_empty()
    }
}
