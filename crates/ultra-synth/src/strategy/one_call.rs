//! One call to one judge about one sheet: what several strategies are made of.

use ultra_core::kind::ErrorKind;

use super::{Ask, By, Move, View};
use crate::form::{Form, Reply};
use crate::ladder::Slip;
use crate::sheet::Sheet;

/// The sheet that the judge was given.
#[derive(Debug, Default)]
pub(super) struct OneCall {
    sheet: Option<Sheet>,
}

impl OneCall {
    /// Asks the judge called `name` to do `task` with the answers on `sheet`.
    pub(super) fn ask(&mut self, view: &View<'_>, name: &str, sheet: Sheet, task: &str, form: Form) -> Move {
        let messages = sheet.messages(view, &[], task);
        self.sheet = Some(sheet);
        Move::Ask(vec![Ask { slot: 0, target: name.to_owned(), sample: 0, messages, form, is_result: false }])
    }

    /// The reply, and the sheet that it is about.
    pub(super) fn heard(&self, reply: Result<Reply, Slip>) -> Result<(Reply, &Sheet), Slip> {
        let unasked = || Slip::of(ErrorKind::Internal, "nobody was asked");
        Ok((reply?, self.sheet.as_ref().ok_or_else(unasked)?))
    }
}

impl<'a> By<'a> {
    /// The judge whose turn it is: its number and its name.
    pub(super) fn judge(self) -> Result<(usize, &'a str), Slip> {
        match self {
            By::Judge { number, name } => Ok((number, name)),
            By::Members => Err(Slip::of(ErrorKind::Internal, "this strategy asks a judge, not the members")),
        }
    }
}
