//! JSON as a record must be: one object, no key twice at any depth.

use std::collections::BTreeSet;

use serde_json::Value;

/// Parses one line, or says what is wrong with it.
pub(crate) fn object(line: &str) -> Result<Value, String> {
    let value: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    if !value.is_object() {
        return Err("not an object".to_owned());
    }
    if line.trim_matches([' ', '\t', '\r']) != line {
        return Err("space around the object".to_owned());
    }
    twice(line).map_or(Ok(value), |key| Err(format!("the key {key} occurs twice")))
}

/// The first key that its object already has, in a text known to be JSON.
fn twice(text: &str) -> Option<String> {
    let mut open: Vec<BTreeSet<String>> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}', '"']) {
        let found = rest.as_bytes()[at];
        rest = &rest[at..];
        if found != b'"' {
            match found {
                b'{' => open.push(BTreeSet::new()),
                _ => drop(open.pop()),
            }
            rest = &rest[1..];
            continue;
        }
        let end = string_end(rest);
        let (string, after) = rest.split_at(end);
        rest = after;
        let is_key = after.trim_start().starts_with(':');
        if let (true, Some(keys), Ok(key)) = (is_key, open.last_mut(), serde_json::from_str(string))
            && !keys.insert(key)
        {
            return Some(string.to_owned());
        }
    }
    None
}

/// The length of the string literal that `text` starts with.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::object;

    #[test]
    fn an_object_is_accepted_whatever_its_strings_hold() {
        for line in ["{}", r#"{"a":{"a":"a"},"b":[{"a":1},{"a":"\"a\":{"}]}"#, r#"{"a\\":1,"a":"}"}"#] {
            assert!(object(line).is_ok(), "{line}");
        }
    }

    #[test]
    fn anything_but_one_clean_object_is_refused() {
        for line in
            ["", "[]", "1", "{} {}", " {}", "{}\r", "{", r#"{"a":1,"a":2}"#, r#"{"b":[{"a":1,"\u0061":2}]}"#]
        {
            assert!(object(line).is_err(), "{line}");
        }
    }
}
