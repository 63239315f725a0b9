//! Runs a program, or a shell pipeline of programs, in an environment that holds nothing of this machine.
//!
//! The environment is empty but for PATH, HOME, TMPDIR, the XDG directories (all in a temporary directory),
//! `TZ=UTC`, `LANG=C.UTF-8` and `NO_PROXY=*`. A run is the leader of its own process group, and a timeout ends
//! the group, so nothing of a pipeline outlives its test.
//!
//! ```
//! use ultra_testkit::command::Command;
//!
//! let run = Command::new("/bin/cat").stdin(r#"{"type":"note"}"#.to_owned() + "\n").run();
//! assert_eq!(run.assert_status(0).lines()[0]["type"], "note");
//! ```

mod run;
mod running;
mod sandbox;
#[cfg(test)]
mod tests;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Stdio};
use std::time::Duration;

pub use rustix::process::Signal;

pub use self::run::{Run, Status};
pub use self::running::Running;
pub use self::sandbox::Sandbox;

/// A program to run, with its arguments, environment and input.
#[derive(Debug)]
pub struct Command {
    sandbox: Sandbox,
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    stdin: Input,
    timeout: Duration,
}

#[derive(Debug)]
enum Input {
    Bytes(Vec<u8>),
    File(PathBuf),
}

/// A shell line in a sandbox of its own: `pipeline(directory, "ultra-ingest x | ultra-fanout")`.
pub fn pipeline(directory: impl AsRef<Path>, line: &str) -> Command {
    Sandbox::new().pipeline(directory, line)
}

impl Command {
    /// A program in a sandbox of its own.
    pub fn new(program: impl AsRef<Path>) -> Self {
        Self::within(&Sandbox::new(), program.as_ref())
    }

    fn within(sandbox: &Sandbox, program: &Path) -> Self {
        let environment = sandbox.environment().into_iter().map(|(name, value)| (name.into(), value.into()));
        Self {
            sandbox: sandbox.clone(),
            program: program.to_owned(),
            arguments: Vec::new(),
            environment: environment.chain([("PATH".into(), path())]).collect(),
            stdin: Input::Bytes(Vec::new()),
            timeout: Duration::from_mins(1),
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Sets a variable, in place of the hermetic one if there is one.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.retain(|(key, _)| key != name.as_ref());
        self.environment.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// The bytes on stdin; without this, stdin is empty.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Input::Bytes(bytes.into());
        self
    }

    /// Stdin is a file of the working directory, not a pipe.
    #[must_use]
    pub fn stdin_file(mut self, name: &str) -> Self {
        self.stdin = Input::File(self.sandbox.path(name));
        self
    }

    /// Writes a file in the working directory before the run.
    #[must_use]
    pub fn file(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        self.sandbox.write(name, bytes);
        self
    }

    /// How long the run may take (60 s); then it is killed and the test fails.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Runs the program through another one, such as `prlimit`, that takes its own arguments first.
    #[must_use]
    pub fn through<A: AsRef<OsStr>>(mut self, program: &str, arguments: impl IntoIterator<Item = A>) -> Self {
        let inner = std::mem::replace(&mut self.program, PathBuf::from(program));
        let mut all: Vec<OsString> = arguments.into_iter().map(|one| one.as_ref().to_owned()).collect();
        all.push(inner.into());
        all.append(&mut self.arguments);
        self.arguments = all;
        self
    }

    /// Where the command will run.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Runs to the end.
    pub fn run(mut self) -> Run {
        let bytes = match &mut self.stdin {
            Input::Bytes(bytes) => std::mem::take(bytes),
            Input::File(_) => Vec::new(),
        };
        self.spawn().finish(bytes)
    }

    /// Starts the program with its stdin open, for a test that feeds or signals it.
    ///
    /// Bytes given to [`Command::stdin`] are not used: write them to what is returned.
    pub fn spawn(self) -> Running {
        let mut command = process::Command::new(&self.program);
        command.args(&self.arguments).env_clear().envs(self.environment).current_dir(self.sandbox.work());
        let stdin = match self.stdin {
            Input::Bytes(_) => Stdio::piped(),
            Input::File(path) => File::open(path).expect("a file for stdin").into(),
        };
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", self.program.display()));
        Running::new(child, self.sandbox, self.timeout)
    }

    /// Puts a directory first on PATH.
    fn programs_in(self, directory: &Path) -> Self {
        let mut paths = directory.as_os_str().to_owned();
        paths.push(":");
        paths.push(path());
        self.env("PATH", paths)
    }
}

#[allow(clippy::disallowed_methods, reason = "PATH is the one variable that a hermetic run inherits")]
fn path() -> OsString {
    std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into())
}
