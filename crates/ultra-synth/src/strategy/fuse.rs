//! A model reads all answers and writes one.

use ultra_core::kind::ErrorKind;

use super::{Ask, By, Move, View};
use crate::brief::{Style, brief};
use crate::form::{Form, Reply};
use crate::found::{Found, Given};
use crate::ladder::Slip;

/// One call.
#[derive(Debug, Default)]
pub struct Fuse {
    shortened: Vec<String>,
}

impl Fuse {
    pub(super) fn begin(&mut self, view: &View<'_>, by: By<'_>) -> Move {
        let By::Judge { number, name } = by else {
            return Move::Failed(Slip::of(ErrorKind::Internal, "members do not fuse"));
        };
        let style =
            Style { pattern: view.pattern, seed: view.plan.seed, judge: number, limit: view.plan.limit };
        let written = match brief(view.case, &style) {
            Err(fault) if style.pattern.is_some() => {
                tracing::warn!("{fault}; the built-in instruction is used");
                brief(view.case, &Style { pattern: None, ..style })
            }
            written => written,
        };
        match written {
            Ok(brief) => {
                self.shortened = brief.shortened;
                Move::Ask(vec![Ask {
                    slot: 0,
                    target: name.to_owned(),
                    sample: 0,
                    messages: brief.messages,
                    form: Form::of_panel(view.case),
                }])
            }
            Err(fault) => Move::Failed(Slip::of(fault.kind, fault.to_string())),
        }
    }

    pub(super) fn hear(&mut self, view: &View<'_>, _: usize, reply: Result<Reply, Slip>) -> Move {
        match reply {
            Ok(Reply { text, target, mock, .. }) => {
                let from = (0..view.len()).collect();
                Move::done(Found::given(Given::Written { text, target, mock, from }))
            }
            Err(slip) => Move::Failed(slip),
        }
    }

    pub(super) fn shortened(&self) -> &[String] {
        &self.shortened
    }
}
