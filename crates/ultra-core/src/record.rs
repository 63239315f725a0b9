//! The records of the stream, version 1: one JSON object a line, `type` says what it is.
//!
//! Types here are what a tool reads when it *owns* a record; a line that it only carries never comes here.

#[macro_use]
mod macros;
mod answer;
mod ask;
mod compare;
mod document;
mod field;
mod messages;
mod object;
mod outcome;
mod text;

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use answer::{
    Always, CacheMark, CacheStatus, ErrorRecord, InputPlace, ProviderError, Response, Timing, Usage,
};
pub use ask::{
    Content, Message, Params, Part as ContentPart, PatternRef, Pending, Prompt, Request, Role, Stage,
};
pub use compare::{Compared, Comparison, Estimate, Trial};
pub use document::{Document, Part, Source};
pub use field::{Field, Shape};
pub use messages::Messages;
pub use object::{Json, Object};
pub use outcome::{Agreement, Analysis, Delta, Rank, Synthesis, Verdict};

/// The record types that Ultra knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// A document, or one part of it.
    Document,
    /// A question.
    Prompt,
    /// Messages for one or more targets.
    Request,
    /// An answer.
    Response,
    /// A failure.
    Error,
    /// A judgement over the answers to one prompt.
    Verdict,
    /// The one answer.
    Synthesis,
    /// What one strategy made of one prompt, in a comparison.
    Trial,
    /// One line of a comparison.
    Comparison,
    /// A piece of an answer as it arrives; never stored.
    Delta,
}

impl Type {
    /// Every type, in the order of the documentation.
    pub const ALL: [Self; 10] = [
        Self::Document,
        Self::Prompt,
        Self::Request,
        Self::Response,
        Self::Error,
        Self::Verdict,
        Self::Synthesis,
        Self::Trial,
        Self::Comparison,
        Self::Delta,
    ];

    /// The value of the `type` field.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Prompt => "prompt",
            Self::Request => "request",
            Self::Response => "response",
            Self::Error => "error",
            Self::Verdict => "verdict",
            Self::Synthesis => "synthesis",
            Self::Trial => "trial",
            Self::Comparison => "comparison",
            Self::Delta => "delta",
        }
    }

    /// The type called `name`, if Ultra knows it.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A record that a tool can own.
pub trait Record: Serialize + DeserializeOwned {
    /// Its `type`.
    const TYPE: Type;
    /// The prefix of ids made by Ultra.
    const PREFIX: &'static str;

    /// What the types alone cannot say.
    ///
    /// # Errors
    /// A sentence that names the field at fault.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
