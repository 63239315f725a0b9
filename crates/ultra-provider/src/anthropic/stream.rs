//! The events of a streamed Messages response, assembled into the same answer as a whole one.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::usage::Tally;
use crate::call::Answer;
use crate::http::{Draft, Progress, Unread, append, count, object, owned, string};

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<Start<'a>>,
    #[serde(borrow)]
    index: Option<&'a RawValue>,
    #[serde(borrow)]
    content_block: Option<Piece<'a>>,
    #[serde(borrow)]
    delta: Option<Piece<'a>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    /// Only the dialect of `OpenAI` has it.
    #[serde(borrow)]
    choices: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Start<'a> {
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Piece<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    thinking: Option<&'a RawValue>,
    #[serde(borrow)]
    stop_reason: Option<&'a RawValue>,
}

/// A response as far as it has come.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    model: String,
    blocks: BTreeMap<u64, Block>,
    /// The block whose text is being told; those before it are told whole.
    telling: u64,
    size: usize,
    finish: Option<String>,
    tally: Tally,
}

#[derive(Debug, Default)]
struct Block {
    text: String,
    /// How much of the text has been told.
    told: usize,
    thinking: String,
    over: bool,
}

impl Stream {
    /// Takes one event. The text that it adds goes to `tell`, in the order of the blocks.
    ///
    /// # Errors
    /// When the event says that the answer failed, or cannot be understood.
    pub(crate) fn take(
        &mut self,
        name: &[u8],
        data: &[u8],
        tell: &mut dyn FnMut(&str),
    ) -> Result<Progress, Unread> {
        if data.trim_ascii() == b"[DONE]" {
            return Ok(Progress::Cut);
        }
        let event: Event<'_> = serde_json::from_str(object(data)?)?;
        let kind = string(event.kind)?;
        let kind = match &kind {
            Some(kind) => kind.as_bytes(),
            None if event.error.is_some() => b"error",
            None if event.choices.is_some() => {
                return Err(Unread::Shape(
                    "a stream in the dialect of OpenAI (set `dialect` of the provider)",
                ));
            }
            None => name,
        };
        match kind {
            b"message_start" => {
                if let Some(start) = &event.message {
                    self.model = owned(start.model)?.unwrap_or_default();
                    self.tally.enter(start.usage);
                }
            }
            b"content_block_start" | b"content_block_delta" => {
                if let Some(piece) = event.content_block.or(event.delta) {
                    self.piece(event.index, &piece)?;
                    self.tell(tell);
                }
            }
            b"content_block_stop" => {
                self.block(event.index).over = true;
                self.tell(tell);
            }
            b"message_delta" => {
                let delta = event.delta.as_ref();
                if self.finish.is_none()
                    && let Some(reason) = owned(delta.and_then(|delta| delta.stop_reason))?
                {
                    self.finish = Some(reason);
                }
                self.tally.enter(event.usage);
            }
            b"message_stop" => return Ok(Progress::Done),
            b"error" => return Err(Unread::Error),
            _ => return Ok(Progress::Idle),
        }
        Ok(Progress::Going)
    }

    fn block(&mut self, index: Option<&RawValue>) -> &mut Block {
        self.blocks.entry(count(index).unwrap_or(0)).or_default()
    }

    fn piece(&mut self, index: Option<&RawValue>, piece: &Piece<'_>) -> Result<(), Unread> {
        let (text, thinking) = match string(piece.kind)?.as_deref() {
            Some("text" | "text_delta") => (string(piece.text)?, None),
            Some("thinking" | "thinking_delta") => (None, string(piece.thinking)?),
            _ => (None, None),
        };
        let block = self.block(index);
        block.text.push_str(text.as_deref().unwrap_or_default());
        block.thinking.push_str(thinking.as_deref().unwrap_or_default());
        self.size += [text, thinking].iter().flatten().map(|more| more.len()).sum::<usize>();
        Ok(())
    }

    /// Tells what can no longer be preceded by anything.
    fn tell(&mut self, tell: &mut dyn FnMut(&str)) {
        while let Some(block) = self.blocks.get_mut(&self.telling) {
            block.tell(tell);
            if !block.over {
                break;
            }
            self.telling += 1;
        }
    }

    /// How many bytes of answer there are.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// The answer, once it is done.
    ///
    /// # Errors
    /// Why it is none.
    pub(crate) fn answer(mut self, tell: &mut dyn FnMut(&str)) -> Result<Answer, Unread> {
        let mut draft =
            Draft { model: self.model, finish: self.finish, usage: self.tally.usage(), ..Draft::default() };
        for block in self.blocks.values_mut() {
            block.tell(tell);
            draft.text.push_str(&block.text);
            append(&mut draft.reasoning, Some(&block.thinking));
        }
        draft.answer()
    }
}

impl Block {
    fn tell(&mut self, tell: &mut dyn FnMut(&str)) {
        if self.told < self.text.len() {
            tell(&self.text[self.told..]);
            self.told = self.text.len();
        }
    }
}
