//! What a run did, in numbers.

use crate::class::Class;
use crate::event::{Verdict, Why};
use crate::retry::Cause;

/// Counters of one run; they only grow.
///
/// `submitted` is the sum of `succeeded`, `failed`, `cancelled` and the calls that are still open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls submitted.
    pub submitted: u64,
    /// Calls with an answer.
    pub succeeded: u64,
    /// Calls that ended without one.
    pub failed: u64,
    /// Calls that were stopped before they were decided.
    pub cancelled: u64,
    /// Calls among the failed ones that were not decided because the budget or the time of the run was over.
    pub skipped: u64,
    /// Attempts launched.
    pub attempts: u64,
    /// Of these, repetitions after a throttled failure without Retry-After.
    pub retries_throttled: u64,
    /// Of these, repetitions after a free failure.
    pub retries_free: u64,
    /// Of these, repetitions after an unsure failure.
    pub retries_unsure: u64,
    /// Of these, repetitions after a pause that the target asked for.
    pub retries_asked: u64,
    /// Of these, second attempts beside a first one that was late.
    pub hedges: u64,
    /// Calls whose answer came from such a second attempt.
    pub hedges_won: u64,
    /// Attempts that gave no answer and may have been billed: unsure failures and stopped attempts.
    pub possibly_paid: u64,
}

impl Counts {
    /// Attempts beyond the first of each call, hedges left out.
    pub fn retries(&self) -> u64 {
        self.retries_throttled + self.retries_free + self.retries_unsure + self.retries_asked
    }

    /// An attempt is launched, for this reason if it is a repetition.
    pub(crate) fn launch(&mut self, cause: Option<Cause>) {
        self.attempts += 1;
        match cause {
            Some(Cause::Asked) => self.retries_asked += 1,
            Some(Cause::Failure(Class::Throttled)) => self.retries_throttled += 1,
            Some(Cause::Failure(Class::Free)) => self.retries_free += 1,
            Some(Cause::Failure(Class::Unsure)) => self.retries_unsure += 1,
            None | Some(Cause::Failure(Class::FatalRecord | Class::FatalTarget)) => {}
        }
    }

    /// A second attempt is launched beside the first.
    pub(crate) fn hedge(&mut self) {
        self.attempts += 1;
        self.hedges += 1;
    }

    /// A call is over.
    pub(crate) fn finish(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Succeeded => self.succeeded += 1,
            Verdict::Failed(why) => {
                self.failed += 1;
                self.skipped += u64::from(matches!(why, Why::Budget(_) | Why::RunDeadline));
            }
            Verdict::Cancelled => self.cancelled += 1,
        }
    }
}
