//! The arguments of `ultra-synth`.

mod named;

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum, value_parser};

use ultra_core::sampling::Sampling;
use ultra_provider::span;

use crate::accept::Accept;
pub use crate::page::Format;
use crate::strategy::Strategy;
pub use named::{Named, PairRule, Rule};

/// The arguments.
#[derive(Debug, Clone, Args)]
pub struct SynthArgs {
    /// How answers become one
    #[command(subcommand)]
    pub strategy: Option<Named>,

    /// The line of a comparison that this is a part of, as the user wrote it.
    #[arg(skip)]
    pub entrant: Option<String>,

    /// The model that writes the answer; repeat it to name who is asked when the one before fails
    #[arg(long, global = true, env = "ULTRA_SYNTH_ULTRA", value_name = "TARGET")]
    pub ultra: Vec<String>,

    /// Read the instruction for the ultra model from this pattern file, not from the pattern that made the requests
    #[arg(long, global = true, value_name = "FILE")]
    pub pattern: Option<PathBuf>,

    /// A prompt with fewer answers is an error
    #[arg(long, global = true, env = "ULTRA_SYNTH_MIN_ANSWERS", value_name = "N", default_value_t = 1, value_parser = value_parser!(u32).range(1..))]
    pub min_answers: u32,

    /// Keep only so many answers of the ranking that an earlier strategy left, as in: rank | fuse --top 3
    #[arg(long, global = true, env = "ULTRA_SYNTH_TOP", value_name = "N", value_parser = value_parser!(u32).range(1..))]
    pub top: Option<u32>,

    /// Give an answer only when this holds of the verdict, such as 'margin >= 0.5'; what is not accepted is left to the next strategy
    #[arg(long, global = true, env = "ULTRA_SYNTH_ACCEPT", value_name = "CONDITION")]
    pub accept: Option<Accept>,

    /// What comes out: records in a pipe and the answer on a terminal, or always one of them
    #[arg(long, global = true, env = "ULTRA_SYNTH_SHOW", value_enum, value_name = "WHAT", default_value_t = Show::Auto)]
    pub show: Show,

    /// The form of what people read, which then comes out in a pipe as well: text on a terminal, Markdown elsewhere
    #[arg(long, global = true, value_enum, value_name = "FORM")]
    pub format: Option<Format>,

    /// Show the text while it is written, as a terminal does anyway: as `delta` records, or with --format text or md as it is
    #[arg(long, global = true, env = "ULTRA_STREAM", value_parser = BoolishValueParser::new())]
    pub stream: bool,

    /// The most bytes of one answer that the ultra model reads; of a longer one, its beginning and its end
    #[arg(long, global = true, env = "ULTRA_SYNTH_MAX_ANSWER", value_name = "BYTES", default_value_t = 65_536, value_parser = value_parser!(u64).range(64..))]
    pub max_answer: u64,

    /// Parameters of the calls of ultra models.
    #[command(flatten)]
    pub sampling: Sampling,

    /// Prompts whose ultra model is asked at the same time
    #[arg(short = 'j', long, global = true, env = "ULTRA_CONCURRENCY", value_name = "N", default_value_t = 16, value_parser = value_parser!(u32).range(1..=4096))]
    pub concurrency: u32,

    /// Attempts at one ultra model
    #[arg(long, global = true, env = "ULTRA_ATTEMPTS", value_name = "N", default_value_t = 8, value_parser = value_parser!(u32).range(1..=100))]
    pub attempts: u32,

    /// The most calls for one prompt; a strategy that wants more goes down the ladder
    #[arg(long, global = true, env = "ULTRA_SYNTH_MAX_CALLS", value_name = "N", value_parser = value_parser!(u64).range(1..))]
    pub max_calls: Option<u64>,

    /// What one attempt may take, such as 90s
    #[arg(long, global = true, env = "ULTRA_TIMEOUT", value_name = "TIME", default_value = "10m", value_parser = span::positive)]
    pub timeout: Duration,

    /// What one ultra model may take in all, such as 5m
    #[arg(long, global = true, env = "ULTRA_DEADLINE", value_name = "TIME", default_value = "30m", value_parser = span::positive)]
    pub deadline: Duration,
}

/// What comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Show {
    /// The answer on a terminal, records elsewhere
    Auto,
    /// The answer alone
    Text,
    /// Every answer, and the synthesis after them
    All,
    /// Everything that was read, and what was made of it, as NDJSON
    Records,
}

impl SynthArgs {
    /// The strategy that was named, or `fuse`.
    pub fn strategy(&self) -> Strategy {
        self.strategy.as_ref().map_or(Strategy::Fuse, Named::strategy)
    }
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches as _;

    use super::SynthArgs;
    use crate::Synth;

    /// What `--ultra` is when a configuration file says `ultra = ["mock:one", "mock:two"]`.
    fn ultra(arguments: &[&str]) -> Vec<String> {
        let command = ultra_core::shell::command::<Synth>()
            .mut_arg("ultra", |argument| argument.default_values(["mock:one", "mock:two"]));
        let arguments = std::iter::once("ultra-synth").chain(arguments.iter().copied());
        let matches = command.try_get_matches_from(arguments).expect("right arguments");
        SynthArgs::from_arg_matches(&matches).expect("right arguments").ultra
    }

    #[test]
    fn the_command_line_is_sound() {
        ultra_core::shell::command::<Synth>().debug_assert();
    }

    #[test]
    fn a_setting_holds_with_and_without_a_strategy_and_a_flag_beats_it() {
        for arguments in [&[][..], &["fuse"]] {
            assert_eq!(ultra(arguments), ["mock:one", "mock:two"]);
        }
        for arguments in
            [&["--ultra", "mock:x"][..], &["fuse", "--ultra=mock:x"], &["--ultra=mock:x", "fuse"]]
        {
            assert_eq!(ultra(arguments), ["mock:x"]);
        }
    }
}
