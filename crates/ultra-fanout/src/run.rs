//! A run: what is read becomes calls, what comes back becomes records, in order and exactly once.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use ultra_core::bare::Asked;
use ultra_core::failure::Failure;
use ultra_core::id::Ids;
use ultra_core::kind::ErrorKind;
use ultra_core::ndjson::{Input, Output};
use ultra_core::record::{ErrorRecord, Prompt, Record as _, Request};
use ultra_core::sampling::Sampling;
use ultra_core::shutdown::Why;
use ultra_core::target;
use ultra_core::tool::{Context, Order, Summary, many};
use ultra_provider::dispatch::{Dispatcher, Event, Feed};

use crate::args::FanoutArgs;
use crate::calls::{Calls, Seat, Settled, Source};
use crate::decided::{Poll, Rule};
use crate::job::{Job, Jobs, Outcome, each_once};
use crate::panel;
use crate::preview::Preview;
use crate::progress::Progress;
use crate::quorum::Quorum;
use crate::reader::{self, Read, Reading};
use crate::request;
use crate::seen::Seen;
use crate::setup;
use crate::tally::Tally;

/// Requests under way at most, as a multiple of the calls in flight at one target; where those are many, twice as
/// many and some more are enough to keep all of them busy, and each takes memory.
const REQUESTS: usize = 4;
const SPARE: usize = 256;

/// Pieces of the output that wait for their turn at most, as a multiple of the calls in flight at one target.
const PIECES: usize = 64;

/// Results that are put into the journal together at most.
const BATCH: usize = 256;

/// Runs the tool.
pub(crate) fn run(
    args: FanoutArgs,
    context: &Context,
    input: Input,
    output: &mut Output,
) -> Result<Summary, Failure> {
    let targets = panel::named(&args.targets, context)?;
    setup::check(&args, &targets, context)?;
    let config = setup::dispatch(&args);
    let preview = Preview::asked(&args, context);
    let journal = setup::journal(&args.keeping, preview.is_some(), context)?;
    let dispatcher = Dispatcher::new(context, &config)?;
    let cache = args.keeping.cache.as_deref();
    let calls = Calls::new(output.tool(), context, dispatcher, cache, journal, args.effort.fallback)?;
    let reading = Reading { plain: context.plain_lines, asks_prompts: !targets.is_empty() };
    let default_order = if context.mock { Order::Input } else { Order::Done };
    let mut run = Run {
        context,
        output,
        calls,
        input: Some(reader::start(input, reading)?),
        in_order: context.order.unwrap_or(default_order) == Order::Input,
        concurrency: config.per_target,
        sampling: args.sampling,
        targets,
        quorum: args.effort.quorum,
        voting: args.voting.rule(),
        jobs: BTreeMap::new(),
        opened: 0,
        ready: Vec::new(),
        alarms: BTreeMap::new(),
        pieces: VecDeque::new(),
        held: 0,
        undecided: None,
        unasked: false,
        prompt_ids: Ids::of_a_stream(),
        response_ids: Seen::default(),
        tally: Tally::default(),
        progress: Progress::new(context),
        failure: None,
        stopped: false,
        cut_short: false,
        quorums: Quorums::default(),
        preview,
    };
    let went = run.go();
    run.end(went, args.summary.as_deref())
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

/// How many requests were answered by enough targets.
#[derive(Debug, Default)]
struct Quorums {
    reached: u64,
    missed: u64,
}

#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own about how far the run is")]
struct Run<'a> {
    context: &'a Context,
    output: &'a mut Output,
    calls: Calls,
    /// What is read, until it ends or nothing more is wanted.
    input: Option<Feed<Read>>,
    in_order: bool,
    concurrency: usize,
    sampling: Sampling,
    targets: Vec<String>,
    quorum: Option<Quorum>,
    /// How the answers to a request are voted on, when that decides who is asked.
    voting: Option<Rule>,
    jobs: Jobs,
    opened: u64,
    /// What is settled and not yet in the journal.
    ready: Vec<Settled>,
    /// Jobs whose quorum was reached, by the alarm that ends their grace time.
    alarms: BTreeMap<u64, u64>,
    pieces: VecDeque<Piece>,
    /// Bytes of pieces and jobs.
    held: u64,
    /// A prompt whose own request may follow.
    undecided: Option<Box<Prompt>>,
    /// There were prompts, and nobody to ask them.
    unasked: bool,
    prompt_ids: Ids,
    response_ids: Seen,
    tally: Tally,
    progress: Progress,
    /// A reason to end once everything under way is over.
    failure: Option<Failure>,
    stopped: bool,
    /// Calls were stopped before they were decided, though no signal came.
    cut_short: bool,
    quorums: Quorums,
    /// Nothing is sent; what would be is told.
    preview: Option<Preview>,
}

impl Run<'_> {
    fn go(&mut self) -> Result<(), Failure> {
        loop {
            let room = self.has_room();
            let Self { calls, input, output, .. } = self;
            let feed = if room { input.as_mut() } else { None };
            // What was paid for must not wait for more input: neither its reader nor the store does without it.
            match calls.next(feed, output)? {
                Event::Finished(done) => {
                    self.tally.call(&done);
                    self.tally.unreached(&done.call.target, u64::from(done.unreached));
                    self.progress.call(&done);
                    self.calls.finished(*done, &self.jobs, &mut self.ready)?;
                    if self.ready.len() >= BATCH || !self.calls.dispatcher.has_more() {
                        self.hand_out()?;
                    }
                }
                Event::Text { ticket, attempt, text } => {
                    self.calls.piece((ticket, attempt, text), &self.jobs, self.output)?;
                }
                Event::Launching(tickets) => {
                    if let Err(failure) = self.calls.intend(&tickets) {
                        self.cannot_keep(failure);
                    }
                }
                Event::Note { target, text, down } => {
                    self.progress.note(&target, &text);
                    if let Some(down) = down {
                        self.calls.heard(&target, down, &self.jobs);
                    }
                }
                Event::Alarm(alarm) => {
                    if let Some(number) = self.alarms.remove(&alarm) {
                        self.let_go(number)?;
                    }
                }
                Event::Fed(read) => self.take(read)?,
                Event::Closed => {
                    self.input = None;
                    self.progress.input_ended();
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

    /// Puts what is settled into the journal, and then into the output.
    fn hand_out(&mut self) -> Result<(), Failure> {
        if let Err(failure) = self.calls.keep() {
            self.cannot_keep(failure);
        }
        let mut ready = std::mem::take(&mut self.ready);
        for (seat, outcome, source) in ready.drain(..) {
            self.settle(seat, outcome, source)?;
            self.poll(seat.0)?;
        }
        self.ready = ready;
        Ok(())
    }

    /// A call that cannot be written down is not bought; what is paid for is still printed.
    fn cannot_keep(&mut self, failure: Failure) {
        self.calls.dispatcher.refuse();
        if self.failure.is_none() {
            tracing::error!("{failure}; nothing more is sent");
            self.give_up(failure);
        }
    }

    fn end(mut self, went: Result<(), Failure>, summary: Option<&Path>) -> Result<Summary, Failure> {
        let counts = self.calls.dispatcher.counts();
        let synced = self.calls.close();
        self.tally.count(&self.context.metrics, counts);
        let line = self.tally.line(counts);
        if let Some(file) = summary {
            self.tally.write_summary(file, counts)?;
        }
        if let Some(preview) = &self.preview
            && went.is_ok()
        {
            return preview.end(self.voting.as_ref(), self.output);
        }
        match went {
            Err(failure) if failure.is_reader_gone() && self.tally.seen() > 0 => {
                return Err(failure.after(line));
            }
            went => went?,
        }
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        synced?;
        if self.stopped {
            return Err(Failure::stopped(format!("stopped before the end: {line}")).after(line));
        }
        if self.cut_short {
            return Err(Failure::stopped(format!("stopped by --run-deadline: {line}")));
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
        if self.quorums.missed > 0 && self.quorums.reached == 0 {
            return Err(Failure::nothing_usable(format!(
                "no request was answered by enough targets: {line}"
            )));
        }
        let summary = Summary::new(self.tally.report(counts, self.context.verbose));
        Ok(if self.tally.seen() > 0 { summary.of_calls() } else { summary })
    }

    /// Whether more input may be taken: in the order of the input while few requests are open, in the order of
    /// arrival also while a target has too little to do, so that one that is down does not keep the others
    /// waiting; not while votes say who is asked, and have nothing to do for some. The memory that the user gives
    /// bounds both.
    fn has_room(&self) -> bool {
        let twice = self.concurrency.saturating_mul(2);
        let few = self.jobs.len()
            < self.concurrency.saturating_mul(REQUESTS).min(twice.saturating_add(SPARE))
            && self.pieces.len() < self.concurrency.saturating_mul(PIECES);
        let hungry = || !self.in_order && self.voting.is_none() && self.calls.is_hungry(twice);
        self.jobs.is_empty() || (self.held < self.context.memory && (few || hungry()))
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
        self.prompt(&asked.prompt)?;
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
            Ok(calls) => each_once(calls),
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
        if let Some(preview) = &mut self.preview {
            let job = Job::new(request, true, calls, 0);
            return preview.job(&job, &mut self.calls, self.context, self.output);
        }
        if let Some(line) = line.as_ref().filter(|_| calls.is_empty()) {
            return self.piece(Piece::Lines(line.clone()));
        }
        let kept = request.messages.keep_json();
        kept.map_err(|cause| Failure::internal(format!("a request has no JSON form: {cause}")))?;
        let number = self.opened;
        self.opened += 1;
        let bytes = line.as_ref().map_or_else(|| weight(&request), Vec::len);
        let poll = self.voting.as_ref().and_then(|rule| Poll::of(&request, &calls, rule));
        let mut job = Job::new(request, line.is_some(), calls, bytes);
        job.poll = poll;
        let calls = job.calls.len();
        let asked = if job.poll.is_none() { calls } else { 0 };
        self.held += job.held;
        self.jobs.insert(number, Box::new(job));
        self.piece(Piece::Request(number))?;
        for at in 0..calls {
            if let Some(job) = self.jobs.get(&number) {
                self.progress.asked(job.target(at));
            }
        }
        for at in 0..asked {
            self.begin((number, at))?;
        }
        self.poll(number)?;
        if calls == 0 && !self.in_order {
            self.close(number);
        }
        Ok(())
    }

    /// Begins one call.
    fn begin(&mut self, seat: Seat) -> Result<(), Failure> {
        let Some(job) = self.jobs.get(&seat.0) else { return Ok(()) };
        match self.calls.begin(seat, job)? {
            Some((outcome, source)) => self.settle(seat, outcome, source),
            None => Ok(()),
        }
    }

    /// Begins the calls of a job that its vote needs; those that it does not need end unasked.
    fn poll(&mut self, number: u64) -> Result<(), Failure> {
        while let Some(poll) = self.jobs.get_mut(&number).and_then(|job| job.poll.as_mut()) {
            if let Some(at) = poll.next() {
                self.begin((number, at))?;
                continue;
            }
            let (spared, why) = poll.spared();
            for at in spared {
                let Some(job) = self.jobs.get(&number) else { break };
                let outcome = job.cancelled(self.output.tool(), at, why);
                self.settle((number, at), outcome, Source::Unasked)?;
            }
            break;
        }
        Ok(())
    }

    /// Takes a terminal record, and writes what can be written now.
    fn settle(&mut self, (number, at): Seat, outcome: Outcome, source: Source) -> Result<(), Failure> {
        match &outcome {
            Outcome::Response(response) => {
                self.tally.answered(response, source);
                self.progress.response(response);
            }
            Outcome::Error(error) if source == Source::Unasked => {
                self.progress.unasked(error);
                self.tally.unasked(error);
            }
            Outcome::Error(error) => {
                self.progress.error(error);
                if self.tally.failed(error, source) && error.kind != ErrorKind::Cancelled {
                    warn(error);
                }
            }
        }
        let Some(job) = self.jobs.get_mut(&number) else { return Ok(()) };
        let answered = matches!(outcome, Outcome::Response(_));
        let is_needed = source != Source::Unasked;
        let stopped = matches!(&outcome, Outcome::Error(error) if error.kind == ErrorKind::Cancelled);
        self.cut_short |= stopped && is_needed && !job.is_let_go() && !self.stopped && self.failure.is_none();
        if let Some(rule) = self.voting.as_ref().filter(|_| is_needed) {
            job.vote(at, &outcome, &rule.count);
        }
        job.settle(at, outcome, source);
        if let Some(quorum) = self.quorum {
            self.count(number, answered, quorum);
        }
        let Some(job) = self.jobs.get_mut(&number) else { return Ok(()) };
        if self.in_order {
            return self.write();
        }
        if let Some((outcome, source)) = job.take(at) {
            self.outcome(outcome, source)?;
        }
        self.close(number);
        Ok(())
    }

    /// Counts towards the quorum of a job; when it is reached, the others have their grace time.
    fn count(&mut self, number: u64, answered: bool, quorum: Quorum) {
        let Some(job) = self.jobs.get_mut(&number) else { return };
        let wanted = quorum.targets.min(job.targets());
        if job.is_settled() && job.answered() < wanted {
            self.quorums.missed += 1;
        }
        if answered && !job.is_let_go() && job.answered() >= wanted {
            self.quorums.reached += 1;
            job.let_go();
            if !job.is_settled() {
                let alarm = self.calls.dispatcher.alarm(quorum.grace);
                self.alarms.insert(alarm, number);
            }
        }
    }

    /// Waits no longer for the calls of a job that have not ended.
    fn let_go(&mut self, number: u64) -> Result<(), Failure> {
        let Some(job) = self.jobs.get(&number) else { return Ok(()) };
        let why = format!(
            "not waited for: {} of {} had answered, which --quorum says is enough",
            job.answered(),
            many(job.targets() as u64, "target")
        );
        for seat in self.calls.withdraw(number, &why) {
            let Some(job) = self.jobs.get(&number) else { continue };
            let outcome = job.cancelled(self.output.tool(), seat.1, &why);
            self.settle(seat, outcome, Source::Target)?;
        }
        Ok(())
    }

    /// Puts a prompt into the output, in its order: mostly that is now, and then it is not kept.
    fn prompt(&mut self, prompt: &Prompt) -> Result<(), Failure> {
        if self.pieces.is_empty() && self.preview.is_none() {
            return self.output.put(prompt);
        }
        self.piece(Piece::Prompt(Box::new(prompt.clone())))
    }

    /// Puts a piece into the output, in its order.
    fn piece(&mut self, piece: Piece) -> Result<(), Failure> {
        if self.preview.is_some() && !matches!(piece, Piece::Error(_)) {
            return Ok(());
        }
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
