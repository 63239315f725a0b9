//! Kemeny (1959): the order that disagrees least with the ballots, counted in pairs by weight. A ballot that
//! ties two answers, or does not name both, disagrees with neither order of them.
//!
//! Exact by dynamic programming over the sets of answers that come last: the best order of a set is its first
//! answer before the best order of the rest.

use super::{EPSILON, Placed, Ranking, borda, compared, preferences, tiers};

/// As many answers as are ordered exactly.
pub const EXACT: usize = 12;

pub(super) fn ranking(placed: &[Placed], n: usize) -> Ranking {
    let compared = compared(placed, n);
    let answers: Vec<usize> = (0..n).filter(|answer| compared[*answer]).collect();
    let support = preferences(placed, n);
    let exact = answers.len() <= EXACT;
    let (order, winners) = if exact {
        least(&answers, &support)
    } else {
        let scores = borda::scores(placed, n);
        let start = tiers(&scores).into_iter().flatten().filter(|answer| compared[*answer]).collect();
        let order = improved(start, &support);
        let winners = order.first().copied().into_iter().collect();
        (order, winners)
    };
    let mut scores = vec![None; n];
    let steps = order.len().saturating_sub(1);
    for (place, answer) in order.iter().enumerate() {
        scores[*answer] = Some(if steps == 0 { 1.0 } else { (steps - place) as f64 / steps as f64 });
    }
    let margin = if winners.len() == 1 { super::lead(&order, &scores) } else { 0.0 };
    let order = order.into_iter().chain((0..n).filter(|answer| !compared[*answer])).collect();
    Ranking { order, scores, winners, margin, exact }
}

/// The first of the best orders by number, and all answers that come first in one of them.
fn least(answers: &[usize], support: &[Vec<f64>]) -> (Vec<usize>, Vec<usize>) {
    let all = (1_usize << answers.len()) - 1;
    let mut costs = vec![0.0; all + 1];
    for set in 1..=all {
        let firsts = (0..answers.len()).filter(|first| set >> first & 1 == 1);
        costs[set] =
            firsts.map(|first| begun(first, set, answers, support, &costs)).fold(f64::INFINITY, f64::min);
    }
    let best = |set: usize| -> Vec<usize> {
        let slack = EPSILON * (1.0 + costs[all]);
        (0..answers.len())
            .filter(|first| set >> first & 1 == 1)
            .filter(|first| begun(*first, set, answers, support, &costs) <= costs[set] + slack)
            .collect()
    };
    let mut order = Vec::with_capacity(answers.len());
    let mut set = all;
    while let Some(first) = best(set).first() {
        order.push(answers[*first]);
        set &= !(1 << first);
    }
    (order, best(all).into_iter().map(|first| answers[first]).collect())
}

/// The disagreement with the best order of a set that begins with one of it.
fn begun(first: usize, set: usize, answers: &[usize], support: &[Vec<f64>], costs: &[f64]) -> f64 {
    let rest = set & !(1 << first);
    let behind = (0..answers.len()).filter(|other| rest >> other & 1 == 1);
    costs[rest] + behind.map(|other| support[answers[other]][answers[first]]).sum::<f64>()
}

/// Moves single answers while that lessens the disagreement; each round makes the best move, the first of
/// equals.
fn improved(mut order: Vec<usize>, support: &[Vec<f64>]) -> Vec<usize> {
    loop {
        let slack = EPSILON * (1.0 + support.iter().flatten().sum::<f64>());
        let mut best = (slack, 0, 0);
        for from in 0..order.len() {
            for to in 0..order.len() {
                let gain = gain(&order, support, from, to);
                if gain > best.0 {
                    best = (gain, from, to);
                }
            }
        }
        if best.1 == best.2 {
            return order;
        }
        let answer = order.remove(best.1);
        order.insert(best.2, answer);
    }
}

/// How much less the ballots disagree when the answer at one place goes to another.
fn gain(order: &[usize], support: &[Vec<f64>], from: usize, to: usize) -> f64 {
    let moved = order[from];
    let passed = if from < to { &order[from + 1..=to] } else { &order[to..from] };
    let sign = if from < to { 1.0 } else { -1.0 };
    passed.iter().map(|other| sign * (support[*other][moved] - support[moved][*other])).sum()
}
