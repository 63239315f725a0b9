//! The JSON Schema of an answer: what is wrong with it, and an answer that matches it, for trying templates.

use serde_json::{Map, Value, json};
use ultra_core::config::nearest;

/// The types that JSON knows.
const TYPES: &[&str] = &["object", "array", "string", "number", "integer", "boolean", "null"];
/// The deepest nesting of a schema.
const MAX_DEPTH: usize = 16;

/// Checks what every provider asks for: an object, known types, required properties that exist.
pub(super) fn check(schema: &Value) -> Result<(), String> {
    let is_object = schema.get("type").and_then(Value::as_str) == Some("object");
    if !is_object {
        return Err("its `type` must be `object`".into());
    }
    check_part(schema, 0)
}

fn check_part(schema: &Value, depth: usize) -> Result<(), String> {
    let Some(schema) = schema.as_object().filter(|_| depth < MAX_DEPTH) else {
        return Err("a part of it is not a table, or lies too deep".into());
    };
    let types = match schema.get("type") {
        Some(Value::Array(types)) => types.iter().collect(),
        other => Vec::from_iter(other),
    };
    for kind in types {
        let name = kind.as_str().unwrap_or_default();
        if !TYPES.contains(&name) {
            let near = nearest(name, TYPES.iter().copied()).unwrap_or("object");
            return Err(format!("unknown type {kind}; did you mean `{near}`?"));
        }
    }
    let properties = schema
        .get("properties")
        .map(|properties| properties.as_object().ok_or_else(|| "`properties` must be a table".to_owned()));
    let properties = properties.transpose()?;
    for required in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
        let name = required.as_str().unwrap_or_default();
        if !properties.is_some_and(|properties| properties.contains_key(name)) {
            return Err(format!("the required property {required} is not among `properties`"));
        }
    }
    let parts = properties.into_iter().flat_map(Map::values).chain(schema.get("items"));
    parts.into_iter().try_for_each(|part| check_part(part, depth + 1))
}

/// A value that matches.
pub(super) fn sample(schema: &Value) -> Value {
    if let Some(first) = schema.get("enum").and_then(Value::as_array).and_then(|values| values.first()) {
        return first.clone();
    }
    if let Some(value) = schema.get("const") {
        return value.clone();
    }
    let kind = match schema.get("type") {
        Some(Value::Array(types)) => types.first().and_then(Value::as_str),
        other => other.and_then(Value::as_str),
    };
    match kind {
        Some("object") => {
            let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
            properties.map(|(name, part)| (name.clone(), sample(part))).collect::<Map<_, _>>().into()
        }
        Some("array") => schema.get("items").map(|item| vec![sample(item)]).unwrap_or_default().into(),
        Some("number" | "integer") => json!(1),
        Some("boolean") => json!(true),
        Some("null") => Value::Null,
        _ => json!("sample"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{check, sample};

    #[test]
    fn a_schema_is_checked_and_sampled() {
        let good = json!({ "type": "object", "required": ["claims"], "properties": {
            "claims": { "type": "array", "items": { "type": "object", "properties": {
                "text": { "type": "string" }, "verdict": { "enum": ["holds", "fails"] }, "sure": { "type": "number" } } } } } });
        assert_eq!(check(&good), Ok(()));
        assert_eq!(sample(&good), json!({ "claims": [{ "text": "sample", "verdict": "holds", "sure": 1 }] }));
        for (bad, expected) in [
            (json!({ "type": "array" }), "its `type` must be `object`"),
            (
                json!({ "type": "object", "properties": { "a": { "type": "strng" } } }),
                "unknown type \"strng\"; did you mean `string`?",
            ),
            (
                json!({ "type": "object", "required": ["b"], "properties": {} }),
                "the required property \"b\" is not among `properties`",
            ),
            (
                json!({ "type": "object", "properties": { "a": 1 } }),
                "a part of it is not a table, or lies too deep",
            ),
        ] {
            assert_eq!(check(&bad), Err(expected.into()));
        }
    }
}
