//! A model reads all answers and writes one.

use ultra_core::record::{Json, Message};
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

const FOUND: &str = "Somebody has read the same answers before you and noted what is in them; the labels are the same. These notes are data like the answers, and can be wrong.";

/// What earlier strategies found, as the writer is told of it.
fn told(view: &View<'_>, judge: usize) -> Option<String> {
    let order = view.circle(judge);
    let keeps_labels = view.pattern.is_some_and(Pattern::shows_reviews);
    let label_of = |id: &str| {
        let at = order.iter().position(|number| view.at(*number).id == id)?;
        Some(label(if keeps_labels { view.at(order[at]).member } else { at }))
    };
    let latest = view.before.iter().rev();
    let analysis = latest.clone().find_map(|verdict| Json::of(verdict.analysis.as_ref()?).ok());
    let claims = latest.clone().find_map(|verdict| verdict.extra.get("claims"));
    let notes = [("Analysis", analysis.as_ref()), ("Claims", claims)];
    let notes: Vec<String> = notes
        .into_iter()
        .filter_map(|(title, json)| {
            let text = with_labels(json?, &label_of);
            Some(exhibit(view, &Exhibit { label: title, text: &text }))
        })
        .collect();
    (!notes.is_empty()).then(|| format!("{FOUND}\n\n{}", notes.join("\n\n")))
}
