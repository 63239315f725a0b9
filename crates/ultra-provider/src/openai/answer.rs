//! A Chat Completions response as an answer.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::said::{Message, Said};
use super::usage;
use crate::call::Answer;
use crate::http::{Draft, First, Unread, object, owned};

#[derive(Deserialize)]
struct Completion<'a> {
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    choices: Option<First<Choice<'a>>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    /// Gemini's own words where it will not hear a prompt, which some gateways pass on as they are.
    #[serde(borrow, rename = "promptFeedback")]
    prompt_feedback: Option<&'a RawValue>,
    /// Only Anthropic's dialect has it.
    #[serde(borrow)]
    stop_reason: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    message: Option<Message<'a>>,
    #[serde(borrow)]
    finish_reason: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
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
    let completion: Completion<'_> = serde_json::from_str(text)?;
    if completion.error.is_some() {
        return Err(Unread::Error);
    }
    let Some(choices) = completion.choices else {
        if completion.prompt_feedback.is_some_and(|said| said.get().contains("\"blockReason\"")) {
            return Err(Unread::Blocked);
        }
        return Err(Unread::Shape(match completion.stop_reason {
            Some(_) => "an answer in the dialect of Anthropic (set `dialect` of the provider)",
            None => "JSON without `choices`",
        }));
    };
    let choice = choices.0.ok_or(Unread::Empty("there is no choice in it"))?;
    if choice.error.is_some() {
        return Err(Unread::Error);
    }
    let said = choice.message.as_ref().map(Said::read).transpose()?.unwrap_or_default();
    let mut draft = Draft {
        model: owned(completion.model)?.unwrap_or_default(),
        text: said.text,
        refusal: said.refusal,
        reasoning: said.reasoning,
        finish: owned(choice.finish_reason)?,
        ..Draft::default()
    };
    usage::enter(&mut draft, completion.usage);
    draft.answer()
}

#[cfg(test)]
mod tests;
