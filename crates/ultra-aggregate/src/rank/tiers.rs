use crate::EPSILON;

/// Answers in tiers of equal score, best first, each tier by number; those without a score are the last tier.
///
/// Scores that differ by [`EPSILON`] or less, one from the next, are equal.
pub fn tiers(scores: &[Option<f64>]) -> Vec<Vec<usize>> {
    let mut sorted: Vec<(f64, usize)> =
        scores.iter().enumerate().filter_map(|(answer, score)| Some(((*score)?, answer))).collect();
    sorted.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
    let mut tiers: Vec<Vec<usize>> = sorted
        .chunk_by(|one, other| one.0 - other.0 <= EPSILON)
        .map(|tier| tier.iter().map(|(_, answer)| *answer).collect())
        .collect();
    for tier in &mut tiers {
        tier.sort_unstable();
    }
    let without: Vec<usize> = (0..scores.len()).filter(|answer| scores[*answer].is_none()).collect();
    if !without.is_empty() {
        tiers.push(without);
    }
    tiers
}
