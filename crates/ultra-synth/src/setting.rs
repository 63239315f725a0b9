//! The arguments, checked: what a run does with every prompt.

use std::path::Path;

use ultra_core::failure::Failure;
use ultra_core::record::Params;
use ultra_core::tool::{Context, Order};

use crate::accept::Accept;
use crate::aggregate::vote::Count;
use crate::args::{Format, Named, PairRule, Rule, SynthArgs};
use crate::brief::Wanted;
use crate::rubric::Rubric;
use crate::strategy::Strategy;

/// How prompts are merged: the arguments, checked.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The strategy.
    pub strategy: Strategy,
    /// The line of a comparison that it is a part of.
    pub entrant: Option<String>,
    /// The judges, in the order in which they are asked.
    pub judges: Vec<String>,
    /// A prompt with fewer answers is an error.
    pub min_answers: usize,
    /// The most bytes of one answer that a judge reads.
    pub limit: usize,
    /// The form that the user wants of what is written.
    pub form: Option<Wanted>,
    /// Parameters of the calls.
    pub params: Option<Params>,
    /// Seed of orders and marks.
    pub seed: u64,
    /// What would be degraded is an error.
    pub strict: bool,
    /// Results come out in the order of the prompts.
    pub in_order: bool,
    /// The most calls for one prompt.
    pub max_calls: Option<u64>,
    /// So many answers of an earlier ranking are kept.
    pub top: Option<usize>,
    /// A verdict becomes an answer only when this holds.
    pub accept: Option<Accept>,
    /// `vote`: how votes are counted; also on lower rungs, and beside what models write.
    pub vote: Count,
    /// `cluster`: how alike two answers are that stand in one group, directly or by others between them.
    pub alike: f64,
    /// `judge`: what answers are scored for.
    pub rubric: Option<Rubric>,
    /// `pairwise`: how comparisons become scores.
    pub pair_rule: PairRule,
    /// `rank`: how rankings become one.
    pub rule: Rule,
    /// `rank`: who ranks in place of the members.
    pub reviewers: Vec<String>,
    /// `rank`: the most rankings in which an answer stands.
    pub reviews: Option<usize>,
    /// `rank`: how many are asked, step by step.
    pub depths: Vec<usize>,
    /// `rank`: Kendall's W from which nobody more is asked.
    pub agree: f64,
    /// `iterate`: how sure the writer must be.
    pub threshold: f64,
    /// `iterate`: the most rounds.
    pub rounds: u32,
    /// `self-moa`: how many texts the writer reads at a time.
    pub window: usize,
}

impl Plan {
    /// # Errors
    /// When arguments do not go together, or a rubric cannot be used.
    pub(crate) fn new(args: &SynthArgs, people: People, context: &Context) -> Result<Self, Failure> {
        let strategy = args.strategy();
        if args.accept.is_some()
            && matches!(strategy, Strategy::Fuse | Strategy::SelfMoa | Strategy::Concat | Strategy::Analyse)
        {
            let name = strategy.as_str();
            return Err(Failure::usage(format!("--accept: {name} gives no numbers to accept it by"))
                .hint("put it before a strategy that writes: ultra-synth vote --accept 'margin >= 0.5' | ultra-synth fuse"));
        }
        let mut plan = Self {
            strategy,
            entrant: args.entrant.clone(),
            judges: people.judges,
            min_answers: args.min_answers as usize,
            limit: usize::try_from(args.max_answer).unwrap_or(usize::MAX),
            // JSON is the form of what is told about a text, and not of the text.
            form: args.format.and_then(|format| match format {
                Format::Text => Some(Wanted::Text),
                Format::Md | Format::Html => Some(Wanted::Markdown),
                Format::Json => None,
            }),
            params: args.sampling.fill(None),
            seed: context.seed,
            strict: context.strict,
            in_order: context.order == Some(Order::Input),
            max_calls: args.max_calls,
            top: args.top.map(|top| top as usize),
            accept: args.accept.clone(),
            vote: Count::default(),
            alike: 0.6,
            rubric: None,
            pair_rule: PairRule::BradleyTerry,
            rule: Rule::Borda,
            reviewers: people.reviewers,
            reviews: None,
            depths: Vec::new(),
            agree: 0.7,
            threshold: 0.8,
            rounds: 3,
            window: 6,
        };
        match &args.strategy {
            Some(Named::Judge(args)) => plan.rubric = args.rubric.as_deref().map(rubric).transpose()?,
            Some(Named::Pairwise(args)) => plan.pair_rule = args.rule,
            Some(Named::Rank(args)) => {
                plan.rule = args.rule;
                plan.reviews = args.reviews.map(|reviews| reviews as usize);
                if !args.ladder.is_sorted_by(|below, above| below < above) {
                    return Err(Failure::usage("--ladder leads downwards")
                        .hint("every step asks more, such as 3,5,all"));
                }
                plan.depths.clone_from(&args.ladder);
                plan.agree = args.agree;
            }
            Some(Named::Iterate(args)) => (plan.threshold, plan.rounds) = (args.threshold, args.max),
            Some(Named::SelfMoa(args)) => plan.window = args.window as usize,
            Some(Named::Cluster(args)) => plan.alike = args.threshold,
            Some(Named::Vote(args)) => {
                plan.vote = Count {
                    extract: args.extract.clone(),
                    normal: args.normal,
                    weights: args.weight.clone(),
                };
            }
            None
            | Some(
                Named::Fuse
                | Named::Analyse
                | Named::Verify
                | Named::Medoid
                | Named::Best
                | Named::Concat
                | Named::Compare(_),
            ) => {}
        }
        Ok(plan)
    }
}

/// Whom a run asks.
#[derive(Debug, Clone, Default)]
pub(crate) struct People {
    pub(crate) judges: Vec<String>,
    pub(crate) reviewers: Vec<String>,
}

fn rubric(path: &Path) -> Result<Rubric, Failure> {
    if path == Path::new("default") {
        return Ok(Rubric::usual());
    }
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|cause| Failure::usage(format!("--rubric {shown}: {cause}")))?;
    Rubric::parse(&text).map_err(|cause| {
        Failure::usage(format!("--rubric {shown}: {cause}"))
            .hint("a rubric is TOML: accuracy = 2, or accuracy = { weight = 2, about = \"what it says is true\", gate = true }")
    })
}
