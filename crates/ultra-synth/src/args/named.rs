//! The strategies by name, and what is said of each of them alone.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, value_parser};

use crate::aggregate::rank;
use crate::aggregate::vote::{Extract, Normal, weighted};
use crate::compare::{self, args::CompareArgs};
use crate::strategy::Strategy;

/// The strategies by name.
#[derive(Debug, Clone, Subcommand)]
pub enum Named {
    /// A model reads all answers and writes one; this is what happens without a name
    Fuse,
    /// A model chooses the best answer, outright or by a rubric
    Judge(JudgeArgs),
    /// A model compares the answers two by two, in both orders; a choice that the order changes is a tie
    Pairwise(PairwiseArgs),
    /// Every member ranks the answers of the others, without knowing whose they are; leaves a verdict, no answer
    Rank(RankArgs),
    /// A model says what the answers have in common and where they part; leaves a verdict, no answer
    Analyse,
    /// A model checks the claims of the answers against the documents and each other; leaves a verdict, no answer
    Verify,
    /// A model writes, the members answer again to what is open, until it is sure
    Iterate(IterateArgs),
    /// A model writes from a window of samples, then from what it wrote and the next ones
    SelfMoa(SelfMoaArgs),
    /// The answer that most members give; no model is asked
    Vote(VoteArgs),
    /// The answer that is most like the others; no model is asked
    Medoid,
    /// The middle of the largest group of like answers; no model is asked
    Cluster(ClusterArgs),
    /// The answer that looks best by a fixed formula; no model is asked
    Best,
    /// All answers, one after the other, under neutral headings; no model is asked
    Concat,
    /// Run several strategies over the same answers and report how good each is, and what it costs
    #[command(before_long_help = compare::args::EXAMPLES)]
    Compare(CompareArgs),
}

/// Arguments of `judge`.
#[derive(Debug, Clone, Args)]
pub struct JudgeArgs {
    /// Score every answer by the criteria of this TOML file (name = weight), or `default`
    #[arg(long, value_name = "FILE")]
    pub rubric: Option<PathBuf>,
}

/// Arguments of `pairwise`.
#[derive(Debug, Clone, Args)]
pub struct PairwiseArgs {
    /// How comparisons become scores
    #[arg(long, value_enum, default_value_t = PairRule::BradleyTerry)]
    pub rule: PairRule,
}

/// How comparisons become scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PairRule {
    /// Strengths that make the comparisons most likely
    BradleyTerry,
    /// Wins and half of the ties
    Copeland,
}

/// Arguments of `rank`.
#[derive(Debug, Clone, Args)]
pub struct RankArgs {
    /// How rankings become one
    #[arg(long, value_enum, default_value_t = Rule::Borda)]
    pub rule: Rule,

    /// Who ranks, in place of the members; repeat it
    #[arg(long, value_name = "TARGET")]
    pub by: Vec<String>,

    /// The most rankings in which an answer stands; every answer stands in equally many
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(2..))]
    pub reviews: Option<u32>,

    /// Ask so many first and more only when they do not agree or have no winner, such as 3,all
    #[arg(long, value_name = "N,…", value_delimiter = ',', value_parser = depth)]
    pub ladder: Vec<usize>,

    /// With --ladder: Kendall's W from which those who were asked agree
    #[arg(long, value_name = "W", default_value_t = 0.7, value_parser = unit)]
    pub agree: f64,
}

/// How rankings become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Rule {
    /// The mean share of the others that an answer beats
    Borda,
    /// The order with the fewest contradictions to the rankings; exact for at most 8 answers
    Kemeny,
    /// The sum of 1/(60 + place)
    Rrf,
    /// The share of the others that an answer beats in a majority of the rankings
    Copeland,
}

/// Arguments of `iterate`.
#[derive(Debug, Clone, Args)]
pub struct IterateArgs {
    /// How sure the writer must be to stop, when it sees no use in another round
    #[arg(long, value_name = "P", default_value_t = 0.8, value_parser = unit)]
    pub threshold: f64,

    /// The most rounds
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = value_parser!(u32).range(1..=20))]
    pub max: u32,
}

/// Arguments of `self-moa`.
#[derive(Debug, Clone, Args)]
pub struct SelfMoaArgs {
    /// How many texts the writer reads at a time
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = value_parser!(u32).range(2..))]
    pub window: u32,
}

/// Arguments of `vote`.
#[derive(Debug, Clone, Args)]
pub struct VoteArgs {
    /// What of a text is its answer: whole, number, boxed, json:POINTER or regex:PATTERN
    #[arg(long, value_name = "WHAT", default_value = "whole")]
    pub extract: Extract,

    /// What does not count when answers are compared: case, punctuation, numbers, set; or none
    #[arg(long, value_name = "WHAT,…", default_value = "case,punctuation,numbers")]
    pub normal: Normal,

    /// What the vote of a target counts, such as mock:a=2; 1 for those that are not named
    #[arg(long, value_name = "TARGET=N", value_parser = weighted)]
    pub weight: Vec<(String, f64)>,
}

/// Arguments of `cluster`.
#[derive(Debug, Clone, Args)]
pub struct ClusterArgs {
    /// How alike two answers are that stand in one group, directly or by others between them, from 0 to 1
    #[arg(long, value_name = "S", default_value_t = 0.6, value_parser = unit)]
    pub threshold: f64,
}

impl Named {
    /// The strategy; comparing has none of its own, so it is that without a name.
    pub fn strategy(&self) -> Strategy {
        match self {
            Self::Fuse | Self::Compare(_) => Strategy::Fuse,
            Self::Judge(_) => Strategy::Judge,
            Self::Pairwise(_) => Strategy::Pairwise,
            Self::Rank(_) => Strategy::Rank,
            Self::Analyse => Strategy::Analyse,
            Self::Verify => Strategy::Verify,
            Self::Iterate(_) => Strategy::Iterate,
            Self::SelfMoa(_) => Strategy::SelfMoa,
            Self::Vote(_) => Strategy::Vote,
            Self::Medoid => Strategy::Medoid,
            Self::Cluster(_) => Strategy::Cluster,
            Self::Best => Strategy::Best,
            Self::Concat => Strategy::Concat,
        }
    }
}

impl Rule {
    /// The name in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Borda => "borda",
            Self::Kemeny => "kemeny",
            Self::Rrf => "rrf",
            Self::Copeland => "copeland",
        }
    }

    /// The rule itself.
    pub(crate) const fn of(self) -> rank::Rule {
        match self {
            Self::Borda => rank::Rule::Borda,
            Self::Kemeny => rank::Rule::Kemeny,
            Self::Rrf => rank::Rule::Fusion,
            Self::Copeland => rank::Rule::Copeland,
        }
    }
}

impl PairRule {
    /// The name in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BradleyTerry => "bradley-terry",
            Self::Copeland => "copeland",
        }
    }
}

/// A number of reviewers, or `all`.
fn depth(text: &str) -> Result<usize, String> {
    if text == "all" {
        return Ok(usize::MAX);
    }
    text.parse()
        .ok()
        .filter(|depth| *depth > 0)
        .ok_or_else(|| "expected numbers and `all`, such as 3,all".to_owned())
}

fn unit(text: &str) -> Result<f64, String> {
    let given = text.parse().ok().filter(|given| (0.0..=1.0).contains(given));
    given.ok_or_else(|| "expected a number from 0 to 1".to_owned())
}
