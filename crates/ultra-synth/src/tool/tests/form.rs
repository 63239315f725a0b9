//! The form that the user wants, as the writer is told of it.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use ultra_core::tool::Context;

use crate::testing::{panel, run_scripted, says};

const TEXT: &str = "Write the answer as plain text, without any markup.";
const MARKDOWN: &str = "Write the answer in Markdown.";

/// What the writer was told last.
fn told(arguments: &[&str], records: &[Value]) -> String {
    let asked = Arc::new(Mutex::new(String::new()));
    let heard = Arc::clone(&asked);
    let ran = run_scripted(
        &Context::mock(0),
        &[arguments, &["--ultra", "exec:w"]].concat(),
        records,
        move |call| {
            let messages = call.messages.iter().map(|message| message.content.text().into_owned());
            *heard.lock().expect("is whole") = messages.collect();
            match call.output_schema {
                None => Ok(says("Paris.")),
                Some(_) => Ok(crate::testing::simulated(call)),
            }
        },
    );
    assert_eq!(ran.status(), 0, "{:?}", ran.result.err());
    let asked = asked.lock().expect("is whole");
    asked.clone()
}

#[test]
fn a_form_that_the_user_names_reaches_the_writer() {
    let records = panel("p", &["Paris.", "Lyon."]);
    for strategy in [&["fuse"][..], &["self-moa"], &["iterate", "--max", "1"]] {
        let without = told(strategy, &records);
        for (form, end) in [("text", TEXT), ("md", MARKDOWN), ("html", MARKDOWN)] {
            let asked = told(&[strategy, &["--format", form]].concat(), &records);
            assert_eq!(asked.replacen(&format!("\n\n{end}"), "", 1), without, "{strategy:?} {form}");
            assert!(asked.contains(end), "{asked}");
        }
        for same in [&["--show", "text"][..], &["--format", "json"], &["--stream"]] {
            assert_eq!(told(&[strategy, same].concat(), &records), without, "{strategy:?} {same:?}");
        }
    }
}

#[test]
fn the_users_form_beats_that_of_the_pattern_and_never_a_schema() {
    let path = std::env::temp_dir().join(format!("ultra-told-{}.toml", std::process::id()));
    let pattern = "name = \"page\"\nversion = 1\ntitle = \"Page\"\npurpose = \"A page.\"\n\
        [[stages]]\nname = \"answer\"\ntemplate = \"{{ prompt }}\"\n\
        [ultra]\nformat = \"html\"\nlayout = \"in two parts\"\ntemplate = \"{{ question }} {{ answers }} {{ layout }} as {{ format }}.\"\n";
    std::fs::write(&path, pattern).expect("writes");
    let mut records = panel("p", &["Paris.", "Lyon."]);
    let named = ["fuse", "--pattern", path.to_str().expect("is text")];
    let own = told(&[&named[..], &["--show", "text"]].concat(), &records);
    let chosen = told(&[&named[..], &["--format", "text"]].concat(), &records);
    std::fs::remove_file(&path).expect("removes");
    assert!(own.ends_with("in two parts as html."), "{own}");
    assert!(chosen.ends_with(&format!("in two parts as text.\n\n{TEXT}")), "{chosen}");

    records[0]["output_schema"] =
        json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}});
    assert_eq!(told(&["--format", "text"], &records), told(&[], &records));
}
