//! What a template sees: data that prints between its delimiters, and never as anything else.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::{Enumerator, Object, ObjectRepr, Serde};
use serde_json::Value as Json;

/// An answer: prints fenced; `label` is its neutral name, `text` the same fenced text, `json` what it says as data.
#[derive(Debug)]
pub(crate) struct Labelled {
    pub(crate) label: String,
    pub(crate) framed: Value,
    pub(crate) json: Option<Value>,
}

impl Object for Labelled {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "label" => Some(Value::from(self.label.clone())),
            "text" => Some(self.framed.clone()),
            "json" => self.json.clone(),
            _ => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(if self.json.is_some() { &["label", "text", "json"] } else { &["label", "text"] })
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.framed, f)
    }
}

/// A list that prints its items one after the other, with a blank line between them.
#[derive(Debug)]
pub(crate) struct Listed(pub(crate) Vec<Value>);

impl Object for Listed {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.get(key.as_usize()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.0.len())
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, item) in self.0.iter().enumerate() {
            write!(f, "{}{item}", if at == 0 { "" } else { "\n\n" })?;
        }
        Ok(())
    }
}

/// A value out of an answer. Texts print in quotes and on one line, lists and objects as JSON on one line, so that
/// they never look like the words around them; a single word, such as one of an `enum`, stays a word that a template
/// can compare.
#[derive(Debug)]
struct Data(Json);

impl Object for Data {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        match &self.0 {
            Json::Array(_) => ObjectRepr::Seq,
            Json::Object(_) => ObjectRepr::Map,
            _ => ObjectRepr::Plain,
        }
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let inner = match &self.0 {
            Json::Array(items) => items.get(key.as_usize()?)?,
            Json::Object(fields) => fields.get(key.as_str()?)?,
            _ => return None,
        };
        Some(data(inner.clone()))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match &self.0 {
            Json::Array(items) => Enumerator::Seq(items.len()),
            Json::Object(fields) => {
                Enumerator::Values(fields.keys().map(|key| data(Json::from(key.as_str()))).collect())
            }
            _ => Enumerator::NonEnumerable,
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.to_string().chars() {
            // Line separators of Unicode are lines to many readers.
            match c {
                '\u{85}' | '\u{2028}' | '\u{2029}' => write!(f, "\\u{:04x}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// A value out of an answer.
pub(crate) fn data(json: Json) -> Value {
    let is_word = |text: &str| {
        text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
    };
    match json {
        Json::Null => Value::from(()),
        Json::Bool(flag) => Value::from(flag),
        Json::Number(number) => Value::from(Serde(number)),
        Json::String(text) if is_word(&text) => Value::from(text),
        other => Value::from_object(Data(other)),
    }
}

/// An answer under its label.
pub(crate) fn labelled(label: String, framed: String, json: Option<Json>) -> Value {
    Value::from_object(Labelled { label, framed: Value::from(framed), json: json.map(data) })
}

/// A list that prints its items.
pub(crate) fn listed(items: Vec<Value>) -> Value {
    Value::from_object(Listed(items))
}
