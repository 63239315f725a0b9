//! The arguments of `ultra-fanout`.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{OsStringValueParser, RangedU64ValueParser, TypedValueParser as _};
use clap::{Args, ValueHint};
use ultra_core::sampling::Sampling;
use ultra_provider::span;

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

    /// Calls in flight at one target
    #[arg(short = 'j', long, env = "ULTRA_CONCURRENCY", value_name = "N", default_value_t = 32,
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=65_536))]
    pub concurrency: usize,

    /// Calls in flight in all
    #[arg(long, env = "ULTRA_TOTAL", value_name = "N", default_value_t = 128,
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=65_536))]
    pub total: usize,

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

    /// Serve answers from this store, and keep new ones there [default file: cache.db in the user's cache
    /// directory]
    #[arg(long, env = "ULTRA_CACHE", value_name = "FILE", num_args = 0..=1, require_equals = true,
          default_missing_value = "", value_hint = ValueHint::FilePath,
          value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub cache: Option<PathBuf>,
}
