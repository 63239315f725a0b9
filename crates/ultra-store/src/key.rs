//! The cache key, version 1: when are two calls the same call?
//!
//! The key is BLAKE3 in key derivation mode with the context `ultra cache key v1`, over a list of named
//! fields. Each name and each value is preceded by its length in bytes (64 bits, little endian), so no text
//! can move from one field into the next. A field that is absent is not in the list, which differs from a
//! field that is present and empty. In this order:
//!
//! | field | value |
//! |---|---|
//! | `namespace` | tenant and the like, so that they never share an answer |
//! | `provider` | kind of provider: `openai`, `anthropic`, `mock`, `exec` … |
//! | `base_url` | origin and path, without user, password, query and fragment; absent where there is none |
//! | `model` | as it is asked for |
//! | `messages.N.role` | `system`, `user` or `assistant` |
//! | `messages.N.text` or `messages.N.parts` | the text as it is, byte for byte, or the parts as canonical JSON |
//! | `messages.N.extra` | other fields of the message, as canonical JSON |
//! | `params.NAME` | one field for each parameter that is given; known ones first, then the others by name |
//! | `output_schema` | canonical JSON |
//! | `sample` | number of the sample |
//! | `options` | latency and faults of a simulated model; absent where there are none |
//! | `seed` | the seed of a simulated answer |
//!
//! Text is not normalised: `é` as one character and as two are two calls. Not in the key is whatever does
//! not reach the model: ids, line numbers, stage, pattern, the alias of a target, deadlines and API keys.
//! Canonical JSON is described at [`canonical`].

mod canonical;
mod endpoint;
#[cfg(test)]
pub(crate) mod tests;

use std::borrow::Cow;
use std::fmt;

use ultra_core::id::ContentHash;
use ultra_core::record::{Content, Json, Message, Params, Request};
use ultra_core::target::Route;

pub use canonical::canonical;
pub use endpoint::origin_and_path;

/// Names the derivation of the key; it changes whenever the same call would get another key.
const CONTEXT: &str = "ultra cache key v1";

/// The provider of simulated answers.
const MOCK: &str = "mock";

/// Everything about one call that can change its answer.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Keeps tenants apart: answers are found only in the namespace they were stored in.
    pub namespace: &'a str,
    /// Kind of provider, not its alias.
    pub provider: &'a str,
    /// Where the provider is asked; empty for one that has no address.
    pub base_url: &'a str,
    /// The model that is asked for.
    pub model: &'a str,
    /// The conversation.
    pub messages: &'a [Message],
    /// Parameters, defaults of the target included.
    pub params: Option<&'a Params>,
    /// JSON Schema for the answer.
    pub output_schema: Option<&'a Json>,
    /// Number of the sample, from 0.
    pub sample: u32,
    /// Latency and faults, where the answer is simulated; empty for none.
    pub options: &'a str,
    /// The seed, where the answer is simulated.
    pub seed: Option<u64>,
}

/// The key of one call: 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key([u8; 64]);

impl Key {
    /// The digits.
    pub fn as_str(&self) -> &str {
        // Hexadecimal digits are text.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.as_str()).finish()
    }
}

/// One field of a call: its name and its value.
pub type Field<'a> = (Cow<'static, str>, Cow<'a, str>);

impl<'a> Call<'a> {
    /// The call that `request` makes of a target reached by `route`, in the namespace of a single user.
    ///
    /// Every tool makes its calls here, so that all of them mean the same call. `seed` is the seed of the run;
    /// it counts only where the answer is simulated.
    pub fn of(request: &'a Request, route: &'a Route, sample: u32, seed: u64) -> Self {
        let (provider, base_url, model, options) = match route {
            Route::Mock { model, options } => (MOCK, "", model, options.as_str()),
            Route::Exec { command } => ("exec", "", command, ""),
            Route::Http { provider, model } => {
                (provider.dialect.as_str(), provider.base_url.as_str(), model, "")
            }
        };
        Self {
            namespace: "",
            provider,
            base_url,
            model,
            messages: &request.messages,
            params: request.params.as_ref(),
            output_schema: request.output_schema.as_ref(),
            sample,
            options,
            seed: (provider == MOCK).then_some(seed),
        }
    }

    /// Whether the answer is simulated.
    pub fn is_mock(&self) -> bool {
        self.provider == MOCK
    }

    /// The key.
    pub fn key(&self) -> Key {
        let mut hash = ContentHash::new(CONTEXT);
        self.each_field(|(name, value)| {
            hash.add(name.as_ref());
            hash.add(value.as_ref());
        });
        Key(hash.digits())
    }

    /// The fields that went into the key, in order: two calls have the same key when these are the same.
    pub fn explain(&self) -> Vec<Field<'a>> {
        let mut fields = Vec::new();
        self.each_field(|field| fields.push(field));
        fields
    }

    fn each_field(&self, mut add: impl FnMut(Field<'a>)) {
        add(("namespace".into(), self.namespace.into()));
        add(("provider".into(), self.provider.into()));
        if !self.base_url.is_empty() {
            add(("base_url".into(), origin_and_path(self.base_url)));
        }
        add(("model".into(), self.model.into()));
        for (at, message) in self.messages.iter().enumerate() {
            message_fields(at, message, &mut add);
        }
        if let Some(params) = self.params {
            param_fields(params, &mut add);
        }
        if let Some(schema) = self.output_schema {
            add(("output_schema".into(), canonical(schema).into()));
        }
        let sample = match self.sample {
            0 => Cow::Borrowed("0"),
            sample => sample.to_string().into(),
        };
        add(("sample".into(), sample));
        if !self.options.is_empty() {
            add(("options".into(), self.options.into()));
        }
        if let Some(seed) = self.seed {
            add(("seed".into(), seed.to_string().into()));
        }
    }
}

fn message_fields<'a>(at: usize, message: &'a Message, add: &mut impl FnMut(Field<'a>)) {
    // Most conversations are one question, so its names are not made anew for every call.
    let name = |of: &str, first: &'static str| match at {
        0 => Cow::Borrowed(first),
        at => Cow::Owned(format!("messages.{at}.{of}")),
    };
    add((name("role", "messages.0.role"), message.role.as_str().into()));
    match &message.content {
        Content::Text(text) => add((name("text", "messages.0.text"), text.into())),
        Content::Parts(parts) => add((name("parts", "messages.0.parts"), written(parts).into())),
    }
    if !message.extra.is_empty() {
        add((format!("messages.{at}.extra").into(), written(&message.extra).into()));
    }
}

fn param_fields<'a>(params: &'a Params, add: &mut impl FnMut(Field<'a>)) {
    let Params { temperature, max_output_tokens, top_p, seed, stop, reasoning, extra } = params;
    let float = |number: f64| format!("{number:?}");
    let known = [
        ("params.temperature", temperature.map(float)),
        ("params.max_output_tokens", max_output_tokens.map(|n| n.to_string())),
        ("params.top_p", top_p.map(float)),
        ("params.seed", seed.map(|n| n.to_string())),
        ("params.stop", (!stop.is_empty()).then(|| written(stop))),
        ("params.reasoning", reasoning.clone()),
    ];
    for (name, value) in known {
        if let Some(value) = value {
            add((name.into(), value.into()));
        }
    }
    let mut others: Vec<_> = extra.iter().collect();
    others.sort_by_key(|(name, _)| *name);
    for (name, value) in others {
        add((format!("params.{name}").into(), canonical(value).into()));
    }
}

/// The canonical JSON of a part of a record; all of them have a JSON form.
fn written(value: &impl serde::Serialize) -> String {
    Json::of(value).map_or_else(|cause| cause.to_string(), |json| canonical(&json))
}
