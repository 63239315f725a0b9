//! Targets: whom to ask. `provider:model`, an alias, `@profile`, `mock:NAME`, `exec:COMMAND`; `#3` asks for three samples.

use std::collections::BTreeMap;

use crate::config::{Config, Price, Provider, nearest};
use crate::failure::Failure;
use crate::record::Object;
use crate::record::{Pending, Request};

/// Someone who can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The name that stands in records, without the number of samples.
    pub name: String,
    /// Samples to ask for; `None` leaves it to the request.
    pub samples: Option<u32>,
    /// How it is reached.
    pub route: Route,
}

/// How a target is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// A simulated model; `options` is what stands after `?`, such as `fail=0.3`.
    Mock {
        /// Name of the model.
        model: String,
        /// Simulated latency and faults.
        options: String,
    },
    /// A program that reads the prompt on stdin and answers on stdout.
    Exec {
        /// The command line, for `sh -c`.
        command: String,
    },
    /// A model behind HTTP.
    Http {
        /// Where it is.
        provider: Provider,
        /// The model, as the provider names it.
        model: String,
    },
}

/// The most samples that one target may be asked for.
const MAX_SAMPLES: u32 = 1000;

/// The most calls that one request may ask for.
const MAX_CALLS: usize = 10_000;

impl Target {
    /// Resolves `spec` into one target, or several for a profile.
    ///
    /// With `mock`, everything becomes a simulated model under its own name, and no provider needs to exist.
    ///
    /// # Errors
    /// A usage failure that names the nearest known name.
    pub fn resolve(spec: &str, config: &Config, mock: bool) -> Result<Vec<Self>, Failure> {
        if let Some(profile) = spec.strip_prefix('@') {
            let targets = config.profile(profile).ok_or_else(|| unknown(spec, config))?;
            return targets.iter().map(|target| Self::one(target, config, mock)).collect();
        }
        Self::one(spec, config, mock).map(|target| vec![target])
    }

    /// Resolves `spec`, which must not be a profile.
    ///
    /// # Errors
    /// A usage failure that names the nearest known name.
    pub fn one(spec: &str, config: &Config, mock: bool) -> Result<Self, Failure> {
        let (name, samples) = split_samples(spec)?;
        let real = config.alias(name).unwrap_or(name);
        if real != name && config.alias(real).is_some() {
            return Err(Failure::usage(format!("the alias `{name}` stands for another alias, `{real}`")));
        }
        if real != name && split_samples(real)?.1.is_some() {
            return Err(Failure::usage(format!(
                "the alias `{name}` stands for `{real}`, with a number of samples"
            ))
            .hint(format!("say the number where the alias is used: {name}#3")));
        }
        let route = if mock { mock_route(real) } else { route(real, config)? };
        Ok(Self { name: name.to_owned(), samples, route })
    }

    /// What this target costs; a simulated model is free unless a price is told, others then have none.
    pub fn price<'c>(&self, config: &'c Config) -> Option<&'c Price> {
        let simulated = matches!(self.route, Route::Mock { .. });
        config.price(&self.name).or(simulated.then_some(&Price::FREE))
    }
}

/// The calls that a request asks for: each target and sample, in order, once.
///
/// A target that is named twice is asked for more samples.
///
/// # Errors
/// A usage failure when a number of samples is not one.
pub fn calls(request: &Request) -> Result<Vec<Pending>, Failure> {
    calls_of(&request.id, &request.targets, request.samples)
}

/// The calls that a request for `targets` would ask for; `id` is what a failure calls it.
///
/// # Errors
/// As for [`calls`].
pub fn calls_of(id: &str, targets: &[String], samples: Option<u32>) -> Result<Vec<Pending>, Failure> {
    let mut calls: Vec<Pending> = Vec::new();
    let mut asked: BTreeMap<&str, u32> = BTreeMap::new();
    for spec in targets {
        let (name, own) = split_samples(spec)?;
        let samples = own.or(samples).unwrap_or(1);
        // Only of several targets can one be named twice.
        let first = if targets.len() > 1 { asked.entry(name).or_default() } else { &mut 0 };
        if calls.len() + samples as usize > MAX_CALLS {
            return Err(Failure::usage(format!("the request `{id}` asks for more than {MAX_CALLS} calls")));
        }
        for sample in *first..*first + samples {
            calls.push(Pending { target: name.to_owned(), sample, extra: Object::default() });
        }
        *first += samples;
    }
    Ok(calls)
}

/// The calls of a request that are still to be made.
///
/// # Errors
/// As for [`calls`].
pub fn pending(request: &Request) -> Result<Vec<Pending>, Failure> {
    match &request.pending {
        Some(pending) => Ok(pending.clone()),
        None => calls(request),
    }
}

/// A target as it was written, without the number of samples.
pub fn without_samples(spec: &str) -> &str {
    split_samples(spec).map_or(spec, |(name, _)| name)
}

/// Splits `name#3`; a `#` inside `exec:` commands counts only with digits to the end.
pub(crate) fn split_samples(spec: &str) -> Result<(&str, Option<u32>), Failure> {
    let Some((name, digits)) = spec.rsplit_once('#') else { return Ok((spec, None)) };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok((spec, None));
    }
    match digits.parse() {
        Ok(samples @ 1..=MAX_SAMPLES) => Ok((name, Some(samples))),
        _ => Err(Failure::usage(format!("target `{spec}`: the number of samples is 1 to {MAX_SAMPLES}"))),
    }
}

fn mock_route(name: &str) -> Route {
    // Only a mock target has options; `?` may well stand in a command.
    let (model, options) = match name.strip_prefix("mock:") {
        Some(mock) => mock.split_once('?').unwrap_or((mock, "")),
        None => (name, ""),
    };
    Route::Mock { model: model.to_owned(), options: options.to_owned() }
}

fn route(name: &str, config: &Config) -> Result<Route, Failure> {
    if name.starts_with("mock:") {
        return Ok(mock_route(name));
    }
    if let Some(command) = name.strip_prefix("exec:") {
        return Ok(Route::Exec { command: command.to_owned() });
    }
    let Some((provider, model)) = name.split_once(':') else { return Err(unknown(name, config)) };
    let provider = config.provider(provider).ok_or_else(|| unknown_provider(provider, name, config))?;
    if model.is_empty() || !model.chars().all(|c| c.is_alphanumeric() || "-_.:/@+ ".contains(c)) {
        return Err(Failure::usage(format!("target `{}`: not a model name", name.escape_debug())));
    }
    Ok(Route::Http { provider, model: model.to_owned() })
}

fn unknown(spec: &str, config: &Config) -> Failure {
    let failure = Failure::usage(format!("unknown target `{}`", spec.escape_debug()));
    let names = config.names();
    match nearest(spec, names.iter().map(String::as_str)) {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None => failure.hint(
            "a target is provider:model, mock:NAME, exec:COMMAND, or an alias or @profile from ultra.toml",
        ),
    }
}

fn unknown_provider(provider: &str, spec: &str, config: &Config) -> Failure {
    let failure = Failure::usage(format!(
        "target `{}`: unknown provider `{}`",
        spec.escape_debug(),
        provider.escape_debug()
    ));
    let names = config.provider_names();
    match nearest(provider, names.iter().map(String::as_str)) {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None => failure.hint(format!("known are: {}", names.join(", "))).hint(format!(
            "another one is told about under [providers.{}] in ultra.toml",
            provider.escape_debug()
        )),
    }
}

#[cfg(test)]
mod tests;
