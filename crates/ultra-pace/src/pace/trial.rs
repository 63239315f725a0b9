//! Whether sending less makes the refusals fewer.

use std::time::Duration;

/// Outcomes that are needed for a judgement.
const FEWEST: u32 = 20;

/// Times that the rate must have been lowered in a row.
const CUTS: u32 = 2;

/// The part of the rate before the last cut at which it counts as recovered.
const RECOVERED: f64 = 0.85;

/// Cuts that are so far apart are not in a row.
const APART: Duration = Duration::from_secs(20);

/// The share of refusals above which they are not taken for scattered.
const SCATTERED: f64 = 0.5;

/// The weight of an outcome in the running share.
const WEIGHT: f64 = 1.0 / 32.0;

/// The outcomes since the first of several cuts in a row, and before it.
#[derive(Debug, Default)]
pub(crate) struct Trial {
    share: f64,
    before: f64,
    /// The last launch before the first of the cuts.
    launch: u64,
    outcomes: u32,
    refusals: u32,
    cuts: u32,
    /// The rate before the last cut.
    ceiling: f64,
}

impl Trial {
    /// The launch of this number was refused or accepted.
    pub(crate) fn outcome(&mut self, launch: u64, refused: bool) {
        self.share += (f64::from(u8::from(refused)) - self.share) * WEIGHT;
        if launch > self.launch {
            self.outcomes = self.outcomes.saturating_add(1);
            self.refusals = self.refusals.saturating_add(refused.into());
        }
    }

    /// The pacing began at this rate. The refusals that made it begin are no measure, for they came in a run.
    pub(crate) fn begin(&mut self, rate: f64, last: u64) {
        self.anew(1.0, rate, last);
    }

    fn anew(&mut self, before: f64, rate: f64, last: u64) {
        let share = self.share;
        *self = Trial { share, before, launch: last, cuts: 1, ceiling: rate, ..Trial::default() };
    }

    /// The rate is about to be lowered once more, so long after the last time. Whether it should not be, because
    /// that does not help.
    pub(crate) fn cut(&mut self, rate: f64, last: u64, after: Duration) -> bool {
        let recovered = rate >= RECOVERED * self.ceiling || after >= APART;
        self.ceiling = rate;
        if recovered || self.cuts == 0 {
            self.anew(self.share, rate, last);
            return false;
        }
        self.cuts += 1;
        if self.cuts <= CUTS || self.outcomes < FEWEST {
            return false;
        }
        let now = f64::from(self.refusals) / f64::from(self.outcomes);
        let vain = now <= SCATTERED && now > self.before / 2.0 && now < self.before * 2.0;
        self.anew(now, rate, last);
        vain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(3);

    /// Outcomes of launches after the cuts so far, every `nth` of them a refusal.
    fn outcomes(trial: &mut Trial, n: u32, nth: u32) {
        (0..n).for_each(|i| trial.outcome(1_000, i % nth == 0));
    }

    #[test]
    fn refusals_that_stay_as_frequent_are_not_for_the_rate() {
        let mut trial = Trial::default();
        outcomes(&mut trial, 100, 5);
        assert!(!trial.cut(10.0, 1, SOON));
        outcomes(&mut trial, 20, 5);
        assert!(!trial.cut(7.0, 1, SOON));
        outcomes(&mut trial, 20, 5);
        assert!(trial.cut(4.9, 1, SOON));
    }

    #[test]
    fn refusals_that_become_half_as_frequent_are_for_the_rate() {
        let mut trial = Trial::default();
        outcomes(&mut trial, 100, 3);
        trial.cut(10.0, 1, SOON);
        outcomes(&mut trial, 20, 10);
        trial.cut(7.0, 1, SOON);
        outcomes(&mut trial, 20, 10);
        assert!(!trial.cut(4.9, 1, SOON));
    }

    #[test]
    fn a_rate_that_recovers_in_between_is_no_vain_cut() {
        let mut trial = Trial::default();
        outcomes(&mut trial, 100, 5);
        for _ in 0..9 {
            assert!(!trial.cut(10.0, 1, SOON));
            outcomes(&mut trial, 40, 5);
        }
    }

    #[test]
    fn cuts_that_are_far_apart_are_not_in_a_row() {
        let mut trial = Trial::default();
        outcomes(&mut trial, 100, 5);
        for _ in 0..9 {
            assert!(!trial.cut(10.0, 1, APART));
            assert!(!trial.cut(7.0, 1, APART));
            outcomes(&mut trial, 40, 5);
        }
    }

    #[test]
    fn refusals_that_become_more_frequent_are_those_of_a_limit_that_was_hit() {
        let mut trial = Trial::default();
        outcomes(&mut trial, 100, 20);
        trial.cut(10.0, 1, SOON);
        outcomes(&mut trial, 20, 3);
        trial.cut(7.0, 1, SOON);
        outcomes(&mut trial, 20, 3);
        assert!(!trial.cut(4.9, 1, SOON));
    }

    #[test]
    fn few_outcomes_judge_nothing() {
        let mut trial = Trial::default();
        outcomes(&mut trial, 100, 5);
        trial.cut(10.0, 1, SOON);
        trial.cut(7.0, 1, SOON);
        outcomes(&mut trial, 19, 5);
        assert!(!trial.cut(4.9, 1, SOON));
    }

    #[test]
    fn where_most_is_refused_the_rate_is_lowered_on() {
        let mut trial = Trial::default();
        outcomes(&mut trial, 100, 1);
        trial.cut(10.0, 1, SOON);
        trial.cut(7.0, 1, SOON);
        (0..30).for_each(|i| trial.outcome(1_000, i % 5 != 0));
        assert!(!trial.cut(4.9, 1, SOON));
    }
}
