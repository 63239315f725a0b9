//! Lines of an `OpenAI` batch file.

use serde_json::Value;

use super::Asked;
use super::object::{differ, field, prompt};
use crate::record::{Json, Message, Object, Params};

/// Reads a line; its model is not asked, the targets of the command line are.
///
/// # Errors
/// A sentence that names the field at fault.
pub(super) fn read(mut object: Object) -> Result<Asked, String> {
    let body: Object = field(&object, &["body"])?.ok_or("`body` is missing")?;
    let messages: Vec<Message> = field(&body, &["messages"])?.ok_or("`body`: `messages` is missing")?;
    let id: String = field(&object, &["custom_id"])?.ok_or("`custom_id` is missing")?;
    let mut asked = prompt(&mut object, Some(("body", Asked::conversation(messages)?)))?;
    if !asked.prompt.id.is_empty() && asked.prompt.id != id {
        return Err(differ("id", "custom_id"));
    }
    asked.prompt.id = id;
    asked.params = params(&body)?;
    asked.output_schema = schema(&body)?;
    asked.prompt.extra = object;
    Ok(asked)
}

fn params(body: &Object) -> Result<Option<Params>, String> {
    let stop = match field::<Value>(body, &["stop"])? {
        None => Vec::new(),
        Some(Value::String(stop)) => vec![stop],
        Some(stops) => serde_json::from_value(stops).map_err(|cause| format!("`stop`: {cause}"))?,
    };
    let params = Params {
        temperature: field(body, &["temperature"])?,
        max_output_tokens: field(body, &["max_completion_tokens", "max_tokens"])?,
        top_p: field(body, &["top_p"])?,
        seed: field(body, &["seed"])?,
        stop,
        reasoning: field(body, &["reasoning_effort"])?,
        extra: Object::default(),
    };
    Ok((params != Params::default()).then_some(params))
}

/// The schema in `response_format`, where there is one.
fn schema(body: &Object) -> Result<Option<Json>, String> {
    let Some(format) = field::<Object>(body, &["response_format"])? else { return Ok(None) };
    let Some(named) = field::<Object>(&format, &["json_schema"])? else { return Ok(None) };
    Ok(named.get("schema").cloned())
}
