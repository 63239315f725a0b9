//! The chunks of a streamed Chat Completions response, assembled into the same answer as a whole one.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::said::{Message, Said};
use super::usage;
use crate::call::Answer;
use crate::http::{Draft, Few, Progress, Unread, append, count, object, owned};

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    choices: Option<Few<Choice<'a>>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    x_groq: Option<Groq<'a>>,
    /// Only other dialects have it.
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    index: Option<&'a RawValue>,
    #[serde(borrow)]
    delta: Option<Message<'a>>,
    #[serde(borrow)]
    finish_reason: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Groq<'a> {
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

/// A response as far as it has come.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    draft: Draft,
}

impl Stream {
    /// Takes the data of one event. The text that it adds goes to `tell`.
    ///
    /// # Errors
    /// When the event says that the answer failed, or cannot be understood.
    pub(crate) fn take(&mut self, data: &[u8], tell: &mut dyn FnMut(&str)) -> Result<Progress, Unread> {
        if data.trim_ascii().starts_with(b"[DONE]") {
            // What ends without a reason to end was cut off.
            return Ok(if self.draft.finish.is_some() { Progress::Done } else { Progress::Cut });
        }
        let chunk: Chunk<'_> = serde_json::from_str(object(data)?)?;
        let groq = chunk.x_groq.unwrap_or_default();
        if self.draft.finish.is_none() {
            if chunk.error.or(groq.error).is_some() {
                return Err(Unread::Error);
            }
            if chunk.choices.is_none() && chunk.kind.is_some() {
                return Err(Unread::Shape("a stream in another dialect (set `dialect` of the provider)"));
            }
        }
        if self.draft.model.is_empty()
            && let Some(model) = owned(chunk.model)?
        {
            self.draft.model = model;
        }
        // Servers with several choices mix their chunks; one is asked for, the first.
        for choice in chunk.choices.map(|few| few.0).unwrap_or_default() {
            if choice.index.is_none_or(|index| count(Some(index)) == Some(0)) {
                self.choice(&choice, tell)?;
            }
        }
        if let Some(counts) = chunk.usage.or(groq.usage) {
            usage::enter(&mut self.draft, Some(counts));
        }
        Ok(Progress::Going)
    }

    fn choice(&mut self, choice: &Choice<'_>, tell: &mut dyn FnMut(&str)) -> Result<(), Unread> {
        let draft = &mut self.draft;
        if draft.finish.is_some() {
            return Ok(());
        }
        if choice.error.is_some() {
            return Err(Unread::Error);
        }
        if let Some(delta) = &choice.delta {
            let said = Said::read(delta)?;
            draft.text.push_str(&said.text);
            append(&mut draft.refusal, said.refusal.as_deref());
            append(&mut draft.reasoning, said.reasoning.as_deref());
            if !said.text.is_empty() {
                tell(&said.text);
            }
        }
        draft.finish = owned(choice.finish_reason)?.filter(|reason| !reason.is_empty());
        match draft.finish.as_deref() {
            Some("error") => Err(Unread::Error),
            _ => Ok(()),
        }
    }

    /// How many bytes of answer there are.
    pub(crate) fn size(&self) -> usize {
        self.draft.text.len() + self.draft.reasoning.as_ref().map_or(0, String::len)
    }

    /// The answer, once it is done.
    ///
    /// # Errors
    /// Why it is none.
    pub(crate) fn answer(self, tell: &mut dyn FnMut(&str)) -> Result<Answer, Unread> {
        // A refusal in words becomes the text only where there is no other.
        if let (true, Some(refusal)) = (self.draft.text.is_empty(), &self.draft.refusal) {
            tell(refusal);
        }
        self.draft.answer()
    }
}
