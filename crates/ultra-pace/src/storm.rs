//! The guard for the middle ground: a target that fails most of its calls, but not enough for the breaker.
//!
//! Google's adaptive throttling (Site Reliability Engineering, "Handling Overload"), with K = 2, and delaying
//! where that drops: over the last two minutes, if more than twice as many calls were sent as were accepted,
//! a new one is delayed with probability `(sent − 2·accepted) / (sent + 1)`, by `U(0, 1 s)`, and then asked
//! again. A call is counted when it is sent, as accepted until it fails, so that calls in flight, which may
//! take minutes, are held against nobody. Silent while less than half fails, and below 20 calls.

use std::time::Duration;

use crate::recent::Recent;

/// Calls below which nothing is concluded.
const FEWEST: u32 = 20;

/// The longest delay, and the shortest, so that the guard never asks in a circle.
const LONGEST: Duration = Duration::from_secs(1);
const SHORTEST: Duration = Duration::from_millis(10);

/// What was sent to one target in the last two minutes, and what of it failed.
#[derive(Debug)]
pub(crate) struct Storm {
    recent: Recent<12>,
    until: Duration,
    asked: u32,
}

impl Default for Storm {
    fn default() -> Self {
        Storm { recent: Recent::new(Duration::from_secs(10)), until: Duration::ZERO, asked: 0 }
    }
}

impl Storm {
    /// A call is sent.
    pub(crate) fn sent(&mut self, now: Duration) {
        self.recent.add(now, 1, 0);
    }

    /// One of them was not accepted.
    pub(crate) fn failed(&mut self, now: Duration) {
        self.recent.add(now, 0, 1);
    }

    /// The target is well again: what was before counts no more.
    pub(crate) fn forget(&mut self) {
        self.recent.clear();
        self.until = Duration::ZERO;
    }

    /// The end of the last delay.
    pub(crate) fn opens(&self) -> Duration {
        self.until
    }

    /// Whether the next call has to wait, until [`Storm::opens`]. The number is asked for only if the storm
    /// rages, with how often it was asked for before.
    pub(crate) fn delays(&mut self, now: Duration, unit: impl FnOnce(u32) -> f64) -> bool {
        let (sent, failed) = self.recent.sums(now);
        let failed = failed.min(sent);
        if sent < FEWEST || u64::from(failed) * 2 <= u64::from(sent) {
            return false;
        }
        let chance = (2.0 * f64::from(failed) - f64::from(sent)) / (f64::from(sent) + 1.0);
        self.asked = self.asked.wrapping_add(1);
        let unit = unit(self.asked);
        let delayed = unit < chance;
        if delayed {
            let part = (unit / chance).clamp(0.0, 1.0);
            self.until = now.saturating_add(LONGEST.mul_f64(part).max(SHORTEST));
        }
        delayed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn storm(sent: u32, failed: u32) -> Storm {
        let mut storm = Storm::default();
        (0..sent).for_each(|_| storm.sent(s(1)));
        (0..failed).for_each(|_| storm.failed(s(1)));
        storm
    }

    #[test]
    fn it_is_silent_until_more_than_half_fails() {
        assert!(!storm(100, 50).delays(s(1), |_| unreachable!()));
        assert!(storm(100, 51).delays(s(1), |_| 0.0));
    }

    #[test]
    fn it_is_silent_below_twenty_calls() {
        assert!(!storm(19, 19).delays(s(1), |_| unreachable!()));
        assert!(storm(20, 20).delays(s(1), |_| 0.0));
    }

    #[test]
    fn the_chance_is_that_of_adaptive_throttling() {
        // 100 sent, 20 accepted: (100 - 40) / 101.
        assert!(storm(100, 80).delays(s(1), |_| 0.594));
        assert!(!storm(100, 80).delays(s(1), |_| 0.595));
    }

    #[test]
    fn the_delay_is_drawn_from_a_second() {
        let mut half = storm(100, 80);
        half.delays(s(1), |_| 0.5 * 60.0 / 101.0);
        assert!(half.opens().abs_diff(Duration::from_millis(1_500)) < Duration::from_micros(1));
    }

    #[test]
    fn two_minutes_later_all_is_forgotten() {
        assert!(storm(100, 100).delays(s(100), |_| 0.0));
        assert!(!storm(100, 100).delays(s(121), |_| 0.0));
    }
}
