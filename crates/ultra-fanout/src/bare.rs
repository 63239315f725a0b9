//! Prompts in other people's clothes: objects without `type`, lines of an `OpenAI` batch file, plain text.

use serde_json::Value;
use ultra_core::failure::Failure;
use ultra_core::id::ContentHash;
use ultra_core::record::{Json, Message, Object, Params, Prompt, Request, Role, Stage};
use ultra_core::sampling::Sampling;

/// A prompt, and what an object can say beside it about how it is asked.
#[derive(Debug)]
pub(crate) struct Asked {
    /// The prompt; its id is empty when none was given.
    pub(crate) prompt: Prompt,
    /// The conversation, when it is more than the prompt.
    messages: Option<Vec<Message>>,
    params: Option<Params>,
    output_schema: Option<Json>,
    samples: Option<u32>,
    /// Whom to ask; nobody in particular when empty.
    pub(crate) targets: Vec<String>,
}

impl Asked {
    /// A prompt without anything beside it.
    pub(crate) fn of(prompt: Prompt) -> Self {
        Self { prompt, messages: None, params: None, output_schema: None, samples: None, targets: Vec::new() }
    }

    /// A prompt of plain text.
    pub(crate) fn plain(text: &str) -> Self {
        Self::of(Prompt {
            id: String::new(),
            text: text.to_owned(),
            system: None,
            vars: Object::default(),
            documents: None,
            extra: Object::default(),
        })
    }

    /// Reads an object that has `prompt`, `text` or `messages`. What it says beside that stays in the record.
    ///
    /// # Errors
    /// A sentence that names the field at fault.
    pub(crate) fn object(mut object: Object) -> Result<Self, String> {
        let mut asked = match (object.take("prompt"), object.get("messages")) {
            (Some(text), _) => Self::plain(&read::<String>("prompt", &text)?),
            (None, Some(messages)) => Self::conversation(read("messages", messages)?)?,
            (None, None) => {
                let text = object.take("text").ok_or("none of `prompt`, `text` and `messages` is there")?;
                Self::plain(&read::<String>("text", &text)?)
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
        asked.params = field(&object, &["params"])?;
        asked.output_schema = object.get("output_schema").cloned();
        asked.samples = field(&object, &["samples"])?;
        asked.targets = field(&object, &["targets"])?.unwrap_or_default();
        asked.prompt.extra = object;
        Ok(asked)
    }

    /// Reads a line of an `OpenAI` batch file; its model is not asked, the targets of the command line are.
    ///
    /// # Errors
    /// A sentence that names the field at fault.
    pub(crate) fn batch(object: Object) -> Result<Self, String> {
        let body: Object = read("body", object.get("body").ok_or("`body` is missing")?)?;
        let messages = body.get("messages").ok_or("`body`: `messages` is missing")?;
        let mut asked = Self::conversation(read("messages", messages)?)?;
        asked.prompt.id = read("custom_id", object.get("custom_id").ok_or("`custom_id` is missing")?)?;
        asked.params = params(&body)?;
        asked.output_schema = schema(&body)?;
        asked.prompt.extra = object;
        Ok(asked)
    }

    /// The last user message is the prompt, system messages are its standing instructions.
    fn conversation(messages: Vec<Message>) -> Result<Self, String> {
        let texts = |role| messages.iter().filter(move |message| message.role == role);
        let last = texts(Role::User).next_back().ok_or("`messages`: none is the user's")?;
        let mut asked = Self::plain(&last.content.text());
        let system: Vec<_> = texts(Role::System).map(|message| message.content.text()).collect();
        asked.prompt.system = (!system.is_empty()).then(|| system.join("\n\n"));
        asked.messages = Some(messages);
        Ok(asked)
    }

    /// What an id of the prompt has to depend on.
    ///
    /// # Errors
    /// When something in it has no JSON form, which what was read always has.
    pub(crate) fn content(&self) -> Result<ContentHash, Failure> {
        let last = self.messages.as_ref().and_then(|messages| {
            let user = messages.iter().rposition(|message| message.role == Role::User)?;
            Some(messages.iter().enumerate().filter(move |(at, m)| *at != user && m.role != Role::System))
        });
        let history: Vec<&Message> = last.into_iter().flatten().map(|(_, message)| message).collect();
        Ok(ContentHash::new("ultra prompt v1")
            .field(json(&self.prompt)?)
            .field(json(&history)?)
            .field(json(&self.params)?))
    }

    /// The one request of the prompt: stage `answer`, 0 of 1.
    ///
    /// # Errors
    /// As for [`Asked::content`].
    pub(crate) fn request(self, sampling: &Sampling) -> Result<Request, Failure> {
        let Self { prompt, messages, params, output_schema, samples, targets } = self;
        let Prompt { id, text, system, .. } = prompt;
        let messages = messages.unwrap_or_else(|| {
            let system = system.map(|system| Message::new(Role::System, system));
            system.into_iter().chain([Message::new(Role::User, text)]).collect()
        });
        let stage = Stage {
            name: crate::job::ANSWER.into(),
            index: 0,
            of: 1,
            requests: 1,
            member: None,
            followed: false,
            extra: Object::default(),
        };
        let mut request = Request {
            id: String::new(),
            prompt_id: id,
            messages,
            targets,
            pending: None,
            samples,
            params: sampling.fill(params),
            output_schema,
            pattern: None,
            stage: Some(stage),
            deadline_ms: None,
            extra: Object::default(),
        };
        request.id = ContentHash::new("ultra request v1").field(json(&request)?).id("req");
        Ok(request)
    }
}

fn json(value: &impl serde::Serialize) -> Result<String, Failure> {
    serde_json::to_string(value)
        .map_err(|cause| Failure::internal(format!("a prompt has no JSON form: {cause}")))
}

fn read<T: serde::de::DeserializeOwned>(name: &str, value: &Json) -> Result<T, String> {
    value.read().map_err(|cause| format!("`{name}`: {cause}"))
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
    let given = serde_json::to_string(&params).is_ok_and(|text| text != "{}");
    Ok(given.then_some(params))
}

/// The schema in `response_format`, where there is one.
fn schema(body: &Object) -> Result<Option<Json>, String> {
    let Some(format) = field::<Object>(body, &["response_format"])? else { return Ok(None) };
    let Some(named) = field::<Object>(&format, &["json_schema"])? else { return Ok(None) };
    Ok(named.get("schema").cloned())
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
