//! Sums over the recent past, in buckets of equal length.

use std::time::Duration;

/// Two counters over the last `N` buckets, the running one included. Takes no memory beyond itself and no time
/// beyond the buckets that passed.
#[derive(Debug)]
pub(crate) struct Recent<const N: usize> {
    length: Duration,
    buckets: [(u32, u32); N],
    /// The number of the running bucket since time zero, and when it ends.
    running: u128,
    ends: Duration,
    sums: (u32, u32),
}

impl<const N: usize> Recent<N> {
    /// Buckets of this length, all empty.
    pub(crate) fn new(length: Duration) -> Self {
        Recent { length, buckets: [(0, 0); N], running: 0, ends: length, sums: (0, 0) }
    }

    /// Adds to both counters at `now`.
    pub(crate) fn add(&mut self, now: Duration, first: u32, second: u32) {
        self.pass(now);
        let place = Self::place(self.running);
        let bucket = &mut self.buckets[place];
        *bucket = (bucket.0.saturating_add(first), bucket.1.saturating_add(second));
        self.sums = (self.sums.0.saturating_add(first), self.sums.1.saturating_add(second));
    }

    /// The sums at `now`.
    pub(crate) fn sums(&mut self, now: Duration) -> (u32, u32) {
        self.pass(now);
        self.sums
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.buckets = [(0, 0); N];
        self.sums = (0, 0);
    }

    /// Empties the buckets that are out of date.
    fn pass(&mut self, now: Duration) {
        if now < self.ends {
            return;
        }
        let length = self.length.as_nanos().max(1);
        let number = now.as_nanos() / length;
        self.ends = now.saturating_add(Duration::from_nanos_u128(length - now.as_nanos() % length));
        let passed = number.saturating_sub(self.running).min(N as u128);
        for step in 0..passed {
            let place = Self::place(number - step);
            let old = std::mem::take(&mut self.buckets[place]);
            self.sums = (self.sums.0.saturating_sub(old.0), self.sums.1.saturating_sub(old.1));
        }
        self.running = number;
    }

    fn place(number: u128) -> usize {
        usize::try_from(number % N as u128).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn what_is_older_than_the_buckets_is_forgotten() {
        let mut recent = Recent::<3>::new(s(10));
        recent.add(s(5), 1, 0);
        recent.add(s(15), 2, 1);
        recent.add(s(25), 4, 2);
        assert_eq!(recent.sums(s(29)), (7, 3));
        assert_eq!(recent.sums(s(30)), (6, 3));
        assert_eq!(recent.sums(s(49)), (4, 2));
        assert_eq!(recent.sums(s(1_000)), (0, 0));
    }

    #[test]
    fn time_that_stands_still_changes_nothing() {
        let mut recent = Recent::<3>::new(s(10));
        recent.add(s(25), 1, 1);
        recent.add(s(5), 1, 0);
        assert_eq!(recent.sums(s(25)), (2, 1));
    }
}
