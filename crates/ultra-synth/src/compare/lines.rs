//! What stands behind the lines of a comparison: scores and times by prompt.

use std::collections::BTreeMap;

use ultra_core::record::Compared;

use super::chance::Ruler;
use super::grade::Graded;
use super::ground::Ground;
use super::report::Row;
use super::trial::Trial;
use crate::aggregate::stats::mean;

/// Scores and times of a line that is no entrant.
#[derive(Debug, Default)]
pub(super) struct Values {
    name: String,
    pub(super) scores: Vec<f64>,
    times: Vec<f64>,
}

impl Values {
    /// The line, without its lead.
    pub(super) fn row(self, kind: Compared, ruler: Ruler) -> Row {
        let Self { name, scores, times } = self;
        let (quality, latency) = (ruler.mean(&scores), ruler.mean(&times));
        Row { kind, name, prompts: scores.len(), quality, lead: None, latency, bill: None }
    }
}

/// The time that an entrant's calls took for each prompt; where it made none, none. Empty where time is not known.
pub(super) fn times(trials: &[Trial]) -> Vec<f64> {
    if trials.iter().all(|trial| trial.ms.is_none()) {
        return Vec::new();
    }
    let known = trials.iter().filter(|trial| trial.ms.is_some() || trial.calls == 0);
    known.map(|trial| trial.ms.unwrap_or_default() as f64).collect()
}

/// What a panel of one would score, and what no choice among the answers can pass.
pub(super) fn bounds(ground: &Ground, graded: &Graded, prompts: &[usize]) -> [Values; 2] {
    let mut one = Values { name: "one answer".to_owned(), ..Values::default() };
    let mut any = Values { name: "any answer".to_owned(), ..Values::default() };
    for at in prompts {
        let scores: Vec<f64> = graded.answers[*at].iter().copied().flatten().collect();
        one.scores.extend(mean(&scores));
        any.scores.extend(scores.iter().copied().max_by(f64::total_cmp));
        let times = &ground.prompts[*at].times;
        one.times.extend(mean(&times.answers.iter().copied().flatten().collect::<Vec<_>>()));
        any.times.extend(times.slowest);
    }
    [one, any]
}

/// What each member is worth, by target: the mean of its samples for each prompt that it answered.
pub(super) fn members(ground: &Ground, graded: &Graded, prompts: &[usize]) -> Vec<Values> {
    let mut members: BTreeMap<&str, Values> = BTreeMap::new();
    for at in prompts {
        let place = &ground.prompts[*at];
        let mut here: BTreeMap<&str, (Vec<f64>, Vec<f64>)> = BTreeMap::new();
        let told = graded.answers[*at].iter().zip(&place.times.answers);
        for (candidate, (score, time)) in place.case.candidates.iter().zip(told) {
            let (marks, times) = here.entry(&candidate.target).or_default();
            marks.extend(*score);
            times.extend(*time);
        }
        for (target, (scores, times)) in here {
            let member = members.entry(target).or_default();
            member.scores.extend(mean(&scores));
            member.times.extend(mean(&times));
        }
    }
    members.into_iter().map(|(name, member)| Values { name: name.to_owned(), ..member }).collect()
}
