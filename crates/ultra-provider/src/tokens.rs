//! How many tokens a call will take, before it is made: for limits, budgets and `--estimate`.
//!
//! Texts are counted by the rule of [`ultra_core::tokens`], which is also that of documents. Each message adds
//! 4 for its role and delimiters, as the chat formats do. A part that is not text counts as 1,600, the most
//! that the vendors state for one image. The schema of the answer is sent along and counts as text.

use ultra_core::record::{Content, Json, Message, Object, Params, Usage};
use ultra_core::tokens;

use crate::call::{Answer, Call};

/// Tokens of an answer whose length nobody limits: an assumption, two pages of text.
pub const ASSUMED_OUTPUT: u64 = 1024;

/// Tokens of a message besides its text.
const MESSAGE: u64 = 4;

/// Tokens of a part that is not text.
const PICTURE: u64 = 1600;

/// The names under which the dialects take a limit for the answer.
const LIMITS: [&str; 2] = ["max_tokens", "max_completion_tokens"];

/// Tokens that a call will take, estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// Of the prompt.
    pub input: u64,
    /// Of the answer: the limit of the call, or [`ASSUMED_OUTPUT`].
    pub output: u64,
}

impl Estimate {
    /// Prompt and answer together, which is what providers take from a limit.
    pub fn total(self) -> u64 {
        self.input.saturating_add(self.output)
    }

    /// What a provider would count, for an answer that came without a count.
    pub fn usage(self) -> Usage {
        Usage {
            input_tokens: self.input,
            output_tokens: self.output,
            cached_input_tokens: None,
            reasoning_tokens: None,
            extra: Object::default(),
        }
    }
}

/// Estimates the tokens of `call`.
pub fn estimate(call: &Call) -> Estimate {
    let said: u64 = call.messages.iter().map(message).sum();
    let schema = call.output_schema.as_ref().map_or(0, |schema| tokens::estimate(schema.text()));
    let output = call.params.as_ref().and_then(limit).unwrap_or(ASSUMED_OUTPUT);
    Estimate { input: said + schema, output }
}

/// The same once the answer is there, whose provider did not count.
pub fn of_answer(call: &Call, answer: &Answer) -> Estimate {
    let thought = answer.reasoning.as_deref().map_or(0, tokens::estimate);
    Estimate { output: tokens::estimate(&answer.text) + thought, ..estimate(call) }
}

fn message(message: &Message) -> u64 {
    let said = match &message.content {
        Content::Text(text) => tokens::estimate(text),
        Content::Parts(parts) => {
            parts.iter().map(|part| part.text.as_deref().map_or(PICTURE, tokens::estimate)).sum()
        }
    };
    said + MESSAGE
}

/// The limit for the answer, also where it is told in the words of a dialect.
fn limit(params: &Params) -> Option<u64> {
    let foreign = || LIMITS.iter().find_map(|name| params.extra.get(name).and_then(whole));
    params.max_output_tokens.or_else(foreign)
}

fn whole(value: &Json) -> Option<u64> {
    value.text().parse().ok()
}

#[cfg(test)]
mod tests;
