//! What goes to stderr: log lines, the summary, failures. Nothing here ever stops a run, or makes it wait.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, IsTerminal as _, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, Timespec, poll};
use rustix::fd::BorrowedFd;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, Layer};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

pub(super) use rustix::event::PollFlags;

use super::args::{Common, LogFormat};
use super::column;
use crate::tool::Context;

/// Starts the log; a second start in one process changes nothing.
pub(super) fn start(tool: &'static str, common: &Common) {
    let level = match (common.quiet, common.verbose) {
        (true, _) => Level::ERROR,
        (_, 0) => Level::WARN,
        (_, 1) => Level::INFO,
        (_, 2) => Level::DEBUG,
        _ => Level::TRACE,
    };
    // Only our own crates: HTTP libraries log headers, and headers hold keys.
    let ours =
        filter_fn(move |meta: &Metadata<'_>| *meta.level() <= level && meta.target().starts_with("ultra"));
    JSON.store(common.log_format == LogFormat::Json, Ordering::Relaxed);
    let layer = Layer::default().with_writer(Stderr::default).with_ansi(false);
    let started = match common.log_format {
        LogFormat::Text => tracing_subscriber::registry()
            .with(layer.event_format(Plain { tool }).with_filter(ours))
            .try_init(),
        LogFormat::Json if common.mock => {
            tracing_subscriber::registry().with(layer.json().without_time().with_filter(ours)).try_init()
        }
        LogFormat::Json => tracing_subscriber::registry().with(layer.json().with_filter(ours)).try_init(),
    };
    // The only failure is that a log was started before, by whoever composes tools in one process.
    let _ = started;
}

/// Whether lines are JSON; set once, when the log starts.
static JSON: AtomicBool = AtomicBool::new(false);

/// Prints one line in the form of the log; when stderr is closed or full there is nobody to tell.
pub(super) fn say(line: &str) {
    let line = if JSON.load(Ordering::Relaxed) {
        serde_json::json!({ "level": "INFO", "fields": { "message": line } }).to_string()
    } else {
        visible(line)
    };
    let _ = Stderr::default().write_all((line + "\n").as_bytes());
}

/// How long a reader of stderr may pause before something is dropped.
const PATIENCE: Duration = Duration::from_millis(100);

/// A pipe that is ready takes as much without making its writer wait.
const PIECE: usize = 4096;

/// Pieces that nobody took.
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// Whether something is drawn below the place where the next line goes.
static DRAWN: AtomicBool = AtomicBool::new(false);

/// Goes to the beginning of the line and clears everything from there on.
const CLEAR: &str = "\r\x1b[J";

impl Context {
    /// Says whether lines are drawn on the terminal below the log from now on: whatever is logged meanwhile
    /// clears them first, so that a line wider than the terminal leaves no bits of them behind. Whoever draws
    /// draws them again. Where stderr is no terminal this changes nothing.
    pub fn drawing(drawn: bool) {
        DRAWN.store(drawn && io::stderr().is_terminal(), Ordering::Relaxed);
    }
}

/// Stderr that never makes a run wait: what nobody takes in time is dropped, and counted.
///
/// Each line is written through a new one.
#[derive(Default)]
struct Stderr {
    begun: bool,
}

impl Stderr {
    /// What goes before the next bytes: each line ends once a line `within` which it would stand, or clears what is
    /// `drawn`.
    fn clearing(&self, within: bool, drawn: bool) -> &'static str {
        match (self.begun, within, drawn) {
            (false, true, _) => "\n",
            (false, false, true) => CLEAR,
            _ => "",
        }
    }
}

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let dropped = DROPPED.load(Ordering::Relaxed);
        let patience = if dropped == 0 { PATIENCE } else { Duration::ZERO };
        if !is_ready(rustix::stdio::stderr(), PollFlags::OUT, patience) {
            DROPPED.fetch_add(1, Ordering::Relaxed);
            return Ok(bytes.len());
        }
        let clear = self.clearing(!self.begun && column::leave(), DRAWN.load(Ordering::Relaxed));
        if dropped > 0 {
            DROPPED.store(0, Ordering::Relaxed);
            let lost = format!("{clear}\n({dropped} messages were dropped, because nobody read them)\n");
            rustix::io::write(rustix::stdio::stderr(), lost.as_bytes())?;
            return self.write(bytes);
        }
        self.begun = true;
        let written = rustix::io::write(rustix::stdio::stderr(), &piece(clear, bytes))?;
        Ok(written.saturating_sub(clear.len()))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is written at once: `clear`, and as much of `bytes` as a ready reader takes.
fn piece<'a>(clear: &str, bytes: &'a [u8]) -> Cow<'a, [u8]> {
    let bytes = &bytes[..bytes.len().min(PIECE - clear.len())];
    if clear.is_empty() { bytes.into() } else { [clear.as_bytes(), bytes].concat().into() }
}

/// Whether `fd` is ready within a time; one that cannot be asked is, so that reading or writing tells why.
pub(super) fn is_ready(fd: BorrowedFd<'_>, how: PollFlags, patience: Duration) -> bool {
    let patience =
        Timespec { tv_sec: patience.as_secs().cast_signed(), tv_nsec: patience.subsec_nanos().into() };
    let mut fds = [PollFd::from_borrowed_fd(fd, how)];
    loop {
        match poll(&mut fds, Some(&patience)) {
            Err(rustix::io::Errno::INTR) => {}
            Ok(0) => return false,
            _ => return true,
        }
    }
}

/// Text with control characters made visible: file names and answers must not drive a terminal.
fn visible(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, character| {
        match character {
            '\n' | '\t' => shown.push(character),
            _ if character.is_control() => shown.extend(character.escape_default()),
            _ => shown.push(character),
        }
        shown
    })
}

/// Says in our form where a defect is, should a thread ever panic.
pub(super) fn name_defects(tool: &'static str) {
    std::panic::set_hook(Box::new(move |defect| {
        let place = defect.location().map(ToString::to_string).unwrap_or_default();
        say(&format!(
            "{tool}: internal error at {place}: {}",
            defect.payload_as_str().unwrap_or("no message")
        ));
    }));
}

/// `tool: level: message field=value`.
struct Plain {
    tool: &'static str,
}

impl<S, N> FormatEvent<S, N> for Plain
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let level = match *event.metadata().level() {
            Level::ERROR => "error",
            Level::WARN => "warning",
            Level::INFO => "info",
            Level::DEBUG => "debug",
            Level::TRACE => "trace",
        };
        let mut line = String::new();
        context.format_fields(Writer::new(&mut line), event)?;
        writeln!(writer, "{}: {level}: {}", self.tool, visible(&line))
    }
}

#[cfg(test)]
mod tests {
    use super::{CLEAR, PIECE, Stderr, piece};

    #[test]
    fn a_line_clears_once_what_is_drawn_or_ends_what_has_begun_and_nothing_where_nothing_is() {
        let (new, begun) = (Stderr::default(), Stderr { begun: true });
        assert_eq!([new.clearing(false, true), begun.clearing(false, true)], ["\r\x1b[J", ""]);
        assert_eq!([new.clearing(true, false), begun.clearing(true, false)], ["\n", ""]);
        assert_eq!([new.clearing(true, true), new.clearing(false, false)], ["\n", ""]);
    }

    #[test]
    fn the_clearing_is_written_with_the_line_and_within_what_a_ready_reader_takes() {
        assert_eq!(*piece(CLEAR, b"warning\n"), *b"\r\x1b[Jwarning\n");
        assert_eq!(*piece("", b"warning\n"), *b"warning\n");
        let long = vec![b'x'; 2 * PIECE];
        assert_eq!((piece(CLEAR, &long).len(), piece("", &long).len()), (PIECE, PIECE));
    }
}
