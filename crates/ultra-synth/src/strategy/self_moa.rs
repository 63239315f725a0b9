//! A model writes from a window of answers, then from what it wrote and the next ones, until all are used. Meant for
//! many samples of one model, which then also writes.

use std::collections::BTreeSet;

use ultra_core::kind::ErrorKind;

use super::{Ask, By, Move, View};
use crate::form::{Form, Reply};
use crate::found::{Found, Given};
use crate::ladder::Slip;
use crate::sheet::written;

/// One call for each window.
#[derive(Debug, Default)]
pub struct SelfMoa {
    judge: String,
    /// Canonical numbers in the order in which they are used.
    order: Vec<usize>,
    /// How many are used up by what is written.
    used: usize,
    /// How many the call under way will have used up.
    next: usize,
    draft: Option<(String, String, bool)>,
}

const TASK: &str = "\
Write the one answer that the person who asked should read. Judge every statement by its reasons and evidence; that \
several answers agree is a hint and no proof, and the one that stands alone can be right. Check figures and steps \
yourself, leave out what is wrong or unsupported, and keep whatever only one of them has and is sound. Do not merely \
repeat or line up the answers. Keep to any form that the question demands, and do not speak of the answers, their \
authors or their labels.";

impl SelfMoa {
    pub(super) fn begin(&mut self, view: &View<'_>, by: By<'_>) -> Move {
        self.judge = match by {
            By::Judge { name, .. } => name.to_owned(),
            By::Members => {
                let targets: BTreeSet<&str> =
                    view.case.candidates.iter().map(|candidate| candidate.target.as_str()).collect();
                let mut targets = targets.into_iter();
                let (Some(only), None) = (targets.next(), targets.next()) else {
                    let message = "the answers are not all of one model; name the writer with --ultra";
                    return Move::failed(Slip::of(ErrorKind::NoInputs, message));
                };
                only.to_owned()
            }
        };
        if self.order.is_empty() {
            self.order = view.circle(0);
        }
        self.write(view)
    }

    fn write(&mut self, view: &View<'_>) -> Move {
        let fresh = view.plan.window - usize::from(self.draft.is_some());
        self.next = self.order.len().min(self.used + fresh);
        let draft = self.draft.iter().map(|(text, ..)| text.as_str());
        let window = self.order[self.used..self.next].iter().map(|number| view.at(*number).text.as_str());
        let texts: Vec<&str> = draft.chain(window).collect();
        let messages = written(view, &texts, &[], &view.task(TASK));
        let form = Form::of_panel(view.case);
        let is_result = self.next == self.order.len() && form.schema.is_none();
        Move::Ask(vec![Ask { slot: 0, target: self.judge.clone(), sample: 0, messages, form, is_result }])
    }

    pub(super) fn hear(&mut self, view: &View<'_>, _: usize, reply: Result<Reply, Slip>) -> Move {
        match reply {
            Ok(Reply { text, target, mock, .. }) => {
                self.used = self.next;
                self.draft = Some((text, target, mock));
                if self.used < self.order.len() {
                    return self.write(view);
                }
                self.salvage(view).map_or_else(
                    || Move::failed(Slip::of(ErrorKind::Internal, "nothing is written")),
                    Move::done,
                )
            }
            Err(slip) => Move::failed(slip),
        }
    }

    pub(super) fn salvage(&self, _: &View<'_>) -> Option<Found> {
        let (text, target, mock) = self.draft.clone()?;
        let from = self.order[..self.used].to_vec();
        Some(Found::given(Given::Written { text, target, mock, from }))
    }
}
