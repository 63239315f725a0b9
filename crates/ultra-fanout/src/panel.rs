//! Whom to ask: the targets of the command line, and profiles in requests.

use ultra_core::config::Config;
use ultra_core::failure::Failure;
use ultra_core::target::{Route, Target};
use ultra_core::tool::Context;
use ultra_provider::mock::Mock;

/// The targets of the command line, as they stand in requests: profiles become their members.
///
/// # Errors
/// A usage failure that names the nearest known name or option.
pub(crate) fn named(specs: &[String], context: &Context) -> Result<Vec<String>, Failure> {
    let mut targets = Vec::new();
    for spec in specs {
        for target in Target::resolve(spec, &context.config, context.mock)? {
            if let Route::Mock { model, options } = &target.route {
                Mock::new(model, options, context.seed)?;
            }
            targets.push(written(target));
        }
    }
    Ok(targets)
}

/// The targets of a request with profiles replaced by their members, so that everybody further down knows how
/// many answers to expect. An unknown profile stays; its calls will fail.
pub(crate) fn expanded(specs: Vec<String>, config: &Config, mock: bool) -> Vec<String> {
    if !specs.iter().any(|spec| spec.starts_with('@')) {
        return specs;
    }
    let expand = |spec: String| match spec.starts_with('@').then(|| Target::resolve(&spec, config, mock)) {
        Some(Ok(targets)) => targets.into_iter().map(written).collect(),
        Some(Err(_)) | None => vec![spec],
    };
    specs.into_iter().flat_map(expand).collect()
}

/// What to do when nobody is there to be asked.
pub(crate) const HINT: &str =
    "name models with -m, such as -m openai:gpt-5 -m ollama:llama3, or -m mock:a to try it out";

/// Nobody is there to be asked.
pub(crate) fn nobody(what: &str) -> Failure {
    Failure::usage(format!("no target: {what}")).hint(HINT)
}

fn written(target: Target) -> String {
    match target.samples {
        Some(samples) => format!("{}#{samples}", target.name),
        None => target.name,
    }
}
