//! The tool as others see it.

use std::time::Duration;

use ultra_core::failure::Failure;
use ultra_core::ndjson::{Input, Output};
use ultra_core::record::Type;
use ultra_core::tool::{Context, Summary, Tool};

use crate::args::FanoutArgs;
use crate::run;

/// `ultra-fanout`.
#[derive(Debug)]
pub struct Fanout;

impl Tool for Fanout {
    type Args = FanoutArgs;

    const NAME: &'static str = "ultra-fanout";
    const SECTION: &'static str = "fanout";
    const ABOUT: &'static str = "Send every request to all its targets";
    const EXAMPLES: &'static str = "\
Examples:
  Ask three models one question, and see the answers:
    $ echo '{\"prompt\":\"Is water wet?\"}' | ultra-fanout -m openai:gpt-6-luna -m ollama:llama3 -m mock:a |
      jq -r 'select(.type==\"response\") | .target, .text'

  One prompt a line, as the answers arrive, kept for the next time:
    $ ultra-fanout --lines --order done --cache -m mock:a < questions.txt > answers.ndjson

  One stage of an analysis between two others:
    $ ultra-pattern start critique -p 'Is it sound?' -m mock:a -m mock:b | ultra-fanout | ultra-pattern next";
    const READS: &'static [Type] = &[Type::Prompt, Type::Request];
    const WRITES: &'static [Type] = &[Type::Prompt, Type::Request, Type::Response, Type::Error];
    const GRACE: Duration = Duration::from_secs(10);

    fn run(
        args: FanoutArgs,
        context: &Context,
        input: Input,
        output: &mut Output,
    ) -> Result<Summary, Failure> {
        run::run(args, context, input, output)
    }
}
