//! What became of a call, and what else can happen.

use std::sync::Arc;

use ultra_core::record::{ErrorRecord, Object, Response, Timing};
use ultra_core::shutdown::Why;

use crate::call::{Answer, Call, CallError, Wasted};

/// Names a submitted call; later calls have larger tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// A call that is over.
#[derive(Debug, Clone)]
pub struct Finished {
    /// What [`Dispatcher::submit`](super::Dispatcher::submit) gave.
    pub ticket: Ticket,
    /// What was asked.
    pub call: Arc<Call>,
    /// The answer, or why there is none.
    pub result: Result<Answer, CallError>,
    /// Attempts that were made.
    pub attempts: u32,
    /// Attempts among them that gave nothing and may have been billed.
    pub possibly_paid: u32,
    /// What those of them took whose providers told: replies without an answer.
    pub wasted: Vec<Wasted>,
    /// Attempts among them that never reached the target: no name, no connection, no handshake.
    pub unreached: u32,
    /// How long it took; `None` where time is simulated.
    pub timing: Option<Timing>,
}

impl Finished {
    /// The end of a call that was never sent.
    pub(super) fn unsent(ticket: Ticket, call: Arc<Call>, error: CallError) -> Self {
        Self {
            ticket,
            call,
            result: Err(error),
            attempts: 0,
            possibly_paid: 0,
            wasted: Vec::new(),
            unreached: 0,
            timing: None,
        }
    }

    /// The error record of a call that failed, without prompt and stage, which only the caller knows.
    pub fn error_record(&self, tool: &str) -> Option<ErrorRecord> {
        let error = self.result.as_ref().err()?;
        let mut record = error.record(tool);
        record.request_id = Some(self.call.request_id.clone());
        record.target = Some(self.call.target.clone());
        record.sample = Some(self.call.sample);
        record.attempts = Some(self.attempts);
        Some(record)
    }
}

impl Answer {
    /// The response that this answer is, without what was asked of whom, and how often.
    pub fn response(self) -> Response {
        Response {
            id: String::new(),
            request_id: String::new(),
            prompt_id: String::new(),
            target: String::new(),
            sample: 0,
            stage: String::new(),
            fallback: None,
            model: self.model,
            text: self.text,
            json: None,
            reasoning: self.reasoning,
            finish_reason: self.finish_reason,
            usage: self.usage,
            cost_usd: self.cost_usd,
            attempts: 0,
            uncertain_prior: false,
            timing: None,
            cache: None,
            mock: self.mock,
            extra: Object::default(),
        }
    }
}

impl CallError {
    /// The error record of this failure, without what was asked of whom.
    pub fn record(&self, tool: &str) -> ErrorRecord {
        let mut record = ErrorRecord::new(tool, self.kind, &self.message);
        record.status = self.status.map(u32::from);
        record.retry_after_s = self.retry_after.map(|wait| wait.as_secs_f64());
        record.provider.clone_from(&self.provider);
        record
    }
}

/// What happens next.
#[derive(Debug)]
pub enum Event<T> {
    /// A call is over.
    Finished(Box<Finished>),
    /// A piece of an answer, when answers are streamed; a later attempt of the call begins anew.
    Text {
        /// The call.
        ticket: Ticket,
        /// Number of the attempt, from 1.
        attempt: u32,
        /// The piece.
        text: String,
    },
    /// These calls are sent for the first time with the next [`Dispatcher::next`](super::Dispatcher::next),
    /// unless they are refused before.
    Launching(Vec<Ticket>),
    /// The state of a target changed.
    Note {
        /// The target.
        target: String,
        /// What happened to it, as one says it after its name.
        text: String,
        /// Whether that made it unusable for a while, or usable again.
        down: Option<bool>,
    },
    /// It is time, as [`Dispatcher::alarm`](super::Dispatcher::alarm) was asked to tell.
    Alarm(u64),
    /// The feed has this.
    Fed(T),
    /// The feed will never have anything again.
    Closed,
    /// The run is told to stop; said once. What is unfinished still ends, as cancelled or better.
    Stop(Why),
    /// No call is open, and there is no feed to wait for.
    Idle,
}
