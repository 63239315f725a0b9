//! One open call: where it goes, when it must be over, and where it stands.

use std::time::Duration;

use crate::id::{AttemptId, CallId, TargetId};
use crate::retry::Tally;

/// An open call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) target: TargetId,
    /// In the time of the run; nothing of the call outlives it.
    pub(crate) deadline: Duration,
    /// What an attempt is expected to take from a limit of tokens.
    pub(crate) tokens: u64,
    pub(crate) tally: Tally,
    pub(crate) place: Place,
    /// Its attempts in flight: the first, and one that was launched because that was late.
    pub(crate) runs: [Option<Run>; 2],
    /// When it is late, if a timer is set for that.
    pub(crate) late: Option<Duration>,
    /// Until when a refused attempt of it was told to wait.
    pub(crate) told: Duration,
    /// Whether an answer began, so that nothing is late any more.
    pub(crate) begun: bool,
    /// Whether its attempts in flight were told to stop.
    pub(crate) stopped: bool,
}

/// Where a call stands. Only one in flight holds a slot, or two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Waits for its turn, a slot and an open gate.
    Queued,
    /// Waits for this time, then queues.
    Sleeping(Duration),
    /// An attempt runs.
    InFlight,
}

/// An attempt in flight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// Counts the attempts of the call, from 1.
    pub(crate) n: u32,
    /// Counts the launches of the target, from 1.
    pub(crate) launch: u64,
    pub(crate) at: Duration,
    pub(crate) hedge: bool,
    /// What it is expected to take from a limit of tokens.
    pub(crate) tokens: u64,
}

impl Call {
    /// A call that was never tried.
    pub(crate) fn new(target: TargetId, deadline: Duration, tokens: u64) -> Self {
        Call {
            target,
            deadline,
            tokens,
            tally: Tally::default(),
            place: Place::Queued,
            runs: [None; 2],
            late: None,
            told: Duration::ZERO,
            begun: false,
            stopped: false,
        }
    }

    /// The attempt of this number, if it runs.
    pub(crate) fn run(&self, n: u32) -> Option<Run> {
        self.runs.into_iter().flatten().find(|run| run.n == n)
    }

    /// The names of the attempts in flight.
    pub(crate) fn attempts(&self, call: CallId) -> impl Iterator<Item = AttemptId> + use<> {
        self.runs.into_iter().flatten().map(move |run| AttemptId { call, n: run.n })
    }
}
