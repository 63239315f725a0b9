//! Copeland (1951): who beats most others in majorities between pairs.

use super::{Placed, compared, preferences};
use crate::EPSILON;

pub(super) fn scores(placed: &[Placed], n: usize) -> Vec<Option<f64>> {
    let support = preferences(placed, n);
    let compared = compared(placed, n);
    share_of_wins(&support, &compared)
}

/// The share of the other answers that each one beats, a tie being half a win; 1 for the only one.
pub(crate) fn share_of_wins(support: &[Vec<f64>], compared: &[bool]) -> Vec<Option<f64>> {
    let rivals = compared.iter().filter(|is| **is).count().saturating_sub(1);
    let wins = |one: usize| -> f64 {
        let others = (0..compared.len()).filter(|other| *other != one && compared[*other]);
        others.map(|other| win(support[one][other], support[other][one])).sum()
    };
    let share = |one: usize| if rivals == 0 { 1.0 } else { wins(one) / rivals as f64 };
    (0..compared.len()).map(|one| compared[one].then(|| share(one))).collect()
}

fn win(one: f64, other: f64) -> f64 {
    if (one - other).abs() <= EPSILON * (one + other) {
        0.5
    } else if one > other {
        1.0
    } else {
        0.0
    }
}
