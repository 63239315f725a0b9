//! How far judges agree.

use super::rank::{Ballot, tiers};
use super::{sum, weight};

/// Kendall's coefficient of concordance W, corrected for ties (Kendall and Babington Smith, 1939; Kendall,
/// 1948): 1 when all judges give one ranking, 0 when they cancel out. Judges whose ballot weighs nothing are
/// left out; other weights play no part.
///
/// For complete ballots it is the textbook value: with dⱼ the places of judge j less their mean,
///
/// ```text
/// W = |Σ dⱼ|² / (m Σ |dⱼ|²) = 12 S / (m² (n³ − n) − m Σ T),   T = Σ (t³ − t) over the ties of a judge
/// ```
///
/// Written out over pairs of judges that is Σ ⟨dⱼ, dₖ⟩ / Σ (|dⱼ|² + |dₖ|²) / 2 over all j and k. **With
/// gaps** each pair of judges is compared by the answers that both name, ranked anew among these; so judges
/// who agree in all that they both see have W = 1, and the value is that of the textbook where nothing is
/// missing. A sum below 0, which only gaps make possible, is 0.
///
/// `None` for fewer than two judges or answers, and when nobody tells any two answers apart: a ballot of one
/// tie is no consensus.
pub fn kendall_w(ballots: &[Ballot], n: usize) -> Option<f64> {
    let places: Vec<_> =
        ballots.iter().filter(|ballot| weight(ballot.weight) > 0.0).map(|ballot| ballot.places(n)).collect();
    if places.len() < 2 {
        return None;
    }
    let mut together = Vec::new();
    let mut alone = Vec::new();
    for one in &places {
        for other in &places {
            let common: Vec<usize> = (0..n).filter(|at| one[*at].is_some() && other[*at].is_some()).collect();
            let (d, e) = (deviations(one, &common), deviations(other, &common));
            together.push(product(&d, &e));
            alone.push(f64::midpoint(product(&d, &d), product(&e, &e)));
        }
    }
    let most = sum(alone);
    (most > 0.0).then(|| (sum(together) / most).clamp(0.0, 1.0))
}

/// The places among some answers, less their mean. Places count halves, so all of this is exact.
fn deviations(places: &[Option<f64>], among: &[usize]) -> Vec<f64> {
    let given: Vec<f64> = among.iter().filter_map(|at| places[*at]).collect();
    let mean = f64::midpoint(given.len() as f64, 1.0);
    let place = |own: f64| {
        let before = given.iter().filter(|other| **other < own).count() as f64;
        let level = given.iter().filter(|other| own.total_cmp(other).is_eq()).count() as f64;
        before + f64::midpoint(level, 1.0)
    };
    given.iter().map(|own| place(*own) - mean).collect()
}

fn product(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

/// How far a judge is from a result: (1 − τ) / 2 with Kendall's τ-b, over the answers that the judge names
/// and that have a score; 0 is the same order, 1 the reverse, one half no relation. Scores that are equal up
/// to [`EPSILON`](super::EPSILON) tie. `None` when the judge or the result tells nothing apart.
pub fn dissent(ballot: &Ballot, scores: &[Option<f64>]) -> Option<f64> {
    let mut level = vec![None; scores.len()];
    for (place, tier) in tiers(scores).iter().enumerate() {
        tier.iter()
            .filter(|answer| scores[**answer].is_some())
            .for_each(|answer| level[*answer] = Some(place));
    }
    let places = ballot.places(scores.len());
    let both: Vec<(f64, usize)> =
        places.into_iter().zip(level).filter_map(|(one, other)| one.zip(other)).collect();
    let (mut concordant, mut discordant, mut untied, mut untied_there) = (0_i64, 0_i64, 0_i64, 0_i64);
    for (at, one) in both.iter().enumerate() {
        for other in &both[..at] {
            let (here, there) = (one.0.total_cmp(&other.0), one.1.cmp(&other.1));
            untied += i64::from(here.is_ne());
            untied_there += i64::from(there.is_ne());
            concordant += i64::from(here.is_ne() && here == there);
            discordant += i64::from(here.is_ne() && here == there.reverse());
        }
    }
    let scale = (untied as f64).sqrt() * (untied_there as f64).sqrt();
    (scale > 0.0).then(|| ((1.0 - (concordant - discordant) as f64 / scale) / 2.0).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests;
