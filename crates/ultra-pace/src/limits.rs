//! How many attempts may be in flight: at one target, and in all.
//!
//! While the total binds, each busy target has an equal share of it:
//! `limit = min(per_target, max(1, total / busy))`. So targets that stall hold no more than their shares and
//! the others go on at the pace that is theirs in any case.
//!
//! A target that cannot be reached four times in a row may be refusing connections, or this process may be out
//! of sockets: its own limit is halved, at most once a second and never below one. Each success adds one
//! while at least half of the limit is in use, up to `per_target` (Netflix's concurrency limits grow so).
//! A target that was down and answers again begins with four, so one that is down again sees few.
//! Slowness never lowers it: long answers are not queueing.

use std::time::Duration;

/// Counts the attempts in flight against the total.
#[derive(Debug)]
pub(crate) struct Limits {
    per_target: usize,
    total: usize,
    in_flight: usize,
    busy: usize,
}

impl Limits {
    /// Limits of at least one.
    pub(crate) fn new(per_target: usize, total: usize) -> Self {
        Limits { per_target: per_target.max(1), total: total.max(1), in_flight: 0, busy: 0 }
    }

    /// Whether the total is used up.
    pub(crate) fn full(&self) -> bool {
        self.in_flight >= self.total
    }

    /// Attempts in flight in all.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// What one target may have in flight now.
    pub(crate) fn share(&self) -> usize {
        self.per_target.min((self.total / self.busy.max(1)).max(1))
    }

    /// An attempt starts.
    pub(crate) fn take(&mut self) {
        self.in_flight += 1;
    }

    /// An attempt is over.
    pub(crate) fn give_back(&mut self) {
        self.in_flight -= 1;
    }

    /// A target has something queued or in flight that had not.
    pub(crate) fn target_became_busy(&mut self) {
        self.busy += 1;
    }

    /// A target has nothing queued or in flight any more.
    pub(crate) fn target_became_idle(&mut self) {
        self.busy -= 1;
    }
}

/// Failures to reach a target in a row that halve its limit, and the time between two halvings.
const RUN: u32 = 4;
const BETWEEN: Duration = Duration::from_secs(1);

/// What a target may have in flight that was down and answers again, at first.
const AGAIN: usize = 4;

/// What one target may have in flight for its own sake.
#[derive(Debug)]
pub(crate) struct Own {
    limit: usize,
    most: usize,
    row: u32,
    lowered: Option<Duration>,
}

impl Own {
    /// The most there can be, at least one.
    pub(crate) fn new(most: usize) -> Self {
        let most = most.max(1);
        Own { limit: most, most, row: 0, lowered: None }
    }

    /// What may be in flight now.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// The target was not reached. The new limit, if that lowers it.
    pub(crate) fn unreachable(&mut self, now: Duration) -> Option<usize> {
        self.row = self.row.saturating_add(1);
        let early = self.lowered.is_some_and(|at| now < at.saturating_add(BETWEEN));
        if self.row < RUN || early || self.limit == 1 {
            return None;
        }
        (self.row, self.lowered) = (0, Some(now));
        self.limit = (self.limit / 2).max(1);
        Some(self.limit)
    }

    /// The target was down and answers again: it is taken up by few, and each success makes it one more.
    pub(crate) fn begin_again(&mut self) {
        (self.row, self.limit) = (0, self.limit.min(AGAIN));
    }

    /// The target was reached, whatever came of it.
    pub(crate) fn reached(&mut self) {
        self.row = 0;
    }

    /// An attempt succeeded, one of so many in flight. The limit, if that gave all of it back.
    pub(crate) fn succeeded(&mut self, in_flight: usize) -> Option<usize> {
        self.row = 0;
        if self.limit == self.most || in_flight * 2 < self.limit {
            return None;
        }
        self.limit += 1;
        (self.limit == self.most).then_some(self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_run_of_failures_to_connect_halves_the_limit_at_most_once_a_second() {
        let mut own = Own::new(32);
        assert_eq!([1, 2, 3, 4].map(|_| own.unreachable(s(1))), [None, None, None, Some(16)]);
        assert!((0..9).all(|_| own.unreachable(s(1)).is_none()));
        assert_eq!(own.unreachable(s(2)), Some(8));
    }

    #[test]
    fn a_target_that_answers_again_doubles_what_it_has_in_flight_with_each_wave() {
        let mut own = Own::new(32);
        own.begin_again();
        let mut waves = Vec::new();
        while own.limit() < 32 {
            waves.push(own.limit());
            (0..own.limit()).for_each(|_| _ = own.succeeded(own.limit()));
        }
        assert_eq!(waves, [4, 8, 16]);
        let mut small = Own::new(2);
        small.begin_again();
        assert_eq!(small.limit(), 2);
    }

    #[test]
    fn what_reaches_the_target_ends_the_run() {
        let mut own = Own::new(32);
        for _ in 0..9 {
            (0..3).for_each(|_| assert_eq!(own.unreachable(s(1)), None));
            own.reached();
        }
    }

    #[test]
    fn the_limit_stays_at_one_and_grows_while_it_is_used() {
        let mut own = Own::new(3);
        (0..99).for_each(|at| _ = own.unreachable(s(at)));
        assert_eq!(own.limit(), 1);
        assert_eq!(own.succeeded(1), None);
        assert_eq!((own.limit(), own.succeeded(0)), (2, None), "half of it is not in use");
        assert_eq!((own.succeeded(1), own.limit()), (Some(3), 3));
        assert_eq!(own.succeeded(3), None);
    }

    fn share(per_target: usize, total: usize, busy: usize) -> usize {
        let mut limits = Limits::new(per_target, total);
        (0..busy).for_each(|_| limits.target_became_busy());
        limits.share()
    }

    #[test]
    fn few_targets_have_their_own_limit() {
        assert_eq!(share(32, 128, 0), 32);
        assert_eq!(share(32, 128, 4), 32);
    }

    #[test]
    fn many_targets_share_the_total() {
        assert_eq!(share(32, 128, 5), 25);
        assert_eq!(share(32, 128, 64), 2);
        assert_eq!(share(32, 128, 1_000), 1);
    }

    #[test]
    fn a_limit_of_zero_counts_as_one() {
        let limits = Limits::new(0, 0);
        assert_eq!(limits.share(), 1);
        assert!(!limits.full());
    }
}
