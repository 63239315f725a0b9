//! Why a tool stops: whose fault it is, what to do, and the exit status that follows.

use std::fmt;
use std::io;

/// How a tool can end. The one place where exit statuses are defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Every record was handled, or the reader left early.
    Done,
    /// Ran to the end, but some records that this tool made are errors; or stopped at the first, with `--strict`.
    SomeErrors,
    /// The command line or the configuration is wrong.
    Usage,
    /// The input cannot be read, or the output cannot be written.
    Io,
    /// Nothing usable came out: no target, or every model failed.
    NothingUsable,
    /// Stopped early; run the same command again to go on.
    Stopped,
}

impl Exit {
    /// Every way to end, in the order of the documentation.
    pub const ALL: [Self; 6] =
        [Self::Done, Self::SomeErrors, Self::Usage, Self::Io, Self::NothingUsable, Self::Stopped];

    /// The exit status.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::SomeErrors => 1,
            Self::Usage => 2,
            Self::Io => 3,
            Self::NothingUsable => 4,
            Self::Stopped => 75,
        }
    }

    /// What it means, for the manual.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "every record was handled, or the reader left early",
            Self::SomeErrors => {
                "ran to the end, but some records that this tool made are errors (--strict stops at the first)"
            }
            Self::Usage => "the command line or the configuration is wrong",
            Self::Io => "the input cannot be read, or the output cannot be written",
            Self::NothingUsable => "nothing usable came out: no target, or every model failed",
            Self::Stopped => "stopped early; run the same command again to go on",
        }
    }
}

/// A reason to stop.
#[derive(Debug)]
pub struct Failure {
    kind: Kind,
    message: String,
    cause: Option<io::Error>,
    hints: Vec<String>,
    summary: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Exit(Exit),
    ReaderGone,
}

impl Failure {
    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), cause: None, hints: Vec::new(), summary: None }
    }

    /// The user asked for something that cannot be done as asked.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Exit(Exit::Usage), message)
    }

    /// Something outside cannot be read or written.
    pub fn io(message: impl Into<String>, cause: io::Error) -> Self {
        Self { cause: Some(cause), ..Self::new(Kind::Exit(Exit::Io), message) }
    }

    /// Nothing usable came out.
    pub fn nothing_usable(message: impl Into<String>) -> Self {
        Self::new(Kind::Exit(Exit::NothingUsable), message)
    }

    /// The first error record under `--strict`.
    pub fn strict(message: impl Into<String>) -> Self {
        Self::new(Kind::Exit(Exit::SomeErrors), message)
    }

    /// Stopped before the end, and can be resumed.
    pub fn stopped(message: impl Into<String>) -> Self {
        Self::new(Kind::Exit(Exit::Stopped), message)
    }

    /// The reader of stdout has left: a quiet end.
    pub fn reader_gone() -> Self {
        Self::new(Kind::ReaderGone, "the reader has left")
    }

    /// A defect of Ultra.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Kind::Exit(Exit::Io), message).hint("this is a defect of Ultra; please report it")
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds what the run had done, in one line, for an end that is nobody's fault: a signal, a reader that left.
    #[must_use]
    pub fn after(mut self, summary: impl Into<String>) -> Self {
        self.summary = Some(summary.into());
        self
    }

    /// What the run had done.
    pub fn summary(&self) -> Option<&str> {
        self.summary.as_deref()
    }

    /// The way to end that follows.
    pub fn exit(&self) -> Exit {
        match self.kind {
            Kind::Exit(exit) => exit,
            Kind::ReaderGone => Exit::Done,
        }
    }

    /// Whether the reader has left, which is nobody's fault.
    pub fn is_reader_gone(&self) -> bool {
        self.kind == Kind::ReaderGone
    }

    /// What to do next.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.cause {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as _)
    }
}
