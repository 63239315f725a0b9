//! Objects without `type` that have `prompt`, `text` or `messages`.

use serde::de::DeserializeOwned;

use super::Asked;
use crate::record::{Json, Message, Object};

/// Reads an object. What it says beside what a prompt has stays in the record.
///
/// # Errors
/// A sentence that names the field at fault.
pub(super) fn read(mut object: Object) -> Result<Asked, String> {
    let conversation = field::<Vec<Message>>(&object, &["messages"])?.map(Asked::conversation).transpose()?;
    let question = conversation.map(|asked| ("messages", asked));
    let mut asked = prompt(&mut object, question)?;
    asked.params = field(&object, &["params"])?;
    asked.output_schema = object.get("output_schema").cloned();
    asked.samples = field(&object, &["samples"])?;
    asked.targets = field(&object, &["targets"])?.unwrap_or_default();
    asked.prompt.extra = object;
    Ok(asked)
}

/// Takes everything out of `object` that is a field of a prompt; `question` is what is known of it, and where
/// it was said.
pub(super) fn prompt(
    object: &mut Object,
    mut question: Option<(&'static str, Asked)>,
) -> Result<Asked, String> {
    for name in ["prompt", "text"] {
        let Some(text) = once::<String>(object, name)? else { continue };
        match &question {
            Some((other, asked)) if asked.prompt.text != text => return Err(differ(name, other)),
            Some(_) => {}
            None => question = Some((name, Asked::plain(&text))),
        }
    }
    let (place, mut asked) = question.ok_or("none of `prompt`, `text` and `messages` is there")?;
    if let Some(id) = once(object, "id")? {
        asked.prompt.id = id;
    }
    if let Some(system) = once::<Option<String>>(object, "system")?.flatten() {
        if asked.prompt.system.as_ref().is_some_and(|said| *said != system) {
            return Err(differ("system", place));
        }
        asked.prompt.system = Some(system);
    }
    if let Some(vars) = once(object, "vars")? {
        asked.prompt.vars = vars;
    }
    if let Some(documents) = once(object, "documents")? {
        asked.prompt.documents = documents;
    }
    Ok(asked)
}

/// Takes a field that may stand there only once.
fn once<T: DeserializeOwned>(object: &mut Object, name: &str) -> Result<Option<T>, String> {
    let Some(value) = object.take(name) else { return Ok(None) };
    if object.get(name).is_some() {
        return Err(format!("`{name}` stands there twice"));
    }
    value_of(name, &value).map(Some)
}

/// The first of these fields that is there and not null.
pub(super) fn field<T: DeserializeOwned>(object: &Object, names: &[&str]) -> Result<Option<T>, String> {
    for name in names {
        if let Some(value) = object.get(name).filter(|value| value.text() != "null") {
            return value_of(name, value).map(Some);
        }
    }
    Ok(None)
}

pub(super) fn differ(one: &str, other: &str) -> String {
    format!("`{one}` and `{other}` say different things")
}

fn value_of<T: DeserializeOwned>(name: &str, value: &Json) -> Result<T, String> {
    value.read().map_err(|cause| {
        // The place that it tells is one in the value, not in the line.
        let cause = cause.to_string();
        format!("`{name}`: {}", cause.split(" at line ").next().unwrap_or_default())
    })
}
