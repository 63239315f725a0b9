//! The output of a run: lines in the order of the input, and the answers to a request after it.

use std::collections::VecDeque;

use ultra_core::failure::Failure;
use ultra_core::ndjson::{Fault, Output};
use ultra_core::record::{ErrorRecord, Prompt};

use crate::calls::{Seat, Source};
use crate::job::{Job, Jobs, Outcome};
use crate::seen::Seen;

/// A piece of the output that waits for its turn.
pub(super) enum Piece {
    /// Whole lines that only pass.
    Lines(Vec<u8>),
    Prompt(Box<Prompt>),
    Error(Box<ErrorRecord>),
    /// A request that is not written yet; its answers follow it.
    Request(u64),
    /// Answers to a request that is written.
    Answers(u64),
}

/// What is written, and what waits to be.
pub(super) struct Ordered<'a> {
    pub(super) output: &'a mut Output,
    /// The requests that are under way, or not written.
    pub(super) jobs: Jobs,
    /// Answers keep the order of the input too, and not that of their arrival.
    in_order: bool,
    pieces: VecDeque<Piece>,
    /// Bytes of pieces and jobs.
    held: u64,
    response_ids: Seen,
}

impl<'a> Ordered<'a> {
    pub(super) fn new(output: &'a mut Output, in_order: bool) -> Self {
        Self {
            output,
            jobs: Jobs::default(),
            in_order,
            pieces: VecDeque::new(),
            held: 0,
            response_ids: Seen::default(),
        }
    }

    /// Whether answers keep the order of the input.
    pub(super) fn is_in_order(&self) -> bool {
        self.in_order
    }

    /// How many pieces wait.
    pub(super) fn waiting(&self) -> usize {
        self.pieces.len()
    }

    /// Bytes of what waits, and of what is under way.
    pub(super) fn held(&self) -> u64 {
        self.held
    }

    /// The name of the tool that writes.
    pub(super) fn tool(&self) -> &'static str {
        self.output.tool()
    }

    /// The error record of a malformed line, which has still to be given.
    pub(super) fn told(&mut self, fault: Fault) -> ErrorRecord {
        self.output.told(fault)
    }

    /// Puts a prompt into the output, in its order: mostly that is now, and then it is not kept.
    pub(super) fn prompt(&mut self, prompt: &Prompt) -> Result<(), Failure> {
        if self.pieces.is_empty() {
            return self.output.put(prompt);
        }
        self.piece(Piece::Prompt(Box::new(prompt.clone())))
    }

    /// Puts a piece into the output, in its order.
    pub(super) fn piece(&mut self, piece: Piece) -> Result<(), Failure> {
        if let Piece::Lines(lines) = &piece {
            self.held += lines.len() as u64;
        }
        self.pieces.push_back(piece);
        self.write()
    }

    /// Puts a request into the output, in its order.
    pub(super) fn request(&mut self, number: u64, job: Job) -> Result<(), Failure> {
        self.held += job.held;
        let has_calls = !job.calls.is_empty();
        self.jobs.insert(number, Box::new(job));
        self.piece(Piece::Request(number))?;
        // One without calls has no end that would close it.
        if !has_calls && !self.in_order {
            self.close(number);
        }
        Ok(())
    }

    /// Writes what can be written now that this call has ended.
    pub(super) fn settled(&mut self, (number, at): Seat) -> Result<(), Failure> {
        if self.in_order {
            return self.write();
        }
        if let Some((outcome, source)) = self.jobs.get_mut(&number).and_then(|job| job.take(at)) {
            self.outcome(outcome, source)?;
        }
        self.close(number);
        Ok(())
    }

    /// Forgets a job that is written; false while it is not.
    fn close(&mut self, number: u64) -> bool {
        match self.jobs.get(&number) {
            Some(job) if job.is_over() => self.held -= job.held,
            Some(_) => return false,
            None => return true,
        }
        self.jobs.remove(&number);
        true
    }

    /// Writes the pieces whose turn it is.
    fn write(&mut self) -> Result<(), Failure> {
        while let Some(piece) = self.pieces.pop_front() {
            match piece {
                Piece::Lines(lines) => {
                    self.held -= lines.len() as u64;
                    let lines = lines.strip_suffix(b"\n").unwrap_or(&lines);
                    lines.split(|byte| *byte == b'\n').try_for_each(|line| self.output.pass_bytes(line))?;
                }
                Piece::Prompt(prompt) => self.output.put(&*prompt)?,
                Piece::Error(error) => self.output.error(*error)?,
                Piece::Request(number) => {
                    let Some(job) = self.jobs.get(&number) else { continue };
                    if job.read {
                        self.output.rewrite(&job.request)?;
                    } else {
                        self.output.put(&job.request)?;
                    }
                    if self.in_order {
                        self.pieces.push_front(Piece::Answers(number));
                    }
                }
                Piece::Answers(number) => {
                    while let Some((outcome, source)) =
                        self.jobs.get_mut(&number).and_then(|job| job.next_in_order())
                    {
                        self.outcome(outcome, source)?;
                    }
                    if !self.close(number) {
                        self.pieces.push_front(Piece::Answers(number));
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    fn outcome(&mut self, outcome: Outcome, source: Source) -> Result<(), Failure> {
        match outcome {
            Outcome::Error(error) if source == Source::Unasked => self.output.spared(*error),
            Outcome::Error(error) => self.output.error(*error),
            Outcome::Response(mut response) => {
                response.id = self.response_ids.give(std::mem::take(&mut response.id));
                self.output.put(&*response)
            }
        }
    }
}
