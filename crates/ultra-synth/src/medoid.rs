//! The answer most like the others: a winner without asking a model.

use std::cmp::Reverse;

use crate::similar::{Matrix, WHOLE};

/// The answers by how much they are like the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Medoid {
    /// The answers by number, best first, each with its mean similarity to the others in parts per million.
    /// Of two that are equal the one that is listed first in the matrix comes first.
    pub ranking: Vec<(usize, u32)>,
    /// The first of the ranking; `None` when no two answers have anything in common, so that nothing speaks for
    /// one of them.
    pub winner: Option<usize>,
    /// Its lead over the next, in parts per million; 0 is a tie.
    pub margin: u32,
    /// How alike the answers are, over all pairs, in parts per million.
    pub agreement: u32,
}

/// Finds the medoid of two or more answers; of fewer there is no winner.
pub fn medoid(matrix: &Matrix) -> Medoid {
    let others = (matrix.len().max(2) - 1) as u64;
    let sum = |one: usize| -> u64 {
        (0..matrix.len())
            .filter(|other| *other != one)
            .map(|other| u64::from(matrix.between(one, other)))
            .sum()
    };
    // Sums decide, and not the means, which are rounded; the sort is stable, so a tie keeps the order.
    let mut sums: Vec<(usize, u64)> = (0..matrix.len()).map(|one| (one, sum(one))).collect();
    sums.sort_by_key(|(_, sum)| Reverse(*sum));
    let mean = |sum: u64| u32::try_from(sum / others).unwrap_or(WHOLE);
    let lead = |at: usize| sums.get(at).map_or(0, |(_, sum)| *sum);
    Medoid {
        winner: sums.first().filter(|(_, sum)| *sum > 0).map(|(one, _)| *one),
        margin: mean(lead(0) - lead(1)),
        agreement: matrix.mean().unwrap_or(WHOLE),
        ranking: sums.into_iter().map(|(one, sum)| (one, mean(sum))).collect(),
    }
}

#[cfg(test)]
mod tests;
