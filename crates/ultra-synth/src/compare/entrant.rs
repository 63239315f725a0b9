//! What is compared: a strategy, or a pipe of strategies, run over recorded answers as it would run alone.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Parser;
use ultra_core::failure::{Exit, Failure};
use ultra_core::ndjson::{Emit, Output};
use ultra_core::record::ErrorRecord;
use ultra_core::tool::{Context, Order};

use super::Stop;
use super::ground::{self, Ground};
use super::trial::{self, Trial};
use crate::accept::Accept;
use crate::args::{Named, Show, SynthArgs};
use crate::tool::{Dial, run_with};

/// One line of the comparison.
#[derive(Debug, Clone)]
pub(super) struct Entrant {
    /// As the user wrote it.
    pub(super) name: String,
    /// The strategies of the pipe, in their order.
    steps: Vec<SynthArgs>,
}

/// One strategy of a pipe, and what may be said of it.
#[derive(Debug, Parser)]
#[command(name = "--strategies", no_binary_name = true, disable_help_flag = true)]
struct Step {
    #[command(subcommand)]
    named: Named,
    #[arg(long, global = true)]
    ultra: Vec<String>,
    #[arg(long, global = true)]
    top: Option<u32>,
    #[arg(long, global = true)]
    accept: Option<Accept>,
}

impl Entrant {
    /// Reads what the user wants to compare; what is said of all strategies is in `base`.
    ///
    /// # Errors
    /// When a strategy is unknown, or stands there twice.
    pub(super) fn parse_all(base: &SynthArgs, lists: &[String]) -> Result<Vec<Self>, Failure> {
        let names = lists.iter().flat_map(|list| {
            // Flags can hold commas; names alone cannot.
            let is_one = list.trim().contains(char::is_whitespace);
            if is_one { vec![list.as_str()] } else { list.split(',').collect() }
        });
        let mut entrants: Vec<Self> = Vec::new();
        for name in names.map(str::trim) {
            if entrants.iter().any(|entrant| entrant.name == name) {
                return Err(Failure::usage(format!(
                    "--strategies: `{}` stands there twice",
                    name.escape_debug()
                )));
            }
            entrants.push(Self::parse(base, name)?);
        }
        Ok(entrants)
    }

    fn parse(base: &SynthArgs, name: &str) -> Result<Self, Failure> {
        let wrong = |cause: &str| {
            Failure::usage(format!("--strategies `{}`: {cause}", name.escape_debug()))
                .hint("such as: -s vote,medoid -s 'vote --extract number' -s 'rank + fuse --top 3'")
        };
        let mut steps = Vec::new();
        let words = words(name).map_err(wrong)?;
        for words in words.split(|word| word == "+") {
            let step = Step::try_parse_from(words).map_err(|error| {
                let told = error.to_string();
                let told = told.lines().next().unwrap_or_default();
                wrong(told.trim_start_matches("error: "))
            })?;
            if matches!(step.named, Named::Compare(_)) {
                return Err(wrong("compare is no strategy"));
            }
            let mut args = SynthArgs {
                strategy: Some(step.named),
                entrant: Some(name.to_owned()),
                show: Show::Records,
                format: None,
                stream: false,
                ..base.clone()
            };
            if !step.ultra.is_empty() {
                args.ultra = step.ultra;
            }
            args.top = step.top.or(args.top);
            args.accept = step.accept.or(args.accept);
            steps.push(args);
        }
        Ok(Self { name: name.to_owned(), steps })
    }

    /// What it makes of every prompt. One that has no result scores nothing; under `--strict` it ends the
    /// comparison, and so does one that has to go down the ladder.
    ///
    /// # Errors
    /// When it cannot run at all, or not as strictly as asked.
    pub(super) fn run(
        &self,
        ground: &Ground,
        context: &Context,
        dial: &Dial<'_>,
    ) -> Result<Vec<Trial>, Stop> {
        let inner =
            Context { emit: Emit::All, order: Some(Order::Input), person_reads: false, ..context.clone() };
        let mut stream = ground.transcript.clone();
        for args in &self.steps {
            let made = Made::default();
            let mut output = Output::new("ultra-synth", made.clone()).strict(context.strict);
            let ran = run_with(args, &inner, ground::again(stream), &mut output, dial);
            output.flush()?;
            stream = made.take();
            match ran {
                Err(failure) if failure.exit() == Exit::SomeErrors => {
                    return Err(self.refused(&stream).map_or_else(|| failure.into(), Stop::Refused));
                }
                Err(failure) if failure.exit() != Exit::NothingUsable => return Err(failure.into()),
                _ => {}
            }
        }
        Ok(trial::read(ground, stream)?)
    }

    /// The error that ended a strict run, which is the last that it wrote.
    fn refused(&self, stream: &[u8]) -> Option<Box<ErrorRecord>> {
        let last = stream.trim_ascii_end().rsplit(|byte| *byte == b'\n').next()?;
        let mut record: ErrorRecord = serde_json::from_slice(last).ok()?;
        record.message = format!("strategy `{}`: {}", self.name.escape_debug(), record.message);
        record.id.clear();
        Some(Box::new(record))
    }
}

/// Splits a line at white space, and a `+` from what stands beside it; what stands in quotes stays together.
fn words(line: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let (mut word, mut quote) = (None::<String>, None);
    for c in line.chars() {
        match (quote, c) {
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some(open), c) if open == c => quote = None,
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, '+') => {
                words.extend(word.take());
                words.push("+".into());
            }
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    if quote.is_some() { Err("a quote does not close") } else { Ok(words) }
}

/// What an inner run writes.
#[derive(Debug, Clone, Default)]
struct Made(Arc<Mutex<Vec<u8>>>);

impl Made {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Made {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Entrant, words};
    use crate::testing::args;

    fn names(lists: &[&str]) -> Result<Vec<(String, usize)>, String> {
        let lists: Vec<String> = lists.iter().map(|list| (*list).to_owned()).collect();
        let entrants =
            Entrant::parse_all(&args(&["compare"]), &lists).map_err(|failure| failure.to_string())?;
        Ok(entrants.into_iter().map(|entrant| (entrant.name, entrant.steps.len())).collect())
    }

    #[test]
    fn names_flags_and_pipes_are_read() {
        let found =
            names(&["vote,medoid", "vote --normal case,numbers", "rank+fuse --top 3"]).expect("reads");
        let found: Vec<_> = found.iter().map(|(name, steps)| (name.as_str(), *steps)).collect();
        assert_eq!(
            found,
            [("vote", 1), ("medoid", 1), ("vote --normal case,numbers", 1), ("rank+fuse --top 3", 2)]
        );
    }

    #[test]
    fn what_is_no_strategy_is_refused_with_its_name() {
        for wrong in
            ["vtoe", "vote,vote", "", "vote --extract", "compare", "rank +", "vote --extract 'regex:(a'"]
        {
            let told = names(&[wrong]).expect_err(wrong);
            assert!(told.starts_with("--strategies"), "{told}");
        }
    }

    #[test]
    fn a_plus_in_quotes_is_no_pipe() {
        assert_eq!(
            words(r"vote --extract 'regex:(\d+)'+ fuse").expect("closes"),
            ["vote", "--extract", r"regex:(\d+)", "+", "fuse"]
        );
        let line = r"vote --extract 'regex:(\d+) of \d+'";
        assert_eq!(names(&[line]).expect("reads"), [(line.to_owned(), 1)]);
    }

    #[test]
    fn quotes_hold_words_together() {
        assert_eq!(
            words("a 'b c' \"d'e\"f + g+h").expect("closes"),
            ["a", "b c", "d'ef", "+", "g", "+", "h"]
        );
        words("a 'b").expect_err("does not close");
    }
}
