//! What goes to stderr: log lines, the summary, failures. Nothing here ever stops a run, or makes it wait.

use std::fmt;
use std::io::{self, Write};
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
    let layer = Layer::default().with_writer(|| Stderr).with_ansi(false);
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
    let _ = Stderr.write_all((line + "\n").as_bytes());
}

/// How long a reader of stderr may pause before something is dropped.
const PATIENCE: Duration = Duration::from_millis(100);

/// A pipe that is ready takes as much without making its writer wait.
const PIECE: usize = 4096;

/// Pieces that nobody took.
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// Stderr that never makes a run wait: what nobody takes in time is dropped, and counted.
struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let dropped = DROPPED.load(Ordering::Relaxed);
        let patience = if dropped == 0 { PATIENCE } else { Duration::ZERO };
        if !is_ready(rustix::stdio::stderr(), PollFlags::OUT, patience) {
            DROPPED.fetch_add(1, Ordering::Relaxed);
            return Ok(bytes.len());
        }
        if dropped > 0 {
            DROPPED.store(0, Ordering::Relaxed);
            let lost = format!("\n({dropped} messages were dropped, because nobody read them)\n");
            rustix::io::write(rustix::stdio::stderr(), lost.as_bytes())?;
            return self.write(bytes);
        }
        Ok(rustix::io::write(rustix::stdio::stderr(), &bytes[..bytes.len().min(PIECE)])?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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
