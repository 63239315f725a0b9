//! Whether a target seems to be down, and how seldom it is tried then.
//!
//! Failures are those that say that the target is sick or unreachable. Deliberate refusals say nothing here:
//! they are the business of the [gate](crate::gate) and the [pace](crate::pace).
//!
//! - Closed: opens at twice `break_after` failures in a [row](crate::row), in the order of launch. Laxer rules (8 in
//!   a row, 80 % of 20, 50 % of 10) open for scattered faults of 30 to 50 % and cost more time than they save: a
//!   target that fails half of its calls has 8 in a row once in 500, and 16 once in 130,000.
//! - Doubted: from `break_after` failures in a row on they are owed to an outage and not to the records, so one
//!   record alone at a target that is down has attempts left when the breaker opens.
//! - Open: nothing is launched until `min(60 s, 5 s · 2ᵏ) · U(0.8, 1.2)` have passed; k counts the opening and
//!   the probes since. Then one call is, the probe, and the next may follow only after the next, longer time,
//!   whether the probe has ended or not: a probe that stalls, or whose process dies, blocks nothing.
//! - One deliberate answer to a launch after the opening, a success or a refusal, closes it. What was launched
//!   before that counts for nothing, and the target is taken up again [by steps](crate::limits).
//!
//! So a target that is down for five minutes sees the calls in flight, the failures that opened the breaker and
//! at most nine probes; later one a minute.

use std::time::Duration;

use crate::row::Row;

/// The first and the longest time without a probe.
const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_mins(1);

/// The breaker of one target; closed at first.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    row: Row,
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

    /// Whether the last failures come in a row of at least `after`, which may be an outage.
    pub(crate) fn is_doubted(&self, after: u32) -> bool {
        self.row.length() >= after
    }

    /// When a launch may happen.
    pub(crate) fn opens(&self) -> Duration {
        self.open.map_or(Duration::ZERO, |open| open.until)
    }

    /// How often it opened or was probed since it was last closed.
    pub(crate) fn times(&self) -> u32 {
        self.times
    }

    /// The launch of this number failed at `now`, the last one so far being `last`. If that opens the breaker, for
    /// how long, and after how many failures in a row. Twice `after` open it, none if that is zero; `unit` is the
    /// place in the range of the time.
    pub(crate) fn failed(
        &mut self,
        now: Duration,
        (launch, last): (u64, u64),
        after: u32,
        unit: impl FnOnce() -> f64,
    ) -> Option<(Duration, u32)> {
        if self.is_open() || after == 0 {
            return None;
        }
        let enough = after.saturating_mul(2);
        let row = self.row.failed(now, launch, enough);
        if row < enough {
            return None;
        }
        let time = period(0, unit());
        self.times = 1;
        self.open = Some(Open { until: now.saturating_add(time), launch: last });
        Some((time, row))
    }

    /// The launch of this number was answered. Whether that closed the breaker.
    pub(crate) fn answered(&mut self, now: Duration, launch: u64, success: bool) -> bool {
        match self.open {
            Some(open) if launch > open.launch => {
                self.close();
                return true;
            }
            None if success => self.row.succeeded(now, launch),
            _ => self.row.silent(launch),
        }
        false
    }

    /// The launch of this number was stopped.
    pub(crate) fn stopped(&mut self, launch: u64) {
        self.row.silent(launch);
    }

    /// The attempt of this number is launched at `now`; if the breaker is open it is a probe.
    pub(crate) fn pass(&mut self, now: Duration, launch: u64, unit: impl FnOnce() -> f64) {
        self.row.launched(now, launch);
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
                self.close();
            }
        } else {
            let launch = self.open.map_or(launch, |open| open.launch);
            self.open = Some(Open { until, launch });
            self.times = times;
        }
        was_open != self.is_open()
    }

    fn close(&mut self) {
        self.row.forget();
        (self.open, self.times) = (None, 0);
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

    /// A breaker that failed `n` times in a row at time zero.
    fn failed(n: u64) -> Breaker {
        let mut breaker = Breaker::default();
        (1..=n).for_each(|launch| breaker.pass(s(0), launch, || 0.5));
        (1..=n).for_each(|launch| _ = breaker.failed(s(0), (launch, n), 8, || 0.5));
        breaker
    }

    #[test]
    fn sixteen_failures_in_a_row_open_it_for_five_seconds() {
        let mut breaker = failed(15);
        assert!(!breaker.is_open());
        breaker.pass(s(0), 16, || 0.5);
        assert_eq!(breaker.failed(s(0), (16, 16), 8, || 0.5), Some((s(5), 16)));
        assert_eq!(breaker.opens(), s(5));
    }

    #[test]
    fn from_the_eighth_failure_on_an_outage_is_thought_of() {
        assert!(!failed(7).is_doubted(8));
        assert!(failed(8).is_doubted(8));
    }

    #[test]
    fn the_time_doubles_with_each_probe_up_to_a_minute() {
        let mut breaker = failed(16);
        let mut now = breaker.opens();
        let mut times = Vec::new();
        for launch in 17..23 {
            breaker.pass(now, launch, || 0.5);
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
        let mut breaker = failed(16);
        assert!(!breaker.answered(s(1), 16, true));
        assert!(breaker.is_open());
        breaker.pass(s(5), 17, || 0.5);
        assert!(breaker.answered(s(6), 17, true));
        assert!(!breaker.is_open());
        breaker.pass(s(6), 18, || 0.5);
        assert_eq!(breaker.failed(s(9), (18, 18), 8, || 0.5), None, "the count begins anew");
        assert!(!breaker.is_doubted(8));
    }

    #[test]
    fn a_deliberate_refusal_closes_an_open_one_and_counts_for_nothing_else() {
        let mut breaker = failed(16);
        breaker.pass(s(5), 17, || 0.5);
        assert!(breaker.answered(s(6), 17, false));
        let mut breaker = failed(15);
        (16..=17).for_each(|launch| breaker.pass(s(0), launch, || 0.5));
        assert!(!breaker.answered(s(0), 16, false));
        assert!(breaker.failed(s(0), (17, 17), 8, || 0.5).is_some(), "it did not end the run");
    }

    #[test]
    fn zero_switches_it_off() {
        let mut breaker = Breaker::default();
        (1..99).for_each(|launch| breaker.pass(s(0), launch, || 0.5));
        assert!((1..99).all(|launch| breaker.failed(s(0), (launch, 99), 0, || 0.5).is_none()));
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
