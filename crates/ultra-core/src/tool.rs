//! What a tool is: a function from a stream of records to a stream of records.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::config::Config;
use crate::failure::Failure;
use crate::metrics::Metrics;
use crate::ndjson::{Emit, Input, Output};
use crate::record::Type;
use crate::shutdown::Shutdown;

/// A tool: the library value that a binary, a test and a compositor run alike.
pub trait Tool {
    /// Its arguments; their doc comments are the help, the manual page and the completions.
    type Args: clap::Args + fmt::Debug + Send + 'static;

    /// The name of the binary.
    const NAME: &'static str;
    /// The section of the configuration.
    const SECTION: &'static str;
    /// Its purpose, one sentence.
    const ABOUT: &'static str;
    /// Worked pipelines, shown first in `--help`; each command after `$ ` is run by a test.
    const EXAMPLES: &'static str;
    /// The records it acts on; all others pass.
    const READS: &'static [Type];
    /// The records it makes.
    const WRITES: &'static [Type];
    /// The files that it reads beside records, each with its JSON Schema for `--schema NAME`.
    const FILES: &'static [NamedSchema] = &[];
    /// Whether `--lines` means anything to it: it takes prompts.
    const TAKES_LINES: bool = false;
    /// How long it may go on after a signal, to end what is in flight.
    const GRACE: Duration = Duration::from_millis(200);

    /// Reads `input` to its end and writes `output`. Called once a run.
    ///
    /// # Errors
    /// Whatever stops the run; what concerns one record is an error record instead.
    fn run(
        args: Self::Args,
        context: &Context,
        input: Input,
        output: &mut Output,
    ) -> Result<Summary, Failure>;
}

/// The name of a kind of file, and its JSON Schema.
pub type NamedSchema = (&'static str, fn() -> serde_json::Value);

/// What surrounds a run: everything that a tool would otherwise take from the process.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is a question of its own that the user answers")]
pub struct Context {
    /// Every target is a simulated model.
    pub mock: bool,
    /// Seed of everything that is drawn.
    pub seed: u64,
    /// Which records come out.
    pub emit: Emit,
    /// In which order records come out; `None` when the user did not say.
    pub order: Option<Order>,
    /// Stop at the first error record.
    pub strict: bool,
    /// Bound of the payload held in memory, in bytes.
    pub memory: u64,
    /// The lines of the input are plain text.
    pub plain_lines: bool,
    /// The user asked for more to be said.
    pub verbose: bool,
    /// Whether progress is shown.
    pub progress: bool,
    /// Standard output is a terminal, so a person reads it.
    pub person_reads: bool,
    /// Standard input is a terminal, so nobody pipes records in.
    pub person_types: bool,
    /// Configuration files.
    pub config: Arc<Config>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Numbers for `--metrics`.
    pub metrics: Metrics,
    /// Tells when to stop.
    pub shutdown: Shutdown,
}

impl Context {
    /// The context of a mock run inside another process or a test.
    pub fn mock(seed: u64) -> Self {
        Self {
            mock: true,
            seed,
            emit: Emit::All,
            order: None,
            strict: false,
            memory: DEFAULT_MEMORY,
            plain_lines: false,
            verbose: false,
            progress: false,
            person_reads: false,
            person_types: false,
            config: Arc::default(),
            clock: Arc::new(crate::clock::Frozen),
            metrics: Metrics::default(),
            shutdown: Shutdown::default(),
        }
    }
}

/// The payload that a tool may hold unless the user says otherwise: 256 MiB.
pub const DEFAULT_MEMORY: u64 = 256 << 20;

/// The order in which terminal records come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Order {
    /// As the requests came in.
    Input,
    /// As the answers arrive.
    Done,
}

/// A number and what it counts: `1 prompt`, `2 prompts`.
pub fn many(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// What a run did, in one line for stderr.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    text: String,
    paid: bool,
}

impl Summary {
    /// Shown with `-v`, or when there were errors.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), paid: false }
    }

    /// Shown always (but not with `-q`), because calls were made or could have been.
    #[must_use]
    pub fn of_calls(mut self) -> Self {
        self.paid = true;
        self
    }

    /// The line.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is shown without being asked for.
    pub fn is_of_calls(&self) -> bool {
        self.paid
    }
}
