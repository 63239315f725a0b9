//! What became of a call, and what else can happen.

use std::rc::Rc;

use ultra_core::record::{ErrorRecord, Timing};
use ultra_core::shutdown::Why;

use crate::call::{Answer, Call, CallError};

/// Names a submitted call; later calls have larger tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// A call that is over.
#[derive(Debug, Clone)]
pub struct Finished {
    /// What [`Dispatcher::submit`](super::Dispatcher::submit) gave.
    pub ticket: Ticket,
    /// What was asked.
    pub call: Rc<Call>,
    /// The answer, or why there is none.
    pub result: Result<Answer, CallError>,
    /// Attempts that were made.
    pub attempts: u32,
    /// Attempts among them that gave nothing and may have been billed.
    pub possibly_paid: u32,
    /// How long it took; `None` where time is simulated.
    pub timing: Option<Timing>,
}

impl Finished {
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
    /// The feed has this.
    Fed(T),
    /// The feed will never have anything again.
    Closed,
    /// The run is told to stop; said once. What is unfinished still ends, as cancelled or better.
    Stop(Why),
    /// No call is open, and there is no feed to wait for.
    Idle,
}
