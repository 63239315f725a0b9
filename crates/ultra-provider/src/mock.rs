//! Simulated models: no key, no socket, no clock.
//!
//! An answer is a function of the seed, the request (messages, parameters, output schema), the name of the
//! model and the sample. It reads like an answer, quotes what it was asked and ends with a digest of the
//! request, so it changes whenever the prompt changes: a recorded run proves that the prompt arrived.
//!
//! What an attempt does — how long it takes, whether it fails — depends on the same things and the number of
//! the attempt, never on when it runs or what runs beside it. So a simulated model never closes its target,
//! not even with `kind=auth`: which other calls were already under way would depend on the concurrency.

mod answer;
mod options;
mod schema;

use std::time::Duration;

use ultra_core::draw;
use ultra_core::failure::Failure;
use ultra_core::id::ContentHash;
use ultra_core::kind::ErrorKind;
use ultra_core::record::{Object, Usage};
use ultra_pace::Class;

use crate::call::{Answer, Call, CallError};
pub use options::{Latency, Options};

/// One simulated model.
#[derive(Debug, Clone)]
pub struct Mock {
    model: String,
    seed: u64,
    options: Options,
}

/// What one attempt does.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// How long it takes.
    pub latency: Duration,
    /// How it ends.
    pub result: Result<Answer, CallError>,
}

impl Mock {
    /// The model called `model` with the `options` that stand after `?` in its target.
    ///
    /// # Errors
    /// A usage failure for an unknown option, which names the nearest, or for a value that does not fit.
    pub fn new(model: &str, options: &str, seed: u64) -> Result<Self, Failure> {
        Ok(Self { model: model.to_owned(), seed, options: Options::parse(options)? })
    }

    /// Attempt number `n`, from 1, of `call`.
    pub fn attempt(&self, call: &Call, n: u32) -> Attempt {
        let dice = Dice { seed: self.seed, model: &self.model, digest: digest(call), sample: call.sample };
        let latency = match self.options.latency {
            Latency { least, most } if least == most => least,
            Latency { least, most } => {
                least + most.saturating_sub(least).mul_f64(dice.unit("mock latency", n))
            }
        };
        let fails = dice.unit("mock failure", n) < self.options.fail;
        let result = if fails { Err(self.failure(n)) } else { Ok(self.answer(call, &dice)) };
        Attempt { latency, result }
    }

    fn answer(&self, call: &Call, dice: &Dice<'_>) -> Answer {
        let text = match &call.output_schema {
            Some(schema) => schema::example(schema, dice),
            None => answer::text(call, dice, self.options.length),
        };
        let asked = call.messages.iter().map(|message| tokens(&message.content.text()) + 4).sum();
        let usage = Usage {
            input_tokens: asked,
            output_tokens: tokens(&text),
            cached_input_tokens: None,
            reasoning_tokens: None,
            extra: Object::default(),
        };
        Answer {
            model: self.model.clone(),
            text,
            reasoning: None,
            finish_reason: "stop".into(),
            usage: Some(usage),
            cost_usd: None,
            first_byte: None,
            mock: true,
        }
    }

    fn failure(&self, n: u32) -> CallError {
        let Options { kind, class, retry_after, .. } = self.options;
        let mut error = CallError::new(kind, class, format!("simulated failure of attempt {n}: {kind}"));
        error.retry_after = retry_after;
        error
    }
}

/// What a failure of `kind` means for the next attempt; `None` for kinds that are not failures of a call.
fn class_of(kind: ErrorKind) -> Option<Class> {
    use ErrorKind as Kind;
    match kind {
        Kind::RateLimited => Some(Class::Throttled),
        Kind::Overloaded | Kind::Server | Kind::TimeoutConnect | Kind::NetworkDns | Kind::NetworkConnect => {
            Some(Class::Free)
        }
        Kind::TimeoutFirstByte
        | Kind::TimeoutIdle
        | Kind::TimeoutAttempt
        | Kind::NetworkReset
        | Kind::Protocol
        | Kind::Truncated
        | Kind::Empty
        | Kind::BadJson => Some(Class::Unsure),
        Kind::Auth
        | Kind::Billing
        | Kind::Forbidden
        | Kind::NotFound
        | Kind::Request
        | Kind::Tls
        | Kind::Redirect
        | Kind::Blocked
        | Kind::TooLarge
        | Kind::Schema
        | Kind::Exec => Some(Class::FatalRecord),
        _ => None,
    }
}

/// Draws of one call: the same for the same seed, request, model and sample.
#[derive(Debug)]
struct Dice<'a> {
    seed: u64,
    model: &'a str,
    digest: u64,
    sample: u32,
}

impl Dice<'_> {
    /// A number in [0, 1) that belongs to this model and sample.
    fn unit(&self, purpose: &str, n: u32) -> f64 {
        let subject: [&[u8]; 4] =
            [&self.digest.to_le_bytes(), self.model.as_bytes(), &self.sample.to_le_bytes(), &n.to_le_bytes()];
        draw::unit(self.seed, purpose, &subject)
    }

    /// A number in [0, 1) that all models and samples share.
    fn shared(&self, purpose: &str, n: u32) -> f64 {
        draw::unit(self.seed, purpose, &[&self.digest.to_le_bytes(), &n.to_le_bytes()])
    }

    /// One of `choices`: mostly the one that all models share, so that answers agree in part.
    fn pick<'c, T>(&self, purpose: &str, n: u32, choices: &'c [T]) -> Option<&'c T> {
        let own = self.unit("mock mind", n) < 0.4;
        let unit = if own { self.unit(purpose, n) } else { self.shared(purpose, n) };
        nth(choices, unit)
    }
}

/// The element at the part `unit` of the way.
fn nth<T>(choices: &[T], unit: f64) -> Option<&T> {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the product lies between 0 and the length"
    )]
    let at = (unit * choices.len() as f64) as usize;
    choices.get(at)
}

/// Everything of a call that the model is told.
fn digest(call: &Call) -> u64 {
    let mut hash = ContentHash::new("ultra mock request v1");
    for message in &call.messages {
        hash.add(message.role.as_str());
        hash.add(message.content.text().as_bytes());
    }
    // A request without parameters and one with empty ones ask the same.
    let params = call.params.as_ref().and_then(|params| serde_json::to_string(params).ok());
    hash.add(params.as_deref().unwrap_or("{}"));
    hash.add(call.output_schema.as_ref().map_or("", |schema| schema.text()));
    hash.number()
}

/// Estimated number of tokens: a quarter of the bytes. Nobody counts the tokens of a simulated model.
fn tokens(text: &str) -> u64 {
    text.len().div_ceil(4) as u64
}

#[cfg(test)]
mod tests;
