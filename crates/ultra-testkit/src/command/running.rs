//! A program that still runs: feed it, signal it, wait for its lines, end it.

use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdin, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid};

use super::run::{Run, Status};
use super::sandbox::Sandbox;
use crate::sync::{Stopwatch, lock};

/// A started program. Dropping it kills its whole process group.
#[derive(Debug)]
pub struct Running {
    child: Child,
    pid: Pid,
    stdin: Option<ChildStdin>,
    stdout: Capture,
    stderr: Capture,
    watchdog: Option<Watchdog>,
    sandbox: Sandbox,
    started: Stopwatch,
}

impl Running {
    pub(super) fn new(mut child: Child, sandbox: Sandbox, timeout: Duration) -> Self {
        let pid = Pid::from_child(&child);
        let stdin = child.stdin.take();
        let stdout = Capture::of(child.stdout.take());
        let stderr = Capture::of(child.stderr.take());
        let watchdog = Some(Watchdog::new(pid, timeout));
        Self { child, pid, stdin, stdout, stderr, watchdog, sandbox, started: Stopwatch::start() }
    }

    /// Writes to stdin and flushes. Fails when the program no longer reads.
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        let stdin = self.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        stdin.write_all(bytes.as_ref())?;
        stdin.flush()
    }

    /// The open stdin, for a writer such as [`feed`](crate::ndjson_torture::feed).
    pub fn stdin(&mut self) -> Option<&mut ChildStdin> {
        self.stdin.as_mut()
    }

    /// Ends the input.
    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Sends a signal to the program alone.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).expect("the program has not been waited for");
    }

    /// Sends a signal to the whole process group, as a terminal does.
    pub fn signal_group(&self, signal: Signal) {
        kill_process_group(self.pid, signal).expect("the group has not been waited for");
    }

    /// Waits until stdout holds `count` whole lines and returns all whole lines; panics after `limit`.
    pub fn wait_for_lines(&self, count: usize, limit: Duration) -> Vec<String> {
        let bytes = self.stdout.wait(limit, |bytes| lines(bytes).len() >= count);
        let found = lines(&bytes);
        assert!(found.len() >= count, "{} of {count} lines came in {limit:?}: {found:#?}", found.len());
        found
    }

    /// Waits until stderr holds a text; panics after `limit`.
    pub fn wait_for_stderr(&self, text: &str, limit: Duration) {
        let bytes = self.stderr.wait(limit, |bytes| String::from_utf8_lossy(bytes).contains(text));
        let found = String::from_utf8_lossy(&bytes);
        assert!(found.contains(text), "{text:?} did not come in {limit:?}; stderr: {found}");
    }

    /// The most memory the program itself has held so far, in bytes, where the system tells.
    pub fn peak_memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
    }

    /// CPU time the program itself has used so far, in clock ticks (100 a second on Linux), where the system tells.
    pub fn cpu_ticks(&self) -> Option<u64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).ok()?;
        let (_, fields) = stat.rsplit_once(") ")?;
        let mut fields = fields.split(' ').skip(11);
        Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
    }

    /// Ends the input and waits for the end of the program.
    pub fn wait(self) -> Run {
        self.finish(Vec::new())
    }

    pub(super) fn finish(mut self, input: Vec<u8>) -> Run {
        let writer = self.stdin.take().map(|mut stdin| {
            // A program may stop reading whenever it likes.
            thread::spawn(move || drop(stdin.write_all(&input)))
        });
        // NOWAIT keeps the process id reserved, so that the watchdog cannot hit a stranger.
        let ended = waitid(WaitId::Pid(self.pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        let (stdout, stderr) = (self.stdout.finish(), self.stderr.finish());
        let late = self.watchdog.take().is_some_and(Watchdog::dismiss);
        kill_group(self.pid);
        let status = self.child.wait().expect("the end of a child of ours");
        if let Some(writer) = writer {
            drop(writer.join());
        }
        assert!(
            !late && ended.is_ok(),
            "the program did not end in time\n----- stdout -----\n{}\n----- stderr -----\n{}",
            String::from_utf8_lossy(&stdout),
            String::from_utf8_lossy(&stderr),
        );
        let kind = status.code().map(Status::Code).or_else(|| status.signal().map(Status::Signal));
        let kind = kind.expect("a code or a signal");
        let output = Output { status, stdout, stderr };
        Run { output, status: kind, took: self.started.elapsed(), sandbox: self.sandbox.clone() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(watchdog) = self.watchdog.take() {
            watchdog.dismiss();
            kill_group(self.pid);
            // Reaped for the sake of the process table; how it ended no longer matters.
            drop(self.child.wait());
        }
    }
}

/// Kills what is left of the group. It may be gone already.
fn kill_group(pid: Pid) {
    let _ = kill_process_group(pid, Signal::KILL);
}

fn lines(bytes: &[u8]) -> Vec<String> {
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    String::from_utf8_lossy(&bytes[..whole]).lines().map(str::to_owned).collect()
}

/// Kills a process group when its time is up.
#[derive(Debug)]
struct Watchdog {
    dismissal: SyncSender<()>,
    fired: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Watchdog {
    fn new(pid: Pid, timeout: Duration) -> Self {
        let (dismissal, dismissed) = sync_channel(1);
        let fired = Arc::new(AtomicBool::new(false));
        let mark = Arc::clone(&fired);
        let thread = thread::spawn(move || {
            if dismissed.recv_timeout(timeout) == Err(RecvTimeoutError::Timeout) {
                mark.store(true, Ordering::SeqCst);
                kill_group(pid);
            }
        });
        Self { dismissal, fired, thread }
    }

    /// Stops watching; says whether it had to kill.
    fn dismiss(self) -> bool {
        drop(self.dismissal);
        drop(self.thread.join());
        self.fired.load(Ordering::SeqCst)
    }
}

/// Collects an output stream on a thread.
#[derive(Debug)]
struct Capture {
    shared: Arc<(Mutex<Captured>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Captured {
    bytes: Vec<u8>,
    over: bool,
}

impl Capture {
    fn of(stream: Option<impl Read + Send + 'static>) -> Self {
        let shared: Arc<(Mutex<Captured>, Condvar)> = Arc::default();
        let filling = Arc::clone(&shared);
        let thread = stream.map(|mut stream| {
            thread::spawn(move || {
                let mut piece = vec![0; 64 << 10];
                loop {
                    let read = match stream.read(&mut piece) {
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                        read => read.unwrap_or(0),
                    };
                    let mut captured = lock(&filling.0);
                    captured.bytes.extend_from_slice(&piece[..read]);
                    captured.over = read == 0;
                    filling.1.notify_all();
                    if captured.over {
                        return;
                    }
                }
            })
        });
        Self { shared, thread }
    }

    fn wait(&self, limit: Duration, enough: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let captured = lock(&self.shared.0);
        let wait = self.shared.1.wait_timeout_while(captured, limit, |now| !now.over && !enough(&now.bytes));
        wait.unwrap_or_else(PoisonError::into_inner).0.bytes.clone()
    }

    fn finish(&mut self) -> Vec<u8> {
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
        std::mem::take(&mut lock(&self.shared.0).bytes)
    }
}
