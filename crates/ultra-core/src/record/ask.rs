//! `prompt` and `request`: what is asked, of whom, and at which stage.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::field::Field;
use super::{Json, Messages, Object};

record! {
    /// A question of the user.
    pub struct Prompt = Prompt, "prm", check check_id {
        /// The user's own id, or a content id.
        pub id: String,
        /// The question.
        pub text: String,
        /// Standing instructions for the model.
        pub system: Option<String>,
        /// Values for the placeholders of a pattern.
        pub vars: Object,
        /// Ids of the documents that belong to this prompt; absent means all that came before it.
        pub documents: Option<Vec<String>>,
        also {
            /// What a right answer is, for `ultra-synth compare`: a text, a number, a list of them, or an object with `regex`, `json` or `rubric`.
            expected: Json,
        }
    }
}

record! {
    /// Messages to be sent to one or more targets.
    pub struct Request = Request, "req", check check_request {
        /// The user's own id, or a content id.
        pub id: String,
        /// The prompt that this request serves.
        pub prompt_id: String,
        /// The conversation so far.
        pub messages: Messages,
        /// Whom to ask: `provider:model`, an alias, `mock:NAME` or `exec:COMMAND`; `#3` at the end asks for three samples.
        pub targets: Vec<String>,
        /// Calls still to be made; absent means all, an empty list means none.
        pub pending: Option<Vec<Pending>>,
        /// Samples to ask of each target that does not say so itself; 1 when absent.
        pub samples: Option<u32>,
        /// Parameters of the call.
        pub params: Option<Params>,
        /// JSON Schema that the answer must match.
        pub output_schema: Option<Json>,
        /// The pattern that made this request.
        pub pattern: Option<PatternRef>,
        /// The stage that this request is part of.
        pub stage: Option<Stage>,
        /// How long this record may take in all, in milliseconds.
        pub deadline_ms: Option<u64>,
    }
}

object! {
    /// One turn of the conversation.
    pub struct Message {
        /// Who speaks.
        pub role: Role,
        /// What is said.
        pub content: Content,
    }
}

object! {
    /// One call that is still to be made.
    pub struct Pending {
        /// The target, as in `targets` but without the number of samples.
        pub target: String,
        /// Number of the sample, from 0.
        pub sample: u32,
    }
}

object! {
    /// Parameters of a call; what is absent is left to the provider.
    pub struct Params {
        /// Sampling temperature.
        pub temperature: Option<f64>,
        /// Upper bound for generated tokens, reasoning included.
        pub max_output_tokens: Option<u64>,
        /// Nucleus sampling threshold.
        pub top_p: Option<f64>,
        /// Seed for providers that take one.
        pub seed: Option<u64>,
        /// Texts that end the answer.
        pub stop: Vec<String>,
        /// Reasoning effort, in the provider's own words.
        pub reasoning: Option<String>,
    }
}

object! {
    /// The pattern that made a request.
    pub struct PatternRef {
        /// Name of the pattern.
        pub name: String,
        /// Version of the pattern.
        pub version: u64,
        /// BLAKE3 hash of the pattern file and of what it extends or includes, in hexadecimal.
        pub blake3: String,
        /// Values of its variables.
        pub vars: Object,
        /// The target that judges, in stages that one judge answers.
        pub judge: Option<String>,
        /// Roles that the user gave to targets: target and name of the role.
        pub roles: Object,
        /// The least answers for a stage to count, when the user said so.
        pub min_responses: Option<u32>,
        /// Parameters that the user set, where the pattern has its own for the first stage.
        pub params: Option<Params>,
    }
}

object! {
    /// The place of a request among the stages of its prompt.
    pub struct Stage {
        /// Name of the stage.
        pub name: String,
        /// Number of the stage, from 0.
        pub index: u32,
        /// How many stages come before the synthesis.
        pub of: u32,
        /// How many requests this stage has for this prompt.
        pub requests: u32,
        /// The member of the panel that the request speaks to, from 0; absent when it speaks to all targets alike.
        pub member: Option<u32>,
        /// The members that the request speaks to, in the order of its calls, when they are several but not all.
        pub members: Vec<u32>,
        /// True when the request speaks to the judge of the stage, who is no member of the panel.
        pub judge: bool,
        /// True when the stage yields remarks on answers, which never stand in for an answer.
        pub review: bool,
        /// True when the stage before yielded nothing, so that the answers of an earlier one stand in.
        pub fallback: bool,
        /// True when an `ultra-pattern next` has promised to make the next stage from this one, so that a second one does not.
        pub followed: bool,
    }
}

object! {
    /// One part of a message that is not plain text.
    pub struct Part {
        /// What the part is, such as `text`.
        pub kind as "type": String,
        /// The text of a text part.
        pub text: Option<String>,
    }
}

/// Who speaks in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Standing instructions; `developer` is read as the same.
    #[serde(alias = "developer")]
    System,
    /// The one who asks.
    User,
    /// The model.
    Assistant,
}

impl Role {
    /// The role as providers write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

impl Field for Role {}

/// What a message says: text, or the parts that some providers take.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Plain text.
    Text(String),
    /// A list of parts.
    Parts(Vec<Part>),
}

impl Field for Content {}

impl Content {
    /// The text, or the texts of the parts one after the other.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Parts(parts) => {
                parts.iter().filter_map(|part| part.text.as_deref()).collect::<String>().into()
            }
        }
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Parts(parts) => parts.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrParts;
        impl<'de> Visitor<'de> for TextOrParts {
            type Value = Content;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of parts")
            }

            fn visit_str<E>(self, text: &str) -> Result<Content, E> {
                Ok(Content::Text(text.to_owned()))
            }

            fn visit_string<E>(self, text: String) -> Result<Content, E> {
                Ok(Content::Text(text))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Content, A::Error> {
                let mut parts = Vec::new();
                while let Some(part) = seq.next_element()? {
                    parts.push(part);
                }
                Ok(Content::Parts(parts))
            }
        }
        deserializer.deserialize_any(TextOrParts)
    }
}

impl JsonSchema for Content {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Content".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let part = generator.subschema_for::<Part>();
        json_schema!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": part }] })
    }
}

impl Default for Params {
    /// Leaves everything to the provider.
    fn default() -> Self {
        Self {
            temperature: None,
            max_output_tokens: None,
            top_p: None,
            seed: None,
            stop: Vec::new(),
            reasoning: None,
            extra: Object::default(),
        }
    }
}

impl Message {
    /// A plain text message.
    pub fn new(role: Role, text: impl Into<String>) -> Self {
        Self { role, content: Content::Text(text.into()), extra: Object::default() }
    }
}

impl Prompt {
    fn check_id(&self) -> Result<(), String> {
        check_id("id", &self.id)
    }
}

impl Request {
    fn check_request(&self) -> Result<(), String> {
        check_id("id", &self.id)?;
        check_id("prompt_id", &self.prompt_id)?;
        if self.messages.is_empty() {
            return Err("`messages` is missing or empty".into());
        }
        if self.samples.is_some_and(|samples| !(1..=1000).contains(&samples)) {
            return Err("`samples`: out of range 1 to 1000".into());
        }
        for (name, value) in [("temperature", 2.0), ("top_p", 1.0)] {
            let params = self.params.as_ref();
            let given = params.and_then(|p| if name == "top_p" { p.top_p } else { p.temperature });
            if given.is_some_and(|given| !(0.0..=value).contains(&given)) {
                return Err(format!("`params`: `{name}`: out of range 0 to {value}"));
            }
        }
        Ok(())
    }
}

/// An id is echoed and joined on: it must not be empty, nor hold NUL, which other tools cut at.
fn check_id(field: &str, id: &str) -> Result<(), String> {
    if id.is_empty() {
        return Err(format!("`{field}` is empty"));
    }
    if id.contains('\0') {
        return Err(format!("`{field}` holds a NUL character"));
    }
    Ok(())
}
