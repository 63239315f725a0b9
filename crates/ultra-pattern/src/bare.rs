//! Prompts in other people's clothes: objects without `type`, lines of an `OpenAI` batch file, plain text.

use serde_json::Value;
use ultra_core::record::{Json, Message, Object, Params, Prompt, Role};

/// A prompt, and what an object can say beside it.
#[derive(Debug, PartialEq)]
pub(crate) struct Asked {
    /// The prompt; its id is empty when none was given.
    pub(crate) prompt: Prompt,
    /// Turns of the conversation before the prompt, system messages left out.
    pub(crate) history: Vec<Message>,
    /// Parameters of the calls.
    pub(crate) params: Option<Params>,
}

/// A prompt of plain text.
pub(crate) fn plain(text: &str) -> Asked {
    let prompt = Prompt {
        id: String::new(),
        text: text.to_owned(),
        system: None,
        vars: Object::default(),
        documents: None,
        extra: Object::default(),
    };
    Asked { prompt, history: Vec::new(), params: None }
}

/// Reads an object that has `prompt`, `text` or `messages`. What it says beside that stays in the record.
///
/// # Errors
/// A sentence that names the field at fault.
pub(crate) fn bare(mut object: Object) -> Result<Asked, String> {
    let mut asked = match (object.take("prompt"), object.get("messages")) {
        (Some(text), _) => plain(&read::<String>("prompt", &text)?),
        (None, Some(messages)) => conversation(read("messages", messages)?)?,
        (None, None) => {
            let text = object.take("text").ok_or("none of `prompt`, `text` and `messages` is there")?;
            plain(&read::<String>("text", &text)?)
        }
    };
    if let Some(id) = object.take("id") {
        asked.prompt.id = read("id", &id)?;
    }
    if let Some(system) = object.take("system") {
        asked.prompt.system = read("system", &system)?;
    }
    if let Some(vars) = object.take("vars") {
        asked.prompt.vars = read("vars", &vars)?;
    }
    if let Some(documents) = object.take("documents") {
        asked.prompt.documents = read("documents", &documents)?;
    }
    if let Some(params) = object.get("params") {
        asked.params = Some(read("params", params)?);
    }
    asked.prompt.extra = object;
    Ok(asked)
}

/// Reads a line of an `OpenAI` batch file; its model is not asked, the targets of the command line are.
///
/// # Errors
/// A sentence that names the field at fault.
pub(crate) fn batch(object: Object) -> Result<Asked, String> {
    let body: Object = read("body", object.get("body").ok_or("`body` is missing")?)?;
    let messages = body.get("messages").ok_or("`body`: `messages` is missing")?;
    let mut asked = conversation(read("messages", messages)?)?;
    asked.prompt.id = read("custom_id", object.get("custom_id").ok_or("`custom_id` is missing")?)?;
    asked.params = params(&body)?;
    asked.prompt.extra = object;
    Ok(asked)
}

fn read<T: serde::de::DeserializeOwned>(name: &str, value: &Json) -> Result<T, String> {
    value.read().map_err(|cause| format!("`{name}`: {cause}"))
}

/// The last user message is the prompt, system messages are its standing instructions, the rest is history.
fn conversation(mut messages: Vec<Message>) -> Result<Asked, String> {
    let last = messages.pop().filter(|message| message.role == Role::User);
    let last = last.ok_or("`messages`: the last one must be the user's")?;
    let (system, history): (Vec<_>, Vec<_>) =
        messages.into_iter().partition(|message| message.role == Role::System);
    let system: Vec<_> = system.iter().map(|message| message.content.text()).collect();
    let mut asked = plain(&last.content.text());
    asked.prompt.system = (!system.is_empty()).then(|| system.join("\n\n"));
    asked.history = history;
    Ok(asked)
}

fn params(body: &Object) -> Result<Option<Params>, String> {
    let params = Params {
        temperature: field(body, &["temperature"])?,
        max_output_tokens: field(body, &["max_completion_tokens", "max_tokens"])?,
        top_p: field(body, &["top_p"])?,
        seed: field(body, &["seed"])?,
        stop: match field::<Value>(body, &["stop"])? {
            None => Vec::new(),
            Some(Value::String(stop)) => vec![stop],
            Some(stops) => serde_json::from_value(stops).map_err(|cause| format!("`stop`: {cause}"))?,
        },
        reasoning: field(body, &["reasoning_effort"])?,
        extra: Object::default(),
    };
    let none = Params {
        temperature: None,
        max_output_tokens: None,
        top_p: None,
        seed: None,
        stop: Vec::new(),
        reasoning: None,
        extra: Object::default(),
    };
    Ok((params != none).then_some(params))
}

/// The first of these fields that is there and not null.
fn field<T: serde::de::DeserializeOwned>(body: &Object, names: &[&str]) -> Result<Option<T>, String> {
    for name in names {
        if let Some(value) = body.get(name).filter(|value| value.text() != "null") {
            return read(name, value).map(Some);
        }
    }
    Ok(None)
}
