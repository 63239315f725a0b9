//! What attempts tell while they are in flight: the first byte, pieces of text, the limits in the headers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ultra_pace::{AttemptId, Limit, Source};

use super::DispatchConfig;
use super::bell::Bell;
use crate::call::{RateLimits, Watch};

/// What was told.
#[derive(Debug)]
pub(super) enum Heard {
    FirstByte,
    Text(String),
    Limit(Limit),
}

/// What was told and not yet heard, and what is worth telling.
#[derive(Debug)]
struct Ear {
    /// Whether there is something, to be asked often.
    some: AtomicBool,
    told: Mutex<Told>,
    bell: Bell,
    stream: bool,
    first_bytes: bool,
}

/// What was told, the oldest first.
///
/// While nobody listens, the pieces of an attempt become one: so what waits is no more than the texts themselves,
/// each of which its attempt holds anyway.
#[derive(Debug, Default)]
struct Told {
    /// Of a text the place in the order, without the text.
    order: VecDeque<(AttemptId, Heard)>,
    texts: BTreeMap<AttemptId, String>,
}

/// Listens to all attempts in flight.
#[derive(Debug)]
pub(super) struct Hearing(Arc<Ear>);

/// What one attempt tells to.
#[derive(Debug)]
pub(super) struct Teller {
    attempt: AttemptId,
    ear: Arc<Ear>,
}

impl Hearing {
    /// Asks for pieces of text when answers are streamed, and for first bytes when they matter.
    pub(super) fn new(config: &DispatchConfig, bell: Bell) -> Self {
        Self(Arc::new(Ear {
            some: AtomicBool::new(false),
            told: Mutex::default(),
            bell,
            stream: config.stream,
            first_bytes: config.hedge,
        }))
    }

    pub(super) fn teller(&self, attempt: AttemptId) -> Teller {
        Teller { attempt, ear: Arc::clone(&self.0) }
    }

    pub(super) fn say(&self, attempt: AttemptId, heard: Heard) {
        self.0.push(attempt, heard);
    }

    /// Whether something was told.
    pub(super) fn is_something(&self) -> bool {
        self.0.some.load(Ordering::Acquire)
    }

    pub(super) fn take(&self) -> Option<(AttemptId, Heard)> {
        if !self.is_something() {
            return None;
        }
        let mut told = self.0.lock();
        let next = told.take();
        self.0.some.store(!told.order.is_empty(), Ordering::Release);
        next
    }
}

impl Told {
    fn push(&mut self, attempt: AttemptId, heard: Heard) {
        let Heard::Text(piece) = heard else { return self.order.push_back((attempt, heard)) };
        if let Some(text) = self.texts.get_mut(&attempt) {
            text.push_str(&piece);
        } else {
            self.texts.insert(attempt, piece);
            self.order.push_back((attempt, Heard::Text(String::new())));
        }
    }

    fn take(&mut self) -> Option<(AttemptId, Heard)> {
        let (attempt, heard) = self.order.pop_front()?;
        Some(match heard {
            Heard::Text(_) => (attempt, Heard::Text(self.texts.remove(&attempt).unwrap_or_default())),
            heard => (attempt, heard),
        })
    }
}

impl Ear {
    fn push(&self, attempt: AttemptId, heard: Heard) {
        let mut told = self.lock();
        told.push(attempt, heard);
        self.some.store(true, Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Teller {
    fn tell(&self, heard: Heard) {
        self.ear.push(self.attempt, heard);
        self.ear.bell.ring();
    }
}

impl Watch for Teller {
    fn first_byte(&self) {
        if self.ear.first_bytes {
            self.tell(Heard::FirstByte);
        }
    }

    fn text(&self, piece: &str) {
        self.tell(Heard::Text(piece.to_owned()));
    }

    fn limits(&self, limits: &RateLimits) {
        let (requests_per_s, tokens_per_s) = (limits.requests_per_s, limits.tokens_per_s);
        if requests_per_s.is_some() || tokens_per_s.is_some() {
            let limit = Limit { requests_per_s, tokens_per_s, source: Source::Server };
            self.tell(Heard::Limit(limit));
        }
    }

    fn wants_stream(&self) -> bool {
        self.ear.stream
    }
}

#[cfg(test)]
mod tests {
    use ultra_pace::CallId;

    use super::{AttemptId, Heard, Told};

    #[test]
    fn pieces_that_wait_become_one_in_their_order() {
        let [one, other] = [1, 2].map(|call| AttemptId { call: CallId(call), n: 1 });
        let mut told = Told::default();
        told.push(one, Heard::FirstByte);
        for piece in ["a", "b", "c"] {
            told.push(one, Heard::Text(piece.to_owned()));
            told.push(other, Heard::Text(piece.to_uppercase()));
        }
        let mut heard = std::iter::from_fn(|| told.take()).map(|(attempt, heard)| match heard {
            Heard::Text(text) => (attempt, text),
            _ => (attempt, "first byte".to_owned()),
        });
        assert_eq!(heard.next(), Some((one, "first byte".to_owned())));
        assert_eq!(heard.next(), Some((one, "abc".to_owned())));
        assert_eq!(heard.next(), Some((other, "ABC".to_owned())));
        assert_eq!(heard.next(), None);
        told.push(one, Heard::Text("d".to_owned()));
        assert!(
            matches!(told.take(), Some((_, Heard::Text(text))) if text == "d"),
            "what was heard is not said again"
        );
    }
}
