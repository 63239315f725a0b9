//! When a target may be talked to again after it asked for a pause (Retry-After).
//!
//! A refusal belongs to the target, not to the record: the pause holds back every call of the target, and the
//! refused attempt costs its call nothing. A pause that ends for all waiting calls at the same instant would
//! only be answered by the next refusal, so the gate opens by a crack first: as many launches as attempts
//! were refused, each `U(0, spread)` after the one before, then freely. That also bounds what a server that
//! asks for a millisecond again and again can make the machine send.
//!
//! Some servers refuse one call in twenty and go on answering the others. The success of an attempt that was
//! launched after the refused one proves that, and opens the gate early; the refused call itself still waits
//! as long as it was told. A 429 that stands alone among successes ([pace](crate::pace), S < 2) does not even
//! close it, for there may be nothing in flight that could open it.

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
    /// The last launch that was refused, by its number at the target.
    refused: u64,
}

impl Gate {
    /// The launch of this number was refused and told to come back at `told`. The shorter of two pauses
    /// changes nothing but the size of the crowd.
    pub(crate) fn close(&mut self, told: Duration, spread: Duration, launch: u64) {
        self.told = self.told.max(told);
        self.next = self.next.max(told.saturating_add(spread));
        self.crowd = self.crowd.saturating_add(1);
        self.refused = self.refused.max(launch);
    }

    /// The launch of this number succeeded at `now`. Whether that opened the gate.
    pub(crate) fn succeeded(&mut self, now: Duration, launch: u64) -> bool {
        let proof = launch > self.refused && now < self.told;
        if proof {
            *self = Gate { refused: self.refused, ..Gate::default() };
        }
        proof
    }

    /// The end of the pause that the server asked for.
    pub(crate) fn told(&self) -> Duration {
        self.told
    }

    /// What another process knows of the pause; launches up to this number prove nothing against it.
    pub(crate) fn adopt(&mut self, told: Duration, launch: u64) {
        if told == self.told {
            return;
        }
        if told < self.told {
            *self = Gate::default();
        }
        (self.told, self.refused) = (told, launch);
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
        gate.close(s(20), s(1), 1);
        assert_eq!((gate.told(), gate.opens()), (s(20), s(21)));
    }

    #[test]
    fn a_shorter_pause_does_not_shorten_a_longer_one() {
        let mut gate = Gate::default();
        gate.close(s(20), s(0), 1);
        gate.close(s(5), s(0), 2);
        assert_eq!((gate.told(), gate.opens()), (s(20), s(20)));
    }

    #[test]
    fn as_many_launches_as_were_refused_keep_a_distance() {
        let mut gate = Gate::default();
        gate.close(s(10), s(0), 1);
        gate.close(s(10), s(0), 2);
        gate.pass(s(10), || s(2));
        assert_eq!(gate.opens(), s(12));
        gate.pass(s(12), || s(3));
        assert_eq!(gate.opens(), s(15));
        gate.pass(s(15), || unreachable!("nobody is left in the crowd"));
        assert_eq!(gate.opens(), s(15));
    }

    #[test]
    fn only_a_later_launch_proves_that_the_target_accepts() {
        let mut gate = Gate::default();
        gate.close(s(20), s(1), 7);
        assert!(!gate.succeeded(s(1), 6), "it was launched before the refused one");
        assert_eq!(gate.opens(), s(21));
        assert!(gate.succeeded(s(1), 8));
        assert_eq!((gate.told(), gate.opens()), (s(0), s(0)));
        gate.pass(s(1), || unreachable!("there is no crowd any more"));
        assert!(!gate.succeeded(s(1), 9), "it is open");
    }

    #[test]
    fn a_gate_that_opened_by_itself_keeps_its_crack() {
        let mut gate = Gate::default();
        gate.close(s(20), s(1), 7);
        assert!(!gate.succeeded(s(20), 8));
        assert_eq!(gate.opens(), s(21));
    }

    #[test]
    fn what_another_process_was_told_counts_here() {
        let mut gate = Gate::default();
        gate.adopt(s(20), 3);
        assert_eq!(gate.opens(), s(20));
        assert!(!gate.succeeded(s(1), 3));
        gate.adopt(s(0), 3);
        assert_eq!(gate.opens(), s(0), "the other one saw it answer");
    }
}
