//! What is being written, before it is whole.

use ultra_provider::dispatch::Ticket;

use crate::candidate::Case;

/// What there is of a text that will be a result.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draft<'a> {
    /// Number of the prompt.
    pub(crate) number: u64,
    /// Its result would come out next.
    pub(crate) is_next: bool,
    pub(crate) case: &'a Case,
    pub(crate) call: Ticket,
    pub(crate) request_id: &'a str,
    pub(crate) target: &'a str,
    pub(crate) sample: u32,
    /// Number of the attempt, from 1.
    pub(crate) attempt: u32,
    /// All of it.
    pub(crate) text: &'a str,
    /// What came last.
    pub(crate) piece: &'a str,
}

/// What a call has said so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    pub(crate) request_id: String,
    pub(crate) attempt: u32,
    pub(crate) text: String,
    last: usize,
}

impl Said {
    /// Nothing yet.
    pub(crate) fn nothing(request_id: &str) -> Self {
        Self { request_id: request_id.to_owned(), ..Self::default() }
    }

    /// Takes a piece in. What earlier attempts said is void.
    pub(crate) fn take(&mut self, attempt: u32, piece: &str) {
        if attempt != self.attempt {
            self.attempt = attempt;
            self.text.clear();
        }
        self.last = self.text.len();
        self.text.push_str(piece);
    }

    /// What came last.
    pub(crate) fn piece(&self) -> &str {
        &self.text[self.last..]
    }
}
