//! A call as a Messages request.

use ultra_core::record::{Content, ContentPart, Message, Object, Role};

use crate::call::Call;
use crate::http::Fields;

/// The limit for generated tokens when the request has none, because the dialect demands one.
const MAX_TOKENS: u64 = 4096;

/// What a request's own parameters must not set.
const RESERVED: &[&str] = &["model", "messages", "system", "stream"];

/// The body of the request. There is no seed in this dialect, so none is sent.
///
/// # Errors
/// A sentence about the parameter that cannot be sent.
pub(crate) fn request(call: &Call, model: &str, streamed: bool) -> Result<Vec<u8>, String> {
    let params = call.params.as_ref();
    let (system, turns): (Vec<_>, Vec<_>) = call.messages.iter().partition(|said| said.role == Role::System);
    let mut fields = Fields::default();
    fields.set("model", model)?;
    let given = params.is_some_and(|params| params.extra.get("max_tokens").is_some());
    let limit = params.and_then(|params| params.max_output_tokens);
    fields.set_some("max_tokens", limit.or((!given).then_some(MAX_TOKENS)).as_ref())?;
    fields.set_some("system", instructions(&system).as_ref())?;
    fields.set("messages", &turns)?;
    fields.set("stream", &streamed)?;
    if let Some(params) = params {
        fields.set_some("temperature", params.temperature.as_ref())?;
        fields.set_some("top_p", params.top_p.as_ref())?;
        fields.set_some("stop_sequences", Some(&params.stop).filter(|stop| !stop.is_empty()))?;
    }
    let reasoning = params.and_then(|params| params.reasoning.as_ref());
    if reasoning.is_some() || call.output_schema.is_some() {
        let mut config = Fields::default();
        config.set_some("effort", reasoning)?;
        if let Some(schema) = &call.output_schema {
            let mut format = Fields::default();
            format.set("type", "json_schema")?;
            format.set("schema", schema)?;
            config.set("format", &format.json()?)?;
        }
        fields.set("output_config", &config.json()?)?;
    }
    if let Some(params) = params {
        fields.pass(&params.extra, RESERVED)?;
    }
    Ok(fields.bytes())
}

/// All standing instructions: text where all are text, or else blocks.
fn instructions(system: &[&Message]) -> Option<Content> {
    if system.is_empty() {
        return None;
    }
    let texts: Option<Vec<&str>> = system
        .iter()
        .map(|said| match &said.content {
            Content::Text(text) => Some(text.as_str()),
            Content::Parts(_) => None,
        })
        .collect();
    Some(match texts {
        Some(texts) => Content::Text(texts.join("\n\n")),
        None => Content::Parts(system.iter().flat_map(|said| blocks(&said.content)).collect()),
    })
}

fn blocks(content: &Content) -> Vec<ContentPart> {
    match content {
        Content::Parts(parts) => parts.clone(),
        Content::Text(text) => {
            vec![ContentPart { kind: "text".into(), text: Some(text.clone()), extra: Object::default() }]
        }
    }
}

#[cfg(test)]
mod tests;
