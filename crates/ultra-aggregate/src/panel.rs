//! Panels and judges of known skill, to measure the rules by: what a rule makes of them can be told in advance.
//!
//! Everything is a function of its arguments. The arithmetic is addition, multiplication, division and square
//! roots, so every machine draws the same panel.

use super::pairs::Choice;
use super::stats::Draws;

/// Members who answer questions with one right answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// The chance of each member to be right.
    pub accuracies: Vec<f64>,
    /// How alike the members err, from 0 to 1: between two members of one accuracy it is the correlation of
    /// being right.
    ///
    /// A member follows a *common* draw with the chance √correlation and draws for itself otherwise, so two
    /// follow it together with the chance of the correlation.
    pub correlation: f64,
    /// How many answers a question has; at least 2. The right one is 0. Who errs by the common draw errs in
    /// the common way.
    pub options: usize,
    /// What the draws depend on.
    pub seed: u64,
}

impl Panel {
    /// What each member answers to each of so many questions.
    pub fn answers(&self, questions: usize) -> Vec<Vec<usize>> {
        let mut draws = Draws::new(self.seed);
        (0..questions).map(|_| self.question(&mut draws)).collect()
    }

    fn question(&self, draws: &mut Draws) -> Vec<usize> {
        let follows = self.correlation.clamp(0.0, 1.0).sqrt();
        let wrong = self.options.max(2) - 1;
        let common = (draws.unit(), 1 + draws.below(wrong));
        let answer = |accuracy: &f64| {
            // The same number of draws in any case, so that a change of one member changes no other.
            let (own, is_follower) = ((draws.unit(), 1 + draws.below(wrong)), draws.unit() < follows);
            let (luck, error) = if is_follower { common } else { own };
            if luck < *accuracy { 0 } else { error }
        };
        self.accuracies.iter().map(answer).collect()
    }
}

/// A round of debate that brings no evidence: with the chance `sway` a member takes the answer that a member,
/// any of them, gave before. The expected share of right answers stays as it was (a martingale), so a vote
/// afterwards is no better for it.
pub fn debate(answers: &[usize], sway: f64, seed: u64) -> Vec<usize> {
    let mut draws = Draws::new(seed);
    let after = |own: &usize| {
        let (other, is_swayed) = (answers[draws.below(answers.len())], draws.unit() < sway);
        if is_swayed { other } else { *own }
    };
    answers.iter().map(after).collect()
}

/// A judge of known skill.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judge {
    /// The chance to order two neighbours of the true ranking rightly: 1 is never wrong, 0.5 is a coin, 0 is
    /// always wrong.
    pub skill: f64,
    /// The chance to choose what is shown first, whatever it is, where two are compared.
    pub bias: f64,
    /// What the judgement depends on; another one for each judge and question.
    pub seed: u64,
}

impl Judge {
    /// A ranking of answers by their true `quality`, best first, with the errors of this judge: a draw from
    /// the model of Mallows (1957), by repeated insertion (Doignon, Pekeč, Regenwetter, 2004). Answers of one
    /// quality come in any order.
    pub fn ranking(&self, quality: &[f64]) -> Vec<usize> {
        let mut draws = Draws::new(self.seed);
        let mut truth: Vec<usize> = (0..quality.len()).collect();
        draws.shuffle(&mut truth);
        truth.sort_by(|one, other| quality[*other].total_cmp(&quality[*one]));
        let mut ranking: Vec<usize> = Vec::with_capacity(truth.len());
        for answer in truth {
            let ahead = self.overtaken(ranking.len(), draws.unit());
            ranking.insert(ranking.len() - ahead, answer);
        }
        ranking
    }

    /// How many of the better answers the next one is put before, each one with the odds of an error.
    fn overtaken(&self, better: usize, luck: f64) -> usize {
        let right = self.skill.clamp(0.0, 1.0);
        // The chance of `ahead` errors is as rightᵇ⁻ᵃ · wrongᵃ; summed up from the most likely correct end.
        let power = |base: f64, exponent: usize| (0..exponent).fold(1.0, |product, _| product * base);
        let weight = |ahead: usize| power(right, better - ahead) * power(1.0 - right, ahead);
        let total: f64 = (0..=better).map(weight).sum();
        let mut left = luck * total;
        for ahead in 0..better {
            left -= weight(ahead);
            if left < 0.0 {
                return ahead;
            }
        }
        better
    }

    /// Which of two answers this judge prefers, by their true quality, in the order in which they are shown.
    pub fn choice(&self, first: f64, second: f64) -> Choice {
        let mut draws = Draws::new(self.seed);
        let (is_biased, is_right, coin) =
            (draws.unit() < self.bias, draws.unit() < self.skill, draws.unit() < 0.5);
        let first_is_better = match first.total_cmp(&second) {
            std::cmp::Ordering::Greater => is_right,
            std::cmp::Ordering::Less => !is_right,
            std::cmp::Ordering::Equal => coin,
        };
        if is_biased || first_is_better { Choice::First } else { Choice::Second }
    }
}

#[cfg(test)]
mod tests;
