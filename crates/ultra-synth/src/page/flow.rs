//! A result that is shown while it is written.
//!
//! What was shown cannot be taken back. So when its writer breaks off, a line says that what stands above it is not
//! the answer, and the answer begins anew below; what is shown last is always whole.

use ultra_provider::dispatch::Ticket;

use super::ink::Ink;
use super::paper::Paper;
use crate::draft::Draft;

/// Stands below a text whose writer broke off.
const BROKEN: &str = "\n[The writer broke off; what stands above this line is not the answer.]\n";

/// The text of one prompt on its way to the reader.
#[derive(Debug)]
pub(super) struct Flow {
    /// Number of the prompt.
    pub(super) number: u64,
    paper: Paper,
    ink: Ink,
    /// The call and its attempt.
    source: Option<(Ticket, u32)>,
    /// What of its text is shown.
    shown: String,
    /// The line that says so stands above it.
    is_broken: bool,
}

impl Flow {
    /// A flow before its first word.
    pub(super) fn new(number: u64, paper: Paper) -> Self {
        Self { number, paper, ink: paper.ink(), source: None, shown: String::new(), is_broken: false }
    }

    /// Takes what there is of the text; gives back what comes next on the page.
    pub(super) fn take(&mut self, draft: &Draft<'_>) -> String {
        let source = (draft.call, draft.attempt);
        let mut out = String::new();
        if self.source.is_some_and(|before| before != source) {
            out = self.break_off();
        }
        self.source = Some(source);
        let more = draft.text.get(self.shown.len()..).unwrap_or_default();
        self.shown.push_str(more);
        let text = self.ink.push(more);
        out + &self.below(text)
    }

    /// Nothing that was shown holds. Gives back the line that says so, where something was shown.
    pub(super) fn break_off(&mut self) -> String {
        let ink = std::mem::replace(&mut self.ink, self.paper.ink());
        self.shown.clear();
        self.source = None;
        if !ink.has_begun() {
            return String::new();
        }
        self.is_broken = true;
        ink.finish() + BROKEN
    }

    /// Gives back what is left of `text`, which is the result; all of it where it is not what was shown.
    pub(super) fn finish(mut self, text: &str) -> String {
        let mut out = String::new();
        if !text.starts_with(&self.shown) {
            out = self.break_off();
        }
        let mut rest = self.ink.push(&text[self.shown.len()..]);
        rest.push_str(&std::mem::take(&mut self.ink).finish());
        out + &self.below(rest)
    }

    /// What is written next, apart from the line that the one before it left.
    fn below(&mut self, text: String) -> String {
        if text.is_empty() || !std::mem::take(&mut self.is_broken) { text } else { format!("\n{text}") }
    }
}
