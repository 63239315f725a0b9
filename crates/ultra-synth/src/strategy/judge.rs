//! A model chooses the best answer, outright or by a rubric.

use serde_json::{Map, Value, json};
use ultra_core::kind::ErrorKind;

use super::{By, Move, OneCall, View, reason, sitting};
use crate::form::{Form, Reply};
use crate::found::{Found, Judgement, Miss, put};
use crate::ladder::Slip;
use crate::rubric::Rubric;
use crate::sheet::Sheet;

/// One call.
#[derive(Debug, Default)]
pub struct Judge {
    asked: OneCall,
}

const TASK: &str = "\
Which answer serves the one who asked best? Work the question out for yourself as far as you can, then compare. Truth \
comes first, then whether the question is answered as it was put, then completeness, then clarity. Length is no merit, \
confidence is no evidence, and the order of the answers means nothing. An invented fact is a grave fault; a short \
honest answer can be the best.";

const REPLY: &str = "Reply with one JSON object and nothing else: {\"reason\": \"…\", \"best\": \"…\"}, where `best` is the letter of one answer and `reason` says in at most three sentences why it is the best.";

impl Judge {
    pub(super) fn begin(&mut self, view: &View<'_>, by: By<'_>) -> Move {
        let (number, name) = match by.judge() {
            Ok(judge) => judge,
            Err(slip) => return Move::failed(slip),
        };
        let sheet = Sheet::of_others(view, number, name);
        if sheet.order.len() < 2 {
            return Move::failed(too_few(name, &sheet));
        }
        let labels = sheet.labels();
        let (task, form) = match &view.plan.rubric {
            None => (format!("{TASK}\n\n{REPLY}"), choice(&labels)),
            Some(rubric) => (rubric.task(), Form::json(rubric.schema(&labels))),
        };
        self.asked.ask(view, name, sheet, &task, form)
    }

    pub(super) fn hear(&mut self, view: &View<'_>, _: usize, reply: Result<Reply, Slip>) -> Move {
        let (reply, sheet) = match self.asked.heard(reply) {
            Ok(heard) => heard,
            Err(slip) => return Move::failed(slip),
        };
        match &view.plan.rubric {
            None => chosen(view, sheet, &reply),
            Some(rubric) => scored(view, sheet, &reply, rubric),
        }
    }
}

fn choice(labels: &[String]) -> Form {
    Form::json(json!({
        "type": "object",
        "properties": {"reason": {"type": "string"}, "best": {"type": "string", "enum": labels}},
        "required": ["reason", "best"],
        "additionalProperties": false
    }))
}

fn chosen(view: &View<'_>, sheet: &Sheet, reply: &Reply) -> Move {
    let Some(best) = reply.json["best"].as_str().and_then(|label| sheet.number(label)) else {
        return Move::failed(Slip::of(ErrorKind::Schema, "`best` is no label"));
    };
    let mut said = Map::new();
    said.insert("best".into(), view.at(best).id.clone().into());
    said.insert("reason".into(), reason(reply).into());
    let mut judgement = Judgement::of("judge");
    judgement.ranking = vec![(best, 1.0)];
    judgement.winner = Some(best);
    judgement.judges = vec![sitting(view, sheet, &reply.target, 0, Ok(said))];
    Move::done(Found::judged(judgement))
}

fn scored(view: &View<'_>, sheet: &Sheet, reply: &Reply, rubric: &Rubric) -> Move {
    let mut ranking: Vec<(usize, f64)> = Vec::new();
    let mut details = Map::new();
    for (at, label) in sheet.labels().iter().enumerate() {
        let scores = &reply.json["scores"][label];
        let number = sheet.order[at];
        ranking.push((number, rubric.total(scores)));
        details.insert(view.at(number).id.clone(), scores.clone());
    }
    // By canonical number first, so that equal scores do not stand in the order of the judge.
    ranking.sort_by_key(|(number, _)| *number);
    ranking.sort_by(|one, other| other.1.total_cmp(&one.1));
    let lead = ranking[0].1 - ranking[1].1;
    let mut said = Map::new();
    said.insert("scores".into(), Value::Object(details));
    said.insert("reason".into(), reason(reply).into());
    let mut judgement = Judgement::of("judge");
    judgement.winner = (lead > 0.0).then_some(ranking[0].0);
    judgement.margin = Some(lead);
    judgement.ranking = ranking;
    judgement.judges = vec![sitting(view, sheet, &reply.target, 0, Ok(said))];
    put(&mut judgement.extra, "rubric", &rubric.weights());
    if judgement.winner.is_none() {
        let message = format!("{} gives the first two answers the same score", reply.target);
        return Move::failed(Miss::tie(message, judgement));
    }
    Move::done(Found::judged(judgement))
}

/// A judge that gave so many of the answers itself that nothing is left to choose from.
pub(super) fn too_few(name: &str, sheet: &Sheet) -> Slip {
    let (own, others) = (sheet.own.len(), sheet.order.len());
    Slip {
        kind: "own_answer",
        error: ErrorKind::NoInputs,
        message: format!(
            "{name}: gave {own} of the answers itself, and nobody judges their own; {others} cannot be compared"
        ),
    }
}
