//! A run: what is read becomes calls, what comes back becomes records, in order and exactly once.

mod enough;
mod order;

use std::collections::BTreeMap;
use std::path::Path;

use ultra_aggregate::vote::Unmet;
use ultra_core::bare::Asked;
use ultra_core::failure::Failure;
use ultra_core::id::Ids;
use ultra_core::kind::ErrorKind;
use ultra_core::ndjson::{Input, Output};
use ultra_core::record::{ErrorRecord, Prompt, Record as _, Request};
use ultra_core::sampling::Sampling;
use ultra_core::shutdown::Why;
use ultra_core::target;
use ultra_core::tool::{Context, Order, Summary};
use ultra_provider::dispatch::{Dispatcher, Event, Feed};

use self::order::{Ordered, Piece};
use crate::args::FanoutArgs;
use crate::calls::{Calls, Seat, Settled, Source};
use crate::decided::{Poll, Rule};
use crate::job::{Job, Outcome, each_once};
use crate::panel;
use crate::preview::Preview;
use crate::progress::Progress;
use crate::quorum::Quorum;
use crate::reader::{self, Read, Reading};
use crate::request;
use crate::setup;
use crate::tally::Tally;

/// Requests under way at most, as a multiple of the calls in flight at one target, where they come out in the order
/// of the input and one may keep others waiting. Where the calls are many, twice as many and some more are enough to
/// keep all of them busy, and each takes memory. In the order of arrival twice as many are, but for a few, and what is
/// small stays in the processor's cache.
const REQUESTS: usize = 4;
const SPARE: usize = 256;
const FEW: usize = 16;

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
        out: Ordered::new(output, context.order.unwrap_or(default_order) == Order::Input),
        calls,
        input: Some(reader::start(input, reading)?),
        concurrency: config.per_target,
        sampling: args.sampling,
        targets,
        quorum: args.effort.quorum,
        unmet: Unmet::new(&args.voting.weight),
        voting: args.voting.rule(),
        opened: 0,
        ready: Vec::new(),
        alarms: BTreeMap::new(),
        undecided: None,
        unasked: false,
        prompt_ids: Ids::of_a_stream(),
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

/// How many requests were answered by enough targets.
#[derive(Debug, Default)]
struct Quorums {
    reached: u64,
    missed: u64,
}

#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own about how far the run is")]
struct Run<'a> {
    context: &'a Context,
    out: Ordered<'a>,
    calls: Calls,
    /// What is read, until it ends or nothing more is wanted.
    input: Option<Feed<Read>>,
    concurrency: usize,
    sampling: Sampling,
    targets: Vec<String>,
    quorum: Option<Quorum>,
    /// How the answers to a request are voted on, when that decides who is asked.
    voting: Option<Rule>,
    /// Targets with a weight that no prompt was put to so far.
    unmet: Unmet,
    opened: u64,
    /// What is settled and not yet in the journal.
    ready: Vec<Settled>,
    /// Jobs whose quorum was reached, by the alarm that ends their grace time.
    alarms: BTreeMap<u64, u64>,
    /// A prompt whose own request may follow.
    undecided: Option<Box<Prompt>>,
    /// There were prompts, and nobody to ask them.
    unasked: bool,
    prompt_ids: Ids,
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
            let Self { calls, input, out, .. } = self;
            let feed = if room { input.as_mut() } else { None };
            // What was paid for must not wait for more input: neither its reader nor the store does without it.
            match calls.next(feed, out.output)? {
                Event::Finished(done) => {
                    self.tally.call(&done);
                    self.tally.unreached(&done.call.target, u64::from(done.unreached));
                    self.progress.call(&done);
                    self.calls.finished(*done, &self.out.jobs, &mut self.ready)?;
                    if self.ready.len() >= BATCH || !self.calls.dispatcher.has_more() {
                        self.hand_out()?;
                    }
                }
                Event::Text { ticket, attempt, text } => {
                    self.calls.piece((ticket, attempt, text), &self.out.jobs, self.out.output)?;
                }
                Event::Launching(tickets) => {
                    if let Err(failure) = self.calls.intend(&tickets) {
                        self.cannot_keep(failure);
                    }
                }
                Event::Note { target, text, down } => {
                    self.progress.note(&target, &text);
                    if let Some(down) = down {
                        self.calls.heard(&target, down, &self.out.jobs);
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
            return preview.end(self.voting.as_ref(), self.out.output);
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
        if let Some(told) = self.unmet.told() {
            tracing::warn!("{told}");
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
        let most = if self.out.is_in_order() { twice.saturating_add(SPARE) } else { twice.max(FEW) };
        let few = self.out.jobs.len() < self.concurrency.saturating_mul(REQUESTS).min(most)
            && self.out.waiting() < self.concurrency.saturating_mul(PIECES);
        let hungry = || !self.out.is_in_order() && self.voting.is_none() && self.calls.is_hungry(twice);
        self.out.jobs.is_empty() || (self.out.held() < self.context.memory && (few || hungry()))
    }

    fn take(&mut self, read: Read) -> Result<(), Failure> {
        match read {
            Read::Lines(lines) => self.piece(Piece::Lines(lines)),
            Read::Fault(fault) => {
                let record = Box::new(self.out.told(*fault));
                self.piece(Piece::Error(record))
            }
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
        let mut error = ErrorRecord::new(self.out.tool(), ErrorKind::Request, message);
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
                let error = ErrorRecord::new(self.out.tool(), ErrorKind::Request, failure.to_string());
                let error = Job::new(request, true, Vec::new(), 0).placed(error);
                if let Some(line) = line {
                    self.piece(Piece::Lines(line))?;
                }
                return self.piece(Piece::Error(Box::new(error)));
            }
        };
        self.tally.request(calls.len());
        if !self.unmet.is_empty() {
            let all = target::calls(&request).unwrap_or_default();
            for call in &all {
                self.unmet.meet(&call.target);
            }
        }
        if let Some(preview) = &mut self.preview {
            let job = Job::new(request, true, calls, 0);
            return preview.job(&job, &mut self.calls, self.context, self.out.output);
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
        self.out.request(number, job)?;
        for at in 0..calls {
            if let Some(job) = self.out.jobs.get(&number) {
                self.progress.asked(job.target(at));
            }
        }
        for at in 0..asked {
            self.begin((number, at))?;
        }
        self.poll(number)
    }

    /// Begins one call.
    fn begin(&mut self, seat: Seat) -> Result<(), Failure> {
        let Some(job) = self.out.jobs.get(&seat.0) else { return Ok(()) };
        match self.calls.begin(seat, job)? {
            Some((outcome, source)) => self.settle(seat, outcome, source),
            None => Ok(()),
        }
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
        let Some(job) = self.out.jobs.get_mut(&number) else { return Ok(()) };
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
        self.out.settled((number, at))
    }

    /// Puts a prompt into the output, in its order; a preview has none.
    fn prompt(&mut self, prompt: &Prompt) -> Result<(), Failure> {
        if self.preview.is_some() { Ok(()) } else { self.out.prompt(prompt) }
    }

    /// Puts a piece into the output, in its order; a preview has errors alone.
    fn piece(&mut self, piece: Piece) -> Result<(), Failure> {
        if self.preview.is_some() && !matches!(piece, Piece::Error(_)) {
            return Ok(());
        }
        self.out.piece(piece)
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
