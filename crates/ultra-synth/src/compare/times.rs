//! How long the answers themselves took, as their records tell it.

use ultra_core::record::Response;
use ultra_template::group::{Outcome, StageRun};

use crate::candidate::Case;

/// How long the answers to one prompt took, in milliseconds. What was not recorded, as in mock mode and of answers
/// from a store, is not guessed.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Times {
    /// Of each candidate, from the first stage to its answer.
    pub(super) answers: Vec<Option<f64>>,
    /// Until the slowest was there.
    pub(super) slowest: Option<f64>,
}

impl Times {
    /// The times of a case: a stage waits for the slowest answer of the one before.
    pub(super) fn of(case: &Case) -> Self {
        let last = case.stage.unwrap_or_default();
        let stages: Vec<&StageRun> = case.group.stages().filter(|stage| stage.index <= last).collect();
        let Some((own, earlier)) = stages.split_last() else {
            return Self { answers: vec![None; case.candidates.len()], slowest: None };
        };
        let before: Option<f64> = earlier.iter().map(|stage| slowest(responses(stage))).sum();
        let of = |id: &str| time(responses(own).find(|response| response.id == id)?);
        let answers = case.candidates.iter().map(|candidate| Some(before? + of(&candidate.id)?)).collect();
        Self { answers, slowest: before.zip(slowest(responses(own))).map(|(before, own)| before + own) }
    }
}

fn responses(stage: &StageRun) -> impl Iterator<Item = &Response> {
    stage.calls.iter().filter_map(|call| match &call.outcome {
        Outcome::Answered(response) => Some(&**response),
        _ => None,
    })
}

fn time(response: &Response) -> Option<f64> {
    response.timing.as_ref().map(|timing| timing.total_ms as f64)
}

/// The longest time; `None` when one of them is not known, or there is none.
fn slowest<'a>(responses: impl Iterator<Item = &'a Response>) -> Option<f64> {
    let times: Option<Vec<f64>> = responses.map(time).collect();
    times?.into_iter().max_by(f64::total_cmp)
}
