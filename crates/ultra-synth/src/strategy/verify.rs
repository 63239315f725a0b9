//! A model takes the answers apart into claims and checks each against the documents and the other answers; what it
//! quotes from the documents is checked by code.

use serde_json::{Map, Value, json};

use super::{By, Move, OneCall, View, sitting};
use crate::cite::{Citation, Shown, Standing, check, named, shown};
use crate::form::{Form, Reply};
use crate::found::{Found, Judgement, put};
use crate::ladder::Slip;
use crate::sheet::{Sheet, with_ids};

/// One call.
#[derive(Debug, Default)]
pub struct Verify {
    asked: OneCall,
}

const TASK: &str = "\
Take the answers apart into the claims that matter for the question, at most forty, each in one sentence that can be \
true or false, and check each claim. Merge claims that say the same. Write no answer of your own.
- answers: the letters of the answers that make the claim.
- against: the letters of the answers that say the opposite.
- documents: `supported` or `contradicted` by a document that stands with the question, or `silent`.
- citations: for `supported` and `contradicted`, the passages that show it: `document` is the name of the document, \
`part` its part number or 0 without one, `quote` some of its words, exactly as they stand there.
Do not take it as support that an answer cites a document; look it up there yourself.

Reply with one JSON object and nothing else: {\"claims\": [{\"claim\": \"…\", \"answers\": [\"A\"], \"against\": [], \
\"documents\": \"supported\", \"citations\": [{\"document\": \"…\", \"part\": 0, \"quote\": \"…\"}]}]}";

impl Verify {
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
        let documents = shown(view.case);
        let claims: Vec<Claim> = reply.json["claims"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|claim| Claim::of(claim, sheet, &documents))
            .collect();
        let mut judgement = judged(view, sheet, &reply, &claims);
        let told: Vec<Value> = claims.iter().map(|claim| claim.told(sheet, view)).collect();
        put(&mut judgement.extra, "claims", &told);
        let citations = cited(view, &documents);
        if !citations.is_empty() {
            put(&mut judgement.extra, "citations", &citations);
        }
        Move::done(Found::verdict(judgement))
    }
}

/// What is known of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Truth {
    /// A document says so, in words that are there; or more answers say so than the opposite, and no document
    /// is known to speak.
    Supported,
    /// The opposite.
    Contradicted,
    /// Neither.
    Open,
}

struct Claim<'a> {
    said: &'a Value,
    /// Canonical numbers of the answers that make it.
    by: Vec<usize>,
    against: Vec<usize>,
    citations: Vec<Citation>,
    truth: Truth,
}

impl<'a> Claim<'a> {
    fn of(said: &'a Value, sheet: &Sheet, documents: &[Shown]) -> Self {
        let numbers = |key: &str| {
            let labels = said[key].as_array().into_iter().flatten().filter_map(Value::as_str);
            let mut numbers: Vec<usize> = labels.filter_map(|label| sheet.number(label)).collect();
            numbers.sort_unstable();
            numbers.dedup();
            numbers
        };
        let citations: Vec<Citation> = said["citations"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|cited| {
                let part = cited["part"].as_u64().filter(|part| *part > 0);
                check(
                    documents,
                    cited["document"].as_str().unwrap_or_default(),
                    part,
                    cited["quote"].as_str(),
                )
            })
            .collect();
        let (by, against) = (numbers("answers"), numbers("against"));
        let against: Vec<usize> = against.into_iter().filter(|number| !by.contains(number)).collect();
        let quoted = citations.iter().any(|citation| citation.found == Standing::Quoted);
        let truth = match said["documents"].as_str() {
            Some("supported") if quoted => Truth::Supported,
            Some("contradicted") if quoted => Truth::Contradicted,
            _ if by.len() > against.len() && by.len() > 1 => Truth::Supported,
            _ if against.len() > by.len() => Truth::Contradicted,
            _ => Truth::Open,
        };
        Self { said, by, against, citations, truth }
    }

    fn told(&self, sheet: &Sheet, view: &View<'_>) -> Value {
        let mut told = with_ids(self.said, sheet, view);
        told["citations"] = json!(self.citations);
        told["against"] = self.against.iter().map(|number| view.at(*number).id.as_str()).collect();
        let proven = self.citations.iter().any(|citation| citation.found == Standing::Quoted);
        let claimed = self.said["documents"] != "silent";
        // What a model says of a document counts only with words that stand there.
        told["documents"] =
            if claimed && !proven { "unproven".into() } else { self.said["documents"].clone() };
        told["standing"] = match self.truth {
            Truth::Supported => "supported",
            Truth::Contradicted => "contradicted",
            Truth::Open => "open",
        }
        .into();
        told
    }
}

/// Scores each answer: supported claims less contradicted ones, of all that it makes; -1 to 1.
fn judged(view: &View<'_>, sheet: &Sheet, reply: &Reply, claims: &[Claim<'_>]) -> Judgement {
    let scores: Vec<f64> = (0..view.len())
        .map(|number| {
            let own: Vec<&Claim<'_>> = claims.iter().filter(|claim| claim.by.contains(&number)).collect();
            let count = |truth| own.iter().filter(|claim| claim.truth == truth).count() as f64;
            let balance = count(Truth::Supported) - count(Truth::Contradicted);
            if own.is_empty() { 0.0 } else { balance / own.len() as f64 }
        })
        .collect();
    let mut judgement = Judgement::by_scores("verify", &scores);
    // Nobody judges their own answer: a judge from the panel counts claims, and its own answer is not placed.
    let is_own = |number: usize| view.at(number).target == reply.target;
    judgement.ranking.retain(|(number, _)| !is_own(*number));
    if judgement.winner.is_some_and(is_own) {
        (judgement.winner, judgement.margin) = (None, None);
    }
    let mut said = Map::new();
    let count = |truth| claims.iter().filter(|claim| claim.truth == truth).count();
    said.insert("claims".into(), claims.len().into());
    said.insert("supported".into(), count(Truth::Supported).into());
    said.insert("contradicted".into(), count(Truth::Contradicted).into());
    let opposed = claims.iter().filter(|claim| !claim.against.is_empty()).count();
    said.insert("opposed".into(), opposed.into());
    judgement.judges = vec![sitting(view, sheet, &reply.target, 0, Ok(said))];
    judgement
}

/// The files that the answers name, where there were documents.
fn cited(view: &View<'_>, documents: &[Shown]) -> Vec<Value> {
    if documents.is_empty() {
        return Vec::new();
    }
    let answers = view.case.candidates.iter();
    let cited = answers.flat_map(|candidate| {
        named(documents, &candidate.text).into_iter().map(|citation| {
            let mut told = json!({"answer": candidate.id});
            if let (Value::Object(told), Value::Object(citation)) = (&mut told, json!(citation)) {
                told.extend(citation);
            }
            told
        })
    });
    cited.collect()
}

fn form(labels: &[String]) -> Form {
    let text = json!({"type": "string"});
    let letters = json!({"type": "array", "items": {"type": "string", "enum": labels}});
    let citation = json!({
        "type": "object",
        "properties": {"document": text, "part": {"type": "integer", "minimum": 0}, "quote": text},
        "required": ["document", "quote"]
    });
    Form::json(json!({
        "type": "object",
        "properties": {"claims": {"type": "array", "maxItems": 200, "items": {
            "type": "object",
            "properties": {
                "claim": text,
                "answers": letters,
                "against": letters,
                "documents": {"type": "string", "enum": ["supported", "contradicted", "silent"]},
                "citations": {"type": "array", "items": citation}
            },
            "required": ["claim", "answers", "against", "documents", "citations"]
        }}},
        "required": ["claims"]
    }))
}
