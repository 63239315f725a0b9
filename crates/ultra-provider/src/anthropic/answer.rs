//! A Messages response as an answer.

use serde::Deserialize;
use serde_json::value::RawValue;
use ultra_core::record::{Object, Usage};

use crate::call::Answer;
use crate::http::{Few, Unread, count, detail, object, string, words};

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

#[derive(Default, Deserialize)]
struct Counts<'a> {
    #[serde(borrow)]
    input_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    output_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    cache_read_input_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    cache_creation_input_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    output_tokens_details: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Details<'a> {
    #[serde(borrow)]
    thinking_tokens: Option<&'a RawValue>,
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
    let stop_reason = string(message.stop_reason)?;
    let finish_reason = finish_reason(stop_reason.as_deref().unwrap_or("unknown"));
    let (text, reasoning) = said(&content.0)?;
    // An answer that was cut off or refused may be empty; a finished one may not.
    if text.is_empty() && ["stop", "unknown"].contains(&finish_reason) {
        return Err(Unread::Empty("the model wrote nothing"));
    }
    Ok(Answer {
        model: string(message.model)?.unwrap_or_default(),
        text,
        reasoning,
        finish_reason: finish_reason.to_owned(),
        usage: usage(&detail(message.usage)),
        cost_usd: None,
        first_byte: None,
        mock: false,
    })
}

/// The text blocks joined, and the thoughts joined; blocks of other kinds are passed over.
fn said(content: &[Block<'_>]) -> Result<(String, Option<String>), serde_json::Error> {
    let mut text = String::new();
    let mut reasoning: Option<String> = None;
    for block in content {
        match string(block.kind)?.as_deref() {
            Some("text") => text.push_str(&string(block.text)?.unwrap_or_default()),
            Some("thinking") => {
                if let Some(thought) = words(block.thinking)? {
                    reasoning.get_or_insert_default().push_str(&thought);
                }
            }
            _ => {}
        }
    }
    Ok((text, reasoning))
}

/// The reason in Ultra's words; one that has no such word stays as it is.
fn finish_reason(raw: &str) -> &str {
    match raw {
        "end_turn" | "stop_sequence" | "stop" => "stop",
        "max_tokens" | "length" => "length",
        "tool_use" => "tool_calls",
        other => other,
    }
}

/// The dialect counts the prompt in three parts: fresh, read from the cache, written to the cache.
fn usage(counts: &Counts<'_>) -> Option<Usage> {
    let optional = |raw: Option<&RawValue>| match raw {
        Some(_) => count(raw),
        None => Some(0),
    };
    let cached = optional(counts.cache_read_input_tokens)?;
    let input = count(counts.input_tokens)? + cached + optional(counts.cache_creation_input_tokens)?;
    let details: Details<'_> = detail(counts.output_tokens_details);
    Some(Usage {
        input_tokens: input,
        output_tokens: count(counts.output_tokens)?,
        cached_input_tokens: count(counts.cache_read_input_tokens),
        reasoning_tokens: count(details.thinking_tokens),
        extra: Object::default(),
    })
}

#[cfg(test)]
mod tests;
