//! What becomes due when.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::id::{CallId, TargetId};

/// Something that happens by itself at a known time. At the same instant a deadline comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// The time of a call that waits for this target may be over.
    Deadline(TargetId),
    /// The sleep of a call is over.
    Wake(CallId),
    /// A launch to this target may be possible.
    Turn(TargetId),
    /// A call in flight is late.
    Late(CallId),
}

/// The timers in the order in which they become due.
///
/// An ordered set and not a heap, because what lateness needs is taken back long before it is due; a heap would
/// keep it. Deadlines would be as many, so of those there is only the next one of each target.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    due: BTreeSet<(Duration, Timer)>,
}

impl Timers {
    /// Sets a timer. The end of time never comes, so nothing is set for it.
    pub(crate) fn set(&mut self, at: Duration, timer: Timer) {
        if at < Duration::MAX {
            self.due.insert((at, timer));
        }
    }

    /// Takes a timer back.
    pub(crate) fn unset(&mut self, at: Duration, timer: Timer) {
        self.due.remove(&(at, timer));
    }

    /// Moves a timer, or sets it if it was not set.
    pub(crate) fn move_to(&mut self, from: Option<Duration>, at: Duration, timer: Timer) {
        if let Some(from) = from {
            self.unset(from, timer);
        }
        self.set(at, timer);
    }

    /// Sets a timer to `at`, unless it is set to an earlier time.
    pub(crate) fn move_earlier(&mut self, set: &mut Option<Duration>, at: Duration, timer: Timer) {
        if set.is_none_or(|set| set > at) {
            self.move_to(set.replace(at), at, timer);
        }
    }

    /// The next timer due at `now`, taken out.
    pub(crate) fn take_due(&mut self, now: Duration) -> Option<Timer> {
        let &(at, timer) = self.due.first()?;
        if at > now {
            return None;
        }
        self.due.pop_first();
        Some(timer)
    }

    /// When the next timer is due.
    pub(crate) fn next(&self) -> Option<Duration> {
        self.due.first().map(|&(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn timers_come_in_the_order_of_time() {
        let mut timers = Timers::default();
        timers.set(s(3), Timer::Turn(TargetId(0)));
        timers.set(s(1), Timer::Wake(CallId(1)));
        assert_eq!(timers.next(), Some(s(1)));
        assert_eq!(timers.take_due(s(2)), Some(Timer::Wake(CallId(1))));
        assert_eq!(timers.take_due(s(2)), None);
        assert_eq!(timers.take_due(s(3)), Some(Timer::Turn(TargetId(0))));
    }

    #[test]
    fn a_deadline_comes_before_what_else_is_due_then() {
        let mut timers = Timers::default();
        timers.set(s(1), Timer::Wake(CallId(1)));
        timers.set(s(1), Timer::Deadline(TargetId(2)));
        assert_eq!(timers.take_due(s(1)), Some(Timer::Deadline(TargetId(2))));
    }

    #[test]
    fn a_timer_that_was_taken_back_is_gone() {
        let mut timers = Timers::default();
        timers.set(s(1), Timer::Wake(CallId(1)));
        timers.unset(s(1), Timer::Wake(CallId(1)));
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn the_end_of_time_is_no_timer() {
        let mut timers = Timers::default();
        timers.set(Duration::MAX, Timer::Deadline(TargetId(1)));
        assert_eq!(timers.next(), None);
    }
}
