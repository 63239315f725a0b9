//! Failures in a row, in the order in which the attempts were launched.
//!
//! In the order in which they end, quick failures come before slow answers: of 32 attempts that start together at
//! a target that fails a third of them, the first ten outcomes are failures. So an attempt that is still in flight
//! ends the row, for it may yet succeed, unless it has been out for more than twice as long as successes take.

use std::collections::VecDeque;
use std::time::Duration;

/// Launches that are remembered while none succeeds.
const MOST: usize = 4_096;

/// What a longest time of a success still counts for after the next one.
const FADES: f64 = 0.99;

/// The launches of one target since the last one that succeeded.
#[derive(Debug, Default)]
pub(crate) struct Row {
    launches: VecDeque<(Duration, State)>,
    /// The number of the first of these.
    first: u64,
    /// The last launch that failed.
    failed: u64,
    /// Failures in a row up to that one.
    length: u32,
    /// What successes take at most.
    usual: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    InFlight,
    Failed,
    /// It ended in a way that says nothing here.
    Silent,
}

impl Row {
    /// The next launch, of this number.
    pub(crate) fn launched(&mut self, now: Duration, launch: u64) {
        if self.launches.is_empty() {
            self.first = launch;
        } else if self.launches.len() >= MOST {
            self.launches.pop_front();
            self.first += 1;
        }
        self.launches.push_back((now, State::InFlight));
    }

    /// The launch of this number succeeded. What was launched before it says nothing any more.
    pub(crate) fn succeeded(&mut self, now: Duration, launch: u64) {
        let Some(place) = self.place(launch) else { return };
        let took = now.saturating_sub(self.launches[place].0);
        self.usual = Some(self.usual.map_or(took, |usual| took.max(usual.mul_f64(FADES))));
        self.launches.drain(..=place);
        self.first = launch + 1;
        self.length = 0;
    }

    /// The launch of this number failed; how many failed in a row, counted up to `most`.
    pub(crate) fn failed(&mut self, now: Duration, launch: u64, most: u32) -> u32 {
        if let Some(place) = self.place(launch) {
            self.launches[place].1 = State::Failed;
            self.failed = self.failed.max(launch);
            self.length = self.count(now, most);
        }
        self.length
    }

    /// The launch of this number ended in a way that says nothing here.
    pub(crate) fn silent(&mut self, launch: u64) {
        if let Some(place) = self.place(launch) {
            self.launches[place].1 = State::Silent;
        }
    }

    /// How many failed in a row when one did last.
    pub(crate) fn length(&self) -> u32 {
        self.length
    }

    /// Whatever was launched up to now counts for nothing.
    pub(crate) fn forget(&mut self) {
        self.launches.clear();
        self.length = 0;
    }

    fn place(&self, launch: u64) -> Option<usize> {
        let place = usize::try_from(launch.checked_sub(self.first)?).ok()?;
        (place < self.launches.len()).then_some(place)
    }

    fn count(&self, now: Duration, most: u32) -> u32 {
        let Some(last) = self.place(self.failed) else { return 0 };
        let late = self.usual.map_or(Duration::MAX, |usual| usual.saturating_mul(2));
        let mut length = 0;
        for &(at, state) in self.launches.range(..=last).rev() {
            match state {
                State::Failed => length += 1,
                State::InFlight if now.saturating_sub(at) <= late => break,
                State::InFlight | State::Silent => {}
            }
            if length == most {
                break;
            }
        }
        length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Launches 1 to `n`, all at time zero.
    fn launched(n: u64) -> Row {
        let mut row = Row::default();
        (1..=n).for_each(|launch| row.launched(s(0), launch));
        row
    }

    #[test]
    fn failures_are_counted_in_the_order_of_launch() {
        let mut row = launched(5);
        assert_eq!([5, 2, 1, 3, 4].map(|launch| row.failed(s(1), launch, 9)), [1, 1, 1, 1, 5]);
    }

    #[test]
    fn a_success_ends_the_row_of_what_was_launched_before_it() {
        let mut row = launched(5);
        (1..=3).for_each(|launch| _ = row.failed(s(1), launch, 9));
        row.succeeded(s(1), 4);
        assert_eq!(row.length(), 0);
        assert_eq!(row.failed(s(1), 5, 9), 1);
        row.succeeded(s(1), 2);
        assert_eq!(row.length(), 1, "an older one proves nothing");
    }

    #[test]
    fn what_is_in_flight_ends_the_row_until_it_is_late() {
        let mut row = launched(1);
        row.succeeded(s(2), 1);
        (2..=4).for_each(|launch| row.launched(s(2), launch));
        row.failed(s(3), 2, 9);
        assert_eq!(row.failed(s(6), 4, 9), 1, "the third may still succeed");
        row.launched(s(6), 5);
        assert_eq!(row.failed(s(7), 5, 9), 3, "successes take two seconds, and this one is out for five");
    }

    #[test]
    fn a_silent_end_neither_ends_the_row_nor_adds_to_it() {
        let mut row = launched(3);
        row.silent(2);
        row.failed(s(1), 1, 9);
        assert_eq!(row.failed(s(1), 3, 9), 2);
    }

    #[test]
    fn what_was_launched_before_it_was_told_to_forget_counts_for_nothing() {
        let mut row = launched(3);
        row.failed(s(1), 1, 9);
        row.forget();
        assert_eq!(row.failed(s(1), 2, 9), 0);
        row.launched(s(2), 4);
        assert_eq!(row.failed(s(3), 3, 9), 0);
        assert_eq!(row.failed(s(3), 4, 9), 1);
    }

    #[test]
    fn only_so_many_launches_are_remembered() {
        let mut row = launched(10_000);
        assert_eq!(row.launches.len(), MOST);
        assert_eq!(row.failed(s(1), 1, 9), 0);
        assert_eq!(row.failed(s(1), 10_000, 9), 1);
    }
}
