//! Even distances between launches: the generic cell rate algorithm (ITU-T I.371), which is a token bucket that
//! stores one time instead of a level and a clock.
//!
//! Each launch moves the theoretical time of the next one on by what it costs. A launch that comes late may be
//! caught up with, but by no more than a slack, so an idle hour does not end in a burst.

use std::time::Duration;

/// The longest distance: what is slower than this is as good as never.
const LONGEST: f64 = 1e9;

/// The launches of one target under one limit.
#[derive(Debug)]
pub(crate) struct Spacing {
    next: Duration,
    slack: Duration,
}

impl Spacing {
    /// Nothing was launched; lateness up to `slack` is caught up with.
    pub(crate) fn new(slack: Duration) -> Self {
        Spacing { next: Duration::ZERO, slack }
    }

    /// When the next launch may happen.
    pub(crate) fn opens(&self) -> Duration {
        self.next
    }

    /// A launch at `now` that takes up so many seconds of the limit.
    pub(crate) fn take(&mut self, now: Duration, seconds: f64) {
        self.next = self.next.max(now.saturating_sub(self.slack)).saturating_add(time(seconds));
    }

    /// A launch took up so many seconds more than was thought, or less.
    pub(crate) fn settle(&mut self, seconds: f64) {
        self.next = if seconds < 0.0 {
            self.next.saturating_sub(time(-seconds))
        } else {
            self.next.saturating_add(time(seconds))
        };
    }

    /// No launch before `until`.
    pub(crate) fn wait(&mut self, until: Duration) {
        self.next = self.next.max(until);
    }

    /// What another process knows of the next launch.
    pub(crate) fn adopt(&mut self, next: Duration) {
        self.next = next;
    }
}

fn time(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.min(LONGEST)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// The times of the next `n` launches, four a second, each as early as may be.
    fn launches(spacing: &mut Spacing, mut now: Duration, n: usize) -> Vec<u128> {
        let mut times = Vec::new();
        for _ in 0..n {
            now = now.max(spacing.opens());
            spacing.take(now, 0.25);
            times.push(now.as_millis());
        }
        times
    }

    #[test]
    fn launches_keep_their_distance() {
        assert_eq!(launches(&mut Spacing::new(ms(0)), ms(0), 4), [0, 250, 500, 750]);
    }

    #[test]
    fn lateness_is_caught_up_with_as_far_as_the_slack() {
        assert_eq!(launches(&mut Spacing::new(ms(50)), ms(9_000), 4), [9_000, 9_200, 9_450, 9_700]);
        let mut spacing = Spacing::new(ms(50));
        launches(&mut spacing, ms(9_000), 1);
        assert_eq!(launches(&mut spacing, ms(9_210), 2), [9_210, 9_450], "ten late, and none is lost");
    }

    #[test]
    fn what_was_not_used_up_is_given_back() {
        let mut spacing = Spacing::new(ms(0));
        spacing.take(ms(0), 10.0);
        spacing.settle(-8.0);
        assert_eq!(spacing.opens(), ms(2_000));
        spacing.settle(1.0);
        assert_eq!(spacing.opens(), ms(3_000));
    }

    #[test]
    fn a_limit_of_next_to_nothing_does_not_overflow() {
        let mut spacing = Spacing::new(ms(50));
        spacing.take(ms(1), f64::INFINITY);
        spacing.take(Duration::MAX, f64::MAX);
        spacing.settle(f64::NAN);
        assert_eq!(spacing.opens(), Duration::MAX);
    }
}
