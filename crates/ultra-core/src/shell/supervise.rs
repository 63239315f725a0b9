//! A run and what can end it: the tool itself, a signal, the reader of the output.

use std::io::Write;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, TryLockError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{FileType, fstat};
use signal_hook::consts::SIGQUIT;

use super::args::Common;
use super::{column, log, report, signals, stdin};
use crate::failure::{Exit, Failure};
use crate::metrics::Metric;
use crate::ndjson::{Input, Options, Output, Sink};
use crate::shutdown::Why;
use crate::tool::{Context, Summary, Tool};

/// How long a reader that left is waited for by a tool that has to let go of calls.
const READER_GRACE: Duration = Duration::from_millis(100);

/// What happened.
enum Event {
    Ended(Box<Ended>),
    Signal(i32),
    ReaderGone,
}

/// How a run ended.
pub(super) struct Ended {
    result: Result<Summary, Failure>,
    errors: u64,
    written: u64,
    signal: Option<i32>,
    reader_gone: bool,
}

/// Runs the tool on a thread of its own and waits for whatever ends it.
pub(super) fn supervise<T: Tool>(args: T::Args, context: &Context, common: &Common) -> Ended {
    let sink: Sink = Arc::new(Mutex::new(Box::new(Stdout)));
    let (events, happens) = sync_channel(8);
    let said = events.clone();
    signals::watch(move |signal| said.send(Event::Signal(signal)).is_ok());
    watch_reader(events.clone());
    let started = start::<T>(args, context, common, Arc::clone(&sink), events);
    if let Err(cause) = started {
        return Ended::failed(Failure::io("cannot start a thread", cause));
    }
    let mut ended = wait(&happens, context, T::GRACE);
    if ended.signal.is_some() {
        keep_lines_whole(&sink);
    }
    ended.reader_gone = context.shutdown.why() == Some(Why::ReaderGone);
    ended
}

fn start<T: Tool>(
    args: T::Args,
    context: &Context,
    common: &Common,
    sink: Sink,
    events: SyncSender<Event>,
) -> std::io::Result<()> {
    let context = context.clone();
    let options = Options {
        max_line: usize::try_from(common.max_line).unwrap_or(usize::MAX),
        plain: context.plain_lines,
    };
    let input = stdin::Stdin::new(T::NAME, !common.quiet && context.person_types);
    let run = move || {
        // A defect in a tool must end the run with a message, not leave it waiting for a dead thread.
        let life = AssertUnwindSafe(|| {
            live::<T>(args, &context, Input::with_stop(input, options, context.shutdown.flag()), sink)
        });
        let ended = std::panic::catch_unwind(life).unwrap_or_else(|_| {
            Ended::failed(Failure::internal("the tool stopped in the middle of its work"))
        });
        // Nobody listens any more only when the process is already dying.
        let _ = events.send(Event::Ended(Box::new(ended)));
    };
    std::thread::Builder::new().name("tool".into()).spawn(run).map(drop)
}

fn live<T: Tool>(args: T::Args, context: &Context, input: Input, sink: Sink) -> Ended {
    let mut output = Output::shared(T::NAME, sink).emitting(context.emit).strict(context.strict);
    let result = T::run(args, context, input, &mut output);
    // What was made before a failure still counts; a second failure to write it says nothing new.
    let flushed = output.flush();
    let result = result.and_then(|summary| flushed.map(|()| summary));
    Ended { errors: output.errors(), written: output.written(), ..Ended::new(result) }
}

/// Waits for the end; a signal or a reader that left shortens it to a grace time.
fn wait(happens: &Receiver<Event>, context: &Context, grace: Duration) -> Ended {
    let mut signal = None;
    let mut patience = None;
    loop {
        let event = match patience {
            None => happens.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(patience) => happens.recv_timeout(patience),
        };
        match event {
            Ok(Event::Ended(ended)) => return Ended { signal, ..*ended },
            Ok(Event::Signal(SIGQUIT)) => {
                context.shutdown.abandon();
                return Ended::cut_short(Some(SIGQUIT));
            }
            Ok(Event::Signal(number)) if signal.is_none() => {
                signal = Some(number);
                patience = Some(grace);
                context.shutdown.trigger(Why::Signal(number));
            }
            // A second signal, or patience that ended after the first.
            Ok(Event::Signal(_)) | Err(RecvTimeoutError::Timeout) if signal.is_some() => {
                context.shutdown.abandon();
                return Ended::cut_short(signal);
            }
            Ok(Event::ReaderGone) => {
                patience = Some(patience.unwrap_or(READER_GRACE).min(READER_GRACE));
                context.shutdown.trigger(Why::ReaderGone);
            }
            Err(RecvTimeoutError::Timeout) => {
                context.shutdown.abandon();
                return Ended::failed(Failure::reader_gone());
            }
            Ok(Event::Signal(_)) | Err(RecvTimeoutError::Disconnected) => {
                return Ended::failed(Failure::internal("the tool died without a word"));
            }
        }
    }
}

/// Waits until no line is half written, but not for ever: the reader may have stopped reading.
fn keep_lines_whole(sink: &Sink) {
    for _ in 0..50 {
        match sink.try_lock() {
            Ok(mut sink) => {
                // The process dies next; that the last lines could not be written cannot be said better.
                let _ = sink.flush();
                // The lock is never given back, so that the tool cannot begin another line.
                std::mem::forget(sink);
                return;
            }
            Err(TryLockError::Poisoned(_)) => return,
            Err(TryLockError::WouldBlock) => std::thread::park_timeout(Duration::from_millis(4)),
        }
    }
}

/// A process that waits for slow models learns that its reader has left only at its next write, after paying.
/// So the pipe is watched.
fn watch_reader(events: SyncSender<Event>) {
    let kind = fstat(rustix::stdio::stdout()).map(|stat| FileType::from_raw_mode(stat.st_mode));
    if !matches!(kind, Ok(FileType::Fifo | FileType::Socket)) {
        return;
    }
    let watch = move || {
        let stdout = rustix::stdio::stdout();
        let mut fds = [PollFd::new(&stdout, PollFlags::empty())];
        loop {
            match poll(&mut fds, None) {
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return,
                Ok(_) if fds[0].revents().intersects(PollFlags::ERR | PollFlags::HUP) => break,
                Ok(_) => {}
            }
        }
        // The run is over when nobody listens.
        let _ = events.send(Event::ReaderGone);
    };
    if let Err(cause) = std::thread::Builder::new().name("reader".into()).spawn(watch) {
        tracing::debug!("the reader is not watched: {cause}");
    }
}

/// Unbuffered standard output; lines are gathered by [`Output`].
struct Stdout;

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = rustix::io::write(rustix::stdio::stdout(), bytes)?;
        column::wrote(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

const RECORDS: Metric = Metric::counter("ultra_records_written_total", "Lines written to standard output.");
const ERRORS: Metric = Metric::counter("ultra_record_errors_total", "Error records made by this tool.");
const SECONDS: Metric = Metric::gauge("ultra_run_seconds", "Duration of the run; 0 in mock mode.");
const STATUS: Metric = Metric::gauge("ultra_exit_status", "Exit status of the run.");

impl Ended {
    fn new(result: Result<Summary, Failure>) -> Self {
        Self { result, errors: 0, written: 0, signal: None, reader_gone: false }
    }

    fn failed(failure: Failure) -> Self {
        Self::new(Err(failure))
    }

    fn cut_short(signal: Option<i32>) -> Self {
        Self { signal, ..Self::failed(Failure::stopped("stopped before the end")) }
    }

    fn exit(&self) -> Exit {
        match &self.result {
            // What a run could not do for a reader that left is no failure, but a broken disk still is.
            Ok(_) if self.reader_gone => Exit::Done,
            Err(failure) if self.reader_gone && !matches!(failure.exit(), Exit::Io | Exit::Usage) => {
                Exit::Done
            }
            Ok(_) if self.errors > 0 => Exit::SomeErrors,
            Ok(_) => Exit::Done,
            Err(failure) => failure.exit(),
        }
    }

    /// Prints the summary or the failure, and gives the exit status.
    pub(super) fn report(&self, tool: &str, common: &Common) -> ExitCode {
        match &self.result {
            Ok(summary) => {
                let wanted = summary.is_of_calls() || common.verbose > 0 || self.errors > 0;
                if wanted && !common.quiet && !summary.text().is_empty() {
                    log::say(&format!("{tool}: {}", summary.text()));
                }
            }
            Err(failure) if self.signal.is_some() || self.exit() == Exit::Done => {
                if let Some(summary) = failure.summary().filter(|_| !common.quiet) {
                    log::say(&format!("{tool}: {summary}"));
                }
            }
            Err(failure) => return report(tool, failure),
        }
        ExitCode::from(self.exit().code())
    }

    /// Adds the numbers that every run has.
    pub(super) fn count(&self, tool: &str, context: &Context, started: Duration) {
        let labels = [("tool", tool)];
        let seconds = context.clock.elapsed().saturating_sub(started).as_secs_f64();
        context.metrics.add(RECORDS, &labels, self.written as f64);
        context.metrics.add(ERRORS, &labels, self.errors as f64);
        context.metrics.set(SECONDS, &labels, seconds);
        context.metrics.set(STATUS, &labels, f64::from(self.exit().code()));
    }

    /// Dies by the signal that ended the run, so that the caller sees it.
    pub(super) fn die_by_signal(&self) {
        if let Some(signal) = self.signal {
            // Returning means that the signal could not be raised; the exit status then tells the rest.
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    }
}
