//! Whether a target seems to be down, and how seldom it is tried then.
//!
//! Failures are those that say that the target is sick or unreachable. Deliberate refusals say nothing here:
//! they are the business of the [gate](crate::gate) and the [pace](crate::pace).
//!
//! - Closed: opens at `break_after` failures in a row, or when 16 of the last 20 outcomes (80 %) are failures.
//!   A laxer rule (50 % of 10) opens for scattered faults of 30 % and costs more time than it saves.
//! - Open: nothing is launched until `min(60 s, 5 s · 2ᵏ) · U(0.8, 1.2)` have passed; k counts the opening and
//!   the probes since. Then one call is, the probe, and the next may follow only after the next, longer time,
//!   whether the probe has ended or not: a probe that stalls, or whose process dies, blocks nothing.
//! - One deliberate answer to a launch after the opening, a success or a refusal, closes it.
//!
//! So a target that is down for five minutes sees the calls in flight, the failures that opened the breaker and
//! at most nine probes; later one a minute.

use std::time::Duration;

/// Outcomes that are looked at.
const WINDOW: u32 = 20;

/// Failures among them that open the breaker.
const TOO_MANY: u32 = 16;

/// The first and the longest time without a probe.
const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_mins(1);

/// The breaker of one target; closed at first.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    /// Failures in a row.
    row: u32,
    /// The last outcomes, a bit each, the latest lowest; ones are failures.
    window: u32,
    /// How many outcomes the window holds.
    seen: u32,
    open: Option<Open>,
    /// Openings and probes since it was last closed.
    times: u32,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    until: Duration,
    /// The last launch before it opened.
    launch: u64,
}

impl Breaker {
    /// Whether calls are held.
    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// When a launch may happen.
    pub(crate) fn opens(&self) -> Duration {
        self.open.map_or(Duration::ZERO, |open| open.until)
    }

    /// How often it opened or was probed since it was last closed.
    pub(crate) fn times(&self) -> u32 {
        self.times
    }

    /// An attempt failed at `now`, the last launch so far being `launch`. If that opens the breaker, for how
    /// long, and after how many failures in a row. `after` is the run that opens it, zero for none; `unit` is
    /// the place in the range of the time.
    pub(crate) fn failed(
        &mut self,
        now: Duration,
        launch: u64,
        after: u32,
        unit: impl FnOnce() -> f64,
    ) -> Option<(Duration, u32)> {
        if self.is_open() || after == 0 {
            return None;
        }
        self.row = self.row.saturating_add(1);
        self.enter(1);
        let many = self.seen == WINDOW && self.window.count_ones() >= TOO_MANY;
        if self.row < after && !many {
            return None;
        }
        let time = period(0, unit());
        self.times = 1;
        self.open = Some(Open { until: now.saturating_add(time), launch });
        Some((time, self.row))
    }

    /// The launch of this number was answered. Whether that closed the breaker.
    pub(crate) fn answered(&mut self, launch: u64, success: bool) -> bool {
        match self.open {
            Some(open) if launch > open.launch => {
                *self = Breaker::default();
                true
            }
            None if success => {
                self.row = 0;
                self.enter(0);
                false
            }
            _ => false,
        }
    }

    /// An attempt is launched at `now`; if the breaker is open it is a probe.
    pub(crate) fn pass(&mut self, now: Duration, unit: impl FnOnce() -> f64) {
        if let Some(open) = &mut self.open {
            open.until = now.saturating_add(period(self.times, unit()));
            self.times = self.times.saturating_add(1);
        }
    }

    /// What another process knows; zero for `until` is a closed breaker. Launches up to this number prove
    /// nothing against it. Whether that opened or closed the breaker.
    pub(crate) fn adopt(&mut self, until: Duration, times: u32, launch: u64) -> bool {
        let was_open = self.is_open();
        if until.is_zero() {
            if was_open {
                *self = Breaker::default();
            }
        } else {
            let launch = self.open.map_or(launch, |open| open.launch);
            self.open = Some(Open { until, launch });
            self.times = times;
        }
        was_open != self.is_open()
    }

    fn enter(&mut self, failure: u32) {
        self.window = (self.window << 1 | failure) & ((1 << WINDOW) - 1);
        self.seen = (self.seen + 1).min(WINDOW);
    }
}

/// `min(60 s, 5 s · 2ᵏ) · U(0.8, 1.2)`.
fn period(k: u32, unit: f64) -> Duration {
    let unit = if unit.is_nan() { 1.0 } else { unit.clamp(0.0, 1.0) };
    let longest = FIRST.saturating_mul(2_u32.saturating_pow(k)).min(LONGEST);
    longest.mul_f64(0.8 + 0.4 * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// A breaker that failed `n` times in a row at time zero, after launch 8.
    fn failed(n: u32) -> Breaker {
        let mut breaker = Breaker::default();
        (0..n).for_each(|_| _ = breaker.failed(s(0), 8, 8, || 0.5));
        breaker
    }

    #[test]
    fn eight_failures_in_a_row_open_it_for_five_seconds() {
        assert!(!failed(7).is_open());
        let mut breaker = failed(7);
        assert_eq!(breaker.failed(s(0), 8, 8, || 0.5), Some((s(5), 8)));
        assert_eq!(breaker.opens(), s(5));
    }

    #[test]
    fn sixteen_failures_of_twenty_open_it_and_fifteen_do_not() {
        let outcomes = |ok: &[usize]| {
            let mut breaker = Breaker::default();
            for i in 0..20 {
                if ok.contains(&i) {
                    breaker.answered(i as u64, true);
                } else {
                    breaker.failed(s(0), 8, 8, || 0.5);
                }
            }
            breaker.is_open()
        };
        assert!(outcomes(&[0, 5, 10, 15]));
        assert!(!outcomes(&[0, 4, 8, 12, 16]));
    }

    #[test]
    fn the_time_doubles_with_each_probe_up_to_a_minute() {
        let mut breaker = failed(8);
        let mut now = breaker.opens();
        let mut times = Vec::new();
        for _ in 0..6 {
            breaker.pass(now, || 0.5);
            times.push(breaker.opens().saturating_sub(now).as_secs());
            now = breaker.opens();
        }
        assert_eq!(times, [10, 20, 40, 60, 60, 60]);
    }

    #[test]
    fn the_time_is_drawn_from_a_fifth_around() {
        assert_eq!((period(0, 0.0), period(0, 1.0), period(0, f64::NAN)), (s(4), s(6), s(6)));
        assert_eq!(period(u32::MAX, 1.0), s(72));
    }

    #[test]
    fn only_an_answer_to_a_later_launch_closes_it() {
        let mut breaker = failed(8);
        assert!(!breaker.answered(8, true));
        assert!(breaker.is_open());
        assert!(breaker.answered(9, true));
        assert!(!breaker.is_open());
        assert_eq!(breaker.failed(s(9), 9, 8, || 0.5), None, "the count begins anew");
    }

    #[test]
    fn a_deliberate_refusal_closes_an_open_one_and_counts_for_nothing_else() {
        assert!(failed(8).answered(9, false));
        let mut breaker = failed(7);
        assert!(!breaker.answered(9, false));
        assert!(breaker.failed(s(0), 9, 8, || 0.5).is_some(), "it did not end the run");
    }

    #[test]
    fn zero_switches_it_off() {
        let mut breaker = Breaker::default();
        assert!((0..99).all(|_| breaker.failed(s(0), 1, 0, || 0.5).is_none()));
    }

    #[test]
    fn another_process_opens_moves_and_closes_it() {
        let mut breaker = Breaker::default();
        assert!(breaker.adopt(s(5), 1, 3));
        assert!(!breaker.adopt(s(15), 2, 4), "its probe");
        assert_eq!((breaker.opens(), breaker.times()), (s(15), 2));
        assert!(breaker.adopt(s(0), 0, 5));
        assert!(!breaker.is_open());
    }
}
