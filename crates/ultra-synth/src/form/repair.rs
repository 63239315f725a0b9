//! What a rule can mend in JSON: labels and numbers are read as they were meant. Nothing is guessed: what is missing
//! stays missing.

use serde_json::Value;

/// Reads `"Answer b"` as `"B"` where only `"A"`, `"B"`, … are allowed, and `"3"` as `3` where a number is.
pub(super) fn fit(value: &mut Value, schema: &Value) {
    let choices = schema.get("enum").and_then(Value::as_array);
    let kind = schema.get("type").and_then(Value::as_str);
    match value {
        Value::String(text) => {
            if let Some(choices) = choices
                && !choices.iter().any(|choice| choice.as_str() == Some(text))
            {
                let meant = label(text);
                if let Some(found) =
                    choices.iter().find(|choice| choice.as_str().map(label) == Some(meant.clone()))
                {
                    *value = found.clone();
                }
            } else if matches!(kind, Some("integer" | "number"))
                && let Ok(number) = serde_json::from_str::<serde_json::Number>(text.trim())
            {
                *value = Value::Number(number);
            }
        }
        Value::Number(number) if kind == Some("integer") => {
            #[allow(clippy::cast_possible_truncation, reason = "the number is whole and far below 2^53")]
            if let Some(whole) = number.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < 1e15) {
                *value = Value::from(whole as i64);
            }
        }
        Value::Object(object) => {
            let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
            let strange: Vec<String> =
                object.keys().filter(|name| !properties.contains_key(*name)).cloned().collect();
            for name in strange {
                let meant = properties.keys().find(|known| label(known) == label(&name));
                if let Some(meant) = meant.filter(|meant| !object.contains_key(*meant)).cloned()
                    && let Some(part) = object.remove(&name)
                {
                    object.insert(meant, part);
                }
            }
            for (name, part) in object.iter_mut() {
                if let Some(schema) = properties.get(name) {
                    fit(part, schema);
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                for item in items {
                    fit(item, schema);
                }
            }
        }
        _ => {}
    }
}

/// A label without what people write around it.
fn label(text: &str) -> String {
    let text =
        text.trim().trim_matches(['*', '"', '\'', '`', '[', ']', '(', ')', '.', ':']).to_ascii_lowercase();
    let text = text.strip_prefix("answer").unwrap_or(&text).trim_start_matches([' ', '_', '-', ':']);
    text.to_owned()
}
