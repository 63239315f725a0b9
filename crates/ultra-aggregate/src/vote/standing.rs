//! A vote that is being counted.

use std::collections::BTreeMap;

use super::{equal, weight};

/// What the answers weigh so far. Each vote is counted once, so a long vote is not counted again and again.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    answers: BTreeMap<String, f64>,
    total: f64,
}

impl Standing {
    /// Counts a vote; without an answer it speaks for nobody.
    pub fn count(&mut self, answer: Option<String>, of: f64) {
        self.total += weight(of);
        if let Some(answer) = answer {
            *self.answers.entry(answer).or_default() += weight(of);
        }
    }

    /// Whether the leading answer wins whatever members of the weight `outstanding` say: as
    /// [`decided`](super::decided) has it.
    pub fn is_decided(&self, outstanding: f64) -> bool {
        self.would_be_decided(0.0, outstanding)
    }

    /// Whether the vote were decided if members of the weight `agreeing` gave the leading answer, or all the same
    /// one while there is none, whatever those of the weight `outstanding` say. No other answers of theirs could
    /// decide it.
    pub fn would_be_decided(&self, agreeing: f64, outstanding: f64) -> bool {
        let (agreeing, rest) = (weight(agreeing), weight(outstanding));
        let (first, second) = self.leaders();
        let lead = first + agreeing;
        lead > second + rest && !equal(lead, second + rest, self.total + agreeing + rest)
    }

    /// The lead of the first answer over the next one as a share of all members so far, and of others of the weight
    /// `outstanding` that were not heard: the margin of [`plurality`](super::plurality) when these have no answer.
    pub fn lead(&self, outstanding: f64) -> f64 {
        let (first, second) = self.leaders();
        let total = self.total + weight(outstanding);
        if total > 0.0 { (first - second) / total } else { 0.0 }
    }

    /// What the first two answers weigh.
    fn leaders(&self) -> (f64, f64) {
        let (mut first, mut second) = (0.0_f64, 0.0_f64);
        for of in self.answers.values() {
            if *of > first {
                (first, second) = (*of, first);
            } else {
                second = second.max(*of);
            }
        }
        (first, second)
    }
}
