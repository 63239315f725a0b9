//! The strategies and rungs that ask nobody.

use serde_json::{Value, json};
use ultra_core::record::Json;

use crate::aggregate::cluster::{Linkage, clusters};
use crate::aggregate::{best, vote};
use crate::found::{Found, Given, Judgement, Miss, no_agreement, put};
use crate::ladder::Rung;
use crate::medoid::medoid;
use crate::similar::{Matrix, WHOLE};

use super::{Strategy, View};

/// Tries a rung that asks nobody; `None` when it has nothing to stand on.
///
/// # Errors
/// When nothing speaks for one answer.
pub(crate) fn rung(rung: Rung, view: &View<'_>) -> Option<Result<Found, Miss>> {
    match rung {
        Rung::Members | Rung::Judge(_) | Rung::Partial => None,
        Rung::Single => Some(Ok(only())),
        Rung::Rank => earlier(view).map(Ok),
        Rung::Vote => votes(view),
        Rung::Medoid => Some(middle(view)),
        Rung::Cluster => Some(groups(view)),
        Rung::Best => Some(best_form(view)),
        Rung::Concat => Some(Ok(Found::given(Given::All))),
    }
}

/// The only answer.
fn only() -> Found {
    let mut judgement = Judgement::of("single");
    judgement.ranking = vec![(0, 1.0)];
    judgement.winner = Some(0);
    Found { judgement: Some(judgement), ..Found::given(Given::Chosen(0)) }
}

/// The winner of the latest ranking that an earlier strategy left.
fn earlier(view: &View<'_>) -> Option<Found> {
    let winner = view.before.iter().rev().find_map(|verdict| verdict.winner.as_ref())?;
    let number = (0..view.len()).find(|number| view.at(*number).id == *winner)?;
    Some(Found::given(Given::Chosen(number)))
}

/// The answer that most give. On a rung below another strategy one vote is not enough to stand on.
fn votes(view: &View<'_>) -> Option<Result<Found, Miss>> {
    let count = &view.plan.vote;
    let candidates = (0..view.len()).map(|number| view.at(number));
    let answers = count.votes(candidates.map(|candidate| (&*candidate.text, &*candidate.target)));
    let unheard: Vec<&str> = view.case.unheard().collect();
    let unheard_weight: f64 = unheard.iter().map(|target| count.weight(target)).sum();
    let vote = vote::at_least(&answers, unheard_weight);
    let named = view.plan.strategy == Strategy::Vote;
    let votes = vote.groups.first().map_or(0, |group| group.members.len());
    if !named && (votes < 2 || vote.ties > 1) {
        return None;
    }
    let total = answers.iter().map(|(_, weight)| weight).sum::<f64>() + unheard_weight;
    let share = |weight: f64| if total > 0.0 { weight / total } else { 0.0 };
    let mut judgement = Judgement::of("vote");
    for group in &vote.groups {
        judgement.ranking.extend(group.members.iter().map(|number| (*number, share(group.weight))));
    }
    let silent = (0..view.len()).filter(|number| answers[*number].0.is_none());
    judgement.ranking.extend(silent.map(|number| (number, 0.0)));
    judgement.margin = Some(vote.margin);
    put(&mut judgement.extra, "share", &vote.share);
    put(&mut judgement.extra, "ties", &vote.ties);
    put(&mut judgement.extra, "without", &vote.without);
    if !unheard.is_empty() {
        put(&mut judgement.extra, "unheard", &unheard.len());
    }
    let told: Vec<Value> = vote.groups.iter().map(|group| told(view, group, share(group.weight))).collect();
    put(&mut judgement.extra, "votes", &told);
    Some(match vote.winner {
        Some(winner) if vote.ties == 1 => {
            judgement.winner = Some(winner);
            Ok(Found::judged(judgement))
        }
        Some(_) => Err(Miss::tie(format!("{} answers have equally many votes", vote.ties), judgement)),
        None => Err(Miss::tie("nobody gives an answer that can be counted", judgement)),
    })
}

/// The most bytes of an answer that stand in a verdict.
const SHOWN: usize = 200;
const _: () = assert!(SHOWN + 3 < vote::BEGINNING, "an answer that is cut has all that is shown");

fn told(view: &View<'_>, group: &vote::Group<'_>, share: f64) -> Value {
    let ids: Vec<&str> = group.members.iter().map(|number| view.at(*number).id.as_str()).collect();
    let answer = &group.answer[..group.answer.floor_char_boundary(SHOWN)];
    json!({"answer": answer, "share": share, "responses": ids})
}

/// How the first answers of the panel would have voted, to be told beside what was made of them; `None` when no
/// two of them give the same.
pub(crate) fn first_vote(view: &View<'_>) -> Option<Json> {
    let count = &view.plan.vote;
    let first = view.case.group.stages().next()?;
    let given = first.answers();
    let answers = count.votes(given.iter().map(|given| (given.text, &*given.response.target)));
    let cut = first.calls.iter().filter(|call| call.outcome.is_unheard());
    let vote = vote::at_least(&answers, cut.map(|call| count.weight(&call.target)).sum());
    let leader = vote.groups.first().filter(|group| group.members.len() > 1)?;
    let answer = &leader.answer[..leader.answer.floor_char_boundary(SHOWN)];
    let ids: Vec<&str> = leader.members.iter().map(|member| given[*member].response.id.as_str()).collect();
    Json::of(&json!({"answer": answer, "share": vote.share, "margin": vote.margin, "ties": vote.ties,
        "without": vote.without, "responses": ids}))
    .ok()
}

/// The answer most like the others.
fn middle(view: &View<'_>) -> Result<Found, Miss> {
    let found = medoid(view.case.matrix());
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

/// The middle of the largest group of like answers.
fn groups(view: &View<'_>) -> Result<Found, Miss> {
    let matrix = view.case.matrix();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a fraction of a million")]
    let threshold = (view.plan.alike * f64::from(WHOLE)).round() as u32;
    let groups = clusters(view.len(), |one, other| matrix.between(one, other), threshold, Linkage::Single);
    let mut judgement = Judgement::of("cluster");
    let mut agreement = no_agreement();
    agreement.mean_similarity = matrix.mean().map(ratio);
    agreement.clusters = u32::try_from(groups.len()).ok();
    judgement.agreement = Some(agreement);
    let ids =
        |group: &[usize]| -> Vec<String> { group.iter().map(|number| view.at(*number).id.clone()).collect() };
    let told: Vec<Vec<String>> = groups.iter().map(|group| ids(group)).collect();
    put(&mut judgement.extra, "groups", &told);
    let share = |group: Option<&Vec<usize>>| group.map_or(0, Vec::len) as f64 / view.len() as f64;
    put(&mut judgement.extra, "largest", &share(groups.first()));
    judgement.margin = Some(share(groups.first()) - share(groups.get(1)));
    for group in &groups {
        let inner = Matrix::by(group.len(), |one, other| matrix.between(group[one], group[other]));
        let order = medoid(&inner).ranking;
        judgement.ranking.extend(order.iter().map(|(at, _)| (group[*at], share(Some(group)))));
    }
    match groups.as_slice() {
        [first, rest @ ..]
            if first.len() > 1 && rest.first().is_none_or(|second| second.len() < first.len()) =>
        {
            judgement.winner = judgement.ranking.first().map(|(number, _)| *number);
            Ok(Found::judged(judgement))
        }
        [first, ..] if first.len() > 1 => Err(Miss::tie("several groups are equally large", judgement)),
        _ => Err(Miss::tie("no two answers are alike enough for a group", judgement)),
    }
}

/// The answer that looks best by a fixed formula.
fn best_form(view: &View<'_>) -> Result<Found, Miss> {
    let scores: Vec<f64> = view.case.canonical_texts().into_iter().map(best::score).collect();
    let judgement = Judgement::by_scores("best", &scores);
    if judgement.winner.is_none() {
        return Err(Miss::tie("the first two answers have the same form", judgement));
    }
    Ok(Found::judged(judgement))
}

/// Parts per million as a fraction.
fn ratio(score: u32) -> f64 {
    f64::from(score) / f64::from(WHOLE)
}
