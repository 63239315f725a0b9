//! The JSON in an answer to a request that has an output schema.

use serde::de::IgnoredAny;
use ultra_core::record::Json;

/// The deepest nesting that is taken; the record around it adds one level.
const MAX_DEPTH: u32 = 100;

/// The JSON value that is the whole of `text`, or of the one fenced block in it, on one line.
///
/// # Errors
/// Why the text is not JSON.
pub(crate) fn parse(text: &str) -> Result<Json, String> {
    let text = unfenced(text.trim());
    let compact = compact(text).ok_or("nested too deeply")?;
    // Judged as it came: without blanks, two numbers would be one.
    serde_json::from_str::<IgnoredAny>(text).map_err(|cause| cause.to_string())?;
    Json::parse(compact).map_err(|cause| cause.to_string())
}

/// What stands between the fences that models like to put around JSON.
fn unfenced(text: &str) -> &str {
    let inner = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    let Some((tag, body)) = inner.and_then(|inner| inner.split_once('\n')) else { return text };
    if tag.trim().chars().all(char::is_alphanumeric) { body } else { text }
}

/// The text without blanks between its tokens: a record is one line. `None` when it nests too deeply.
fn compact(text: &str) -> Option<String> {
    let mut compact = String::with_capacity(text.len());
    let (mut quoted, mut escaped, mut depth) = (false, false, 0_u32);
    for c in text.chars() {
        match c {
            '"' if !escaped => quoted = !quoted,
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth = depth.saturating_sub(1),
            ' ' | '\t' | '\n' | '\r' if !quoted => continue,
            _ => {}
        }
        escaped = quoted && c == '\\' && !escaped;
        if depth > MAX_DEPTH {
            return None;
        }
        compact.push(c);
    }
    Some(compact)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn json_comes_out_on_one_line_with_its_numbers_as_they_were() {
        let text = " {\n \"a\" : [ 1.0 , 12345678901234567890123 ],\r\n\t\"b\\\"\" : \" x \\\\\" }\n";
        let json = parse(text).expect("is JSON");
        assert_eq!(json.text(), r#"{"a":[1.0,12345678901234567890123],"b\"":" x \\"}"#);
        assert_eq!(parse("```json\n{\"a\": 1}\n```").expect("is JSON").text(), r#"{"a":1}"#);
    }

    #[test]
    fn what_is_not_json_alone_is_refused() {
        for text in
            ["", "yes", "{\"a\":1} and so on", "{\"a\":1", "1 2", "{\"a\":\"line\nbreak\"}", "```json\n{}"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&"[".repeat(101)).is_err_and(|cause| cause.contains("too deeply")));
    }
}
