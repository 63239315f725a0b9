//! The flags that all tools share.

use std::path::PathBuf;

use clap::{ArgAction, Args, Command, ValueEnum};

use crate::failure::Exit;
use crate::ndjson::{DEFAULT_MAX_LINE, Emit};
use crate::tool::{DEFAULT_MEMORY, Order, Tool};

/// When progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Progress {
    /// Unless --quiet is given.
    Auto,
    /// With --quiet too.
    Always,
    /// Never.
    Never,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One line of text each.
    Text,
    /// One JSON object each.
    Json,
}

/// Flags of every tool.
#[derive(Debug, Clone, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[command(next_help_heading = "Common options")]
pub struct Common {
    /// Replace every target by a deterministic simulated model: no key, no socket, no clock
    #[arg(long, global = true, env = "ULTRA_MOCK", value_parser = clap::builder::BoolishValueParser::new())]
    pub mock: bool,

    /// Seed of everything that is drawn
    #[arg(long, global = true, env = "ULTRA_SEED", value_name = "N", default_value_t = 0)]
    pub seed: u64,

    /// Read this configuration file instead of ./ultra.toml and the user's
    #[arg(long, global = true, env = "ULTRA_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Which records come out: everything read and made, or only what is new
    #[arg(long, global = true, env = "ULTRA_EMIT", value_enum, default_value_t = Emit::All, value_name = "WHICH")]
    pub emit: Emit,

    /// Order of the answers: as asked, or as they arrive [default: done; input with --mock]
    #[arg(long, global = true, env = "ULTRA_ORDER", value_enum, value_name = "ORDER")]
    pub order: Option<Order>,

    /// Stop at the first error record, with exit status 1
    #[arg(long, global = true, env = "ULTRA_STRICT", value_parser = clap::builder::BoolishValueParser::new())]
    pub strict: bool,

    /// Each line of the input is a prompt in plain text, not JSON
    #[arg(long, global = true, env = "ULTRA_LINES", value_parser = clap::builder::BoolishValueParser::new())]
    pub lines: bool,

    /// Longest line that is accepted, in bytes (K, M and G are powers of 1024)
    #[arg(long, global = true, env = "ULTRA_MAX_LINE", value_name = "BYTES", value_parser = bytes,
          default_value_t = DEFAULT_MAX_LINE as u64)]
    pub max_line: u64,

    /// Payload held in memory at most, in bytes (K, M and G are powers of 1024)
    #[arg(long, global = true, env = "ULTRA_MEM", value_name = "BYTES", value_parser = bytes, default_value_t = DEFAULT_MEMORY)]
    pub mem: u64,

    /// When progress is shown on stderr, where that is a terminal
    #[arg(long, global = true, env = "ULTRA_PROGRESS", value_enum, default_value_t = Progress::Auto, value_name = "WHEN")]
    pub progress: Progress,

    /// Say more on stderr; twice for details, three times for everything
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,

    /// Say nothing on stderr but errors
    #[arg(short, long, global = true, env = "ULTRA_QUIET", conflicts_with = "verbose", value_parser = clap::builder::BoolishValueParser::new())]
    pub quiet: bool,

    /// How log lines on stderr look
    #[arg(long, global = true, env = "ULTRA_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT")]
    pub log_format: LogFormat,

    /// Write the numbers of the run to this file, in Prometheus text format
    #[arg(long, global = true, env = "ULTRA_METRICS", value_name = "FILE")]
    pub metrics: Option<PathBuf>,

    /// Print the JSON Schema of what the tool reads and writes, or of one record type, and exit
    #[arg(long, global = true, value_name = "TYPE", num_args = 0..=1, require_equals = true, default_missing_value = "all")]
    pub schema: Option<String>,

    /// Print every setting with the place it comes from, and exit
    #[arg(long, global = true)]
    pub show_config: bool,
}

/// Reads a number of bytes such as `65536`, `64K` or `16M`.
///
/// # Errors
/// A sentence for the user.
pub fn bytes(text: &str) -> Result<u64, String> {
    let number = text.trim_end_matches("iB");
    let (digits, unit) = match number.char_indices().next_back() {
        Some((at, 'K' | 'k')) => (&number[..at], 1 << 10),
        Some((at, 'M' | 'm')) => (&number[..at], 1 << 20),
        Some((at, 'G' | 'g')) => (&number[..at], 1 << 30),
        _ => (number, 1_u64),
    };
    let bytes = digits.parse::<u64>().ok().and_then(|digits| digits.checked_mul(unit));
    bytes
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| "expected a number of bytes, such as 65536, 64K or 16M".to_owned())
}

/// Lets a flag see a number below zero, so that it can say what is wrong with it.
fn negative(argument: clap::Arg) -> clap::Arg {
    let takes = argument.get_action().takes_values() && !argument.is_positional();
    if takes { argument.allow_negative_numbers(true) } else { argument }
}

/// The command line of a tool: its own arguments and the common ones.
pub fn command<T: Tool>() -> Command {
    let command = Command::new(T::NAME).about(T::ABOUT).version(env!("CARGO_PKG_VERSION"));
    let command = T::Args::augment_args(command).next_help_heading("Common options");
    let command = Common::augment_args(command);
    let command = if T::TAKES_LINES { command } else { command.mut_arg("lines", |lines| lines.hide(true)) };
    let statuses = Exit::ALL
        .iter()
        .fold(String::new(), |text, exit| format!("{text}\n  {:<8}{}", exit.code(), exit.meaning()));
    let statuses = format!("Exit status:{statuses}\n  130/143 died by the signal");
    command
        .before_long_help(format!("{}\n\n{}", T::ABOUT, T::EXAMPLES.trim()))
        .mut_args(negative)
        .mut_subcommands(|command| command.mut_args(negative).after_long_help(statuses.clone()))
        .after_long_help(statuses.clone())
        .after_help("--help shows worked pipelines and the exit statuses.")
        .help_template("{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}")
        .max_term_width(100)
        .disable_help_subcommand(true)
}
