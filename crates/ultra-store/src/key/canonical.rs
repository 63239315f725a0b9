//! Canonical JSON: one text for all ways to write the same value.

use ultra_core::record::{Json, Object};

/// Below this depth the text is taken as it stands, so that the depth of the input cannot end the process.
const DEPTH: u32 = 128;

/// The canonical text of `json`.
///
/// Keys are sorted by their bytes, there is no blank between tokens, and strings are decoded and written
/// with the fewest escapes. A key that stands twice is kept twice, in the order it came.
///
/// Numbers are normalised only where every reader agrees: the exponent is written with `e`, without `+` and
/// without leading zeros (`1E+05` is `1e5`). `1`, `1.0` and `10e-1` stay three different texts, because some
/// providers tell integers from floats; the price is a miss, never a wrong answer. A string with half of a
/// surrogate pair has no decoded form and keeps its escapes.
pub fn canonical(json: &Json) -> String {
    let mut out = String::with_capacity(json.text().len());
    write(json, DEPTH, &mut out);
    out
}

fn write(json: &Json, depth: u32, out: &mut String) {
    let text = json.text().trim_ascii();
    let written = match text.as_bytes().first() {
        Some(b'{') if depth > 0 => object(json, depth, out),
        Some(b'[') if depth > 0 => array(json, depth, out),
        Some(b'"') => json.read::<String>().map(|decoded| string(&decoded, out)),
        Some(b'-' | b'0'..=b'9') => {
            number(text, out);
            Ok(())
        }
        _ => {
            out.push_str(text);
            Ok(())
        }
    };
    if written.is_err() {
        out.push_str(text);
    }
}

fn object(json: &Json, depth: u32, out: &mut String) -> Result<(), serde_json::Error> {
    let object: Object = json.read()?;
    let mut fields: Vec<_> = object.iter().collect();
    fields.sort_by_key(|(key, _)| *key);
    out.push('{');
    for (at, (key, value)) in fields.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        string(key, out);
        out.push(':');
        write(value, depth - 1, out);
    }
    out.push('}');
    Ok(())
}

fn array(json: &Json, depth: u32, out: &mut String) -> Result<(), serde_json::Error> {
    let items: Vec<Json> = json.read()?;
    out.push('[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(item, depth - 1, out);
    }
    out.push(']');
    Ok(())
}

fn string(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

fn number(text: &str, out: &mut String) {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        out.push_str(text);
        return;
    };
    let digits = exponent.trim_start_matches(['+', '-']).trim_start_matches('0');
    out.push_str(mantissa);
    out.push('e');
    if exponent.starts_with('-') && !digits.is_empty() {
        out.push('-');
    }
    out.push_str(if digits.is_empty() { "0" } else { digits });
}

#[cfg(test)]
mod tests {
    use ultra_core::record::Json;

    use super::canonical;

    fn check(text: &str, expected: &str) {
        let json = Json::parse(text.to_owned()).expect("is JSON");
        assert_eq!(canonical(&json), expected, "{text}");
    }

    #[test]
    fn keys_are_sorted_at_every_depth_and_blanks_are_gone() {
        check(r#" { "b" : [ 1 , { "d":2, "c":3 } ], "a" : null } "#, r#"{"a":null,"b":[1,{"c":3,"d":2}]}"#);
    }

    #[test]
    fn strings_are_decoded_and_written_with_the_fewest_escapes() {
        check(r#""\u0041\/\u00e9\n\u0001""#, "\"A/é\\n\\u0001\"");
        check(r#"{"\u0062":1,"a":2}"#, r#"{"a":2,"b":1}"#);
    }

    #[test]
    fn a_string_without_a_decoded_form_stays_as_it_came() {
        check(r#""\ud800""#, r#""\ud800""#);
        check(r#"[1, {"\udc00" : 2}]"#, r#"[1,{"\udc00" : 2}]"#);
    }

    #[test]
    fn only_the_exponent_of_a_number_is_normalised() {
        for (text, expected) in [
            ("1E+05", "1e5"),
            ("1e-00", "1e0"),
            ("-1.50e-007", "-1.50e-7"),
            ("1.0", "1.0"),
            ("-0", "-0"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
        ] {
            check(text, expected);
        }
    }

    #[test]
    fn a_repeated_key_is_kept_in_the_order_it_came() {
        check(r#"{"a":2,"a":1}"#, r#"{"a":2,"a":1}"#);
    }

    #[test]
    fn depth_is_bounded() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        check(&deep, &deep);
    }
}
