//! Sends every request of a stream to all its targets and writes what comes back: `ultra-fanout`.
//!
//! Each request ends in exactly one terminal record, a `response` or an `error`, for each target and sample,
//! whatever fails. Lines that are not requests pass byte for byte; a request passes on with `pending: []`,
//! before its answers, so that nobody further down asks again.
//!
//! A plain thread reads (`reader`); the tool's own thread decides, keeps the order and writes (`run`);
//! the dispatcher of ultra-provider makes the calls. Input is read only while there is room for what it asks.
//!
//! # Order
//!
//! In the order of the input, answers stand behind their request by target and sample, whenever they came, and
//! a run with simulated models gives the same bytes for any concurrency as long as no deadline ends a call. In
//! the order of arrival a request is written when it is read, and simulated time passes while the input is
//! idle, so there the order of records also depends on who writes the input.
//!
//! # Who asks a prompt
//!
//! Objects without `type`, lines of a batch file and plain text are asked as they come. A `prompt` record may
//! be there because `ultra-pattern` has already made requests of it, which follow it directly. So it is asked
//! only when targets are given with `-m`, and only once the next prompt or request, or the end of the input,
//! shows that its own request does not follow. Nothing is paid twice.

mod args;
mod calls;
mod decided;
mod job;
mod json;
mod keys;
mod panel;
mod preview;
mod progress;
mod quantiles;
mod quorum;
mod reader;
mod request;
mod run;
mod seen;
mod setup;
mod summary;
mod tally;
#[cfg(test)]
mod tests;
mod tool;

pub use args::{Budget, Durability, Effort, FanoutArgs, Keeping, Limits, Scope, Voting};
pub use preview::{CallRecord, EstimateRecord, PriceOf, Sent};
pub use quorum::Quorum;
pub use summary::{Cost, Latency, Percentiles, Retries, RunSummary, Target, Tokens, Totals};
pub use tool::Fanout;
