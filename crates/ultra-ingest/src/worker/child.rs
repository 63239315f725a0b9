//! The life of the process that parses: limits, one document in, one answer out.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::process::ExitCode;
use std::thread;

use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};
use ultra_core::kind::ErrorKind;

use super::{MARK, Say};
use crate::error::DocError;
use crate::{html, pdf};

/// Stack for the parser, whose recursion follows the nesting of the document.
const STACK: usize = 64 << 20;

/// Parses one document and returns how to exit, if this process was started to do that.
///
/// A `main` that calls this first can be a [`super::Worker`]; nothing else of the process may run before it.
pub fn entry() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    (arguments.next()? == MARK).then(|| match serve(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(3),
    })
}

fn serve(mut arguments: impl Iterator<Item = OsString>) -> io::Result<()> {
    let format = arguments.next().unwrap_or_default();
    let mut number = || arguments.next().and_then(|word| word.to_str()?.parse().ok());
    let (Some(cpu_seconds), Some(memory)) = (number(), number()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    restrict(cpu_seconds, memory)?;
    let mut bytes = Vec::new();
    File::from(rustix::stdio::stdin().try_clone_to_owned()?).read_to_end(&mut bytes)?;
    let mut out = BufWriter::new(File::from(rustix::stdio::stdout().try_clone_to_owned()?));
    let parser = thread::Builder::new().stack_size(STACK);
    let answered = parser.spawn(move || -> io::Result<()> {
        parse(&format, &bytes, &mut out)?.to(&mut out)?;
        out.flush()
    })?;
    answered.join().unwrap_or_else(|_| Err(io::Error::other("the parser panicked")))
}

/// Gives up, for good, everything that parsing does not need.
fn restrict(cpu_seconds: u64, memory: u64) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // The soft limit on time sends SIGXCPU, which tells it from any other death.
    setrlimit(Resource::Cpu, Rlimit { current: Some(cpu_seconds), maximum: Some(cpu_seconds + 1) })?;
    let hard = |limit| Rlimit { current: Some(limit), maximum: Some(limit) };
    setrlimit(Resource::As, hard(memory))?;
    setrlimit(Resource::Core, hard(0))?;
    setrlimit(Resource::Fsize, hard(0))?;
    setrlimit(Resource::Nofile, hard(8))?;
    Ok(())
}

/// The last line of the answer; text goes out before it, piece by piece.
fn parse(format: &OsString, bytes: &[u8], out: &mut impl Write) -> io::Result<Say> {
    let mut broken = None;
    let mut text = |piece: &str| {
        Say::Text(piece.to_owned()).to(&mut *out).map_err(|cause| {
            let error = DocError::io("pass on the text of", &cause);
            broken = Some(cause);
            error
        })
    };
    let parsed = match format.to_str() {
        Some("pdf") => pdf::read(bytes, &mut text),
        Some("html") => std::str::from_utf8(bytes)
            .map_err(|_| DocError::new(ErrorKind::Internal, "the text to parse is not UTF-8"))
            .and_then(html::read)
            .and_then(|parsed| text(&parsed.text).map(|()| parsed)),
        _ => return Err(io::ErrorKind::InvalidInput.into()),
    };
    match broken {
        Some(cause) => Err(cause),
        None => Ok(parsed.map_or_else(Say::from, Say::Done)),
    }
}
