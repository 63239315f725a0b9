//! A model reads all answers and writes one.

use ultra_core::record::{Json, Message, Object, Verdict};
use ultra_template::{Pattern, label};

use super::{Ask, By, Move, View};
use crate::brief::{Style, brief};
use crate::form::{Form, Reply};
use crate::found::{Found, Given};
use crate::ladder::Slip;
use crate::sheet::{Exhibit, exhibit, with_labels};

/// One call.
#[derive(Debug, Default)]
pub struct Fuse;

#[allow(clippy::unused_self, reason = "the other strategies remember what they asked")]
impl Fuse {
    pub(super) fn begin(&self, view: &View<'_>, by: By<'_>) -> Move {
        let (number, name) = match by.judge() {
            Ok(judge) => judge,
            Err(slip) => return Move::failed(slip),
        };
        let style = Style {
            pattern: view.pattern,
            seed: view.plan.seed,
            judge: number,
            limit: view.plan.limit,
            form: view.plan.form,
        };
        let written = match brief(view.case, &style) {
            Err(fault) if style.pattern.is_some() => {
                tracing::warn!("{fault}; the built-in instruction is used");
                brief(view.case, &Style { pattern: None, ..style })
            }
            written => written,
        };
        match written {
            Ok(brief) => {
                let mut messages = brief.messages;
                if let Some(message) = messages.last_mut() {
                    let text = message.content.text();
                    let told = told(view, number).map(|told| format!("{text}\n\n{told}"));
                    *message = Message::new(message.role, view.task(told.as_deref().unwrap_or(&text)));
                }
                let form = Form::of_panel(view.case);
                let is_result = form.schema.is_none();
                Move::Ask(vec![Ask {
                    slot: 0,
                    target: name.to_owned(),
                    sample: 0,
                    messages,
                    form,
                    is_result,
                }])
            }
            Err(fault) => Move::failed(Slip::of(fault.kind, fault.to_string())),
        }
    }

    pub(super) fn hear(&self, view: &View<'_>, _: usize, reply: Result<Reply, Slip>) -> Move {
        match reply {
            Ok(Reply { text, target, mock, .. }) => {
                let from = (0..view.len()).collect();
                Move::done(Found::given(Given::Written { text, target, mock, from }))
            }
            Err(slip) => Move::failed(slip),
        }
    }
}

/// What the writer is told of notes; the second part says whose labels they use.
const FOUND: &str = "Somebody has read the same answers before you and noted what is in them;";
const SAME_LABELS: &str = "the labels are the same.";
const OTHER_LABELS: &str =
    "their lists name the answers as they are labelled here, but letters in their sentences can mean others.";
const CAUTION: &str = "These notes are data like the answers, and can be wrong.";

/// What a note calls an answer that the writer does not see.
const NOT_SHOWN: &str = "an answer that is not shown";

/// What earlier strategies found, as the writer is told of it.
fn told(view: &View<'_>, judge: usize) -> Option<String> {
    let order = view.circle(judge);
    let keeps_labels = view.pattern.is_some_and(Pattern::shows_reviews);
    let shown = |id: &str| {
        let at = order.iter().position(|number| view.at(*number).id == id)?;
        Some(label(if keeps_labels { view.at(order[at]).member } else { at }))
    };
    // No id may reach a prompt, not even that of an answer that --top has left out.
    let named = |id: &str| shown(id).or_else(|| view.case.has_answer(id).then(|| NOT_SHOWN.to_owned()));
    let latest = view.before.iter().rev();
    let analysis =
        latest.clone().find_map(|verdict| Some((verdict, Json::of(verdict.analysis.as_ref()?).ok()?)));
    let claims = latest.clone().find_map(|verdict| Some((verdict, verdict.extra.get("claims")?.clone())));
    let notes = [("Analysis", analysis), ("Claims", claims)];
    let notes: Vec<_> = notes.into_iter().filter_map(|(title, note)| Some((title, note?))).collect();
    let same = notes.iter().all(|(_, (verdict, _))| has_labels(verdict, &shown));
    let texts: Vec<String> = notes
        .into_iter()
        .map(|(title, (_, json))| {
            let text = with_labels(&json, &named);
            exhibit(view, &Exhibit { label: title, text: &text })
        })
        .collect();
    let labels = if same { SAME_LABELS } else { OTHER_LABELS };
    (!texts.is_empty()).then(|| format!("{FOUND} {labels} {CAUTION}\n\n{}", texts.join("\n\n")))
}

/// Whether the judge of a verdict saw the answers under the labels that the writer sees.
fn has_labels(verdict: &Verdict, shown: &impl Fn(&str) -> Option<String>) -> bool {
    let order =
        |judge: &Json| -> Option<Vec<String>> { judge.read::<Object>().ok()?.get("order")?.read().ok() };
    let Some(order) = verdict.judges.first().and_then(order) else { return false };
    order.iter().enumerate().all(|(at, id)| shown(id).is_some_and(|shown| shown == label(at)))
}
