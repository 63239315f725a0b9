//! JSON that fits a simple schema: objects, arrays, enumerations, bounds, `anyOf`, local references.

use serde_json::{Map, Number, Value};
use ultra_core::record::Json;

use super::{Dice, nth};

/// How deep a schema is followed; one that describes itself has no other end.
const MAX_DEPTH: u32 = 16;

/// The most elements that `minItems` gets.
const MAX_ITEMS: u64 = 64;

const WORDS: [&str; 8] = ["first", "second", "open", "clear", "likely", "partial", "strong", "weak"];

/// A value that fits `schema` as far as this goes, as JSON text.
pub(super) fn example(schema: &Json, dice: &Dice<'_>) -> String {
    let root: Value = schema.read().unwrap_or_default();
    let mut maker = Maker { root: &root, dice, drawn: 0 };
    maker.value(&root, 0).to_string()
}

struct Maker<'a> {
    root: &'a Value,
    dice: &'a Dice<'a>,
    drawn: u32,
}

impl<'a> Maker<'a> {
    fn unit(&mut self) -> f64 {
        self.drawn += 1;
        self.dice.unit("mock json", self.drawn)
    }

    fn value(&mut self, schema: &'a Value, depth: u32) -> Value {
        if depth > MAX_DEPTH {
            return Value::Null;
        }
        if let Some(value) = schema.get("const") {
            return value.clone();
        }
        if let Some(Value::Array(choices)) = schema.get("enum") {
            let unit = self.unit();
            return nth(choices, unit).cloned().unwrap_or_default();
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let found = target.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
            return found.map_or(Value::Null, |found| self.value(found, depth + 1));
        }
        for key in ["anyOf", "oneOf", "allOf"] {
            if let Some(first) = schema.get(key).and_then(|choices| choices.get(0)) {
                return self.value(first, depth + 1);
            }
        }
        match kind(schema) {
            "object" => self.object(schema, depth),
            "array" => self.array(schema, depth),
            "integer" => Value::from(self.integer(schema)),
            "number" => self.number(schema),
            "boolean" => Value::Bool(self.unit() < 0.5),
            "null" => Value::Null,
            _ => Value::String(self.text(schema)),
        }
    }

    fn object(&mut self, schema: &'a Value, depth: u32) -> Value {
        let mut object = Map::new();
        if let Some(Value::Object(properties)) = schema.get("properties") {
            for (name, property) in properties {
                object.insert(name.clone(), self.value(property, depth + 1));
            }
        }
        Value::Object(object)
    }

    fn array(&mut self, schema: &'a Value, depth: u32) -> Value {
        let bound = |key| schema.get(key).and_then(Value::as_u64);
        let least = bound("minItems").unwrap_or(1).min(MAX_ITEMS);
        let count = if bound("maxItems") == Some(0) || depth == MAX_DEPTH { 0 } else { least.max(1) };
        let items = schema.get("items").unwrap_or(&Value::Null);
        Value::Array((0..count).map(|_| self.value(items, depth + 1)).collect())
    }

    fn integer(&mut self, schema: &Value) -> i64 {
        let bound = |key| schema.get(key).and_then(Value::as_i64);
        let least = bound("minimum").or(bound("exclusiveMinimum").map(|least| least.saturating_add(1)));
        let most = bound("maximum").or(bound("exclusiveMaximum").map(|most| most.saturating_sub(1)));
        let (least, most) = match (least, most) {
            (Some(least), Some(most)) => (least, most),
            (Some(least), None) => (least, least.saturating_add(10)),
            (None, Some(most)) => (most.saturating_sub(10), most),
            (None, None) => (0, 10),
        };
        let choices: Vec<i64> = (least..=most).take(1_000).collect();
        let unit = self.unit();
        nth(&choices, unit).copied().unwrap_or(least)
    }

    /// A number with at most two decimals, so that its text is short and the same everywhere.
    fn number(&mut self, schema: &Value) -> Value {
        let bound = |key| schema.get(key).and_then(Value::as_f64);
        let least = bound("minimum").or(bound("exclusiveMinimum"));
        let most = bound("maximum").or(bound("exclusiveMaximum"));
        let (least, most) = match (least, most) {
            (Some(least), Some(most)) => (least, most),
            (Some(least), None) => (least, least + 1.0),
            (None, Some(most)) => (most - 1.0, most),
            (None, None) => (0.0, 1.0),
        };
        let drawn = least + (most - least) * (0.1 + 0.8 * self.unit());
        let short = (drawn * 100.0).round() / 100.0;
        let number = if short > least && short < most { short } else { drawn };
        Number::from_f64(number).map_or(Value::Null, Value::Number)
    }

    fn text(&mut self, schema: &Value) -> String {
        let bound = |key| schema.get(key).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
        let unit = self.unit();
        let mut text = format!("{} {:04x}", nth(&WORDS, unit).unwrap_or(&"open"), self.dice.digest >> 48);
        let least = bound("minLength").unwrap_or(0).min(4_096);
        text.extend(std::iter::repeat_n('.', least.saturating_sub(text.len())));
        text.truncate(bound("maxLength").unwrap_or(usize::MAX));
        text
    }
}

/// The first type that is not null.
fn kind(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => {
            kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("null")
        }
        _ if schema.get("properties").is_some() => "object",
        _ if schema.get("items").is_some() => "array",
        _ => "string",
    }
}
