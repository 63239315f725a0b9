//! Normalised Borda: each ballot gives (k − r) / (k − 1) points, and the mean counts, so that an answer loses
//! nothing by ballots that do not name it.

use super::{Ballot, EPSILON, Placed};
use crate::{sum, weight};

pub(super) fn scores(placed: &[Placed], n: usize) -> Vec<Option<f64>> {
    (0..n).map(|answer| Points::of(placed, n, answer)).map(|points| points.mean(0.0, 0.0)).collect()
}

/// The points of an answer, and the weight of the ballots that gave them.
struct Points {
    points: f64,
    weight: f64,
}

impl Points {
    fn of(placed: &[Placed], n: usize, answer: usize) -> Self {
        let given: Vec<(f64, f64)> = placed.iter().filter_map(|ballot| given(ballot, n, answer)).collect();
        Self {
            points: sum(given.iter().map(|(points, weight)| points * weight)),
            weight: sum(given.iter().map(|(_, weight)| *weight)),
        }
    }

    /// The mean when ballots of a further `weight` give `points` each.
    fn mean(&self, weight: f64, points: f64) -> Option<f64> {
        let all = self.weight + weight;
        (all > 0.0).then(|| (self.points + points * weight) / all)
    }
}

/// What a ballot gives to an answer, and what that weighs.
fn given(ballot: &Placed, n: usize, answer: usize) -> Option<(f64, f64)> {
    let place = ballot.places[answer].filter(|_| ballot.weight > 0.0)?;
    match ballot.named {
        1 if n > 1 => None,
        1 => Some((1.0, ballot.weight)),
        named => Some(((named as f64 - place) / (named as f64 - 1.0), ballot.weight)),
    }
}

/// A judge who has not said anything yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Outstanding {
    /// The answers that this judge is shown.
    pub shown: Vec<usize>,
    /// What the ballot will weigh.
    pub weight: f64,
}

/// The answer that wins by Borda, strictly and alone, whatever the outstanding judges say, and even if some
/// of them say nothing or rank a part of what they are shown.
///
/// The leader is given the worst that can come, no points from everybody who is shown it, and each rival the
/// best.
pub fn unbeatable(ballots: &[Ballot], outstanding: &[Outstanding], n: usize) -> Option<usize> {
    let placed: Vec<Placed> = ballots.iter().map(|ballot| Placed::new(ballot, n)).collect();
    let coming = |answer: usize| {
        sum(outstanding
            .iter()
            .filter(|judge| judge.shown.contains(&answer))
            .map(|judge| weight(judge.weight)))
    };
    let bounds: Vec<(Option<f64>, Option<f64>)> = (0..n)
        .map(|answer| {
            let points = Points::of(&placed, n, answer);
            // Without a ballot so far, an answer whose judges all say nothing has no score, which is the worst.
            let worst = points.mean(0.0, 0.0).and(points.mean(coming(answer), 0.0));
            (worst, points.mean(coming(answer), 1.0))
        })
        .collect();
    let beats = |leader: usize| {
        let worst = bounds[leader].0;
        worst.is_some_and(|worst| {
            (0..n).all(|rival| rival == leader || bounds[rival].1.is_none_or(|best| worst > best + EPSILON))
        })
    };
    (0..n).find(|leader| beats(*leader))
}
