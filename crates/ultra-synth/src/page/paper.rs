//! What a result is written on: a form, its width, and how much is shown.

use super::format::Format;
use super::forms;
use super::ink::Ink;
use super::sheet::Sheet;
use crate::args::Show;

/// The paper of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paper {
    pub(super) format: Format,
    /// `Text` or `All`.
    pub(super) show: Show,
    pub(super) width: usize,
    pub(super) for_terminal: bool,
}

impl Paper {
    /// A sheet as a whole.
    pub(super) fn whole(&self, sheet: &Sheet<'_>) -> String {
        match self.format {
            Format::Json => forms::json(sheet, self.show),
            Format::Html => forms::html(sheet, self.show),
            Format::Text | Format::Md => {
                let mut ink = self.ink();
                let text = ink.push(&sheet.text);
                [self.head(sheet), text, ink.finish(), self.tail(sheet)].concat()
            }
        }
    }

    /// Whether a text can be shown on it before it is whole.
    pub(super) fn can_flow(&self) -> bool {
        matches!(self.format, Format::Text | Format::Md)
    }

    /// What stands before a text that flows.
    pub(super) fn head(&self, sheet: &Sheet<'_>) -> String {
        match self.format {
            Format::Text => forms::text_head(sheet, self.show, self.width),
            _ => forms::md_head(sheet, self.show, self.for_terminal),
        }
    }

    /// What becomes of a text that flows.
    pub(super) fn ink(&self) -> Ink {
        match self.format {
            Format::Text => forms::text(self.show, self.width),
            _ => forms::md(self.for_terminal),
        }
    }

    /// What stands behind a text that flows.
    pub(super) fn tail(&self, sheet: &Sheet<'_>) -> String {
        match self.format {
            Format::Text => forms::text_tail(sheet, self.show, self.width),
            _ => String::new(),
        }
    }
}
