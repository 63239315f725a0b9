//! Prompts in other people's clothes: objects without `type`, lines of an `OpenAI` batch file, plain text.
//!
//! Whoever asks reads them here, so a prompt has one id whichever tool reads it first.

mod batch;
mod object;

use crate::failure::Failure;
use crate::id::ContentHash;
use crate::kind::ErrorKind;
use crate::ndjson::{Fault, Head, Line};
use crate::record::{Content, Json, Message, Object, Params, Prompt, Record as _, Role};

/// A prompt, and what is said beside it about how it is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The prompt; its id is empty when none was given.
    pub prompt: Prompt,
    /// The conversation whose last question is the prompt, when it is more than the prompt.
    pub messages: Option<Vec<Message>>,
    /// Parameters of the calls.
    pub params: Option<Params>,
    /// JSON Schema that the answer must match.
    pub output_schema: Option<Json>,
    /// Samples to ask of each target.
    pub samples: Option<u32>,
    /// Whom to ask; nobody in particular when empty.
    pub targets: Vec<String>,
}

/// Reads a line that asks something without being a record; `None` when it does not. Every line does when the
/// lines are `plain` text.
///
/// # Errors
/// A fault that names the field.
pub fn read(line: &Line<'_>, plain: bool) -> Option<Result<Asked, Fault>> {
    let asked = match line.head {
        _ if plain => return Some(Ok(Asked::plain(&String::from_utf8_lossy(line.bytes)))),
        Head::Bare { batch: true, .. } => line.decode_as().map(batch::read),
        Head::Bare { asks: true, .. } => line.decode_as().map(object::read),
        _ => return None,
    };
    Some(asked.and_then(|asked| {
        asked.and_then(Asked::checked).map_err(|cause| line.fault(ErrorKind::InputSchema, cause))
    }))
}

impl Asked {
    /// A prompt without anything beside it.
    pub fn of(prompt: Prompt) -> Self {
        Self { prompt, messages: None, params: None, output_schema: None, samples: None, targets: Vec::new() }
    }

    /// A prompt of plain text.
    pub fn plain(text: &str) -> Self {
        Self::of(Prompt {
            id: String::new(),
            text: text.to_owned(),
            system: None,
            vars: Object::default(),
            documents: None,
            extra: Object::default(),
        })
    }

    /// The last user message is the prompt, system messages are its standing instructions.
    fn conversation(messages: Vec<Message>) -> Result<Self, String> {
        let last = last_question(&messages).ok_or("`messages`: none is the user's")?;
        let mut asked = Self::plain(&messages[last].content.text());
        let system = messages.iter().filter(|message| message.role == Role::System);
        let system: Vec<_> = system.map(|message| message.content.text()).collect();
        asked.prompt.system = (!system.is_empty()).then(|| system.join("\n\n"));
        asked.messages = Some(messages);
        Ok(asked)
    }

    fn checked(self) -> Result<Self, String> {
        if self.prompt.text.trim().is_empty() && !self.shows_something() {
            return Err("the prompt is empty".into());
        }
        // An empty id is one that has not been given yet.
        if !self.prompt.id.is_empty() {
            self.prompt.check()?;
        }
        Ok(self)
    }

    /// Whether the question has a part that is not text, such as a picture.
    fn shows_something(&self) -> bool {
        let messages = self.messages.as_deref().unwrap_or_default();
        last_question(messages).is_some_and(|last| match &messages[last].content {
            Content::Text(_) => false,
            Content::Parts(parts) => parts.iter().any(|part| part.kind != "text"),
        })
    }

    /// Turns of the conversation beside the prompt, system messages left out.
    pub fn history(&self) -> Vec<&Message> {
        let messages = self.messages.as_deref().unwrap_or_default();
        let last = last_question(messages);
        let others = messages.iter().enumerate().filter(|(at, _)| Some(*at) != last);
        others.map(|(_, message)| message).filter(|message| message.role != Role::System).collect()
    }

    /// Whether the prompt is what was said last, and not followed by the beginning of an answer.
    pub fn ends_with_prompt(&self) -> bool {
        let last = self.messages.as_ref().and_then(|messages| messages.last());
        last.is_none_or(|message| message.role == Role::User)
    }

    /// The conversation as it is sent.
    pub fn into_messages(self) -> Vec<Message> {
        let Prompt { text, system, .. } = self.prompt;
        let system = system.map(|system| Message::new(Role::System, system));
        match self.messages {
            Some(messages) if messages.iter().any(|message| message.role == Role::System) => messages,
            Some(messages) => system.into_iter().chain(messages).collect(),
            None => system.into_iter().chain([Message::new(Role::User, text)]).collect(),
        }
    }

    /// What an id of the prompt has to depend on.
    ///
    /// # Errors
    /// When something in it has no JSON form, which what was read always has.
    pub fn content(&self) -> Result<ContentHash, Failure> {
        let content = ContentHash::new("ultra prompt v1").json(&self.prompt);
        let content = content.and_then(|content| content.json(&self.history())?.json(&self.params));
        content.map_err(|cause| Failure::internal(format!("a prompt has no JSON form: {cause}")))
    }
}

fn last_question(messages: &[Message]) -> Option<usize> {
    messages.iter().rposition(|message| message.role == Role::User)
}

#[cfg(test)]
mod tests;
