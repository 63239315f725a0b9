//! Whether JSON matches a schema: the words of JSON Schema that forms of replies use. Others hold for everything.

use serde_json::Value;

/// How deep a schema is followed; one that describes itself has no other end.
const DEPTH: u32 = 64;

/// Checks `value`.
///
/// # Errors
/// What does not match, with its place.
pub(super) fn check(value: &Value, schema: &Value) -> Result<(), String> {
    at(value, schema, schema, "the reply", DEPTH)
}

fn at(value: &Value, schema: &Value, root: &Value, place: &str, depth: u32) -> Result<(), String> {
    if depth == 0 {
        return Err(format!("{place} is nested too deep"));
    }
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let found = target.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        return found.map_or(Ok(()), |found| at(value, found, root, place, depth - 1));
    }
    kind(value, schema, place)?;
    choice(value, schema, place)?;
    bounds(value, schema, place)?;
    for key in ["anyOf", "oneOf"] {
        if let Some(choices) = schema.get(key).and_then(Value::as_array)
            && !choices.iter().any(|choice| at(value, choice, root, place, depth - 1).is_ok())
        {
            return Err(format!("{place} has none of the allowed forms"));
        }
    }
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        at(value, part, root, place, depth - 1)?;
    }
    match value {
        Value::Object(object) => {
            for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
                let name = name.as_str().unwrap_or_default();
                if !object.contains_key(name) {
                    return Err(format!("{place} lacks `{name}`"));
                }
            }
            let properties = schema.get("properties");
            for (name, part) in object {
                let known = properties.and_then(|properties| properties.get(name));
                if let Some(schema) = known {
                    at(part, schema, root, &format!("`{name}`"), depth - 1)?;
                } else if schema.get("additionalProperties") == Some(&Value::Bool(false)) {
                    let name: String = name.chars().take(40).collect();
                    return Err(format!("{place} has `{name}`, which was not asked for"));
                }
            }
            Ok(())
        }
        Value::Array(items) => {
            let Some(schema) = schema.get("items") else { return Ok(()) };
            items
                .iter()
                .try_for_each(|item| at(item, schema, root, &format!("an item of {place}"), depth - 1))
        }
        _ => Ok(()),
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
