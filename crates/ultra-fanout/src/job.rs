//! One request under way: its calls, what came of them, and how much of that is written.

use std::collections::BTreeSet;

use ultra_aggregate::vote::Count;
use ultra_core::kind::ErrorKind;
use ultra_core::record::{ErrorRecord, Pending, Request, Response};
use ultra_provider::Call;
use ultra_provider::dispatch::{Finished, Numbered};
use ultra_store::Asked;

use crate::calls::Source;
use crate::decided::{Poll, Said};
use crate::json;

/// The stage of a request that names none.
pub(crate) const ANSWER: &str = "answer";

/// Bytes that a request or a call takes beside its content.
const AROUND: u64 = 1 << 10;

/// A terminal record.
#[derive(Debug)]
pub(crate) enum Outcome {
    Response(Box<Response>),
    Error(Box<ErrorRecord>),
}

/// The requests under way, by number.
pub(crate) type Jobs = Numbered<u64, Box<Job>>;

/// A request whose calls are not all written.
#[derive(Debug)]
pub(crate) struct Job {
    /// The request as it goes out: nothing is left to be asked.
    pub(crate) request: Request,
    /// Whether the request was read, and not made here.
    pub(crate) read: bool,
    /// Its calls in the order of targets and samples, each once.
    pub(crate) calls: Vec<Pending>,
    /// Bytes that it holds.
    pub(crate) held: u64,
    /// The vote that says who is asked; without one, everybody is.
    pub(crate) poll: Option<Poll>,
    outcomes: Vec<Option<(Outcome, Source)>>,
    /// Targets that answered, each by the number of its first call.
    answered: Vec<usize>,
    /// Outcomes that are not there yet.
    missing: usize,
    /// Outcomes before this one are written.
    written: usize,
    /// Enough targets have answered.
    let_go: bool,
}

impl Job {
    /// The job of `request`, whose line had `bytes`, with `calls` that are each of their own.
    pub(crate) fn new(mut request: Request, read: bool, calls: Vec<Pending>, bytes: usize) -> Self {
        request.pending = Some(Vec::new());
        let held = (bytes as u64).saturating_add(AROUND).saturating_mul(calls.len() as u64 + 1);
        let outcomes = calls.iter().map(|_| None).collect::<Vec<_>>();
        let missing = outcomes.len();
        Self {
            request,
            read,
            calls,
            held,
            poll: None,
            outcomes,
            answered: Vec::new(),
            missing,
            written: 0,
            let_go: false,
        }
    }

    /// What is sent for call number `at`.
    pub(crate) fn call(&self, at: usize) -> Call {
        let Pending { target, sample, .. } = &self.calls[at];
        Call {
            request_id: self.request.id.clone(),
            target: target.clone(),
            sample: *sample,
            messages: self.request.messages.clone(),
            params: self.request.params.clone(),
            output_schema: self.request.output_schema.clone(),
        }
    }

    /// Who asks with call number `at`.
    pub(crate) fn asked(&self, at: usize) -> Asked<'_> {
        let Pending { target, sample, .. } = &self.calls[at];
        let Request { id, prompt_id, .. } = &self.request;
        Asked { request_id: id, prompt_id, target, sample: *sample, stage: self.stage() }
    }

    fn stage(&self) -> &str {
        self.request.stage.as_ref().map_or(ANSWER, |stage| &stage.name)
    }

    /// The terminal record of call number `at`; an answer that should be JSON and is not is an error.
    pub(crate) fn outcome(&self, tool: &str, at: usize, done: Finished) -> Outcome {
        let Finished { result, attempts, timing, .. } = done;
        let asked = self.asked(at);
        let failed = |mut error: ErrorRecord| {
            error.target = Some(asked.target.to_owned());
            error.sample = Some(asked.sample);
            error.attempts = Some(attempts);
            Outcome::Error(Box::new(self.placed(error)))
        };
        let answer = match result {
            Ok(answer) => answer,
            Err(error) => return failed(error.record(tool)),
        };
        let json = match self.request.output_schema.as_ref().map(|_| json::parse(&answer.text)).transpose() {
            Ok(json) => json,
            Err(cause) => {
                let message = format!("the answer is not JSON: {cause}");
                return failed(ErrorRecord::new(tool, ErrorKind::BadJson, message));
            }
        };
        Outcome::Response(Box::new(Response {
            id: asked.response_id(&answer.text),
            request_id: asked.request_id.to_owned(),
            prompt_id: asked.prompt_id.to_owned(),
            target: asked.target.to_owned(),
            sample: asked.sample,
            stage: asked.stage.to_owned(),
            json,
            attempts,
            timing,
            ..answer.response()
        }))
    }

    /// An error of this request, with the prompt and the stage.
    pub(crate) fn placed(&self, mut error: ErrorRecord) -> ErrorRecord {
        error.request_id.get_or_insert_with(|| self.request.id.clone());
        error.prompt_id = Some(self.request.prompt_id.clone());
        error.stage = Some(self.stage().to_owned());
        error
    }

    /// The target of call number `at`.
    pub(crate) fn target(&self, at: usize) -> &str {
        &self.calls[at].target
    }

    /// The sample of call number `at`.
    pub(crate) fn sample(&self, at: usize) -> u32 {
        self.calls[at].sample
    }

    /// The end of call number `at` when nobody waits for it, or needs it.
    pub(crate) fn cancelled(&self, tool: &str, at: usize, why: &str) -> Outcome {
        let mut error = self.placed(ErrorRecord::new(tool, ErrorKind::Cancelled, why));
        error.target = Some(self.target(at).to_owned());
        error.sample = Some(self.sample(at));
        error.attempts = Some(0);
        Outcome::Error(Box::new(error))
    }

    /// Counts what call number `at` says in the vote.
    pub(crate) fn vote(&mut self, at: usize, outcome: &Outcome, count: &Count) {
        if let Some(poll) = &mut self.poll {
            poll.ended(at, Said::of(outcome, count));
        }
    }

    /// How many targets are asked.
    pub(crate) fn targets(&self) -> usize {
        self.calls.iter().map(|call| call.target.as_str()).collect::<BTreeSet<_>>().len()
    }

    /// How many targets have answered.
    pub(crate) fn answered(&self) -> usize {
        self.answered.len()
    }

    /// Remembers that enough targets have answered.
    pub(crate) fn let_go(&mut self) {
        self.let_go = true;
    }

    /// Whether enough targets have answered.
    pub(crate) fn is_let_go(&self) -> bool {
        self.let_go
    }

    /// Whether every call has ended.
    pub(crate) fn is_settled(&self) -> bool {
        self.missing == 0
    }

    /// Takes the outcome of call number `at`.
    pub(crate) fn settle(&mut self, at: usize, outcome: Outcome, source: Source) {
        if matches!(outcome, Outcome::Response(_)) {
            let first = self.calls.iter().position(|call| call.target == self.calls[at].target).unwrap_or(at);
            if !self.answered.contains(&first) {
                self.answered.push(first);
            }
        }
        if self.outcomes[at].replace((outcome, source)).is_none() {
            self.missing -= 1;
        }
    }

    /// The next outcome in the order of the calls, once.
    pub(crate) fn next_in_order(&mut self) -> Option<(Outcome, Source)> {
        let outcome = self.outcomes.get_mut(self.written)?.take()?;
        self.written += 1;
        Some(outcome)
    }

    /// The outcome of call number `at`, in the order of arrival.
    pub(crate) fn take(&mut self, at: usize) -> Option<(Outcome, Source)> {
        let outcome = self.outcomes[at].take()?;
        self.written += 1;
        Some(outcome)
    }

    /// Whether everything is written.
    pub(crate) fn is_over(&self) -> bool {
        self.missing == 0 && self.written == self.calls.len()
    }
}

/// The calls without those that were named before.
pub(crate) fn each_once(mut calls: Vec<Pending>) -> Vec<Pending> {
    if calls.len() > 1 {
        let mut seen = BTreeSet::new();
        let first: Vec<_> = calls.iter().map(|call| seen.insert((&call.target, call.sample))).collect();
        let mut first = first.into_iter();
        calls.retain(|_| first.next().unwrap_or(true));
    }
    calls
}
