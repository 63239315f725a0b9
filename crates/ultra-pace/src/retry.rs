//! Whether a failed call is tried again.
//!
//! | failure | charged | then |
//! |---|---|---|
//! | throttled, free; no Retry-After | as a failure | sleep, up to `attempts` failures |
//! | unsure; no Retry-After | as a failure and as possibly paid | sleep, up to `unsure_attempts` of these |
//! | throttled, free; Retry-After | nothing | wait as long as told, then behind the gate |
//! | unsure; Retry-After | as a failure and as possibly paid | the same, within the limits |
//! | throttled, while the target is paced | nothing | sleep |
//! | free; the target seems to be down | nothing | sleep; behind its breaker once that is open |
//! | unsure; the target seems to be down | as possibly paid | the same, up to `unsure_attempts` |
//! | fatal | | end |
//!
//! The third row is the target's refusal, not the record's failure. The fourth is charged all the same: a
//! header must not lift the limit of what a record may cost. The fifth is owed to a rate that is not found yet.
//! The next two are the target's outage, not the record's failure: from `break_after` failures in a row on, those
//! that follow, those that were in flight when the breaker opened, and probes cost no record its attempts; only
//! what may have to be paid still counts. Once `unsure_attempts` may have to be paid, no failure is followed by another
//! attempt, whatever its class: of two attempts of a call the unsure one may have ended first. No wait is begun that would last to the deadline, except that for the breaker,
//! because nobody knows how long it is.

use std::time::Duration;

use crate::backoff::full_jitter;
use crate::class::Class;
use crate::config::Config;
use crate::event::Why;

/// What the attempts of one call have come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Attempts that were launched.
    pub(crate) launched: u32,
    /// Failures that count against `attempts`.
    pub(crate) charged: u32,
    /// Attempts without an answer that may have been billed.
    pub(crate) possibly_paid: u32,
    /// Why the next attempt, if there is one, is a repetition.
    pub(crate) cause: Option<Cause>,
}

/// What a repetition is owed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// A failure of this class.
    Failure(Class),
    /// A pause that the target asked for.
    Asked,
}

/// What a failure is owed to if not to the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Excuse {
    /// The rate that the target takes is not found yet.
    Pace,
    /// The target seems to be down.
    Doubt,
    /// The target is down: its breaker is open.
    Outage,
}

/// One transient or fatal failure, with the pause that the target asked for, never zero, and its excuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) class: Class,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) excuse: Option<Excuse>,
}

/// What becomes of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Try again after this long.
    Sleep(Duration),
    /// Try again when the target's rules allow.
    Queue,
    /// End it.
    GiveUp(Why),
}

impl Tally {
    /// Enters a failure.
    pub(crate) fn fail(&mut self, failure: Failure) {
        let may_cost = failure.class.may_cost();
        self.possibly_paid += u32::from(may_cost);
        self.charged += u32::from(failure.excuse.is_none() && (may_cost || failure.retry_after.is_none()));
        self.cause = Some(match failure.retry_after {
            Some(_) => Cause::Asked,
            None => Cause::Failure(failure.class),
        });
    }
}

/// Decides about a call whose `tally` already holds this `failure` and whose deadline is `left` from now. The
/// jitter is a place in `[0, 1]`, asked for only if the call is to sleep.
pub(crate) fn decide(
    config: &Config,
    tally: Tally,
    failure: Failure,
    left: Duration,
    jitter: impl FnOnce() -> f64,
) -> Decision {
    let class = failure.class;
    if !class.is_transient() {
        return Decision::GiveUp(Why::Fatal(class));
    }
    let spent = tally.possibly_paid >= config.unsure_attempts.max(1);
    if spent || (tally.charged >= config.attempts && failure.excuse.is_none()) {
        return Decision::GiveUp(Why::Exhausted(class));
    }
    if let Some(wait) = failure.retry_after {
        return if wait < left { Decision::Sleep(wait) } else { Decision::GiveUp(Why::RetryAfter { wait }) };
    }
    if failure.excuse == Some(Excuse::Outage) {
        return Decision::Queue;
    }
    let base = if class == Class::Throttled { config.throttle_base } else { config.base };
    let sleep = full_jitter(base, config.cap, tally.charged.saturating_sub(1), jitter());
    if sleep < left { Decision::Sleep(sleep) } else { Decision::GiveUp(Why::Deadline) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEFT: Duration = Duration::from_secs(1_000);
    const PAUSE: Duration = Duration::from_secs(20);

    fn failure(class: Class, retry_after: Option<u64>) -> Failure {
        Failure { class, retry_after: retry_after.map(Duration::from_secs), excuse: None }
    }

    /// The decision after `count` failures of this kind in a row, with the jitter at half.
    fn after(count: u32, failure: Failure, left: Duration) -> Decision {
        let mut tally = Tally::default();
        (0..count).for_each(|_| tally.fail(failure));
        decide(&Config::default(), tally, failure, left, || 0.5)
    }

    #[test]
    fn free_failures_end_at_the_eighth() {
        let free = failure(Class::Free, None);
        assert_eq!(after(1, free, LEFT), Decision::Sleep(Duration::from_millis(250)));
        assert_eq!(after(7, free, LEFT), Decision::Sleep(Duration::from_secs(16)));
        assert_eq!(after(8, free, LEFT), Decision::GiveUp(Why::Exhausted(Class::Free)));
    }

    #[test]
    fn unsure_failures_end_at_the_fourth() {
        let unsure = failure(Class::Unsure, None);
        assert_eq!(after(3, unsure, LEFT), Decision::Sleep(Duration::from_secs(1)));
        assert_eq!(after(4, unsure, LEFT), Decision::GiveUp(Why::Exhausted(Class::Unsure)));
    }

    #[test]
    fn a_free_failure_after_four_unsure_ones_is_not_repeated() {
        let mut tally = Tally { possibly_paid: 4, ..Tally::default() };
        for last in [failure(Class::Free, None), failure(Class::Throttled, Some(20))] {
            tally.fail(last);
            let decision = decide(&Config::default(), tally, last, LEFT, || 0.5);
            assert_eq!(decision, Decision::GiveUp(Why::Exhausted(last.class)));
        }
    }

    #[test]
    fn a_free_failure_after_three_unsure_ones_is_repeated() {
        let mut tally = Tally::default();
        (0..3).for_each(|_| tally.fail(failure(Class::Unsure, None)));
        let free = failure(Class::Free, None);
        tally.fail(free);
        assert_eq!(
            decide(&Config::default(), tally, free, LEFT, || 0.5),
            Decision::Sleep(Duration::from_secs(2))
        );
    }

    #[test]
    fn a_throttled_call_sleeps_on_the_longer_base() {
        let throttled = failure(Class::Throttled, None);
        assert_eq!(after(1, throttled, LEFT), Decision::Sleep(Duration::from_millis(500)));
    }

    #[test]
    fn fatal_failures_end_at_once_whatever_the_server_asks_for() {
        for class in [Class::FatalRecord, Class::FatalTarget] {
            assert_eq!(after(1, failure(class, None), LEFT), Decision::GiveUp(Why::Fatal(class)));
            assert_eq!(after(1, failure(class, Some(1)), LEFT), Decision::GiveUp(Why::Fatal(class)));
        }
    }

    #[test]
    fn a_refusal_with_a_pause_is_not_charged() {
        assert_eq!(after(100, failure(Class::Throttled, Some(20)), LEFT), Decision::Sleep(PAUSE));
        assert_eq!(after(100, failure(Class::Free, Some(20)), LEFT), Decision::Sleep(PAUSE));
    }

    #[test]
    fn a_pause_does_not_lift_the_limit_of_what_may_be_paid() {
        let unsure = failure(Class::Unsure, Some(20));
        assert_eq!(after(3, unsure, LEFT), Decision::Sleep(PAUSE));
        assert_eq!(after(4, unsure, LEFT), Decision::GiveUp(Why::Exhausted(Class::Unsure)));
    }

    #[test]
    fn a_pause_that_lasts_to_the_deadline_ends_the_call() {
        let wait = Duration::from_secs(20);
        let throttled = failure(Class::Throttled, Some(20));
        assert_eq!(after(1, throttled, wait), Decision::GiveUp(Why::RetryAfter { wait }));
        assert_eq!(after(1, throttled, wait + Duration::from_nanos(1)), Decision::Sleep(wait));
    }

    #[test]
    fn a_sleep_that_lasts_to_the_deadline_is_not_begun() {
        let free = failure(Class::Free, None);
        let sleep = Duration::from_millis(250);
        assert_eq!(after(1, free, sleep), Decision::GiveUp(Why::Deadline));
        assert_eq!(after(1, free, sleep + Duration::from_nanos(1)), Decision::Sleep(sleep));
    }

    #[test]
    fn an_outage_costs_no_attempts_but_what_may_be_paid() {
        let free = Failure { excuse: Some(Excuse::Outage), ..failure(Class::Free, None) };
        assert_eq!(after(100, free, LEFT), Decision::Queue);
        let unsure = Failure { excuse: Some(Excuse::Outage), ..failure(Class::Unsure, None) };
        assert_eq!(after(3, unsure, LEFT), Decision::Queue);
        assert_eq!(after(4, unsure, LEFT), Decision::GiveUp(Why::Exhausted(Class::Unsure)));
    }

    #[test]
    fn a_target_that_seems_to_be_down_is_not_asked_again_at_once() {
        let free = Failure { excuse: Some(Excuse::Doubt), ..failure(Class::Free, None) };
        assert_eq!(after(100, free, LEFT), Decision::Sleep(Duration::from_millis(250)));
    }

    #[test]
    fn a_paced_target_may_refuse_without_end() {
        let throttled = Failure { excuse: Some(Excuse::Pace), ..failure(Class::Throttled, None) };
        assert_eq!(after(100, throttled, LEFT), Decision::Sleep(Duration::from_millis(500)));
    }

    #[test]
    fn an_outage_costs_nothing_when_it_meets_the_last_attempt() {
        let mut tally = Tally::default();
        (0..7).for_each(|_| tally.fail(failure(Class::Free, None)));
        let last = Failure { excuse: Some(Excuse::Outage), ..failure(Class::Free, None) };
        tally.fail(last);
        assert_eq!(decide(&Config::default(), tally, last, LEFT, || 0.5), Decision::Queue);
    }
}
