//! The members of the panel rank the answers of the others, without knowing whose they are.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use ultra_core::draw;
use ultra_core::kind::ErrorKind;

use super::{Ask, By, Move, View, reason, sitting};
use crate::aggregate::agreement::{dissent, kendall_w};
use crate::aggregate::rank::{Ballot, Outstanding, Ranking, aggregate, unbeatable};
use crate::aggregate::review::{Review, assign};
use crate::args::Rule;
use crate::form::{Form, Reply};
use crate::found::{Found, Judgement, no_agreement, put};
use crate::ladder::Slip;
use crate::sheet::Sheet;

/// One call for each reviewer.
#[derive(Debug, Default)]
pub struct Rank {
    reviewers: Vec<Reviewer>,
    /// Reviewers that were asked so far.
    asked: usize,
    /// A judge ranks in place of the members.
    by_judge: bool,
}

/// Somebody who ranks, and what came of it.
#[derive(Debug)]
struct Reviewer {
    target: String,
    sample: u32,
    sheet: Sheet,
    said: Option<Result<Said, Slip>>,
}

#[derive(Debug, Clone)]
struct Said {
    /// Canonical numbers, best first; those in one tier are tied.
    tiers: Vec<Vec<usize>>,
    reason: String,
}

const TASK: &str = "\
Give every answer its place: 1 for the best, then 2, and so on; answers that you cannot tell apart in quality get the \
same place. Work the question out for yourself as far as you can, then compare. Truth comes first, then whether the \
question is answered as it was put, then completeness, then clarity. Length is no merit, confidence is no evidence, \
and the order of the answers means nothing. An invented fact is a grave fault; a short honest answer can be the best.";

impl Rank {
    pub(super) fn begin(&mut self, view: &View<'_>, by: By<'_>) -> Move {
        self.by_judge = by != By::Members;
        self.reviewers = match by {
            By::Judge { number, name } => {
                vec![Reviewer::new(name, 0, Sheet::of_others(view, number, name))]
            }
            By::Members => members(view),
        };
        self.asked = 0;
        if self.reviewers.iter().all(|reviewer| reviewer.said.is_some()) {
            let (count, message) =
                (view.len(), "without their own answers, members have too few left to rank");
            return Move::failed(Slip {
                kind: "own_answer",
                error: ErrorKind::NoInputs,
                message: format!("{message} ({count} in all)"),
            });
        }
        self.widen(view)
    }

    /// Asks the next reviewers: as many as the next depth says.
    fn widen(&mut self, view: &View<'_>) -> Move {
        let all = self.reviewers.len();
        let depth = view.plan.depths.iter().copied().find(|depth| *depth > self.asked);
        let upto = if self.by_judge { all } else { depth.unwrap_or(all).min(all) };
        let asks = (self.asked..upto).filter_map(|slot| self.reviewers[slot].ask(view, slot)).collect();
        self.asked = upto;
        match asks {
            asks if Vec::is_empty(&asks) && self.waits() => Move::Ask(asks),
            asks if asks.is_empty() => self.settle(view),
            asks => Move::Ask(asks),
        }
    }

    fn waits(&self) -> bool {
        self.reviewers[..self.asked].iter().any(|reviewer| reviewer.said.is_none())
    }

    pub(super) fn hear(&mut self, view: &View<'_>, slot: usize, reply: Result<Reply, Slip>) -> Move {
        let Some(reviewer) = self.reviewers.get_mut(slot) else {
            return Move::failed(Slip::of(ErrorKind::Internal, "nobody was asked"));
        };
        reviewer.said = Some(reply.map(|reply| Said::of(&reply, &reviewer.sheet)));
        if self.waits() { Move::Ask(Vec::new()) } else { self.settle(view) }
    }

    /// All that were asked have spoken: the result, or more reviewers.
    fn settle(&mut self, view: &View<'_>) -> Move {
        let ballots = self.ballots();
        if self.asked < self.reviewers.len() && !self.is_decided(view, &ballots) {
            return self.widen(view);
        }
        let asked = &self.reviewers[..self.asked];
        let failed: Vec<&Slip> = asked.iter().filter_map(|one| one.said.as_ref()?.as_ref().err()).collect();
        // Half of the reviewers are needed, and every answer must have been read by somebody.
        let unread = (0..view.len()).filter(|number| !is_read(&ballots, *number)).count();
        let own = if self.by_judge { asked[0].sheet.own.len() } else { 0 };
        let missing = failed.first().map(|first| Slip {
            message: format!("{} of {} rankings are missing: {}", failed.len(), asked.len(), first.message),
            ..(*first).clone()
        });
        if ballots.len() * 2 < asked.len() || ballots.is_empty() || unread > own {
            let none = || Slip::of(ErrorKind::NoInputs, format!("{unread} answers were ranked by nobody"));
            return Move::failed(missing.unwrap_or_else(none));
        }
        let judgement = self.judgement(view, &ballots);
        Move::done(Found { partial: missing, ..Found::judged(judgement) })
    }

    /// Whether more rankings are not worth their price: those who ranked agree, or nobody can catch up.
    fn is_decided(&self, view: &View<'_>, ballots: &[Ballot]) -> bool {
        let left: Vec<Outstanding> = self.reviewers[self.asked..]
            .iter()
            .map(|left| Outstanding { shown: left.sheet.order.clone(), weight: 1.0 })
            .collect();
        let one_leads = aggregate(view.plan.rule.of(), ballots, view.len()).winners.len() == 1;
        let agreed = one_leads && kendall_w(ballots, view.len()).is_some_and(|w| w >= view.plan.agree);
        let read_by_all = (0..view.len()).all(|number| is_read(ballots, number));
        let won = view.plan.rule == Rule::Borda && unbeatable(ballots, &left, view.len()).is_some();
        read_by_all && (agreed || won)
    }

    fn ballots(&self) -> Vec<Ballot> {
        let said = self.reviewers.iter().enumerate().filter_map(|(judge, reviewer)| {
            let said = reviewer.said.as_ref()?.as_ref().ok()?;
            Some(Ballot::new(judge, said.tiers.clone()))
        });
        said.collect()
    }

    fn judgement(&self, view: &View<'_>, ballots: &[Ballot]) -> Judgement {
        let ranking = aggregate(view.plan.rule.of(), ballots, view.len());
        let Ranking { order, scores, winners, margin, exact } = ranking;
        let mut judgement = Judgement::of("rank");
        judgement.ranking = order.iter().filter_map(|number| Some((*number, scores[*number]?))).collect();
        judgement.winner = if let [winner] = winners.as_slice() { Some(*winner) } else { None };
        judgement.margin = Some(margin);
        let mut agreement = no_agreement();
        agreement.kendall_w = kendall_w(ballots, view.len());
        judgement.agreement = Some(agreement);
        judgement.judges = self.reviewers[..self.asked].iter().map(|reviewer| reviewer.told(view)).collect();
        let far = ballots.iter().filter_map(|ballot| Some((ballot, dissent(ballot, &scores)?)));
        let far = far.filter(|(_, distance)| *distance > DISSENT);
        judgement.dissent =
            far.filter_map(|(ballot, distance)| self.dissenter(view, ballot, distance)).collect();
        put(&mut judgement.extra, "rule", &view.plan.rule.as_str());
        if !exact {
            put(&mut judgement.extra, "exact", &false);
        }
        if winners.len() > 1 {
            let tied: Vec<&str> = winners.iter().map(|number| view.at(*number).id.as_str()).collect();
            put(&mut judgement.extra, "tied", &tied);
        }
        if self.asked < self.reviewers.len() {
            put(&mut judgement.extra, "not_asked", &(self.reviewers.len() - self.asked));
        }
        judgement
    }

    /// A judge who sees it differently, with the reason.
    fn dissenter(&self, view: &View<'_>, ballot: &Ballot, distance: f64) -> Option<Value> {
        let reviewer = &self.reviewers[ballot.judge];
        let said = reviewer.said.as_ref()?.as_ref().ok()?;
        let first: Vec<&str> =
            said.tiers.first()?.iter().map(|number| view.at(*number).id.as_str()).collect();
        Some(
            json!({"target": reviewer.target, "sample": reviewer.sample, "distance": distance, "prefers": first,
            "reason": said.reason}),
        )
    }
}

/// From this distance on a ranking is nearer to the reverse of the result than to the result.
const DISSENT: f64 = 0.5;

fn is_read(ballots: &[Ballot], number: usize) -> bool {
    ballots.iter().any(|ballot| ballot.order.iter().flatten().any(|read| *read == number))
}

impl Reviewer {
    fn new(target: &str, sample: u32, sheet: Sheet) -> Self {
        // One answer cannot be ranked, so nobody is asked about it: an abstention without a call.
        let said = (sheet.order.len() < 2).then(|| Err(super::judge::too_few(target, &sheet)));
        Self { target: target.to_owned(), sample, sheet, said }
    }

    fn ask(&self, view: &View<'_>, slot: usize) -> Option<Ask> {
        if self.said.is_some() {
            return None;
        }
        let labels = self.sheet.labels();
        let places: Vec<String> = labels.iter().map(|label| format!("\"{label}\": 1")).collect();
        let task = format!(
            "{TASK}\n\nReply with one JSON object and nothing else: {{\"reason\": \"…\", \"places\": {{{}}}}}, where `reason` says in at most three sentences what decided, and every letter has its place.",
            places.join(", ")
        );
        let place = json!({"type": "integer", "minimum": 1, "maximum": labels.len()});
        let properties: Map<String, Value> =
            labels.iter().map(|label| (label.clone(), place.clone())).collect();
        let form = Form::json(json!({
            "type": "object",
            "properties": {
                "reason": {"type": "string"},
                "places": {"type": "object", "properties": properties, "required": labels, "additionalProperties": false}
            },
            "required": ["reason", "places"]
        }));
        let messages = self.sheet.messages(view, &[], &task);
        Some(Ask { slot, target: self.target.clone(), sample: self.sample, messages, form, is_result: false })
    }

    fn told(&self, view: &View<'_>) -> Value {
        let said = match &self.said {
            Some(Ok(said)) => {
                let tiers: Vec<Vec<&str>> = said
                    .tiers
                    .iter()
                    .map(|tier| tier.iter().map(|number| view.at(*number).id.as_str()).collect())
                    .collect();
                let mut told = Map::new();
                told.insert("ranking".into(), json!(tiers));
                told.insert("reason".into(), said.reason.clone().into());
                Ok(told)
            }
            Some(Err(slip)) => Err(slip.clone()),
            None => Err(Slip::of(ErrorKind::Cancelled, "was not waited for")),
        };
        sitting(view, &self.sheet, &self.target, self.sample, said)
    }
}

impl Said {
    fn of(reply: &Reply, sheet: &Sheet) -> Self {
        let mut tiers: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (at, label) in sheet.labels().iter().enumerate() {
            let place = reply.json["places"][label].as_u64().unwrap_or(u64::MAX);
            tiers.entry(place).or_default().push(sheet.order[at]);
        }
        let tiers = tiers.into_values().map(|mut tier| {
            tier.sort_unstable();
            tier
        });
        Self { tiers: tiers.collect(), reason: reason(reply) }
    }
}

/// The members, or those who were named to rank in their place, each with the answers that it reads.
///
/// Their order is that of the answers' content, so who they are and when they came changes nothing.
fn members(view: &View<'_>) -> Vec<Reviewer> {
    let all = || 0..view.len();
    let given_by =
        |target: &str| all().filter(|number| view.at(*number).target == target).collect::<Vec<_>>();
    // Where one model gave all answers, its samples read each other's, and none its own.
    let alone = all().all(|number| view.at(number).target == view.at(0).target);
    let (who, own): (Vec<(String, u32)>, Vec<Vec<usize>>) = if view.plan.reviewers.is_empty() {
        let members = all().map(|number| {
            let member = view.at(number);
            let own = if alone { vec![number] } else { given_by(&member.target) };
            ((member.target.clone(), member.sample), own)
        });
        members.unzip()
    } else {
        view.plan.reviewers.iter().map(|name| ((name.clone(), 0), given_by(name))).unzip()
    };
    let question = view.case.question().unwrap_or_default();
    let seed = draw::bits(view.plan.seed, "order of the reviews", &[question.as_bytes()]);
    let orders = assign(&Review { answers: view.len(), own: &own, cap: view.plan.reviews, seed });
    let reviewers = who.into_iter().zip(own).zip(orders);
    reviewers
        .map(|(((target, sample), own), order)| Reviewer::new(&target, sample, Sheet { order, own }))
        .collect()
}
