//! One ranking of many: rules over ballots with ties and gaps.
//!
//! A ballot names answers in tiers, best first; what it does not name it *says nothing about*, as a judge
//! says nothing about its own answer. A judge who was shown an answer and did not place it is another matter:
//! [`Ballot::completed`].
//!
//! | rule | score of an answer |
//! |---|---|
//! | [`Rule::Borda`] | mean over the ballots that name it of (k − r) / (k − 1), where r is its place among the k named |
//! | [`Rule::Kemeny`] | its place in the order that contradicts the ballots least (Kemeny, 1959) |
//! | [`Rule::Fusion`] | sum over the ballots of 1 / (60 + r): reciprocal rank fusion (Cormack, Clarke, Büttcher, 2009) |
//! | [`Rule::Copeland`] | share of the other answers that it beats in a majority of ballots, a tie being half a win |
//!
//! Places count from 1, and answers that tie share the mean of their places. A ballot that names one answer
//! compares nothing; it counts for fusion alone, unless there is one answer in all.

mod borda;
mod copeland;
mod fusion;
mod kemeny;
mod tiers;

pub use borda::{Outstanding, unbeatable};
pub(super) use copeland::share_of_wins;
pub use kemeny::EXACT;
pub use tiers::tiers;

use super::{EPSILON, weight};

/// What one judge says.
#[derive(Debug, Clone, PartialEq)]
pub struct Ballot {
    /// Who says it.
    pub judge: usize,
    /// Answers in tiers, best first. Of an answer that is named twice the first place counts; one that does not
    /// exist is passed over, and so is an empty tier.
    pub order: Vec<Vec<usize>>,
    /// What it weighs; not a positive number is nothing.
    pub weight: f64,
}

impl Ballot {
    /// A ballot of weight 1.
    pub fn new(judge: usize, order: Vec<Vec<usize>>) -> Self {
        Self { judge, order, weight: 1.0 }
    }

    /// The answers that were `shown` and not named, tied behind the others.
    #[must_use]
    pub fn completed(mut self, shown: &[usize]) -> Self {
        let mut rest: Vec<usize> = shown
            .iter()
            .copied()
            .filter(|answer| !self.order.iter().flatten().any(|named| named == answer))
            .collect();
        rest.sort_unstable();
        rest.dedup();
        if !rest.is_empty() {
            self.order.push(rest);
        }
        self
    }

    /// The place of each of `n` answers, from 1, ties at the mean of their places; `None` where it is not
    /// named.
    pub fn places(&self, n: usize) -> Vec<Option<f64>> {
        let mut places: Vec<Option<f64>> = vec![None; n];
        let mut before = 0;
        for tier in &self.order {
            let mut new: Vec<usize> = tier.iter().copied().filter(|answer| *answer < n).collect();
            new.sort_unstable();
            new.dedup();
            new.retain(|answer| places[*answer].is_none());
            let mean = before as f64 + f64::midpoint(new.len() as f64, 1.0);
            for answer in &new {
                places[*answer] = Some(mean);
            }
            before += new.len();
        }
        places
    }
}

/// How one ranking is made of many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The mean of normalised points.
    Borda,
    /// The least contradicted order. Exact for [`EXACT`] answers and fewer; for more, the order of Borda,
    /// improved by moving single answers until no move contradicts the ballots less.
    Kemeny,
    /// Reciprocal rank fusion. An answer that fewer ballots name gets less: it suits rankings of unlike
    /// sources, and not judges who may not judge themselves unless each answer is left out equally often.
    Fusion,
    /// Majorities between pairs. A pair that no ballot compares is a tie.
    Copeland,
}

/// The outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// All answers, best first; ties by number; those that no ballot places come last.
    pub order: Vec<usize>,
    /// The score of each answer by number, from 0 to 1 (for fusion a sum); `None` for one that no ballot
    /// places.
    pub scores: Vec<Option<f64>>,
    /// The answers that may stand first: one, or those that tie. Empty when no ballot places anything.
    pub winners: Vec<usize>,
    /// The lead of the first over the second in points of score; 0 for a tie, and for fewer than two answers.
    pub margin: f64,
    /// Whether no better order exists by the rule; false only for Kemeny with many answers.
    pub exact: bool,
}

/// Makes one ranking of `n` answers of all ballots.
pub fn aggregate(rule: Rule, ballots: &[Ballot], n: usize) -> Ranking {
    let placed: Vec<Placed> = ballots.iter().map(|ballot| Placed::new(ballot, n)).collect();
    match rule {
        Rule::Borda => by_score(borda::scores(&placed, n)),
        Rule::Fusion => by_score(fusion::scores(&placed, n)),
        Rule::Copeland => by_score(copeland::scores(&placed, n)),
        Rule::Kemeny => kemeny::ranking(&placed, n),
    }
}

fn by_score(scores: Vec<Option<f64>>) -> Ranking {
    let tiers = tiers(&scores);
    let winners = tiers.first().filter(|first| scores[first[0]].is_some()).cloned().unwrap_or_default();
    let order: Vec<usize> = tiers.into_iter().flatten().collect();
    let margin = if winners.len() == 1 { lead(&order, &scores) } else { 0.0 };
    Ranking { order, scores, winners, margin, exact: true }
}

/// The lead of the first over the second.
fn lead(order: &[usize], scores: &[Option<f64>]) -> f64 {
    let score = |place: usize| order.get(place).and_then(|answer| scores[*answer]);
    score(0).zip(score(1)).map_or(0.0, |(first, second)| first - second)
}

/// A ballot by answers.
struct Placed {
    places: Vec<Option<f64>>,
    /// How many answers it names.
    named: usize,
    weight: f64,
}

impl Placed {
    fn new(ballot: &Ballot, n: usize) -> Self {
        let places = ballot.places(n);
        let named = places.iter().flatten().count();
        Self { places, named, weight: weight(ballot.weight) }
    }

    /// Whether it prefers one answer to another; `None` when it does not name both or weighs nothing.
    fn prefers(&self, one: usize, other: usize) -> Option<bool> {
        let (one, other) = (self.places[one]?, self.places[other]?);
        (self.weight > 0.0).then_some(one < other)
    }
}

/// How much weight prefers each answer to each other one.
fn preferences(placed: &[Placed], n: usize) -> Vec<Vec<f64>> {
    let support = |one: usize, other: usize| {
        super::sum(
            placed
                .iter()
                .filter(|ballot| ballot.prefers(one, other) == Some(true))
                .map(|ballot| ballot.weight),
        )
    };
    (0..n).map(|one| (0..n).map(|other| support(one, other)).collect()).collect()
}

/// Whether some ballot compares the answer with another, or it is the only one and named.
fn compared(placed: &[Placed], n: usize) -> Vec<bool> {
    let says = |ballot: &Placed, answer: usize| {
        ballot.weight > 0.0 && ballot.places[answer].is_some() && (ballot.named > 1 || n == 1)
    };
    (0..n).map(|answer| placed.iter().any(|ballot| says(ballot, answer))).collect()
}

#[cfg(test)]
mod tests;
