//! The tool: from the stream to the stream.

use std::time::Duration;

use ultra_core::failure::Failure;
use ultra_core::ndjson::{Input, Output};
use ultra_core::record::Type;
use ultra_core::target::{Route, Target};
use ultra_core::tool::{Context, Summary, Tool};
use ultra_provider::dispatch::{DispatchConfig, Dispatcher};

use crate::args::{Named, SynthArgs};
use crate::calls::Calls;
use crate::compare;
use crate::desk::Desk;
use crate::page::Page;
use crate::patterns::Patterns;
use crate::reader::Reader;
use crate::run::{Load, Run};
use crate::setting::{People, Plan};
use crate::strategy::Strategy;
use crate::tally::Tally;

/// `ultra-synth`.
#[derive(Debug)]
pub struct Synth;

impl Tool for Synth {
    type Args = SynthArgs;

    const NAME: &'static str = "ultra-synth";
    const SECTION: &'static str = "synth";
    const ABOUT: &'static str = "Merge the answers to each prompt into one";
    const EXAMPLES: &'static str = "\
Examples:
  Ask three models and let a fourth write the one answer, or a fifth when that one fails:
    $ echo 'Is tea better than coffee?' |
      ultra-fanout --lines -m mock:a -m mock:b -m mock:c |
      ultra-synth --ultra anthropic:claude-opus-5-5 --ultra openai:gpt-6-sol

  Without a model: the number that most of five samples give:
    $ ultra-fanout --lines -m 'mock:a#5' < questions.txt |
      ultra-synth vote --extract number --show text

  The members rank each other, and a text is written from the best three:
    $ echo 'Is tea better than coffee?' |
      ultra-fanout --lines -m mock:a -m mock:b -m mock:c -m mock:d |
      ultra-synth rank | ultra-synth fuse --top 3 \\
      --ultra anthropic:claude-opus-5-5

  Every answer beside the synthesis:
    $ echo 'Is tea better than coffee?' |
      ultra-fanout --lines -m mock:a -m mock:b |
      ultra-synth concat --show all

  Which strategy is worth its price on your own questions; made again, it asks nobody:
    $ ultra-fanout --lines --journal panel.journal -m mock:a -m mock:b \\
      -m mock:c < questions.txt |
      ultra-synth compare --journal judges.journal -s medoid,fuse \\
      --ultra anthropic:claude-opus-5-5";
    const READS: &'static [Type] =
        &[Type::Prompt, Type::Request, Type::Response, Type::Error, Type::Verdict, Type::Synthesis];
    const WRITES: &'static [Type] =
        &[Type::Verdict, Type::Synthesis, Type::Trial, Type::Comparison, Type::Error, Type::Delta];
    const GRACE: Duration = Duration::from_secs(10);

    fn run(
        args: SynthArgs,
        context: &Context,
        input: Input,
        output: &mut Output,
    ) -> Result<Summary, Failure> {
        let dial =
            |context: &Context, config: &DispatchConfig| Dispatcher::new(context, config).map(Calls::new);
        run_any(&args, context, input, output, &dial)
    }
}

/// What makes the calls of a run.
pub(crate) type Dial<'a> = dyn Fn(&Context, &DispatchConfig) -> Result<Calls, Failure> + 'a;

/// Compares, or runs one strategy.
pub(crate) fn run_any(
    args: &SynthArgs,
    context: &Context,
    input: Input,
    output: &mut Output,
    dial: &Dial<'_>,
) -> Result<Summary, Failure> {
    match &args.strategy {
        Some(Named::Compare(compare)) => compare::run(args, compare, context, input, output, dial),
        _ => run_with(args, context, input, output, dial),
    }
}

/// Runs with calls that are made by what `dial` gives.
pub(crate) fn run_with(
    args: &SynthArgs,
    context: &Context,
    input: Input,
    output: &mut Output,
    dial: &Dial<'_>,
) -> Result<Summary, Failure> {
    let people = people(args, context)?;
    if context.person_types {
        return Err(Failure::usage("there are no records on standard input")
            .hint("pipe answers in, or read a transcript: ultra-synth medoid < answers.ndjson"));
    }
    // Simulated judges answer at once, so each answer can stand where its prompt was completed.
    let at_once = people.iter().all(|one| matches!(one.route, Route::Mock { .. }))
        && (context.mock || !args.strategy().asks_members());
    let page = Page::new(args, context, output)?;
    let lacks_judge = args.strategy().needs_judge() && people.judges.is_empty();
    // Syntheses that others made can be shown without a judge; a program that wants new ones hears of it at once.
    if lacks_judge && !page.is_text() {
        return Err(nobody(args.strategy()));
    }
    let config = DispatchConfig {
        stream: args.strategy().writes() && page.streams(),
        attempts: args.attempts,
        timeout: args.timeout,
        deadline: args.deadline,
        ..DispatchConfig::default()
    };
    let names = |targets: Vec<Target>| targets.into_iter().map(|target| target.name).collect();
    let people = People { judges: names(people.judges), reviewers: names(people.reviewers) };
    let plan = Plan::new(args, people, context)?;
    let patterns = Patterns::new(args.pattern.as_deref())?;
    let desk = Desk::new(plan, patterns, Tally::new(context.metrics.clone()));
    let calls = dial(context, &config)?;
    let reader = Reader::start(input)?;
    Run::new(desk, page, calls, reader, Load { concurrency: args.concurrency as usize, at_once }).run()
}

/// Whom the user names.
struct Called {
    judges: Vec<Target>,
    reviewers: Vec<Target>,
}

impl Called {
    fn iter(&self) -> impl Iterator<Item = &Target> {
        self.judges.iter().chain(&self.reviewers)
    }
}

/// The judges, in the order in which they are asked, and who ranks in place of the members.
fn people(args: &SynthArgs, context: &Context) -> Result<Called, Failure> {
    let strategy = args.strategy();
    let named = match &args.strategy {
        Some(Named::Rank(args)) => args.by.as_slice(),
        _ => &[],
    };
    let reviewers = targets("--by", named, context)?;
    if !strategy.asks() {
        return Ok(Called { judges: Vec::new(), reviewers });
    }
    let mock = ["mock:ultra".to_owned()];
    let judges: &[String] = match args.ultra.as_slice() {
        [] if context.mock && strategy.needs_judge() => &mock,
        // The members do it, and a judge is asked when they fail; or there may be nothing to judge.
        named => named,
    };
    Ok(Called { judges: targets("--ultra", judges, context)?, reviewers })
}

/// A strategy needs a judge, and the user has named none.
pub(crate) fn nobody(strategy: Strategy) -> Failure {
    let what = match strategy {
        Strategy::Fuse | Strategy::Iterate => "writes the answer",
        _ => "judges",
    };
    Failure::usage(format!("nobody is named who {what}"))
        .hint("name a model: --ultra provider:model; or try it out with --mock")
        .hint("or use no model: ultra-synth vote, ultra-synth medoid, ultra-synth concat")
}

fn targets(flag: &str, specs: &[String], context: &Context) -> Result<Vec<Target>, Failure> {
    let mut targets = Vec::new();
    for spec in specs {
        for target in Target::resolve(spec, &context.config, context.mock)? {
            if target.samples.is_some_and(|samples| samples != 1) {
                return Err(Failure::usage(format!(
                    "{flag} {spec}: one answer is wanted, not several samples"
                )));
            }
            targets.push(target);
        }
    }
    Ok(targets)
}

#[cfg(test)]
mod tests;
