//! What a message, or a piece of one, says.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::http::{Few, Unread, append, detail, string, words};

/// A message of a whole reply, or the delta of a streamed one.
#[derive(Default, Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    refusal: Option<&'a RawValue>,
    #[serde(borrow)]
    reasoning: Option<&'a RawValue>,
    #[serde(borrow)]
    reasoning_content: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Part<'a> {
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    refusal: Option<&'a RawValue>,
    #[serde(borrow)]
    thinking: Option<&'a RawValue>,
}

/// Its words, its parts joined.
#[derive(Default)]
pub(super) struct Said {
    pub(super) text: String,
    pub(super) refusal: Option<String>,
    pub(super) reasoning: Option<String>,
}

impl Said {
    /// Reads a message.
    ///
    /// # Errors
    /// When a text in it cannot be decoded, or its content is neither text nor a list.
    pub(super) fn read(message: &Message<'_>) -> Result<Self, Unread> {
        let reasoning = match words(message.reasoning_content)? {
            Some(text) => Some(text),
            None => words(message.reasoning)?,
        };
        let mut said = Self { refusal: words(message.refusal)?.map(Cow::into_owned), ..Self::default() };
        said.reasoning = reasoning.map(Cow::into_owned);
        let Some(content) = message.content else { return Ok(said) };
        match content.get().as_bytes()[0] {
            b'"' => said.text = string(Some(content))?.unwrap_or_default().into_owned(),
            b'[' => {
                for part in serde_json::from_str::<Few<Part<'_>>>(content.get())?.0 {
                    said.add(&part)?;
                }
            }
            _ => return Err(Unread::Shape("JSON whose `content` is neither text nor a list")),
        }
        Ok(said)
    }

    fn add(&mut self, part: &Part<'_>) -> Result<(), serde_json::Error> {
        self.text.push_str(&string(part.text)?.unwrap_or_default());
        append(&mut self.refusal, string(part.refusal)?.as_deref());
        append(&mut self.reasoning, string(part.thinking)?.as_deref());
        if part.thinking.is_some_and(|raw| raw.get().starts_with('[')) {
            for inner in detail::<Few<Part<'_>>>(part.thinking).0 {
                append(&mut self.reasoning, string(inner.text)?.as_deref());
            }
        }
        Ok(())
    }
}
