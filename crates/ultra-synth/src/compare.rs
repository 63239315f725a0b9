//! Strategies measured against each other: `ultra-synth compare`.
//!
//! A transcript holds the answers of a panel; only the calls of judges are made anew. Every entrant, a strategy or a
//! pipe of them, runs over the same answers exactly as it would alone (`entrant`), and what comes out of it is scored
//! against references ([`reference`](mod@reference)), by rule or by a model that grades (`grade`). What is reported of each
//! is its mean score with an interval by bootstrap over the prompts, the difference to the first entrant over the same
//! prompts, where these are enough to tell it from chance (`chance`), and what it costs (`report`).
//!
//! Two lines stand beside the entrants: *one answer*, what a panel of one would score, since a strategy that does not
//! beat it is not worth a call; and *any answer*, the best answer of each prompt, which no choice among them can pass.
//!
//! Everything but the calls is pure, and the draws come from the seed: the same transcript gives the same report.

pub mod args;
mod chance;
mod chart;
mod entrant;
mod grade;
mod ground;
mod lines;
mod names;
mod page;
pub mod reference;
mod report;
mod table;
mod times;
mod trial;

use ultra_core::failure::Failure;
use ultra_core::ndjson::{Input, Output};
use ultra_core::record::ErrorRecord;
use ultra_core::tool::{Context, Summary, many};
use ultra_provider::dispatch::DispatchConfig;

use crate::args::{Show, SynthArgs};
use crate::calls::{Recording, Unknown};
use crate::page::Format;
use crate::tool::Dial;
use crate::visible::visible;
use args::CompareArgs;
use entrant::Entrant;
use grade::Graded;
use ground::Ground;
use report::Report;
use trial::Trial;

/// Compares; calls are made by what `dial` gives.
///
/// # Errors
/// When arguments are wrong, the input cannot be read, or nothing in it can be compared.
pub(crate) fn run(
    args: &SynthArgs,
    compare: &CompareArgs,
    context: &Context,
    input: Input,
    output: &mut Output,
    dial: &Dial<'_>,
) -> Result<Summary, Failure> {
    let entrants = Entrant::parse_all(args, &compare.strategies)?;
    let form = form(args, context)?;
    if context.person_types {
        return Err(Failure::usage("there are no records on standard input")
            .hint("pipe answers in, or read a transcript: ultra-synth compare < answers.ndjson"));
    }
    let recording = compare.journal.as_ref().map(|file| {
        Recording::open(file, if compare.replay { Unknown::Refuse } else { Unknown::Ask }, context)
    });
    let recording = recording.transpose()?;
    let ground = Ground::read(input, output, &ground::Reading { form, compare, context })?;
    if ground.prompts.is_empty() {
        return Err(Failure::nothing_usable("the stream holds no answers; there is nothing to compare")
            .hint("ask a panel first: ultra-fanout -m A -m B -m C, and save what comes out"));
    }
    ground.unfit.warn();
    let recorded = |context: &Context, config: &DispatchConfig| match &recording {
        None => dial(context, config),
        Some(recording) => {
            let config = DispatchConfig { announce: true, ..config.clone() };
            dial(context, &config).map(|calls| calls.recorded(recording.clone()))
        }
    };
    let dial: &Dial<'_> = &recorded;
    let (trials, graded) = match measure(&ground, &entrants, args, compare, context, dial) {
        Ok(measured) => measured,
        Err(Stop::Failed(failure)) => return Err(failure),
        Err(Stop::Refused(record)) => return Err(refuse(*record, form, output)),
    };
    recording.as_ref().map_or(Ok(()), Recording::sync)?;
    let report = Report::new(&ground, &entrants, &trials, &graded, context.seed);
    match form {
        None => report.records(&ground, &trials, output)?,
        Some(Format::Json) => output.text(&format!("{:#}\n", report.json()?))?,
        Some(Format::Html) => output.text(&page::page(&report))?,
        Some(Format::Md) => output.text(&table::markdown(&report))?,
        Some(Format::Text) => output.text(&table::text(&report))?,
    }
    if let (0, Some(told)) = (report.scored, &report.ungraded) {
        return Err(Failure::nothing_usable(format!("no prompt is scored: {told}"))
            .hint("ask the grader alone with ultra-fanout, or name another --grader"));
    }
    let calls: u64 = trials.iter().flatten().map(|trial| trial.calls).sum();
    let what = format!(
        "{} over {}, {} scored; {}",
        many(entrants.len() as u64, "strategy").replace("strategys", "strategies"),
        many(ground.prompts.len() as u64, "prompt"),
        report.scored,
        asked(calls + report.grading, recording.as_ref().map_or(0, Recording::recalled))
    );
    let summary = Summary::new(what);
    Ok(if calls + report.grading > 0 { summary.of_calls() } else { summary })
}

/// How many calls it took, and who answered them.
fn asked(calls: u64, recalled: u64) -> String {
    let calls = many(calls, "call");
    if recalled > 0 { format!("{calls}, {recalled} answered by the journal") } else { calls }
}

/// Why nothing is compared.
enum Stop {
    Failed(Failure),
    /// What does not hold under `--strict`.
    Refused(Box<ErrorRecord>),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Runs every entrant and scores what it made.
fn measure(
    ground: &Ground,
    entrants: &[Entrant],
    args: &SynthArgs,
    compare: &CompareArgs,
    context: &Context,
    dial: &Dial<'_>,
) -> Result<(Vec<Vec<Trial>>, Graded), Stop> {
    let mut trials = Vec::new();
    for entrant in entrants {
        tracing::info!("runs {}", entrant.name);
        trials.push(entrant.run(ground, context, dial)?);
    }
    let graded = grade::grade(ground, &mut trials, args, compare, context, dial)?;
    Ok((trials, graded))
}

/// Says what does not hold under `--strict`, where records come out also as one.
fn refuse(record: ErrorRecord, form: Option<Format>, output: &mut Output) -> Failure {
    let told = Failure::strict(visible(&record.message));
    match form {
        None => output.error(record).err().unwrap_or(told),
        Some(_) => told,
    }
}

/// The form for people; `None` for records.
fn form(args: &SynthArgs, context: &Context) -> Result<Option<Format>, Failure> {
    Ok(match (args.show, args.format) {
        (Show::Records, Some(_)) => {
            return Err(Failure::usage("--show records writes NDJSON and has no other --format"));
        }
        (_, Some(format)) => Some(format),
        (Show::Records, None) => None,
        (Show::Auto, None) if !context.person_reads => None,
        (_, None) => Some(Format::Text),
    })
}

#[cfg(test)]
mod tests;
