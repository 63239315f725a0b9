//! `ultra-pattern`: the requests of each stage of a pattern.
//!
//! `start` makes the first stage's requests from prompts and documents, `next` makes the following stage's from a
//! finished stage; `list`, `suggest`, `show` and `pipe` are for people who choose patterns, `check` for those who write
//! them. What a pattern is and how a stage is planned lives in `ultra-template`; here are the stream and the command
//! line.

mod args;
mod check;
mod find;
mod list;
mod next;
mod paper;
mod pipe;
mod show;
mod start;
mod suggest;

use ultra_core::failure::Failure;
use ultra_core::metrics::Metric;
use ultra_core::ndjson::{Input, Output};
use ultra_core::record::{ErrorRecord, Type};
use ultra_core::shutdown::Why;
use ultra_core::tool::{Context, NamedSchema, Summary, Tool};
use ultra_template::Fault;

pub use args::{
    Action, CheckArgs, ListArgs, NextArgs, PatternArgs, PipeArgs, ShowArgs, StartArgs, SuggestArgs,
};
pub use start::{Division, DocumentArgs};

/// `ultra-pattern`.
#[derive(Debug)]
pub struct Pattern;

const NAME: &str = "ultra-pattern";
const REQUESTS: Metric = Metric::counter("ultra_pattern_requests_total", "Requests made.");

impl Tool for Pattern {
    type Args = PatternArgs;

    const NAME: &'static str = NAME;
    const SECTION: &'static str = "pattern";
    const ABOUT: &'static str = "Make the requests of each stage of an analysis";
    const EXAMPLES: &'static str = "\
Examples:
  Let two models answer, criticise each other and revise, and a third write the answer:
    $ ultra-ingest plan.md | ultra-pattern start critique -p 'Is it sound?' \\
      -m openai:gpt-6-luna -m mock:b |
      ultra-fanout | ultra-pattern next | ultra-fanout | ultra-pattern next |
      ultra-fanout |
      ultra-synth --ultra anthropic:claude-opus-5-5

  One prompt a line, many prompts in flight:
    $ ultra-pattern start gut --lines -m mock:a -m mock:b < questions.txt |
      ultra-fanout > stage1.ndjson

  Ask about each file alone, then bring the answers together:
    $ ultra-ingest notes | ultra-pattern start gut --documents each \\
      -p 'What is at risk?' -m mock:a -m mock:b |
      ultra-fanout | ultra-pattern next | ultra-fanout | ultra-pattern next |
      ultra-fanout |
      ultra-synth --ultra mock:c | ultra-pattern start gut --from-answers \\
      -m mock:a -m mock:b |
      ultra-fanout | ultra-pattern next | ultra-fanout | ultra-pattern next |
      ultra-fanout |
      ultra-synth --ultra mock:c

  Show each question the parts of long documents that matter to it:
    $ ultra-ingest notes --chunk-tokens 400 |
      ultra-pattern start gut --context-tokens 2000 -p 'What is at risk?' \\
      -m mock:a -m mock:b | ultra-fanout

  Choose a pattern, and print the pipeline that runs it:
    $ ultra-pattern suggest -p 'Is this plan sound?'
    $ ultra-pattern pipe critique -p 'Is this plan sound?' \\
      -m mock:a -m mock:b -d plan.md

  Read a pattern before paying for it:
    $ ultra-pattern show critique";
    const READS: &'static [Type] =
        &[Type::Document, Type::Prompt, Type::Request, Type::Response, Type::Synthesis, Type::Error];
    const WRITES: &'static [Type] = &[Type::Document, Type::Prompt, Type::Request, Type::Error];
    const FILES: &'static [NamedSchema] = &[("pattern", ultra_template::file::schema)];
    const TAKES_LINES: bool = true;

    fn run(
        args: PatternArgs,
        context: &Context,
        input: Input,
        output: &mut Output,
    ) -> Result<Summary, Failure> {
        match args.action {
            Action::List(args) => list::list(&args, context, output),
            Action::Suggest(args) => suggest::suggest(&args, output),
            Action::Show(args) => show::show(&args, output),
            Action::Pipe(args) => pipe::pipe(&args, output),
            Action::Check(args) => check::check(&args, context, output),
            Action::Start(args) => start::start(args, context, input, output),
            Action::Next(args) => next::next(&args, context, input.as_records(), output),
        }
    }
}

/// The failure of a run that was told to stop.
fn stopped(context: &Context) -> Result<(), Failure> {
    match context.shutdown.why() {
        None => Ok(()),
        Some(Why::ReaderGone) => Err(Failure::reader_gone()),
        Some(Why::Signal(_)) => Err(Failure::stopped("stopped before the end of the stream")),
    }
}

/// What is wrong with one prompt, as a record.
fn error_record(fault: &Fault, prompt_id: &str) -> ErrorRecord {
    let mut record = ErrorRecord::new(NAME, fault.kind, fault.to_string());
    record.prompt_id = Some(prompt_id.to_owned());
    record
}

#[cfg(test)]
mod tests;
