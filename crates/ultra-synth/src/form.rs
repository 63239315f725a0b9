//! What a reply must be, and how it is read: checked against a schema, and repaired where a rule can.
//!
//! A reply is data from outside. A refusal, prose, or JSON of another form is never taken for a judgement: what does
//! not match the schema as a whole is no reply.

mod check;
mod find;
mod repair;

use serde_json::Value;
use ultra_core::kind::ErrorKind;
use ultra_core::record::Json;
use ultra_provider::dispatch::Finished;

use crate::candidate::Case;
use crate::ladder::Slip;
use check::{Checker, Wrong};

/// The longest reply that is read, in bytes.
pub const LONGEST: usize = 1 << 20;

/// What a reply must be.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Form {
    /// The JSON Schema that it must match; any text without one.
    pub schema: Option<Value>,
}

/// A reply in its form.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// What was said; JSON text when a form was asked for.
    pub text: String,
    /// The same as JSON, or null.
    pub json: Value,
    /// Who said it.
    pub target: String,
    /// It is simulated.
    pub mock: bool,
}

impl Form {
    /// Any text.
    pub fn text() -> Self {
        Self::default()
    }

    /// JSON that matches `schema`.
    pub fn json(schema: Value) -> Self {
        Self { schema: Some(schema) }
    }

    /// The form that the answers of the last stage had to have, when it was one for all.
    pub fn of_panel(case: &Case) -> Self {
        let schema = || {
            let requests = &case.group.stage(case.stage?)?.requests;
            let first = requests.first()?.output_schema.as_ref()?;
            let one = requests.iter().all(|request| request.output_schema.as_ref() == Some(first));
            one.then(|| first.read().ok()).flatten()
        };
        Self { schema: schema() }
    }

    /// The schema as it goes to the provider.
    pub fn output_schema(&self) -> Option<Json> {
        self.schema.as_ref().and_then(|schema| Json::of(schema).ok())
    }

    /// Reads what a model said.
    ///
    /// # Errors
    /// The kind, and what is wrong with it in words that the model can be told.
    pub fn read(&self, text: &str) -> Result<(String, Value), (ErrorKind, String)> {
        let Some(schema) = &self.schema else { return Ok((text.to_owned(), Value::Null)) };
        let value = only(text, schema)?;
        let whole = if serde_json::from_str::<Value>(text).is_ok_and(|said| said == value) {
            text.trim().to_owned()
        } else {
            value.to_string()
        };
        Ok((whole, value))
    }
}

/// The JSON object or array that a text is, or holds between other words.
pub(crate) fn json_in(text: &str) -> Option<Value> {
    find::values(text).find_map(Result::ok)
}

/// The one JSON value of a reply that matches the schema; said twice it is still one.
fn only(text: &str, schema: &Value) -> Result<Value, (ErrorKind, String)> {
    let (mut only, mut why) = (None, None);
    let mut checker = Checker::new(schema);
    for found in find::values(text) {
        let mut value = found.map_err(|why| (ErrorKind::BadJson, why))?;
        repair::fit(&mut value, schema);
        match checker.check(&value) {
            Ok(()) => {}
            Err(wrong @ Wrong::TooComplex) => return Err((ErrorKind::TooLarge, wrong.into_words())),
            Err(wrong @ Wrong::Mismatch(_)) => {
                why = Some((ErrorKind::Schema, wrong.into_words()));
                continue;
            }
        }
        if only.as_ref().is_some_and(|only| !same(only, &value)) {
            return Err((
                ErrorKind::Schema,
                "it holds several JSON objects that contradict each other".into(),
            ));
        }
        only = Some(value);
    }
    only.ok_or_else(|| why.unwrap_or_else(|| (ErrorKind::BadJson, find::cause(text))))
}

/// Whether two values say the same; the words in which each gives its reason may differ.
fn same(one: &Value, other: &Value) -> bool {
    let (Value::Object(one), Value::Object(other)) = (one, other) else { return one == other };
    one.len() == other.len()
        && one.iter().all(|(name, value)| {
            other.get(name).is_some_and(|said| said == value || (name == "reason" && value.is_string()))
        })
}

/// The text that a call ended with, and whether it is simulated; or what kind of failure it is and what happened.
///
/// # Errors
/// When the call failed, or what came is no reply: refused, cut, empty or too long.
pub fn said(done: &Finished) -> Result<(String, bool), Slip> {
    let answer = match &done.result {
        Ok(answer) => answer,
        Err(error) => return Err(Slip::of(error.kind, &error.message)),
    };
    match answer.finish_reason.as_str() {
        "refusal" | "content_filter" => {
            Err(Slip::of(ErrorKind::Blocked, format!("ended with `{}`", answer.finish_reason)))
        }
        "length" => Err(Slip::of(ErrorKind::Truncated, "the answer was cut; raise --max-output-tokens")),
        _ if answer.text.trim().is_empty() => Err(Slip::of(ErrorKind::Empty, "the answer is empty")),
        _ if answer.text.len() > LONGEST => {
            let bytes = answer.text.len();
            Err(Slip::of(
                ErrorKind::TooLarge,
                format!("the answer has {bytes} bytes, at most {LONGEST} are read"),
            ))
        }
        _ => Ok((answer.text.clone(), answer.mock)),
    }
}

#[cfg(test)]
mod tests;
