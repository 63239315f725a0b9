//! The process around a tool: the one function that reads from top to bottom as the life of a process.

mod args;
mod column;
mod log;
mod parse;
mod show;
mod signals;
mod stdin;
mod supervise;

use std::process::ExitCode;

pub use args::{Common, Progress, bytes, command};

use crate::env;
use crate::failure::Failure;
use crate::tool::Tool;

/// Runs a tool as a process: arguments, log, input, output, signals, metrics, summary, exit status.
pub fn run<T: Tool>() -> ExitCode {
    let parsed = match parse::parse::<T>(&env::arguments()) {
        Ok(parse::Parsed::Run(run)) => *run,
        Ok(parse::Parsed::Said(code)) => return code,
        Err(failure) => return report(T::NAME, &failure),
    };
    log::start(T::NAME, &parsed.common);
    log::name_defects(T::NAME);
    signals::leave_no_core();
    let metrics = parsed.common.metrics.clone();
    let context = parsed.context.clone();
    let started = context.clock.elapsed();
    let ended = supervise::supervise::<T>(parsed.args, &context, &parsed.common);
    let code = ended.report(T::NAME, &parsed.common);
    if let Some(path) = metrics {
        ended.count(T::NAME, &context, started);
        if let Err(cause) = context.metrics.write(&path) {
            return report(
                T::NAME,
                &Failure::io(format!("cannot write the metrics to {}", path.display()), cause),
            );
        }
    }
    ended.die_by_signal();
    code
}

/// Prints a failure the way all tools do: `tool: message: cause`, then `hint: …` lines.
fn report(tool: &str, failure: &Failure) -> ExitCode {
    if !failure.is_reader_gone() {
        log::say(&format!("{tool}: {failure}"));
        for hint in failure.hints() {
            log::say(&format!("hint: {hint}"));
        }
    }
    ExitCode::from(failure.exit().code())
}

#[cfg(test)]
mod tests;
