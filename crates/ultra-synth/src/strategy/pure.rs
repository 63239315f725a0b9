//! The strategies and rungs that ask nobody.

use crate::found::{Found, Given, Judgement, Miss, no_agreement};
use crate::ladder::Rung;
use crate::medoid::medoid;
use crate::similar::{Matrix, WHOLE};

use super::View;

/// Tries a rung that asks nobody; `None` when it has nothing to stand on.
///
/// # Errors
/// When nothing speaks for one answer.
pub(crate) fn rung(rung: Rung, view: &View<'_>) -> Option<Result<Found, Miss>> {
    match rung {
        Rung::Members | Rung::Judge(_) | Rung::Partial => None,
        Rung::Single => Some(Ok(Found::given(Given::Chosen(0)))),
        Rung::Medoid => Some(middle(view)),
        Rung::Rank | Rung::Vote | Rung::Cluster | Rung::Best => None,
        Rung::Concat => Some(Ok(Found::given(Given::All))),
    }
}

/// The answer most like the others.
fn middle(view: &View<'_>) -> Result<Found, Miss> {
    let found = medoid(&Matrix::lexical(&view.case.canonical_texts()));
    let mut judgement = Judgement::of("medoid");
    judgement.ranking = found.ranking.iter().map(|(number, score)| (*number, ratio(*score))).collect();
    judgement.winner = found.winner;
    judgement.margin = found.winner.map(|_| ratio(found.margin));
    let mut agreement = no_agreement();
    agreement.mean_similarity = Some(ratio(found.agreement));
    judgement.agreement = Some(agreement);
    if found.winner.is_none() {
        let message = "no two answers have anything in common, none is most like the others";
        return Err(Miss::tie(message, judgement));
    }
    Ok(Found::judged(judgement))
}

/// Parts per million as a fraction.
fn ratio(score: u32) -> f64 {
    f64::from(score) / f64::from(WHOLE)
}
