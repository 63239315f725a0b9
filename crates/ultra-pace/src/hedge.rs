//! When a call that is late gets a second attempt beside the first (Dean and Barroso, "The Tail at Scale").
//!
//! Late is: no first byte after the time in which 95 % of the target's last 256 successes had theirs; nothing is
//! late before 20 successes. The second attempts may be 5 % of all launches, without a reserve, as Finagle's
//! backup requests.

use std::time::Duration;

/// Successes that are remembered, those before which nothing is concluded, and how often it is concluded anew.
const WINDOW: usize = 256;
const FEWEST: usize = 20;
const EVERY: usize = 8;

/// One second attempt may be launched for so many launches.
const SHARE: u64 = 20;

/// How long one target takes to its first byte.
#[derive(Debug, Default)]
pub(crate) struct FirstBytes {
    times: Vec<Duration>,
    next: usize,
    late: Option<Duration>,
}

impl FirstBytes {
    /// A success took this long to its first byte.
    pub(crate) fn enter(&mut self, time: Duration) {
        if self.times.len() < WINDOW {
            self.times.push(time);
        } else {
            self.times[self.next % WINDOW] = time;
        }
        self.next = self.next.wrapping_add(1);
        if self.times.len() >= FEWEST && (self.late.is_none() || self.next.is_multiple_of(EVERY)) {
            let mut sorted = self.times.clone();
            let rank = (sorted.len() * 95).div_ceil(100) - 1;
            self.late = Some(*sorted.select_nth_unstable(rank).1);
        }
    }

    /// After how long an attempt is late.
    pub(crate) fn late(&self) -> Option<Duration> {
        self.late
    }
}

/// Whether one more second attempt stays within their share of the launches.
pub(crate) fn affordable(hedges: u64, launches: u64) -> bool {
    (hedges + 1).saturating_mul(SHARE) <= launches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(times: impl Iterator<Item = u64>) -> Option<Duration> {
        let mut first = FirstBytes::default();
        times.for_each(|time| first.enter(Duration::from_millis(time)));
        first.late()
    }

    #[test]
    fn late_is_the_ninety_fifth_percentile() {
        assert_eq!(after(1..=19), None);
        assert_eq!(after(1..=20), Some(Duration::from_millis(19)));
        assert_eq!(after(1..=200), Some(Duration::from_millis(190)));
    }

    #[test]
    fn old_successes_are_forgotten() {
        assert_eq!(after((0..256).map(|_| 9_000).chain((0..256).map(|_| 5))), Some(Duration::from_millis(5)));
    }

    #[test]
    fn one_in_twenty_may_be_a_second_attempt() {
        assert!(!affordable(0, 19));
        assert!(affordable(0, 20));
        assert!(!affordable(1, 39));
        assert!(affordable(1, 40));
    }
}
