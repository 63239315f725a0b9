//! The tool: from the stream to the stream.

use std::time::Duration;

use ultra_core::failure::Failure;
use ultra_core::ndjson::{Input, Output};
use ultra_core::record::Type;
use ultra_core::target::{Route, Target};
use ultra_core::tool::{Context, Summary, Tool};
use ultra_provider::dispatch::{DispatchConfig, Dispatcher};

use crate::args::SynthArgs;
use crate::desk::Desk;
use crate::page::Page;
use crate::patterns::Patterns;
use crate::reader::Reader;
use crate::run::{Load, Run};
use crate::setting::Plan;
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
    $ echo 'Is tea better than coffee?' | ultra-fanout --lines -m mock:a -m mock:b -m mock:c |
      ultra-synth --ultra anthropic:claude-opus-5-5 --ultra openai:gpt-6-sol

  Without a model: the answer that is most like the others:
    $ ultra-fanout --lines -m 'mock:a#5' < questions.txt | ultra-synth medoid --show text

  Every answer beside the synthesis:
    $ echo 'Is tea better than coffee?' | ultra-fanout --lines -m mock:a -m mock:b |
      ultra-synth concat --show all";
    const READS: &'static [Type] =
        &[Type::Prompt, Type::Request, Type::Response, Type::Error, Type::Verdict, Type::Synthesis];
    const WRITES: &'static [Type] = &[Type::Verdict, Type::Synthesis, Type::Error];
    const GRACE: Duration = Duration::from_secs(10);

    fn run(
        args: SynthArgs,
        context: &Context,
        input: Input,
        output: &mut Output,
    ) -> Result<Summary, Failure> {
        let judges = judges(&args, context)?;
        if context.person_types {
            return Err(Failure::usage("there are no records on standard input")
                .hint("pipe answers in, or read a transcript: ultra-synth medoid < answers.ndjson"));
        }
        // Simulated judges answer at once, so each answer can stand where its prompt was completed.
        let at_once = judges.iter().all(|judge| matches!(judge.route, Route::Mock { .. }));
        let config = DispatchConfig {
            attempts: args.attempts,
            timeout: args.timeout,
            deadline: args.deadline,
            ..DispatchConfig::default()
        };
        let names = judges.into_iter().map(|judge| judge.name).collect();
        let patterns = Patterns::new(args.pattern.as_deref())?;
        let desk = Desk::new(Plan::new(&args, names, context), patterns, Tally::new(context.metrics.clone()));
        let page = Page::new(&args, context, output)?;
        let calls = Dispatcher::new(context, &config)?;
        let reader = Reader::start(input)?;
        Run::new(desk, page, calls, reader, Load { concurrency: args.concurrency as usize, at_once }).run()
    }
}

/// The judges, in the order in which they are asked.
fn judges(args: &SynthArgs, context: &Context) -> Result<Vec<Target>, Failure> {
    if args.strategy() != Strategy::Fuse {
        return Ok(Vec::new());
    }
    let mock = ["mock:ultra".to_owned()];
    let specs = match args.ultra.as_slice() {
        [] if context.mock => &mock,
        [] => {
            return Err(Failure::usage("nobody is named who writes the answer")
                .hint("name a model: --ultra provider:model; or try it out with --mock")
                .hint("or use no model: ultra-synth medoid, ultra-synth concat"));
        }
        specs => specs,
    };
    let mut judges = Vec::new();
    for spec in specs {
        for target in Target::resolve(spec, &context.config, context.mock)? {
            if target.samples.is_some_and(|samples| samples != 1) {
                return Err(Failure::usage(format!(
                    "--ultra {spec}: one answer is written, not several samples"
                )));
            }
            judges.push(target);
        }
    }
    Ok(judges)
}

#[cfg(test)]
mod tests;
