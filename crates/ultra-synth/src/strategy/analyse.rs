//! A model says what the answers have in common and where they part, as data.

use serde_json::{Map, Value, json};
use ultra_core::record::{Analysis, Json, Object};

use super::{By, Move, OneCall, View, sitting};
use crate::form::{Form, Reply};
use crate::found::{Found, Judgement, put};
use crate::ladder::Slip;
use crate::sheet::{Sheet, with_ids};

/// One call.
#[derive(Debug, Default)]
pub struct Analyse {
    asked: OneCall,
}

const TASK: &str = "\
Compare the answers, and write no answer of your own. Name each answer by its letter.
- consensus: what all or most of them say, one point each, with the letters of those that say it.
- contradictions: where they cannot all be right, with each stance and the letters of those that take it.
- partial: what matters and only some of them cover, with the letters of those that do and of those that do not.
- unique: what only one of them says and what is worth keeping, with its letter.
- blind_spots: what matters for the question and none of them says.
A list can be empty. Do not make up differences where there are none.

Reply with one JSON object and nothing else: {\"consensus\": [{\"point\": \"…\", \"answers\": [\"A\"]}], \
\"contradictions\": [{\"topic\": \"…\", \"stances\": [{\"stance\": \"…\", \"answers\": [\"A\"]}]}], \
\"partial\": [{\"point\": \"…\", \"answers\": [\"A\"], \"missing\": [\"B\"]}], \
\"unique\": [{\"point\": \"…\", \"answer\": \"A\"}], \"blind_spots\": [\"…\"]}";

impl Analyse {
    pub(super) fn begin(&mut self, view: &View<'_>, by: By<'_>) -> Move {
        let (number, name) = match by.judge() {
            Ok(judge) => judge,
            Err(slip) => return Move::failed(slip),
        };
        let sheet = Sheet::all(view, number);
        let form = form(&sheet.labels());
        self.asked.ask(view, name, sheet, TASK, form)
    }

    pub(super) fn hear(&mut self, view: &View<'_>, _: usize, reply: Result<Reply, Slip>) -> Move {
        let (reply, sheet) = match self.asked.heard(reply) {
            Ok(heard) => heard,
            Err(slip) => return Move::failed(slip),
        };
        let named = with_ids(&reply.json, sheet, view);
        let list = |key: &str| -> Vec<Json> {
            named[key].as_array().into_iter().flatten().filter_map(|item| Json::of(item).ok()).collect()
        };
        let mut extra = Object::default();
        put(&mut extra, "partial", &named["partial"]);
        let mut judgement = Judgement::of("analyse");
        judgement.analysis = Some(Analysis {
            consensus: list("consensus"),
            contradictions: list("contradictions"),
            unique: list("unique"),
            blind_spots: list("blind_spots"),
            extra,
        });
        judgement.judges = vec![sitting(view, sheet, &reply.target, 0, Ok(Map::new()))];
        Move::done(Found::verdict(judgement))
    }
}

fn form(labels: &[String]) -> Form {
    let text = json!({"type": "string"});
    let label = json!({"type": "string", "enum": labels});
    let labels = json!({"type": "array", "items": label});
    let list = |properties: Value| {
        let names: Vec<String> =
            properties.as_object().map(|of| of.keys().cloned().collect()).unwrap_or_default();
        json!({"type": "array", "items": {"type": "object", "properties": properties, "required": names}})
    };
    Form::json(json!({
        "type": "object",
        "properties": {
            "consensus": list(json!({"point": text, "answers": labels})),
            "contradictions": list(json!({"topic": text, "stances": list(json!({"stance": text, "answers": labels}))})),
            "partial": list(json!({"point": text, "answers": labels, "missing": labels})),
            "unique": list(json!({"point": text, "answer": label})),
            "blind_spots": {"type": "array", "items": text}
        },
        "required": ["consensus", "contradictions", "partial", "unique", "blind_spots"]
    }))
}
