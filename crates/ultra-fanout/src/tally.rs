//! What a run did, counted: for the line at the end, the table, the file of `--summary` and the metrics.
//!
//! Two things are counted apart, because they are not the same. *Calls* cost money: [`Tally::call`] takes
//! every call that was submitted to the dispatcher when it is over, whatever becomes of it. *Records* are what
//! the user gets: [`Tally::answered`] and [`Tally::failed`] take every terminal record, also those that cost
//! nothing here because they come from the store, the journal or an identical call. An answer that is of no
//! use, such as one that is not the JSON that was asked for, is a call with tokens and an error record. Where
//! another target stands in, the record counts for the one that the request names, and the call for the other.
//!
//! # What the numbers of a bill mean
//!
//! - `calls`: attempts launched by this run, retries and hedges included. `calls - unreached` is the number of
//!   requests that the servers have received, or were about to receive when their connection broke.
//! - `tokens`: the sum over all complete answers that arrived, empty ones included, as the providers counted them.
//!   What a server spent on an attempt whose answer did not arrive, only the server knows.
//! - `possibly_paid`: the number of such attempts, sent, without an answer, and not known to be free.

mod numbers;
mod prometheus;
mod table;
mod text;

use std::collections::BTreeMap;
use std::path::Path;

use ultra_core::failure::Failure;
use ultra_core::metrics::Metrics;
use ultra_core::record::{ErrorRecord, Response};
use ultra_provider::dispatch::{Counts, Finished};

pub(crate) use self::numbers::Numbers;
pub(crate) use self::table::{Align, Table, padded, shortened, visible, width};
pub(crate) use self::text::short;
use crate::calls::Source;
use crate::summary::RunSummary;

/// The counters of a run.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Requests that were read or made.
    seen: u64,
    /// Requests with calls that were made here.
    requests: u64,
    /// Prompts and requests that name nobody to ask.
    unaddressed: u64,
    /// Terminal records that these requests ask for.
    asked: u64,
    targets: BTreeMap<String, Numbers>,
}

impl Tally {
    /// A request that asks for so many terminal records.
    pub(crate) fn request(&mut self, calls: usize) {
        self.seen += 1;
        self.requests += u64::from(calls > 0);
        self.asked += calls as u64;
    }

    /// A prompt or a request that names nobody to ask; true for the first.
    pub(crate) fn unaddressed(&mut self) -> bool {
        self.unaddressed += 1;
        self.unaddressed == 1
    }

    /// A call is over that was submitted to the dispatcher: what it took, whatever becomes of its answer.
    /// The cost has to be in the answer by now.
    pub(crate) fn call(&mut self, done: &Finished) {
        self.at(&done.call.target, |at| {
            at.calls += u64::from(done.attempts);
            at.possibly_paid += u64::from(done.possibly_paid);
            for wasted in &done.wasted {
                at.spent(wasted.usage.as_ref(), wasted.cost_usd, false);
            }
            if let Ok(answer) = &done.result {
                at.answer(answer, done.timing.as_ref());
            }
        });
    }

    /// So many of the attempts at `target` never reached it: no name, no connection, no handshake.
    pub(crate) fn unreached(&mut self, target: &str, attempts: u64) {
        self.at(target, |at| at.unreached += attempts);
    }

    /// An answer as it is written, at the target that its request names; somebody else may have stood in.
    pub(crate) fn answered(&mut self, response: &Response, source: Source) {
        self.at(&response.target, |at| {
            at.responses += 1;
            at.from(source);
        });
    }

    /// An error in place of an answer, as it is written; true for the first of its kind at its target.
    pub(crate) fn failed(&mut self, error: &ErrorRecord, source: Source) -> bool {
        self.at(error.target.as_deref().unwrap_or_default(), |at| {
            at.from(source);
            let times = at.errors.entry(error.kind).or_default();
            *times += 1;
            *times == 1
        })
    }

    /// A call that nobody needed, which is no failure.
    pub(crate) fn unasked(&mut self, error: &ErrorRecord) {
        self.at(error.target.as_deref().unwrap_or_default(), |at| at.from(Source::Unasked));
    }

    /// Requests seen so far, those included that ask nothing here.
    pub(crate) fn seen(&self) -> u64 {
        self.seen
    }

    /// Prompts and requests so far that name nobody to ask.
    pub(crate) fn nobody(&self) -> u64 {
        self.unaddressed
    }

    /// Whether something was asked and nothing was answered.
    pub(crate) fn is_nothing(&self) -> bool {
        let asked = self.asked > 0 || (self.unaddressed > 0 && self.seen == 0);
        asked && self.targets.values().all(|at| at.responses == 0)
    }

    /// One line for everybody.
    pub(crate) fn line(&self, counts: Counts) -> String {
        text::line(self.requests, &self.total(counts), counts)
    }

    /// The line, and for those who want to know more a table below it with a row for each target, in at most
    /// 80 columns.
    pub(crate) fn report(&self, counts: Counts, verbose: bool) -> String {
        let line = self.line(counts);
        if !verbose || self.targets.is_empty() {
            return line;
        }
        format!("{line}\n{}", text::table(&self.targets, &self.total(counts)).trim_end())
    }

    /// Everything, as the object of `--summary`.
    pub(crate) fn summary(&self, counts: Counts) -> RunSummary {
        RunSummary::new(self.requests, &self.targets, &self.total(counts), counts)
    }

    /// Writes the file of `--summary`.
    ///
    /// # Errors
    /// When it cannot be written beside its final place and moved there.
    pub(crate) fn write_summary(&self, file: &Path, counts: Counts) -> Result<(), Failure> {
        self.summary(counts).write(file)
    }

    /// Adds everything to the metrics.
    pub(crate) fn count(&self, metrics: &Metrics, counts: Counts) {
        prometheus::count(metrics, self.requests, &self.targets, counts);
    }

    /// The numbers of all targets together, and of calls that were not over when the run was.
    fn total(&self, counts: Counts) -> Numbers {
        let mut total = Numbers::default();
        self.targets.values().for_each(|at| total.merge(at));
        total.unfinished = counts.attempts.saturating_sub(total.calls);
        total.calls += total.unfinished;
        total.possibly_paid = total.possibly_paid.max(counts.possibly_paid);
        total
    }

    fn at<T>(&mut self, target: &str, count: impl FnOnce(&mut Numbers) -> T) -> T {
        // Looked for before its name is owned: this is done for every call.
        match self.targets.get_mut(target) {
            Some(at) => count(at),
            None => count(self.targets.entry(target.to_owned()).or_default()),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
