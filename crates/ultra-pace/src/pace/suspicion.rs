//! Whether refusals come in a run, in the order in which their attempts were launched.
//!
//! In the order in which they end, quick refusals come before slow answers: of 64 calls in flight at a target that
//! refuses one in twenty at once, the first outcomes of a wave are its refusals, and six of them look like a run.
//! So an attempt that is still in flight counts as a success where it was launched, until it is known to be none.

use std::collections::VecDeque;

/// What a success takes from it.
const RELIEF: f64 = 0.2;

/// Launches that are remembered while the first of them is in flight.
const MOST: usize = 4_096;

/// `S ← S + 1` with a refusal, `S ← max(0, S − 0.2)` with a success.
#[derive(Debug, Default)]
pub(super) struct Suspicion {
    /// What the launches before the first of these came to.
    before: f64,
    launches: VecDeque<State>,
    /// How many launches came before the first of these.
    passed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    InFlight,
    Succeeded,
    Refused,
    /// It ended in a way that says nothing here.
    Silent,
}

impl Suspicion {
    /// The next launch.
    pub(super) fn launched(&mut self) {
        self.launches.push_back(State::InFlight);
        if self.launches.len() > MOST {
            self.forget_first();
        }
    }

    /// The launch of this number succeeded.
    pub(super) fn succeeded(&mut self, launch: u64) {
        self.ended(launch, State::Succeeded);
    }

    /// The launch of this number was refused.
    pub(super) fn refused(&mut self, launch: u64) {
        self.ended(launch, State::Refused);
    }

    /// The launch of this number ended otherwise.
    pub(super) fn silent(&mut self, launch: u64) {
        self.ended(launch, State::Silent);
    }

    /// S, up to the last launch whose outcome is known.
    pub(super) fn is(&self) -> f64 {
        let known =
            self.launches.iter().rposition(|state| *state != State::InFlight).map_or(0, |last| last + 1);
        self.launches.range(..known).fold(self.before, |s, state| after(s, *state))
    }

    /// One refusal is all that is known.
    pub(super) fn calm(&mut self) {
        self.passed += self.launches.len() as u64;
        self.launches.clear();
        self.before = 1.0;
    }

    fn ended(&mut self, launch: u64, state: State) {
        let place = launch.checked_sub(self.passed + 1).and_then(|place| usize::try_from(place).ok());
        match place.and_then(|place| self.launches.get_mut(place)) {
            Some(launch) => *launch = state,
            // One that is not remembered counts where it ends.
            None => self.before = after(self.before, state),
        }
        while self.launches.front().is_some_and(|state| *state != State::InFlight) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some(state) = self.launches.pop_front() {
            self.before = after(self.before, state);
            self.passed += 1;
        }
    }
}

fn after(s: f64, state: State) -> f64 {
    match state {
        State::InFlight | State::Succeeded => (s - RELIEF).max(0.0),
        State::Refused => s + 1.0,
        State::Silent => s,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Launches 1 to `n`.
    fn launched(n: u64) -> Suspicion {
        let mut suspicion = Suspicion::default();
        (0..n).for_each(|_| suspicion.launched());
        suspicion
    }

    #[test]
    fn refusals_among_launches_that_may_yet_succeed_are_no_run() {
        let mut suspicion = launched(64);
        (1..=6).for_each(|n| suspicion.refused(n * 10));
        assert!(suspicion.is() < 2.0, "{}", suspicion.is());
        (1..=64).filter(|n| n % 10 > 0).for_each(|n| suspicion.succeeded(n));
        assert!(suspicion.is() < 2.0, "{}", suspicion.is());
    }

    #[test]
    fn refusals_after_launches_that_may_yet_succeed_are_a_run() {
        let mut suspicion = launched(64);
        (59..=64).for_each(|n| suspicion.refused(n));
        assert!(suspicion.is() > 5.9, "{}", suspicion.is());
    }

    #[test]
    fn what_ended_otherwise_neither_adds_nor_takes() {
        let mut suspicion = launched(30);
        suspicion.refused(1);
        (2..=30).for_each(|n| suspicion.silent(n));
        assert!((suspicion.is() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn an_attempt_without_an_end_does_not_fill_the_memory() {
        let mut suspicion = launched(1);
        for n in 2..20_000 {
            suspicion.launched();
            suspicion.succeeded(n);
        }
        assert!(suspicion.launches.len() <= MOST);
        (0..3).for_each(|_| suspicion.launched());
        (20_000..20_003).for_each(|n| suspicion.refused(n));
        assert!((suspicion.is() - 3.0).abs() < 1e-9);
    }
}
