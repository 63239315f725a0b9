//! A conversation as plain text for a program.

use ultra_core::record::Role;

use crate::call::Call;

/// The texts in order, with a blank line between them; who speaks is said only where the model itself has.
pub(crate) fn rendered(call: &Call) -> String {
    let dialogue = call.messages.iter().any(|said| said.role == Role::Assistant);
    let mut texts: Vec<String> = Vec::new();
    for said in &call.messages {
        let text = said.content.text();
        texts.push(match said.role {
            Role::Assistant => format!("Assistant:\n{text}"),
            Role::User if dialogue => format!("User:\n{text}"),
            Role::User | Role::System => text.into_owned(),
        });
    }
    if let Some(schema) = &call.output_schema {
        texts.push(format!("Answer only with JSON that matches this JSON Schema:\n{}", schema.text()));
    }
    texts.join("\n\n") + "\n"
}
