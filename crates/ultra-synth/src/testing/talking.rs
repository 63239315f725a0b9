//! Models that write piece by piece.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use ultra_core::tool::Context;
use ultra_provider::mock::Mock;
use ultra_provider::{Call, Calling, Provider, Watch};

use super::{Ran, Said, Sink, run_with, says};

/// Runs with models that write piece by piece. Gives what could be read each time before one of them ended.
pub(crate) fn run_talking(
    context: &Context,
    arguments: &[&str],
    records: &[Value],
    script: impl Fn(&Call, usize) -> Talk + Send + Sync + 'static,
) -> (Ran, Vec<String>) {
    let sink = Sink::default();
    let talking =
        Talking { script: Arc::new(script), sink: sink.clone(), calls: Arc::default(), seen: Arc::default() };
    let ran = run_with(context, arguments, records, &sink, &talking);
    let seen = talking.seen.lock().expect("is whole").clone();
    (ran, seen)
}

/// How often it is looked whether something can be read that should be, and where nothing should.
const PATIENCE: u32 = 10_000;
const WHILE: u32 = 20;

/// What a model writes, and how it ends.
pub(crate) struct Talk {
    /// The pieces, where they are wanted.
    pub(crate) pieces: Vec<String>,
    /// What a person can read before it ends; without it, it ends after a while.
    pub(crate) until: Option<&'static str>,
    pub(crate) said: Said,
}

impl Talk {
    /// Writes `text` in pieces of so many characters.
    pub(crate) fn of(text: &str, size: usize) -> Self {
        Self { pieces: pieces(text, size), until: None, said: Ok(says(text)) }
    }

    /// The same, and it ends when a person can read this.
    pub(crate) fn until(self, read: &'static str) -> Self {
        Self { until: Some(read), ..self }
    }

    /// Writes `text`, and then the call fails in this way.
    pub(crate) fn breaking(text: &str, call: &Call, kind: &str) -> Self {
        let mock = Mock::new("down", &format!("fail=1&kind={kind}"), 0).expect("is a model");
        let error = mock.attempt(call, 1).result.expect_err("fails");
        Self { said: Err(Box::new(error)), ..Self::of(text, 5) }
    }
}

pub(crate) fn pieces(text: &str, size: usize) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    chars.chunks(size).map(|piece| piece.iter().collect()).collect()
}

/// What models write when they are called for the nth time, from 0.
type Talks = dyn Fn(&Call, usize) -> Talk + Send + Sync;

/// Writes piece by piece, and reads what a person could read when all of it is written.
#[derive(Clone)]
struct Talking {
    script: Arc<Talks>,
    sink: Sink,
    calls: Arc<Mutex<usize>>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl std::fmt::Debug for Talking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Talking")
    }
}

impl Provider for Talking {
    fn call<'a>(&'a self, call: &'a Call, watch: &'a dyn Watch) -> Calling<'a> {
        let number = {
            let mut calls = self.calls.lock().expect("is whole");
            *calls += 1;
            *calls - 1
        };
        let Talk { pieces, until, said } = (self.script)(call, number);
        let mut looks = if until.is_some() { PATIENCE } else { WHILE };
        Box::pin(async move {
            if watch.wants_stream() {
                for piece in &pieces {
                    watch.text(piece);
                }
            }
            std::future::poll_fn(|context| {
                std::thread::sleep(std::time::Duration::from_millis(1));
                looks = looks.saturating_sub(1);
                context.waker().wake_by_ref();
                let is_read = until.is_some_and(|until| self.sink.text().contains(until));
                if is_read || looks == 0 { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
            })
            .await;
            self.seen.lock().expect("is whole").push(self.sink.text());
            said.map_err(|error| *error)
        })
    }
}
