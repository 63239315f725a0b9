use ultra_core::record::Json;

use super::{ASSUMED_OUTPUT, Estimate, estimate};
use crate::call::Call;

fn call(messages: &str, params: &str) -> Call {
    Call {
        request_id: "req_1".into(),
        target: "mock:m".into(),
        sample: 0,
        messages: serde_json::from_str(messages).expect("messages"),
        params: serde_json::from_str(params).expect("parameters"),
        output_schema: None,
    }
}

#[test]
fn a_prompt_costs_its_texts_and_four_a_message() {
    let call = call(
        r#"[{"role":"system","content":"12345678"},{"role":"user","content":"123456789"}]"#,
        r#"{"max_output_tokens":50}"#,
    );
    assert_eq!(estimate(&call), Estimate { input: 2 + 3 + 8, output: 50 });
    assert_eq!(estimate(&call).total(), 63);
}

#[test]
fn a_part_without_text_counts_as_a_picture_however_long_its_data_is() {
    let data = "A".repeat(100_000);
    let messages = format!(
        r#"[{{"role":"user","content":[{{"type":"text","text":"日本語"}},{{"type":"image_url","image_url":"{data}"}}]}}]"#
    );
    assert_eq!(estimate(&call(&messages, "null")), Estimate { input: 3 + 1600 + 4, output: ASSUMED_OUTPUT });
}

#[test]
fn a_schema_counts_as_text() {
    let mut call = call("[]", "null");
    call.output_schema = Some(Json::parse(r#"{"type":"object"}"#.into()).expect("a schema"));
    assert_eq!(estimate(&call).input, 5);
}

#[test]
fn a_limit_in_the_words_of_a_dialect_counts_too() {
    for (params, output) in [
        (r#"{"max_tokens":7}"#, 7),
        (r#"{"max_completion_tokens":8}"#, 8),
        (r#"{"max_output_tokens":9,"max_tokens":7}"#, 9),
        (r#"{"max_tokens":"many"}"#, ASSUMED_OUTPUT),
        ("{}", ASSUMED_OUTPUT),
    ] {
        assert_eq!(estimate(&call("[]", params)).output, output, "{params}");
    }
}
