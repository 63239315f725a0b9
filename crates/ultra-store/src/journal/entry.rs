//! What a journal keeps of the end of a call, and how the record is made of it again.

use serde::{Deserialize, Deserializer, Serialize};
use ultra_core::kind::ErrorKind;
use ultra_core::record::{CacheMark, ErrorRecord, Json, Object, ProviderError, Response, Timing, Usage};

use crate::answer::Asked;

/// The end of a call, without what belongs to who asks: the same call may be asked under other ids.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// An answer came.
    Answer(Box<Answered>),
    /// No answer came, and none would.
    Error(Box<Failed>),
}

/// An answer and all that a response says beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answered {
    /// The target that answered in place of the one that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
    /// The model that answered, as the provider names it.
    pub model: String,
    /// The answer.
    pub text: String,
    /// The answer as JSON, when an output schema was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<Json>,
    /// What the model thought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<String>,
    /// Why the answer ended.
    pub finish_reason: String,
    /// Tokens, as the provider counted them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// What the answer cost, in US dollars.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "exact")]
    pub cost_usd: Option<f64>,
    /// How often the call was sent.
    pub attempts: u32,
    /// True when a run before sent this call and was killed before it knew what came of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub uncertain_prior: bool,
    /// How long it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timing: Option<Timing>,
    /// What the cache did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheMark>,
    /// True when no model was asked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mock: bool,
    /// Further fields of the response.
    #[serde(default, skip_serializing_if = "Object::is_empty")]
    pub extra: Object,
}

/// A failure and all that an error record says beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failed {
    /// What kind of failure.
    pub kind: ErrorKind,
    /// The place, the cause and what to do.
    pub message: String,
    /// Whether the same may succeed later.
    pub retryable: bool,
    /// HTTP status, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u32>,
    /// How often the call was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// True when a run before sent this call and was killed before it knew what came of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub uncertain_prior: bool,
    /// Seconds that the provider asked to wait.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "exact")]
    pub retry_after_s: Option<f64>,
    /// What the provider said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderError>,
    /// How long it took, where that counts: an error record does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timing: Option<Timing>,
    /// Further fields of the record.
    #[serde(default, skip_serializing_if = "Object::is_empty")]
    pub extra: Object,
}

/// Reads a number as the very one that was written: the parser of JSON may miss it by the last bit.
fn exact<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let text: Option<Json> = Option::deserialize(deserializer)?;
    text.map(|text| text.text().parse().map_err(serde::de::Error::custom)).transpose()
}

impl From<&Response> for Entry {
    fn from(response: &Response) -> Self {
        let response = response.clone();
        Self::Answer(Box::new(Answered {
            fallback: response.fallback,
            model: response.model,
            text: response.text,
            json: response.json,
            reasoning: response.reasoning,
            finish_reason: response.finish_reason,
            usage: response.usage,
            cost_usd: response.cost_usd,
            attempts: response.attempts,
            uncertain_prior: response.uncertain_prior,
            timing: response.timing,
            cache: response.cache,
            mock: response.mock,
            extra: response.extra,
        }))
    }
}

impl From<&ErrorRecord> for Entry {
    fn from(error: &ErrorRecord) -> Self {
        Self::Error(Box::new(error.into()))
    }
}

impl From<&ErrorRecord> for Failed {
    fn from(error: &ErrorRecord) -> Self {
        let error = error.clone();
        Self {
            kind: error.kind,
            message: error.message,
            retryable: error.retryable.0,
            status: error.status,
            attempts: error.attempts,
            uncertain_prior: error.uncertain_prior,
            retry_after_s: error.retry_after_s,
            provider: error.provider,
            timing: None,
            extra: error.extra,
        }
    }
}

impl Answered {
    /// The response to `asked`, the very one that was kept where the ids are the same.
    pub fn response(self, asked: &Asked<'_>) -> Response {
        Response {
            id: asked.response_id(&self.text),
            request_id: asked.request_id.to_owned(),
            prompt_id: asked.prompt_id.to_owned(),
            target: asked.target.to_owned(),
            sample: asked.sample,
            stage: asked.stage.to_owned(),
            fallback: self.fallback,
            model: self.model,
            text: self.text,
            json: self.json,
            reasoning: self.reasoning,
            finish_reason: self.finish_reason,
            usage: self.usage,
            cost_usd: self.cost_usd,
            attempts: self.attempts,
            uncertain_prior: self.uncertain_prior,
            timing: self.timing,
            cache: self.cache,
            mock: self.mock,
            extra: self.extra,
        }
    }
}

impl Failed {
    /// The error record of `asked`, in the name of `tool`; its id is given when it is written.
    pub fn record(self, asked: &Asked<'_>, tool: &str) -> ErrorRecord {
        ErrorRecord {
            retryable: self.retryable.into(),
            request_id: Some(asked.request_id.to_owned()),
            prompt_id: Some(asked.prompt_id.to_owned()),
            target: Some(asked.target.to_owned()),
            sample: Some(asked.sample),
            stage: Some(asked.stage.to_owned()),
            status: self.status,
            attempts: self.attempts,
            uncertain_prior: self.uncertain_prior,
            retry_after_s: self.retry_after_s,
            provider: self.provider,
            extra: self.extra,
            ..ErrorRecord::new(tool, self.kind, self.message)
        }
    }
}
