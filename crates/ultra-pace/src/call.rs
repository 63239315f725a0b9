//! One open call: where it goes, when it must be over, and where it stands.

use std::time::Duration;

use crate::id::TargetId;
use crate::retry::Tally;

/// An open call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) target: TargetId,
    /// In the time of the run; nothing of the call outlives it.
    pub(crate) deadline: Duration,
    pub(crate) tally: Tally,
    pub(crate) place: Place,
}

/// Where a call stands. Only one in flight holds a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Waits for its turn, a slot and an open gate.
    Queued,
    /// Waits for this time, then queues.
    Sleeping(Duration),
    /// Its latest attempt runs.
    InFlight,
}

impl Call {
    /// A call that was never tried.
    pub(crate) fn new(target: TargetId, deadline: Duration) -> Self {
        Call { target, deadline, tally: Tally::default(), place: Place::Queued }
    }

    /// Whether the attempt of this number runs.
    pub(crate) fn runs(&self, n: u32) -> bool {
        self.place == Place::InFlight && self.tally.launched == n
    }
}
