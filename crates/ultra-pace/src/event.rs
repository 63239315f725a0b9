//! What goes into the machine and what comes out.

use std::time::Duration;

use crate::class::{Class, Outcome};
use crate::id::{AttemptId, CallId, TargetId};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// A new call. Ignored while a call of this id is open or an attempt of it runs; ends as cancelled after
    /// `Drain` or `Abort`.
    Submit {
        /// Its name, from the driver.
        call: CallId,
        /// Where it goes.
        target: TargetId,
        /// What it may take from now to its end, waiting included; `None` is
        /// [`Config::deadline`](crate::Config::deadline).
        deadline: Option<Duration>,
        /// What each attempt is expected to take from a limit of tokens: those of the prompt and the longest
        /// answer. Zero if unknown; then the limit holds it back, but is not used up by it until it ends.
        tokens: u64,
    },
    /// The answer to an attempt began. Optional; without it an answer begins when it ends.
    FirstByte {
        /// Which.
        attempt: AttemptId,
    },
    /// An attempt is over.
    Ended {
        /// Which.
        attempt: AttemptId,
        /// How.
        outcome: Outcome,
        /// What it is known to have cost, whatever its outcome.
        spent: Spent,
    },
    /// What may be sent to a target, from the user or from the headers of an answer. May be told again with
    /// every answer; the last word of each source counts.
    Limit {
        /// Where.
        target: TargetId,
        /// How much.
        limit: Limit,
    },
    /// Nobody wants this call any more. It ends as cancelled: at once if it waits; if it is in flight its
    /// attempts are cancelled and it ends when they have ended, as succeeded if the answer came first.
    Withdraw {
        /// Which.
        call: CallId,
    },
    /// Time passed.
    Tick,
    /// No new attempts. Calls that wait end as cancelled, attempts in flight may finish.
    Drain,
    /// No new attempts, and those in flight are cancelled.
    Abort,
}

/// What an attempt is known to have cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Tokens of the prompt and of the answer; zero if the server did not say.
    pub tokens: u64,
    /// Millionths of a US dollar.
    pub micro_usd: u64,
}

/// What may be sent to a target in a second. A number that is not positive and finite counts as `None`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// Requests; `None` if this source does not say.
    pub requests_per_s: Option<f64>,
    /// Tokens, of prompts and answers together; `None` if this source does not say.
    pub tokens_per_s: Option<f64>,
    /// Whose word it is.
    pub source: Source,
}

/// Who told a limit. Where both speak, the user's word counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The configuration of the run.
    User,
    /// The headers of an answer.
    Server,
}

/// What the driver must do.
#[derive(Clone, Copy, Debug, PartialEq)]
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
        /// Whether another attempt of the same call runs that is late with its first byte.
        hedge: bool,
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
        /// Attempts among them that gave no answer and may have been billed, the loser of a hedge included.
        possibly_paid: u32,
    },
    /// Nothing to do: a target changed its state, for logs and progress.
    Note {
        /// Which.
        target: TargetId,
        /// How.
        note: Note,
    },
}

/// A change in how a target is treated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Note {
    /// It asked for a pause; the gate is closed.
    Paused {
        /// The rest of the pause, from now.
        for_: Duration,
    },
    /// It answered an attempt that was sent after the one it refused, so the gate opened early.
    Opened,
    /// It seems to be down: the breaker opened, and calls are held until a probe succeeds.
    Broken {
        /// Until the next probe, from now.
        for_: Duration,
        /// Failures in a row that are counted against it.
        failures: u32,
    },
    /// A probe succeeded: the breaker closed.
    Mended,
    /// Its refusals come as a run, or go on although it is paced: it is sent this much from now on.
    Paced {
        /// Requests a second.
        per_s: f64,
    },
    /// Sending less did not make its refusals fewer: for a minute it is not paced, or by its known limit only.
    Unpaced,
    /// It could not be reached several times in a row: it may have fewer attempts in flight.
    Lowered {
        /// How many.
        to: usize,
    },
    /// It may have all the attempts in flight again that the configuration allows.
    Raised {
        /// How many.
        to: usize,
    },
    /// The budget of the run is spent; told once, with the target of the first call that is not sent for it.
    BudgetSpent(Limited),
}

/// Which budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limited {
    /// [`Config::max_calls`](crate::Config::max_calls).
    Calls,
    /// [`Config::max_tokens`](crate::Config::max_tokens).
    Tokens,
    /// [`Config::max_micro_usd`](crate::Config::max_micro_usd).
    Usd,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Its last attempt has the answer.
    Succeeded,
    /// It has no answer and will get none in this run.
    Failed(Why),
    /// The run was stopped, or the call withdrawn, before it was decided; worth running again.
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
    /// The budget of the run was spent before its next attempt.
    Budget(Limited),
    /// The time of the whole run was over, or would have been before the next attempt could start.
    RunDeadline,
}
