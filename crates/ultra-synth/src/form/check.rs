//! Whether JSON matches a schema: the words of JSON Schema that forms of replies use. Others hold for everything.

use serde_json::{Map, Value};

/// How deep a schema is followed; one that describes itself has no other end.
const DEPTH: u32 = 64;

/// How often a part of a reply is held against a part of the schema, at most. Alternatives that lead back to
/// themselves would double it with every level.
const STEPS: u32 = 1 << 21;

/// How a reply and a schema do not come together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wrong {
    /// It does not match: what, with its place.
    Mismatch(String),
    /// Nobody can tell in bounded time.
    TooComplex,
}

impl Wrong {
    /// What is wrong, in words.
    pub(super) fn into_words(self) -> String {
        match self {
            Self::Mismatch(what) => what,
            Self::TooComplex => "the schema is too complex to hold a reply against it".into(),
        }
    }
}

/// Checks values against one schema, as long as its steps last.
#[derive(Debug)]
pub(super) struct Checker<'a> {
    root: &'a Value,
    steps: u32,
}

impl<'a> Checker<'a> {
    /// Checks against `schema`.
    pub(super) fn new(schema: &'a Value) -> Self {
        Self { root: schema, steps: STEPS }
    }

    /// Checks `value`.
    ///
    /// # Errors
    /// What does not match, or that this cannot be found out.
    pub(super) fn check(&mut self, value: &Value) -> Result<(), Wrong> {
        self.at(value, self.root, "the reply", DEPTH)
    }

    fn at(&mut self, value: &Value, schema: &Value, place: &str, depth: u32) -> Result<(), Wrong> {
        self.steps = self.steps.checked_sub(1).ok_or(Wrong::TooComplex)?;
        if depth == 0 {
            return Err(Wrong::Mismatch(format!("{place} is nested too deep")));
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let found = target.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
            return found.map_or(Ok(()), |found| self.at(value, found, place, depth - 1));
        }
        kind(value, schema, place)
            .and_then(|()| choice(value, schema, place))
            .and_then(|()| bounds(value, schema, place))
            .map_err(Wrong::Mismatch)?;
        for key in ["anyOf", "oneOf"] {
            if let Some(choices) = schema.get(key).and_then(Value::as_array) {
                self.any(value, choices, place, depth)?;
            }
        }
        for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.at(value, part, place, depth - 1)?;
        }
        match value {
            Value::Object(object) => self.fields(object, schema, place, depth),
            Value::Array(items) => {
                let Some(schema) = schema.get("items") else { return Ok(()) };
                let place = format!("an item of {place}");
                items.iter().try_for_each(|item| self.at(item, schema, &place, depth - 1))
            }
            _ => Ok(()),
        }
    }

    /// One of these schemas must match.
    fn any(&mut self, value: &Value, choices: &[Value], place: &str, depth: u32) -> Result<(), Wrong> {
        for choice in choices {
            match self.at(value, choice, place, depth - 1) {
                Err(Wrong::Mismatch(_)) => {}
                known => return known,
            }
        }
        Err(Wrong::Mismatch(format!("{place} has none of the allowed forms")))
    }

    fn fields(
        &mut self,
        object: &Map<String, Value>,
        schema: &Value,
        place: &str,
        depth: u32,
    ) -> Result<(), Wrong> {
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
            let name = name.as_str().unwrap_or_default();
            if !object.contains_key(name) {
                return Err(Wrong::Mismatch(format!("{place} lacks `{name}`")));
            }
        }
        let properties = schema.get("properties");
        for (name, part) in object {
            let known = properties.and_then(|properties| properties.get(name));
            if let Some(schema) = known {
                self.at(part, schema, &format!("`{name}`"), depth - 1)?;
            } else if schema.get("additionalProperties") == Some(&Value::Bool(false)) {
                let name: String = name.chars().take(40).collect();
                return Err(Wrong::Mismatch(format!("{place} has `{name}`, which was not asked for")));
            }
        }
        Ok(())
    }
}

fn kind(value: &Value, schema: &Value, place: &str) -> Result<(), String> {
    let is = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|n| n.fract() == 0.0),
        _ => true,
    };
    let fits = match schema.get("type") {
        Some(Value::String(name)) => is(name),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).any(is),
        _ => true,
    };
    if fits { Ok(()) } else { Err(format!("{place} is not of type {}", schema["type"])) }
}

fn choice(value: &Value, schema: &Value, place: &str) -> Result<(), String> {
    if let Some(choices) = schema.get("enum").and_then(Value::as_array)
        && !choices.contains(value)
    {
        let choices: Vec<String> = choices.iter().map(ToString::to_string).collect();
        return Err(format!("{place} is none of {}", choices.join(", ")));
    }
    match schema.get("const") {
        Some(only) if only != value => Err(format!("{place} is not {only}")),
        _ => Ok(()),
    }
}

fn bounds(value: &Value, schema: &Value, place: &str) -> Result<(), String> {
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    let size = match value {
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or_default();
            if bound("minimum").is_some_and(|least| number < least)
                || bound("maximum").is_some_and(|most| number > most)
                || bound("exclusiveMinimum").is_some_and(|least| number <= least)
                || bound("exclusiveMaximum").is_some_and(|most| number >= most)
            {
                return Err(format!("{place} is out of range"));
            }
            return Ok(());
        }
        Value::Array(items) => (items.len(), bound("minItems"), bound("maxItems")),
        Value::String(text) => (text.chars().count(), bound("minLength"), bound("maxLength")),
        _ => return Ok(()),
    };
    let (count, least, most) = size;
    if least.is_some_and(|least| (count as f64) < least) {
        return Err(format!("{place} is too short"));
    }
    if most.is_some_and(|most| count as f64 > most) {
        return Err(format!("{place} is too long"));
    }
    Ok(())
}
