//! Reciprocal rank fusion (Cormack, Clarke, Büttcher: "Reciprocal Rank Fusion outperforms Condorcet and
//! individual Rank Learning Methods", 2009), weighted.

use super::Placed;
use crate::sum;

/// Keeps the first places from deciding alone; the value of the paper.
const K: f64 = 60.0;

pub(super) fn scores(placed: &[Placed], n: usize) -> Vec<Option<f64>> {
    (0..n)
        .map(|answer| {
            let naming = placed.iter().filter(|ballot| ballot.weight > 0.0);
            let terms: Vec<f64> =
                naming.filter_map(|ballot| Some(ballot.weight / (K + ballot.places[answer]?))).collect();
            (!terms.is_empty()).then(|| sum(terms))
        })
        .collect()
}
