//! Parsing in another process, so that a hostile document can neither hang, crash nor fill the run.
//!
//! The process is this program again, started with a hidden first argument. It gets the document on stdin and
//! answers with lines of JSON on stdout. It sets hard limits on itself before it reads a byte, its environment
//! is empty, it dies with its parent, and its parent ends it when it takes too long.

mod child;
mod protocol;

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use ultra_core::kind::ErrorKind;

use crate::error::DocError;
use crate::parsed::Parsed;

pub use child::entry;
pub(crate) use protocol::Say;

/// The hidden first argument.
pub(crate) const MARK: &str = "__read-document";

/// The program that owns the entry.
const PROGRAM: &str = "ultra-ingest";

/// What the other process parses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A PDF.
    Pdf,
    /// HTML, already decoded to UTF-8.
    Html,
}

/// What one document may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Seconds of processor time; the wall clock gets twice that and five.
    pub cpu_seconds: u64,
    /// Bytes of address space.
    pub memory: u64,
    /// Bytes of text that come out.
    pub text: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { cpu_seconds: 30, memory: 512 << 20, text: 64 << 20 }
    }
}

/// How the other process is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    program: PathBuf,
}

impl Worker {
    /// This program, if it is `ultra-ingest`; else the `ultra-ingest` beside it.
    ///
    /// # Errors
    /// When this program's own path is unknown or neither exists.
    pub fn installed() -> io::Result<Self> {
        let here = std::env::current_exe()?;
        if here.file_name().is_some_and(|name| name == PROGRAM) {
            return Ok(Self { program: here });
        }
        let beside = here.with_file_name(PROGRAM);
        if beside.is_file() {
            return Ok(Self { program: beside });
        }
        Err(io::Error::new(io::ErrorKind::NotFound, format!("there is no `{PROGRAM}` beside this program")))
    }

    /// Another program whose `main` begins with [`entry`].
    pub fn program(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into() }
    }

    /// Parses `bytes` in a new process.
    ///
    /// # Errors
    /// What the parser says; `doc.cpu`, `doc.limit`, `doc.bomb` when a limit is reached; `doc.crash` when the
    /// process dies of anything else; `doc.io` when it cannot be started.
    pub fn read(&self, format: Format, bytes: &[u8], limits: Limits) -> Result<Parsed, DocError> {
        let mut child = self
            .start(format, limits)
            .map_err(|cause| DocError::io("start the process that parses", &cause))?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(DocError::new(ErrorKind::Internal, "the process that parses has no pipes"));
        };
        let patience = Duration::from_secs(limits.cpu_seconds.saturating_mul(2).saturating_add(5));
        thread::scope(|scope| {
            // The process may die before it has read everything, which its exit status tells better.
            scope.spawn(move || drop({ stdin }.write_all(bytes)));
            let last_words = scope.spawn(move || first_bytes(stderr));
            let (answer, answered) = mpsc::sync_channel(1);
            scope.spawn(move || answer.send(protocol::listen(stdout, limits.text)));
            let heard = answered.recv_timeout(patience);
            let finished = matches!(heard, Ok(Ok(_)));
            let status =
                end(&mut child, finished).map_err(|cause| DocError::io("wait for its parser", &cause))?;
            let last_words = last_words.join().unwrap_or_default();
            match heard {
                Ok(Ok(Some(parsed))) => Ok(parsed),
                Ok(Err(error)) => Err(error),
                Ok(Ok(None)) => Err(death(status, &last_words, limits)),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    let waited = format!("its parser did not answer within {} s", patience.as_secs());
                    Err(too_slow(&waited))
                }
            }
        })
    }

    fn start(&self, format: Format, limits: Limits) -> io::Result<Child> {
        let name = match format {
            Format::Pdf => "pdf",
            Format::Html => "html",
        };
        let arguments = [MARK.into(), name.into(), limits.cpu_seconds.to_string(), limits.memory.to_string()];
        Command::new(&self.program)
            .args(arguments.map(OsString::from))
            .env_clear()
            // Threads would each reserve address space for an allocator and a stack of their own.
            .env("RAYON_NUM_THREADS", "1")
            .env("MALLOC_ARENA_MAX", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    }
}

/// Waits for a process that has finished its answer, and kills one that has not.
fn end(child: &mut Child, finished: bool) -> io::Result<ExitStatus> {
    if !finished {
        child.kill()?;
    }
    child.wait()
}

/// The first bytes of what a dying process says; the rest is read and dropped.
fn first_bytes(mut stderr: impl Read) -> String {
    let mut bytes = Vec::new();
    if (&mut stderr).take(4096).read_to_end(&mut bytes).is_ok() {
        drop(io::copy(&mut stderr, &mut io::sink()));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

const SIGKILL: i32 = 9;
/// What the soft limit on time sends.
const SIGXCPU: i32 = 24;

/// Why a process ended without an answer.
fn death(status: ExitStatus, last_words: &str, limits: Limits) -> DocError {
    tracing::debug!(%status, last_words, "the process that parsed a document died");
    let out_of_memory = ["memory allocation of", "failed to allocate", "Cannot allocate memory"];
    if out_of_memory.iter().any(|words| last_words.contains(words)) {
        let mib = limits.memory >> 20;
        return DocError::new(
            ErrorKind::DocLimit,
            format!("parsing it needs more than {mib} MiB of memory; raise --doc-memory if you trust it"),
        );
    }
    match status.signal() {
        Some(SIGXCPU) => {
            let seconds = limits.cpu_seconds;
            too_slow(&format!("parsing it takes longer than {seconds} s of processor time"))
        }
        Some(SIGKILL) => DocError::new(ErrorKind::DocCrash, "its parser was killed (signal 9)"),
        Some(signal) => {
            DocError::new(ErrorKind::DocCrash, format!("its parser crashed on it ({})", signal_name(signal)))
        }
        None => DocError::new(ErrorKind::DocCrash, format!("its parser failed on it ({status})")),
    }
}

fn too_slow(what: &str) -> DocError {
    DocError::new(ErrorKind::DocCpu, format!("{what}; raise --doc-seconds if you trust it"))
}

fn signal_name(signal: i32) -> String {
    let name = match signal {
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        11 => "SIGSEGV",
        25 => "SIGXFSZ",
        31 => "SIGSYS",
        _ => return format!("signal {signal}"),
    };
    format!("signal {signal}, {name}")
}
