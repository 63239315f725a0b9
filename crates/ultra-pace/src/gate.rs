//! When a target may be talked to again after it asked for a pause (Retry-After).
//!
//! A refusal belongs to the target, not to the record: the pause holds back every call of the target, and the
//! refused attempt costs its call nothing. A pause that ends for all waiting calls at the same instant would
//! only be answered by the next refusal, so the gate opens by a crack first: as many launches as attempts
//! were refused, each `U(0, spread)` after the one before, then freely. That also bounds what a server that
//! asks for a millisecond again and again can make the machine send.

use std::time::Duration;

/// The gate of one target; open at first.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    /// The end of the longest pause that the server asked for.
    told: Duration,
    /// The earliest next launch that the spread allows.
    next: Duration,
    /// Refused attempts that no launch has made up for.
    crowd: u32,
}

impl Gate {
    /// An attempt was refused and told to come back at `told`. The shorter of two pauses changes nothing but
    /// the size of the crowd.
    pub(crate) fn close(&mut self, told: Duration, spread: Duration) {
        self.told = self.told.max(told);
        self.next = self.next.max(told.saturating_add(spread));
        self.crowd = self.crowd.saturating_add(1);
    }

    /// The end of the pause that the server asked for.
    pub(crate) fn told(&self) -> Duration {
        self.told
    }

    /// The earliest time for the next launch.
    pub(crate) fn opens(&self) -> Duration {
        self.told.max(self.next)
    }

    /// An attempt is launched at `now`; while there is a crowd the next one has to keep a distance of `spread`.
    pub(crate) fn pass(&mut self, now: Duration, spread: impl FnOnce() -> Duration) {
        if self.crowd > 0 {
            self.crowd -= 1;
            self.next = now.saturating_add(spread());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_new_gate_is_open() {
        assert_eq!(Gate::default().opens(), Duration::ZERO);
    }

    #[test]
    fn the_gate_opens_a_spread_after_the_told_time() {
        let mut gate = Gate::default();
        gate.close(s(20), s(1));
        assert_eq!((gate.told(), gate.opens()), (s(20), s(21)));
    }

    #[test]
    fn a_shorter_pause_does_not_shorten_a_longer_one() {
        let mut gate = Gate::default();
        gate.close(s(20), s(0));
        gate.close(s(5), s(0));
        assert_eq!((gate.told(), gate.opens()), (s(20), s(20)));
    }

    #[test]
    fn as_many_launches_as_were_refused_keep_a_distance() {
        let mut gate = Gate::default();
        gate.close(s(10), s(0));
        gate.close(s(10), s(0));
        gate.pass(s(10), || s(2));
        assert_eq!(gate.opens(), s(12));
        gate.pass(s(12), || s(3));
        assert_eq!(gate.opens(), s(15));
        gate.pass(s(15), || unreachable!("nobody is left in the crowd"));
        assert_eq!(gate.opens(), s(15));
    }
}
