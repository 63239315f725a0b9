//! Running one command: stdin written, stdout and stderr read at once, no child left behind.

use std::collections::BTreeSet;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, Command};
use ultra_core::clock::{Clock as _, System};

use crate::http::LARGEST;

/// The most bytes of stderr that are kept.
const STDERR: usize = 1024;

/// A command that ran to its end.
#[derive(Debug)]
pub(super) struct Ended {
    /// How it failed, if it did.
    pub(super) failure: Option<String>,
    /// Its exit status, unless a signal ended it.
    pub(super) code: Option<i32>,
    /// All it wrote.
    pub(super) stdout: Vec<u8>,
    /// The beginning of what it complained about.
    pub(super) stderr: Vec<u8>,
    /// From its start to the first byte it wrote.
    pub(super) first_byte: Option<Duration>,
}

/// A command that did not run to its end.
#[derive(Debug)]
pub(super) enum Unfinished {
    /// It wrote more than an answer may have.
    TooLarge,
    /// It could not be started, or its streams broke.
    Io(io::Error),
}

impl From<io::Error> for Unfinished {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Runs `command` with `input` on stdin and without the variables in `secrets`.
///
/// When the future is dropped, the whole process group is killed.
pub(super) async fn run(command: &str, secrets: &[String], input: Vec<u8>) -> Result<Ended, Unfinished> {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command).process_group(0).kill_on_drop(true);
    shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for secret in secrets {
        shell.env_remove(secret);
    }
    let clock = System::start();
    let (mut child, mut group) = Group::begin(&mut shell)?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let mut first_byte = None;
    let read = read(stdout, LARGEST, || first_byte = Some(clock.elapsed()));
    let ((), stdout, stderr) = tokio::try_join!(write(stdin, input), read, drain(stderr))?;
    let status = child.wait().await?;
    group.spare();
    Ok(Ended { failure: failure(status), code: status.code(), stdout, stderr, first_byte })
}

fn failure(status: ExitStatus) -> Option<String> {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(0), _) => None,
        (Some(code @ (126 | 127)), _) => {
            Some(format!("the command cannot be run (exit status {code}); is it installed?"))
        }
        (Some(code), _) => Some(format!("the command failed with exit status {code}")),
        (None, Some(signal)) => Some(format!("the command was ended by signal {signal}")),
        (None, None) => Some("the command ended abnormally".to_owned()),
    }
}

/// Writes all of `input`; a command need not read it.
async fn write(stdin: Option<ChildStdin>, input: Vec<u8>) -> Result<(), Unfinished> {
    let Some(mut stdin) = stdin else { return Ok(()) };
    match stdin.write_all(&input).await {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Reads to the end, at most `limit` bytes; `begun` is called when the first arrive.
async fn read(
    stream: Option<impl AsyncRead + Unpin>,
    limit: usize,
    begun: impl FnOnce(),
) -> Result<Vec<u8>, Unfinished> {
    let mut bytes = Vec::new();
    let mut begun = Some(begun);
    let Some(mut stream) = stream else { return Ok(bytes) };
    while stream.read_buf(&mut bytes).await? > 0 {
        if let Some(begun) = begun.take() {
            begun();
        }
        if bytes.len() > limit {
            return Err(Unfinished::TooLarge);
        }
    }
    Ok(bytes)
}

/// Reads to the end and keeps the beginning.
async fn drain(stream: Option<impl AsyncRead + Unpin>) -> Result<Vec<u8>, Unfinished> {
    let mut kept = Vec::new();
    let Some(mut stream) = stream else { return Ok(kept) };
    let mut buffer = vec![0; 8192];
    loop {
        let length = stream.read(&mut buffer).await?;
        if length == 0 {
            return Ok(kept);
        }
        let room = STDERR - kept.len();
        kept.extend_from_slice(&buffer[..length.min(room)]);
    }
}

/// The groups that run now, until none may begin any more. The process may die without dropping anything, and nobody
/// else knows them.
static RUNNING: Mutex<Option<BTreeSet<i32>>> = Mutex::new(Some(BTreeSet::new()));

fn running() -> MutexGuard<'static, Option<BTreeSet<i32>>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kills every command that runs, for a process that dies at once, and lets none begin.
pub(crate) fn kill_all() {
    for group in running().take().unwrap_or_default() {
        if let Some(group) = Pid::from_raw(group) {
            // It may be gone already.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

fn forget(group: Pid) {
    if let Some(running) = &mut *running() {
        running.remove(&group.as_raw_pid());
    }
}

/// The process group of a command; killed when dropped, unless it was spared.
#[derive(Debug)]
struct Group(Option<Pid>);

impl Group {
    /// Begins a command. Whoever kills all that run finds it either not begun or known.
    fn begin(shell: &mut Command) -> io::Result<(Child, Self)> {
        let mut running = running();
        let running = running.as_mut().ok_or_else(|| io::Error::other("the run is over"))?;
        let child = shell.spawn()?;
        let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        running.extend(group.map(Pid::as_raw_pid));
        Ok((child, Self(group)))
    }

    /// The command has ended by itself, and its number may be given to somebody else.
    fn spare(&mut self) {
        if let Some(group) = self.0.take() {
            forget(group);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            forget(group);
            // It may be gone already.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}
