//! Answers compared two by two.
//!
//! A judge sees each pair in both orders, since many prefer what they read first: [`both_orders`]. What many
//! comparisons say together is told by [`bradley_terry`], or by [`copeland`], which counts majorities alone.

use super::cluster::connected;
use super::rank::share_of_wins;

/// What a judge prefers of two answers that it was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// The one that was shown first.
    First,
    /// The one that was shown second.
    Second,
    /// Neither.
    Tie,
}

/// How a comparison of `one` answer with the `other` ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The one is better.
    One,
    /// The other is better.
    Other,
    /// Neither is.
    Tie,
}

/// What a judge says who saw `one` answer first, and then again the `other` first.
///
/// Only who wins in both orders wins; a choice that flips with the order, and one that becomes a tie, is a tie.
/// `None` when the judge did not answer in both orders: half a comparison is no comparison.
pub fn both_orders(one_first: Option<Choice>, other_first: Option<Choice>) -> Option<Outcome> {
    Some(match (one_first?, other_first?) {
        (Choice::First, Choice::Second) => Outcome::One,
        (Choice::Second, Choice::First) => Outcome::Other,
        _ => Outcome::Tie,
    })
}

/// One comparison of two answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// An answer.
    pub one: usize,
    /// Another. A match of an answer with itself, or with one that does not exist, is passed over.
    pub other: usize,
    /// How it ended.
    pub outcome: Outcome,
}

/// The wins of the one answer and of the other that are added to every pair before it is compared.
pub const PRIOR: f64 = 0.5;
/// No strength changes by a larger part in the last round.
const PRECISION: f64 = 1e-12;
/// The most rounds.
const ROUNDS: usize = 100_000;

/// How strong answers are.
#[derive(Debug, Clone, PartialEq)]
pub struct Strengths {
    /// The strength of each answer; together 1. An answer wins against another with the probability of its
    /// share of their two strengths.
    pub scores: Vec<f64>,
    /// The groups of answers that matches connect, by their smallest number. Between groups nothing but the
    /// prior is known.
    pub groups: Vec<Vec<usize>>,
    /// Whether the strengths came to rest, which takes longest without a prior.
    pub converged: bool,
}

/// The strengths by the model of Bradley and Terry (1952), a tie being half a win of each, by the MM
/// algorithm of Hunter (2004): `pᵢ ← Wᵢ / Σⱼ nᵢⱼ / (pᵢ + pⱼ)`, until no strength changes by more than 10⁻¹²
/// of itself.
///
/// `prior` wins each way are added to *every* pair ([`PRIOR`]), compared or not. So answers that never lose,
/// never win, or belong to different groups have finite strengths, and those without any match stand in the
/// middle.
///
/// `None` without a prior when the matches determine no strengths: when the answers can be parted in two so
/// that one part has no win over the other (Ford, 1957).
pub fn bradley_terry(matches: &[Match], n: usize, prior: f64) -> Option<Strengths> {
    let prior = super::weight(prior);
    let wins = wins(matches, n);
    let mut groups = connected(n, |one, other| wins[one][other] + wins[other][one] > 0.0);
    for group in &mut groups {
        group.sort_unstable();
    }
    let beats = |one: usize, other: usize| wins[one][other] > 0.0;
    let determined = reaches_all(n, beats) && reaches_all(n, |one, other| beats(other, one));
    if prior <= 0.0 && !determined {
        return None;
    }
    let mut scores = vec![1.0 / n as f64; n];
    let mut converged = n < 2;
    for _ in 0..ROUNDS {
        if converged {
            break;
        }
        let new = improved(&scores, &wins, prior);
        let change = scores.iter().zip(&new).map(|(old, new)| (new / old - 1.0).abs()).fold(0.0, f64::max);
        converged = change <= PRECISION;
        scores = new;
    }
    Some(Strengths { scores, groups, converged })
}

fn improved(scores: &[f64], wins: &[Vec<f64>], prior: f64) -> Vec<f64> {
    let n = scores.len();
    let strength = |one: usize| {
        let others = || (0..n).filter(move |other| *other != one);
        let wins_of_one: f64 = others().map(|other| wins[one][other] + prior).sum();
        let played = |other: usize| wins[one][other] + wins[other][one] + 2.0 * prior;
        wins_of_one / others().map(|other| played(other) / (scores[one] + scores[other])).sum::<f64>()
    };
    let new: Vec<f64> = (0..n).map(strength).collect();
    let total: f64 = new.iter().sum();
    new.into_iter().map(|strength| strength / total).collect()
}

/// The share of the other answers that each one beats in a majority of their matches, a tie and a pair
/// without a match being half a win; `None` for an answer without any match.
pub fn copeland(matches: &[Match], n: usize) -> Vec<Option<f64>> {
    let wins = wins(matches, n);
    let played: Vec<bool> =
        (0..n).map(|one| (0..n).any(|other| wins[one][other] + wins[other][one] > 0.0)).collect();
    share_of_wins(&wins, &played)
}

/// How often each answer won against each other one.
fn wins(matches: &[Match], n: usize) -> Vec<Vec<f64>> {
    let mut wins = vec![vec![0.0; n]; n];
    for Match { one, other, outcome } in matches.iter().copied() {
        if one == other || one >= n || other >= n {
            continue;
        }
        let (won, lost) = match outcome {
            Outcome::One => (1.0, 0.0),
            Outcome::Other => (0.0, 1.0),
            Outcome::Tie => (0.5, 0.5),
        };
        wins[one][other] += won;
        wins[other][one] += lost;
    }
    wins
}

/// Whether every answer can be reached from the first by steps that lead on.
fn reaches_all(n: usize, leads: impl Fn(usize, usize) -> bool) -> bool {
    let mut left: Vec<usize> = (1..n).collect();
    let mut todo = vec![0];
    while let Some(one) = todo.pop() {
        todo.extend(left.extract_if(.., |other| leads(one, *other)));
    }
    left.is_empty()
}

#[cfg(test)]
mod tests;
