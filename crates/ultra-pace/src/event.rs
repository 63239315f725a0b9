//! What goes into the machine and what comes out.

use std::time::Duration;

use crate::class::{Class, Outcome};
use crate::id::{AttemptId, CallId, TargetId};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A new call. Ignored while a call of this id is open; ends as cancelled after `Drain` or `Abort`.
    Submit {
        /// Its name, from the driver.
        call: CallId,
        /// Where it goes.
        target: TargetId,
        /// What it may take from now to its end, waiting included; `None` is
        /// [`Config::deadline`](crate::Config::deadline).
        deadline: Option<Duration>,
    },
    /// An attempt is over.
    Ended {
        /// Which.
        attempt: AttemptId,
        /// How.
        outcome: Outcome,
    },
    /// Time passed.
    Tick,
    /// No new attempts. Calls that wait end as cancelled, attempts in flight may finish.
    Drain,
    /// No new attempts, and those in flight are cancelled.
    Abort,
}

/// What the driver must do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Start the attempt now and answer with exactly one [`Event::Ended`].
    Launch {
        /// Which.
        attempt: AttemptId,
        /// Where.
        target: TargetId,
        /// What it may take: the attempt timeout or the time to the deadline, whichever is less. Never zero
        /// unless the attempt timeout is.
        timeout: Duration,
    },
    /// Stop the attempt; its [`Event::Ended`] is still owed.
    Cancel {
        /// Which.
        attempt: AttemptId,
    },
    /// The call is over. Exactly one for each submitted call.
    Finish {
        /// Which.
        call: CallId,
        /// How.
        verdict: Verdict,
        /// Attempts that were launched.
        attempts: u32,
        /// Attempts among them that failed and may have been billed.
        possibly_paid: u32,
    },
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Its last attempt has the answer.
    Succeeded,
    /// It has no answer and will get none in this run.
    Failed(Why),
    /// The run was stopped before it was decided; worth running again.
    Cancelled,
}

/// Why a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its last attempt failed in a way that no repetition can mend.
    Fatal(Class),
    /// It used up the attempts that its failures allow; the class is that of the last.
    Exhausted(Class),
    /// Its target was closed by the failure of this attempt, maybe of another call. The failure of that
    /// attempt is the reason to report.
    TargetClosed {
        /// The attempt that ended with [`Class::FatalTarget`].
        by: AttemptId,
    },
    /// Its time was over, or would have been before the next attempt could start.
    Deadline,
    /// The target asked for a pause that outlasts the call's deadline.
    RetryAfter {
        /// The rest of the pause, from now.
        wait: Duration,
    },
}
