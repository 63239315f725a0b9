//! An exact cache of answers as a filter.
//!
//! `get` stands before the tool that asks and answers what the store knows; `put` stands behind it and keeps
//! what is new. Both copy the stream. A store that does not work makes them plain copies: the cache saves
//! money and time, and never changes a result.

mod args;
mod get;
mod held;
mod key;
mod panel;
mod place;
mod put;
mod stats;
#[cfg(test)]
mod tests;

use ultra_core::failure::Failure;
use ultra_core::ndjson::{Input, Output};
use ultra_core::record::Type;
use ultra_core::tool::{Context, Summary, Tool};

pub use args::{Action, Args};
pub use place::Place;

/// The tool.
#[derive(Debug)]
pub struct Cache;

impl Tool for Cache {
    type Args = Args;

    const NAME: &'static str = "ultra-cache";
    const SECTION: &'static str = "cache";
    const ABOUT: &'static str = "Answer requests from a store, and keep new answers in it";
    const EXAMPLES: &'static str = "\
Examples:
  Ask only what was never asked, and keep the answers:
    $ ultra-pattern start gut -p 'Is it sound?' -m mock:a -m mock:b |
      ultra-cache get | ultra-fanout | ultra-cache put > stage1.ndjson

  See why two requests are not the same call:
    $ ultra-pattern start gut -p 'Is it sound?' -m mock:a -m mock:b |
      ultra-cache key -v

  See what is in the store:
    $ ultra-cache stats --json";
    const READS: &'static [Type] = &[Type::Request, Type::Response, Type::Error];
    const WRITES: &'static [Type] = &[Type::Request, Type::Response, Type::Error];

    fn run(args: Args, context: &Context, input: Input, output: &mut Output) -> Result<Summary, Failure> {
        match args.action {
            Action::Get(args) => get::run(&args, context, input, output),
            Action::Put(args) => put::run(&args, context, input, output),
            Action::Key => key::run(context, input, output),
            Action::Stats(args) => stats::run(&args, context, output),
        }
    }
}
