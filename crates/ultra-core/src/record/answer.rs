//! `response` and `error`: the two ways in which a call can end.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::field::Field;
use super::{Json, Object};
use crate::kind::ErrorKind;

record! {
    /// An answer to one request by one target.
    pub struct Response = Response, "res" {
        /// Content id.
        pub id: String,
        /// The request that is answered.
        pub request_id: String,
        /// The prompt that the request serves.
        pub prompt_id: String,
        /// The target that was asked.
        pub target: String,
        /// Number of the sample, from 0.
        pub sample: u32,
        /// Name of the stage.
        pub stage: String,
        /// The target that answered in place of `target`, when that failed and has a fallback.
        pub fallback: Option<String>,
        /// The model that answered, as the provider names it.
        pub model: String,
        /// The answer.
        pub text: String,
        /// The answer as JSON, when an output schema was asked for.
        pub json: Option<Json>,
        /// What the model thought, where the provider tells.
        pub reasoning: Option<String>,
        /// Why the answer ended: `stop`, `length`, `content_filter`, `refusal`, `tool_calls`, or the provider's own word.
        pub finish_reason: String,
        /// Tokens, as the provider counted them; absent when it did not.
        pub usage: Option<Usage>,
        /// Cost in US dollars.
        pub cost_usd: Option<f64>,
        /// How often the call was sent.
        pub attempts: u32,
        /// True when an earlier run sent this call and was killed before it knew the answer, so that it may
        /// have been paid twice.
        pub uncertain_prior: bool,
        /// How long it took; left out in mock mode.
        pub timing: Option<Timing>,
        /// What the cache did.
        pub cache: Option<CacheMark>,
        /// True when no model was asked: the answer is simulated.
        pub mock: bool,
    }
}

impl Response {
    /// Why this is no answer to be counted or merged: it says nothing, or its provider says that it is a refusal.
    /// What the text itself says never matters: an answer about errors is an answer.
    pub fn flaw(&self) -> Option<&'static str> {
        match self.finish_reason.as_str() {
            _ if self.text.trim().is_empty() => Some("empty"),
            "refusal" | "content_filter" => Some("blocked"),
            _ => None,
        }
    }
}

object! {
    /// Tokens of one call, as the provider counted them.
    pub struct Usage {
        /// All tokens of the prompt, cached ones included.
        pub input_tokens: u64,
        /// All generated tokens, reasoning included.
        pub output_tokens: u64,
        /// Tokens of the prompt that the provider had cached.
        pub cached_input_tokens: Option<u64>,
        /// Generated tokens that were reasoning.
        pub reasoning_tokens: Option<u64>,
    }
}

object! {
    /// How long a call took, in milliseconds.
    pub struct Timing {
        /// Before the last attempt was sent.
        pub queue_ms: u64,
        /// From the last attempt to its first byte.
        pub first_token_ms: Option<u64>,
        /// From the request to the end.
        pub total_ms: u64,
    }
}

object! {
    /// What the cache did for an answer.
    pub struct CacheMark {
        /// Where the answer came from.
        pub status: CacheStatus,
        /// The cache key.
        pub key: String,
        /// Age of a hit in seconds.
        pub age_s: Option<u64>,
    }
}

/// What the cache did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CacheStatus {
    /// The answer came from the store.
    Hit,
    /// The store was asked and did not have it.
    Miss,
    /// An identical call was in flight, and its answer served this one too.
    Shared,
}

impl Field for CacheStatus {}

record! {
    /// A failure, in place of what could not be made.
    pub struct ErrorRecord = Error, "err" {
        /// Content id.
        pub id: String,
        /// The tool that made this record.
        pub tool: String,
        /// What kind of failure.
        pub kind: ErrorKind,
        /// The place, the cause and what to do.
        pub message: String,
        /// Whether the same may succeed later; always written.
        pub retryable: Always,
        /// The request that failed.
        pub request_id: Option<String>,
        /// The prompt that the request served.
        pub prompt_id: Option<String>,
        /// The target that was asked.
        pub target: Option<String>,
        /// Number of the sample, from 0.
        pub sample: Option<u32>,
        /// Name of the stage.
        pub stage: Option<String>,
        /// HTTP status, where there was one.
        pub status: Option<u32>,
        /// How often the call was sent.
        pub attempts: Option<u32>,
        /// True when an earlier run sent this call and was killed before it knew what came of it.
        pub uncertain_prior: bool,
        /// Seconds that the provider asked to wait.
        pub retry_after_s: Option<f64>,
        /// What the provider said.
        pub provider: Option<ProviderError>,
        /// Where in the input.
        pub input: Option<InputPlace>,
    }
}

impl Field for ErrorKind {}

/// A flag that is written whether it is true or false.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Always(pub bool);

impl Field for Always {}

impl From<bool> for Always {
    fn from(flag: bool) -> Self {
        Self(flag)
    }
}

object! {
    /// What a provider said about a failure.
    pub struct ProviderError {
        /// Its error code.
        pub code: Option<String>,
        /// Its error type.
        pub kind as "type": Option<String>,
        /// Its id for the call.
        pub request_id: Option<String>,
    }
}

object! {
    /// Where in the input a failure lies.
    pub struct InputPlace {
        /// Line number, from 1.
        pub line: Option<u64>,
        /// Byte offset from the start of the input.
        pub offset: Option<u64>,
        /// The path of a document.
        pub path: Option<String>,
        /// The beginning of the text at fault, at most 256 bytes.
        pub text: Option<String>,
    }
}

impl ErrorRecord {
    /// An error made by `tool`; the id is given when it is written.
    pub fn new(tool: &str, kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            id: String::new(),
            tool: tool.to_owned(),
            kind,
            message: message.into(),
            retryable: kind.retryable().into(),
            request_id: None,
            prompt_id: None,
            target: None,
            sample: None,
            stage: None,
            status: None,
            attempts: None,
            uncertain_prior: false,
            retry_after_s: None,
            provider: None,
            input: None,
            extra: Object::default(),
        }
    }
}
