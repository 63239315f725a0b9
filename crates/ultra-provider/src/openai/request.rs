//! A call as a Chat Completions request.

use serde_json::value::RawValue;
use ultra_core::record::Json;

use crate::call::Call;
use crate::http::Fields;

/// The names that differ between servers of this dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flavour {
    max_tokens: &'static str,
    seed: &'static str,
    /// A stream tells its usage only when asked to; a server that tells it anyway may refuse the question.
    asks_for_usage: bool,
}

impl Flavour {
    /// The flavour of the provider called `name` at `host`.
    pub(crate) fn of(name: &str, host: Option<&str>) -> Self {
        let is = |known: &str, at: &str| name == known || host == Some(at);
        let mistral = is("mistral", "api.mistral.ai");
        Self {
            // The reasoning models of `OpenAI` refuse `max_tokens`; most other servers know nothing else.
            max_tokens: if is("openai", "api.openai.com") { "max_completion_tokens" } else { "max_tokens" },
            seed: if mistral { "random_seed" } else { "seed" },
            asks_for_usage: !mistral,
        }
    }
}

#[derive(serde::Serialize)]
struct Options {
    include_usage: bool,
}

/// What a request's own parameters must not set.
const RESERVED: &[&str] = &["model", "messages", "stream", "stream_options"];

/// The body of the request.
///
/// # Errors
/// A sentence about the parameter that cannot be sent.
pub(crate) fn request(call: &Call, model: &str, flavour: Flavour, streamed: bool) -> Result<Vec<u8>, String> {
    let mut fields = Fields::default();
    fields.set("model", model)?;
    fields.set("messages", &call.messages)?;
    fields.set("stream", &streamed)?;
    if streamed && flavour.asks_for_usage {
        fields.set("stream_options", &Options { include_usage: true })?;
    }
    if let Some(params) = &call.params {
        fields.set_some(flavour.max_tokens, params.max_output_tokens.as_ref())?;
        fields.set_some("temperature", params.temperature.as_ref())?;
        fields.set_some("top_p", params.top_p.as_ref())?;
        fields.set_some(flavour.seed, params.seed.as_ref())?;
        fields.set_some("stop", Some(&params.stop).filter(|stop| !stop.is_empty()))?;
        fields.set_some("reasoning_effort", params.reasoning.as_ref())?;
    }
    if let Some(schema) = &call.output_schema {
        fields.set("response_format", &response_format(schema)?)?;
    }
    if let Some(params) = &call.params {
        fields.pass(&params.extra, RESERVED)?;
    }
    Ok(fields.bytes())
}

/// The output schema as a response format; strict where the schema is closed, which strictness demands.
fn response_format(schema: &Json) -> Result<Json, String> {
    #[derive(Default, serde::Deserialize)]
    struct Closed {
        #[serde(rename = "additionalProperties")]
        additional: Option<Box<RawValue>>,
    }
    let closed: Closed = schema.read().unwrap_or_default();
    let mut format = Fields::default();
    format.set("name", "answer")?;
    if closed.additional.is_some_and(|value| value.get() == "false") {
        format.set("strict", &true)?;
    }
    format.set("schema", schema)?;
    let mut whole = Fields::default();
    whole.set("type", "json_schema")?;
    whole.set("json_schema", &format.json()?)?;
    whole.json()
}

#[cfg(test)]
mod tests;
