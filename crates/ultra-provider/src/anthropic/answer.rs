//! A Messages response as an answer.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::usage::Tally;
use crate::call::Answer;
use crate::http::{Draft, Few, Unread, append, object, owned, string};

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    content: Option<Few<Block<'a>>>,
    #[serde(borrow)]
    stop_reason: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    /// Only the dialect of `OpenAI` has it.
    #[serde(borrow)]
    choices: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Block<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    thinking: Option<&'a RawValue>,
}

/// Reads a response; the model is empty where the server does not name it.
///
/// # Errors
/// Why there is no answer in it.
pub(crate) fn answer(body: &[u8]) -> Result<Answer, Unread> {
    let text = object(body)?;
    if text == "{}" {
        return Err(Unread::Empty("the body is an empty object"));
    }
    let message: Message<'_> = serde_json::from_str(text)?;
    if message.error.is_some() {
        return Err(Unread::Error);
    }
    let Some(content) = message.content else {
        return Err(Unread::Shape(match message.choices {
            Some(_) => "an answer in the dialect of OpenAI (set `dialect` of the provider)",
            None => "JSON without `content`",
        }));
    };
    let mut tally = Tally::default();
    tally.enter(message.usage);
    let (text, reasoning) = said(&content.0)?;
    Draft {
        model: owned(message.model)?.unwrap_or_default(),
        text,
        refusal: None,
        reasoning,
        finish: owned(message.stop_reason)?,
        usage: tally.usage(),
        cost_usd: None,
    }
    .answer()
}

/// The text blocks joined, and the thoughts joined; blocks of other kinds are passed over.
fn said(content: &[Block<'_>]) -> Result<(String, Option<String>), serde_json::Error> {
    let mut text = String::new();
    let mut reasoning = None;
    for block in content {
        match string(block.kind)?.as_deref() {
            Some("text") => text.push_str(&string(block.text)?.unwrap_or_default()),
            Some("thinking") => append(&mut reasoning, string(block.thinking)?.as_deref()),
            _ => {}
        }
    }
    Ok((text, reasoning))
}

#[cfg(test)]
mod tests;
