//! The arguments of `ultra-fanout`.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{BoolishValueParser, OsStringValueParser, RangedU64ValueParser, TypedValueParser as _};
use clap::{Args, ValueEnum, ValueHint};
use ultra_core::sampling::Sampling;
use ultra_provider::span;

pub use crate::decided::Voting;
use crate::quorum::Quorum;

/// The command line.
#[derive(Debug, Clone, Args)]
pub struct FanoutArgs {
    /// Whom to ask where the input does not say it: provider:model, mock:NAME, exec:COMMAND, an alias or
    /// @profile; `#3` at the end asks for three samples
    #[arg(short = 'm', long = "target", value_name = "TARGET")]
    pub targets: Vec<String>,

    /// Parameters of the calls for bare prompts.
    #[command(flatten)]
    pub sampling: Sampling,

    /// How often and how long to try.
    #[command(flatten)]
    pub effort: Effort,

    /// How much to send.
    #[command(flatten)]
    pub limits: Limits,

    /// How much to spend.
    #[command(flatten)]
    pub budget: Budget,

    /// When a vote over the answers needs no more of them.
    #[command(flatten)]
    pub voting: Voting,

    /// What is kept.
    #[command(flatten)]
    pub keeping: Keeping,

    /// Write pieces of answers as `delta` records as they arrive; the responses stay as they are
    #[arg(long, env = "ULTRA_STREAM", value_parser = BoolishValueParser::new())]
    pub stream: bool,

    /// Print the calls that would be made, one a line, and make none; keys are hidden
    #[arg(long, conflicts_with = "estimate")]
    pub dry_run: bool,

    /// Print what the run would take, calls, tokens and cost by target, and make no call
    #[arg(long)]
    pub estimate: bool,

    /// Write the summary of the run to this file as JSON
    #[arg(long, env = "ULTRA_SUMMARY", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub summary: Option<PathBuf>,
}

/// How often and how long to try.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Retries and time")]
pub struct Effort {
    /// Attempts after which a call is given up; half as many when they may have been billed
    #[arg(long, env = "ULTRA_ATTEMPTS", value_name = "N", default_value_t = 8,
          value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub attempts: u32,

    /// What one attempt may take, such as 90s
    #[arg(long, env = "ULTRA_TIMEOUT", value_name = "TIME", default_value = "10m", value_parser = span::positive)]
    pub timeout: Duration,

    /// What one call may take in all, waiting and retries included, such as 5m
    #[arg(long, env = "ULTRA_DEADLINE", value_name = "TIME", default_value = "30m", value_parser = span::positive)]
    pub deadline: Duration,

    /// What the run may take, such as 2h; then nothing more is sent, and the exit status is 75
    #[arg(long, env = "ULTRA_RUN_DEADLINE", value_name = "TIME", value_parser = span::positive)]
    pub run_deadline: Option<Duration>,

    /// Go on when K targets have answered a request; the others are waited for as long as the grace time says
    #[arg(long, env = "ULTRA_QUORUM", value_name = "K[,grace=TIME]")]
    pub quorum: Option<Quorum>,

    /// Whom to ask where a target failed that has no entry under `[fallbacks]`; the record says who answered
    #[arg(long, env = "ULTRA_FALLBACK", value_name = "TARGET")]
    pub fallback: Option<String>,

    /// Ask a second time when an answer begins later than 95 % of those of its target, at most 5 % more calls
    #[arg(long, env = "ULTRA_HEDGE", value_parser = BoolishValueParser::new())]
    pub hedge: bool,
}

/// How much to send.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// Calls in flight at one target
    #[arg(short = 'j', long, env = "ULTRA_CONCURRENCY", value_name = "N", default_value_t = 32,
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=65_536))]
    pub concurrency: usize,

    /// Calls in flight in all [default: 128, or -j if that is more]
    #[arg(long, env = "ULTRA_TOTAL", value_name = "N",
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=65_536))]
    pub total: Option<usize>,

    /// The send rate of each target, where `[limits]` names none; without it, it is learned
    #[arg(long, env = "ULTRA_REQUESTS_PER_MINUTE", value_name = "N", value_parser = rate)]
    pub requests_per_minute: Option<f64>,

    /// The tokens of each target, in and out, where `[limits]` names none
    #[arg(long, env = "ULTRA_TOKENS_PER_MINUTE", value_name = "N", value_parser = rate)]
    pub tokens_per_minute: Option<f64>,

    /// Who keeps to the limits together: all runs of this user on this host, or this process alone
    #[arg(long, env = "ULTRA_LIMITS", value_enum, default_value_t = Scope::Host, value_name = "SCOPE")]
    pub limits: Scope,
}

/// How much to spend.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Budget")]
pub struct Budget {
    /// Send nothing more after so many calls, retries included; what is left becomes `budget` errors
    #[arg(long, env = "ULTRA_MAX_CALLS", value_name = "N")]
    pub max_calls: Option<u64>,

    /// Send nothing more after so many tokens, in and out
    #[arg(long, env = "ULTRA_MAX_TOKENS", value_name = "N")]
    pub max_tokens: Option<u64>,

    /// Send nothing more after so many US dollars; every target needs a price under `[prices]`
    #[arg(long, env = "ULTRA_MAX_USD", value_name = "USD", value_parser = dollars)]
    pub max_usd: Option<f64>,
}

/// What is kept.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Journal and store")]
#[allow(clippy::struct_excessive_bools, reason = "each is a question of its own that the user answers")]
pub struct Keeping {
    /// Write results to this file before they are printed; the same command run again sends what is missing
    #[arg(long, env = "ULTRA_JOURNAL", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub journal: Option<PathBuf>,

    /// Send again what failed according to the journal
    #[arg(long, env = "ULTRA_RETRY_ERRORS", value_parser = BoolishValueParser::new(), requires = "journal")]
    pub retry_errors: bool,

    /// What of the journal survives a power cut: each record, all but the last second, or no promise; a
    /// killed process never loses a record
    #[arg(long, env = "ULTRA_DURABILITY", value_enum, default_value_t = Durability::Power, value_name = "WHAT")]
    pub durability: Durability,

    /// Keep the good lines of a damaged journal
    #[arg(long, env = "ULTRA_JOURNAL_REPAIR", value_parser = BoolishValueParser::new(), requires = "journal")]
    pub journal_repair: bool,

    /// Accept a journal on a network file system, where locks may not hold
    #[arg(long, env = "ULTRA_UNSAFE_FS", value_parser = BoolishValueParser::new(), requires = "journal")]
    pub unsafe_fs: bool,

    /// Serve answers from this store, and keep new ones there [default file: cache.db in the user's cache
    /// directory]
    #[arg(long, env = "ULTRA_CACHE", value_name = "FILE", num_args = 0..=1, require_equals = true,
          default_missing_value = "", value_hint = ValueHint::FilePath,
          value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub cache: Option<PathBuf>,
}

/// Who keeps to the limits together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Scope {
    /// All runs of this user on this host.
    Host,
    /// This process alone.
    Process,
}

/// What of the journal survives a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Durability {
    /// Every record that was printed.
    Record,
    /// All but the last second or 64 records.
    Power,
    /// Whatever the system has written by then.
    None,
}

/// A number of things a minute.
fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        _ => Err("must be a number above 0".to_owned()),
    }
}

/// An amount of US dollars.
fn dollars(text: &str) -> Result<f64, String> {
    match text.trim_start_matches('$').parse::<f64>() {
        Ok(amount) if (0.0..=1e9).contains(&amount) => Ok(amount),
        _ => Err("must be an amount of US dollars, such as 2.50".to_owned()),
    }
}
