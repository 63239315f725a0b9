//! A run as a reviewer reads it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use ultra_provider::Call;

use crate::testing::Ran;

/// A paragraph that is longer is shown once.
const LONG: usize = 150;

/// What each model was asked, what it replied, and the records that came of it.
pub(super) fn transcript(arguments: &[&str], heard: &[(Call, String)], ran: &Ran) -> String {
    let mut text = format!("ultra-synth {}: three answers\n", arguments.join(" "));
    let mut seen = BTreeSet::new();
    for (call, reply) in heard {
        let _ = write!(text, "\n===== to {}", call.target);
        let schema = call.output_schema.as_ref().and_then(|schema| schema.read::<serde_json::Value>().ok());
        if let Some(keys) = schema.as_ref().and_then(|schema| schema["properties"].as_object()) {
            let keys: Vec<_> = keys.keys().map(String::as_str).collect();
            let _ = write!(text, "; as JSON with {}", keys.join(", "));
        }
        text.push_str(" =====\n");
        for message in &call.messages {
            let said = unmarked(&message.content.text());
            let _ = write!(text, "[{}] ", message.role.as_str());
            let mut left_out = false;
            for paragraph in said.split("\n\n") {
                let again = paragraph.len() > LONG && !seen.insert(paragraph.to_owned());
                match (again, left_out) {
                    (true, true) => {}
                    (true, false) => text.push_str("(as above)\n\n"),
                    (false, _) => {
                        let _ = write!(text, "{paragraph}\n\n");
                    }
                }
                left_out = again;
            }
        }
        let _ = write!(text, "----- replies -----\n{reply}\n");
    }
    for record in ran.records() {
        if matches!(record["type"].as_str(), Some("verdict" | "synthesis" | "error")) {
            let shown = serde_json::to_string_pretty(&record).expect("is JSON");
            let _ = write!(text, "\n===== {} =====\n{shown}\n", record["type"].as_str().unwrap_or_default());
        }
    }
    text
}

/// The text without the marks of its fences.
fn unmarked(text: &str) -> String {
    let mark = regex::Regex::new("-[0-9a-f]{32}").expect("is a pattern");
    mark.replace_all(text, "").into_owned()
}
