//! When the disk is asked to sync.

use std::time::Duration;

use super::Durability;

/// Results that make a sync worth its while.
const RESULTS: u64 = 64;

/// The longest that a result waits for its sync.
const WAIT: Duration = Duration::from_millis(200);

/// The least time between the starts of two syncs, however many results come.
const GAP: Duration = Duration::from_millis(20);

/// A sync may take one part in this many of the time.
const SHARE: u32 = 10;

/// Results that are written and not yet synced.
#[derive(Debug)]
pub(super) struct Pace {
    durability: Durability,
    /// How many.
    waiting: u64,
    /// Since when the oldest of them waits.
    since: Duration,
    /// Before this time, no number of results causes a sync.
    not_before: Duration,
}

impl Pace {
    pub(super) fn new(durability: Durability) -> Self {
        Self { durability, waiting: 0, since: Duration::ZERO, not_before: Duration::ZERO }
    }

    /// Notes that `results` were written.
    pub(super) fn written(&mut self, results: u64, now: Duration) {
        if self.waiting == 0 {
            self.since = now;
        }
        self.waiting += results;
    }

    /// Whether a result waits that shall be synced.
    pub(super) fn waits(&self) -> bool {
        self.waiting > 0 && self.durability != Durability::None
    }

    /// How long after `now` the next sync is due.
    pub(super) fn due(&self, now: Duration) -> Option<Duration> {
        if !self.waits() {
            return None;
        }
        if self.durability == Durability::Record {
            return Some(Duration::ZERO);
        }
        let latest = self.since + WAIT;
        let due = if self.waiting >= RESULTS { latest.min(self.not_before) } else { latest };
        Some(due.saturating_sub(now))
    }

    /// Notes that all results were synced, from `begun` to `now`.
    pub(super) fn synced(&mut self, begun: Duration, now: Duration) {
        self.waiting = 0;
        self.not_before = begun + (now.saturating_sub(begun) * SHARE).clamp(GAP, WAIT);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Durability, Pace};

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_result_waits_200_ms_for_others_and_64_do_not_wait() {
        let mut pace = Pace::new(Durability::Power);
        assert_eq!(pace.due(ms(1000)), None, "nothing waits");
        pace.written(1, ms(1000));
        pace.written(62, ms(1100));
        assert_eq!(pace.due(ms(1150)), Some(ms(50)));
        assert_eq!(pace.due(ms(1300)), Some(ms(0)), "overdue");
        pace.written(1, ms(1160));
        assert_eq!(pace.due(ms(1160)), Some(ms(0)));
        pace.synced(ms(1160), ms(1161));
        assert_eq!(pace.due(ms(1161)), None);
    }

    #[test]
    fn a_fast_run_and_a_slow_disk_do_not_sync_all_the_time() {
        let mut pace = Pace::new(Durability::Power);
        pace.written(64, ms(1000));
        pace.synced(ms(1000), ms(1001));
        pace.written(6400, ms(1002));
        assert_eq!(pace.due(ms(1002)), Some(ms(18)), "20 ms from start to start");
        pace.synced(ms(1020), ms(1028));
        pace.written(6400, ms(1030));
        assert_eq!(pace.due(ms(1030)), Some(ms(70)), "ten times what the last one took");
        pace.synced(ms(1100), ms(2100));
        pace.written(64, ms(2100));
        assert_eq!(pace.due(ms(2100)), Some(ms(0)), "but no result waits longer than 200 ms for its turn");
    }

    #[test]
    fn each_level_syncs_when_it_says() {
        let mut pace = Pace::new(Durability::None);
        pace.written(1000, ms(0));
        assert_eq!((pace.due(ms(9999)), pace.waits()), (None, false));
        let mut pace = Pace::new(Durability::Record);
        assert_eq!(pace.due(ms(0)), None, "a flush without a result");
        pace.written(1, ms(5));
        assert_eq!(pace.due(ms(5)), Some(ms(0)));
    }
}
