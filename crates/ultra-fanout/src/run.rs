//! A run: what is read becomes calls, what comes back becomes records, in order and exactly once.

use std::collections::{BTreeMap, VecDeque};

use ultra_core::bare::Asked;
use ultra_core::failure::Failure;
use ultra_core::id::{ContentHash, Ids};
use ultra_core::kind::ErrorKind;
use ultra_core::ndjson::{Input, Output};
use ultra_core::record::{ErrorRecord, Prompt, Record as _, Request};
use ultra_core::sampling::Sampling;
use ultra_core::shutdown::Why;
use ultra_core::target;
use ultra_core::tool::{Context, Order, Summary};
use ultra_provider::dispatch::{DispatchConfig, Dispatcher, Event, Feed, Finished, Ticket};

use crate::args::FanoutArgs;
use crate::job::{Job, Outcome, repeated};
use crate::panel;
use crate::progress::Progress;
use crate::reader::{self, Read, Reading};
use crate::request;
use crate::shelf::{Look, Seat, Shelf};
use crate::tally::Tally;

/// Requests under way at most, as a multiple of the calls in flight at one target.
const REQUESTS: usize = 4;

/// Pieces of the output that wait for their turn at most, as a multiple of the calls in flight at one target.
const PIECES: usize = 64;

/// Runs the tool.
pub(crate) fn run(
    args: FanoutArgs,
    context: &Context,
    input: Input,
    output: &mut Output,
) -> Result<Summary, Failure> {
    let config = DispatchConfig {
        per_target: args.concurrency,
        total: args.total,
        attempts: args.attempts,
        timeout: args.timeout,
        deadline: args.deadline,
        ..DispatchConfig::default()
    };
    let targets = panel::named(&args.targets, context)?;
    let shelf = args.cache.map(|file| Shelf::new(&file, context)).transpose()?;
    let reading = Reading { plain: context.plain_lines, asks_prompts: !targets.is_empty() };
    let default_order = if context.mock { Order::Input } else { Order::Done };
    let mut run = Run {
        context,
        output,
        dispatcher: Dispatcher::new(context, &config)?,
        input: Some(reader::start(input, reading)?),
        in_order: context.order.unwrap_or(default_order) == Order::Input,
        concurrency: args.concurrency,
        sampling: args.sampling,
        targets,
        shelf,
        jobs: BTreeMap::new(),
        opened: 0,
        seats: BTreeMap::new(),
        pieces: VecDeque::new(),
        held: 0,
        undecided: None,
        unasked: false,
        prompt_ids: Ids::default(),
        response_ids: BTreeMap::new(),
        tally: Tally::default(),
        progress: Progress::new(context),
        failure: None,
        stopped: false,
    };
    let went = run.go();
    run.end(went)
}

/// A piece of the output that waits for its turn.
enum Piece {
    /// Whole lines that only pass.
    Lines(Vec<u8>),
    Prompt(Box<Prompt>),
    Error(Box<ErrorRecord>),
    /// A request that is not written yet; its answers follow it.
    Request(u64),
    /// Answers to a request that is written.
    Answers(u64),
}

struct Run<'a> {
    context: &'a Context,
    output: &'a mut Output,
    dispatcher: Dispatcher,
    /// What is read, until it ends or nothing more is wanted.
    input: Option<Feed<Read>>,
    in_order: bool,
    concurrency: usize,
    sampling: Sampling,
    targets: Vec<String>,
    shelf: Option<Shelf>,
    jobs: BTreeMap<u64, Job>,
    opened: u64,
    seats: BTreeMap<Ticket, Seat>,
    pieces: VecDeque<Piece>,
    /// Bytes of pieces and jobs.
    held: u64,
    /// A prompt whose own request may follow.
    undecided: Option<Box<Prompt>>,
    /// There were prompts, and nobody to ask them.
    unasked: bool,
    prompt_ids: Ids,
    /// How often each response id was given.
    response_ids: BTreeMap<u64, u32>,
    tally: Tally,
    progress: Progress,
    /// A reason to end once everything under way is over.
    failure: Option<Failure>,
    stopped: bool,
}

impl Run<'_> {
    fn go(&mut self) -> Result<(), Failure> {
        loop {
            self.progress.show(self.tally.ended(), self.dispatcher.open());
            let room = self.has_room();
            let Self { dispatcher, input, output, shelf, .. } = self;
            let feed = if room { input.as_mut() } else { None };
            // What was paid for must not wait for more input: neither its reader nor the store does without it.
            let idle = || {
                shelf.iter_mut().for_each(Shelf::flush);
                output.flush()
            };
            match dispatcher.next(feed, idle)? {
                Event::Finished(done) => self.finished(*done)?,
                Event::Fed(read) => self.take(read)?,
                Event::Closed => {
                    self.input = None;
                    self.decide()?;
                }
                Event::Stop(Why::ReaderGone) => return Err(Failure::reader_gone()),
                Event::Stop(Why::Signal(_)) => {
                    self.stopped = true;
                    self.input = None;
                }
                Event::Idle => return Ok(()),
            }
        }
    }

    fn end(self, went: Result<(), Failure>) -> Result<Summary, Failure> {
        let counts = self.dispatcher.counts();
        self.tally.count(&self.context.metrics, counts);
        went?;
        let line = self.tally.line(counts);
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        if self.stopped {
            return Err(Failure::stopped(format!("stopped before the end: {line}")));
        }
        if self.unasked && self.tally.seen() == 0 {
            return Err(panel::nobody("the input has prompts, and no requests that say whom to ask"));
        }
        if self.tally.is_nothing() && self.tally.seen() == 0 {
            let nobody = self.tally.nobody();
            return Err(Failure::nothing_usable(format!(
                "nobody was asked; prompts and requests without a target: {nobody}"
            )));
        }
        if self.tally.is_nothing() {
            return Err(Failure::nothing_usable(format!("no target answered: {line}")));
        }
        let summary = Summary::new(line);
        Ok(if self.tally.seen() > 0 { summary.of_calls() } else { summary })
    }

    /// Whether more input may be taken.
    fn has_room(&self) -> bool {
        let few = self.jobs.len() < self.concurrency.saturating_mul(REQUESTS)
            && self.pieces.len() < self.concurrency.saturating_mul(PIECES);
        self.jobs.is_empty() || (few && self.held < self.context.memory)
    }

    fn take(&mut self, read: Read) -> Result<(), Failure> {
        match read {
            Read::Lines(lines) => self.piece(Piece::Lines(lines)),
            Read::Fault(fault) => self.piece(Piece::Error(Box::new(fault.into_record(self.output.tool())))),
            Read::Prompt(line, prompt) => {
                self.decide()?;
                self.undecided = Some(prompt);
                self.piece(Piece::Lines(line))
            }
            Read::Unasked => {
                self.unasked = true;
                Ok(())
            }
            Read::Asked(asked) => {
                self.decide()?;
                self.ask(*asked)
            }
            Read::Request(line, request) => {
                if self.undecided.as_ref().is_some_and(|prompt| prompt.id == request.prompt_id) {
                    self.undecided = None;
                }
                self.decide()?;
                self.request(*request, Some(line))
            }
            Read::Failed(failure) => {
                self.give_up(failure);
                Ok(())
            }
        }
    }

    /// Asks the prompt that was waited with: no request of its own followed.
    fn decide(&mut self) -> Result<(), Failure> {
        match self.undecided.take() {
            Some(prompt) if !self.stopped => {
                self.request(request::made(Asked::of(*prompt), &self.sampling)?, None)
            }
            _ => Ok(()),
        }
    }

    /// Asks a prompt that came without a type.
    fn ask(&mut self, mut asked: Asked) -> Result<(), Failure> {
        if asked.prompt.id.is_empty() {
            asked.prompt.id = self.prompt_ids.give(Prompt::PREFIX, &asked.content()?);
        }
        self.piece(Piece::Prompt(Box::new(asked.prompt.clone())))?;
        if asked.targets.is_empty() && self.targets.is_empty() {
            return self.nobody(asked.prompt.id, None);
        }
        self.request(request::made(asked, &self.sampling)?, None)
    }

    /// Writes an error in place of answers that nobody is there to give.
    fn nobody(&mut self, prompt_id: String, request_id: Option<String>) -> Result<(), Failure> {
        let message = format!("nothing says whom to ask; {}", panel::HINT);
        if self.tally.unaddressed() {
            tracing::warn!("{message}");
        }
        let mut error = ErrorRecord::new(self.output.tool(), ErrorKind::Request, message);
        error.prompt_id = Some(prompt_id);
        error.request_id = request_id;
        self.piece(Piece::Error(Box::new(error)))
    }

    /// Opens a request; `line` is what it was read from.
    fn request(&mut self, mut request: Request, line: Option<Vec<u8>>) -> Result<(), Failure> {
        if request.targets.is_empty() && request.pending.is_none() {
            if self.targets.is_empty() {
                self.piece(Piece::Lines(line.unwrap_or_default()))?;
                return self.nobody(request.prompt_id, Some(request.id));
            }
            request.targets.clone_from(&self.targets);
        }
        request.targets = panel::expanded(request.targets, &self.context.config, self.context.mock);
        let calls = match target::pending(&request) {
            Ok(calls) => calls,
            Err(failure) => {
                let error = ErrorRecord::new(self.output.tool(), ErrorKind::Request, failure.to_string());
                let error = Job::new(request, true, Vec::new(), 0).placed(error);
                if let Some(line) = line {
                    self.piece(Piece::Lines(line))?;
                }
                return self.piece(Piece::Error(Box::new(error)));
            }
        };
        self.tally.request(calls.len());
        if let Some(line) = line.as_ref().filter(|_| calls.is_empty()) {
            return self.piece(Piece::Lines(line.clone()));
        }
        let number = self.opened;
        self.opened += 1;
        let bytes = line.as_ref().map_or_else(|| weight(&request), Vec::len);
        let job = Job::new(request, line.is_some(), calls, bytes);
        let calls = job.calls.len();
        self.held += job.held;
        self.jobs.insert(number, job);
        self.piece(Piece::Request(number))?;
        for at in 0..calls {
            self.begin((number, at))?;
        }
        if calls == 0 && !self.in_order {
            self.close(number);
        }
        Ok(())
    }

    /// Begins one call: serves it from the store, waits for one that is alike, or sends it.
    fn begin(&mut self, seat: Seat) -> Result<(), Failure> {
        let Some(job) = self.jobs.get(&seat.0) else { return Ok(()) };
        match self.shelf.as_mut().map_or(Look::Ask, |shelf| shelf.look(job, seat)) {
            Look::Found(response) => self.settle(seat, Outcome::Response(response)),
            Look::Wait => Ok(()),
            Look::Ask => {
                let deadline = job.request.deadline_ms.map(std::time::Duration::from_millis);
                let ticket = self.dispatcher.submit(job.call(seat.1), deadline);
                self.seats.insert(ticket, seat);
                Ok(())
            }
        }
    }

    fn finished(&mut self, done: Finished) -> Result<(), Failure> {
        let Some(seat) = self.seats.remove(&done.ticket) else { return Ok(()) };
        let Some(job) = self.jobs.get(&seat.0) else { return Ok(()) };
        let outcome = job.outcome(self.output.tool(), seat.1, done);
        let response = match &outcome {
            Outcome::Response(response) => Some(&**response),
            Outcome::Error(_) => None,
        };
        let waiting = self.shelf.as_mut().map(|shelf| shelf.over(job, seat.1, response)).unwrap_or_default();
        self.settle(seat, outcome)?;
        waiting.into_iter().try_for_each(|seat| self.begin(seat))
    }

    /// Takes a terminal record, and writes what can be written now.
    fn settle(&mut self, (number, at): Seat, outcome: Outcome) -> Result<(), Failure> {
        match &outcome {
            Outcome::Response(response) => self.tally.response(response),
            Outcome::Error(error) => {
                if self.tally.error(error) && error.kind != ErrorKind::Cancelled {
                    warn(error);
                }
            }
        }
        let Some(job) = self.jobs.get_mut(&number) else { return Ok(()) };
        job.settle(at, outcome);
        if self.in_order {
            return self.write();
        }
        if let Some(outcome) = job.take(at) {
            self.outcome(outcome)?;
        }
        self.close(number);
        Ok(())
    }

    /// Puts a piece into the output, in its order.
    fn piece(&mut self, piece: Piece) -> Result<(), Failure> {
        if let Piece::Lines(lines) = &piece {
            self.held += lines.len() as u64;
        }
        self.pieces.push_back(piece);
        self.write()
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
                    while let Some(outcome) = self.jobs.get_mut(&number).and_then(Job::next_in_order) {
                        self.outcome(outcome)?;
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

    fn outcome(&mut self, outcome: Outcome) -> Result<(), Failure> {
        match outcome {
            Outcome::Error(error) => self.output.error(*error),
            Outcome::Response(mut response) => {
                let id = ContentHash::new("ultra response seen v1").field(&response.id);
                let times = self.response_ids.entry(id.number()).or_insert(0);
                *times += 1;
                if *times > 1 {
                    response.id = repeated(&response.id, *times);
                }
                self.output.put(&*response)
            }
        }
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

    /// Reads no further; what is under way still ends.
    fn give_up(&mut self, failure: Failure) {
        self.input = None;
        self.undecided = None;
        self.failure = Some(failure);
    }
}

/// Says what went wrong the first time; the message names the target unless it is about this side.
fn warn(error: &ErrorRecord) {
    let target = error.target.as_deref().unwrap_or_default().escape_debug().to_string();
    let message = &error.message;
    if message.contains(&target) {
        tracing::warn!("{message} ({})", error.kind);
    } else {
        tracing::warn!("{target}: {message} ({})", error.kind);
    }
}

/// Bytes of a request that was not read from a line.
fn weight(request: &Request) -> usize {
    request.messages.iter().map(|message| message.content.text().len()).sum()
}
