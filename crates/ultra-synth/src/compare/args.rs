//! The arguments of `ultra-synth compare`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::aggregate::vote::Extract;

/// What stands before the options in the help.
pub(crate) const EXAMPLES: &str = "\
Examples:
  A question whose answer is known, three models, two strategies:
    $ echo '{\"prompt\": \"What is 6 times 7?\", \"expected\": 42}' |
      ultra-fanout -m mock:a -m mock:b -m mock:c |
      ultra-synth compare -s medoid,fuse --ultra mock:u --format text

  A strategy with its flags, and a pipe of two, as one page with plots:
    $ ultra-fanout --lines -m mock:a -m mock:b -m mock:c < questions.txt |
      ultra-synth compare -s 'vote --extract number' -s 'rank + fuse --top 3' \\
      --ultra mock:u --format html > comparison.html

  Judges that are paid once; made again, the comparison asks nobody:
    $ ultra-fanout --lines --journal panel.journal -m mock:a -m mock:b \\
      < questions.txt |
      ultra-synth compare --journal judges.journal -s judge,fuse --ultra mock:u";

/// Arguments of `compare`.
#[derive(Debug, Clone, Args)]
pub struct CompareArgs {
    /// What is compared: names between commas; or, repeated, one strategy with its flags, or a pipe of them: 'rank + fuse --top 3'
    #[arg(short = 's', long, value_name = "LIST", default_values = ["vote,medoid"])]
    pub strategies: Vec<String>,

    /// References, one JSON object a line with `prompt_id` and `expected`; prompts can hold `expected` themselves
    #[arg(long, value_name = "FILE")]
    pub references: Option<PathBuf>,

    /// What of a text is its answer when it is held against a reference: whole, number, boxed, json:POINTER or regex:pattern
    #[arg(long, value_name = "WHAT")]
    pub extract: Option<Extract>,

    /// What a good answer is, in words, for prompts without a reference; --grader judges by it
    #[arg(long, value_name = "TEXT")]
    pub rubric: Option<String>,

    /// The model that grades results by a rubric, without knowing which strategy made them
    #[arg(long, value_name = "TARGET")]
    pub grader: Option<String>,

    /// Keep every answer of judges and the grader in this file, and ask only what it does not answer: the same comparison made again costs nothing
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub journal: Option<PathBuf>,

    /// Ask nobody: a call that the journal does not answer ends the comparison
    #[arg(long, requires = "journal")]
    pub replay: bool,
}
