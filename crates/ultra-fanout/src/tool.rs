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
  Ask three models one question:
    $ echo 'Is tea better than coffee?' |
      ultra-fanout --lines -m openai:gpt-6-luna \\
      -m anthropic:claude-haiku-5-5 -m ollama:llama3

  Send the requests of a pattern; what was answered before comes from the store:
    $ ultra-pattern start gut -p 'Is it sound?' -m openai:gpt-6-luna -m mock:b |
      ultra-fanout --cache > stage1.ndjson

  Ask up to five times, and no further when a vote over the answers is decided:
    $ ultra-fanout --lines -m 'openai:gpt-6-luna#5' --until-decided number \\
      < questions.txt |
      ultra-synth vote --extract number

  What would it cost? Then buy it, once, whatever happens meanwhile:
    $ ultra-fanout --lines -m 'openai:gpt-6-luna#3' --estimate < questions.txt
    $ ultra-fanout --lines -m 'openai:gpt-6-luna#3' --journal run.journal \\
      < questions.txt > answers.ndjson";
    const READS: &'static [Type] = &[Type::Prompt, Type::Request];
    const WRITES: &'static [Type] = &[Type::Prompt, Type::Request, Type::Response, Type::Error, Type::Delta];
    const TAKES_LINES: bool = true;
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
