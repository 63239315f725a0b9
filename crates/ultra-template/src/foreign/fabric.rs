//! fabric: a folder with `system.md`, and perhaps `user.md`.
//!
//! `{{input}}` is where the user's text stands, `{{word}}` a variable that must be given. `{{plugin:…}}` and
//! `{{ext:…}}` would read files, fetch pages or run programs while the prompt is made, so they are refused.

use std::collections::BTreeMap;

use ultra_core::kind::ErrorKind;

use super::{Parts, QUESTION, literal::literal};
use crate::fault::{Fault, Faults};

pub(super) fn parts(file: &str, system: &str, user: Option<&str>) -> Result<Parts, Faults> {
    let mut reading = Reading { faults: Vec::new(), variables: BTreeMap::new(), asks: false };
    let (template, placeholders) = reading.template(file, system.trim());
    let user = user.map(|text| reading.template(&file.replace("system.md", "user.md"), text.trim()).0);
    if !reading.faults.is_empty() {
        return Err(Faults(reading.faults));
    }
    let (system_message, texts) = match (placeholders, user) {
        // Nothing that a user or a document brings stands in a system message.
        (0, user) => (Some(system.trim().to_owned()), vec![user.unwrap_or_default()]),
        (_, user) => (None, [Some(template), user].into_iter().flatten().collect()),
    };
    Ok(Parts {
        system: system_message,
        template: texts.join("\n\n"),
        asks: reading.asks,
        variables: reading.variables,
        about: system.to_owned(),
        notes: Vec::new(),
    })
}

struct Reading {
    faults: Vec<Fault>,
    variables: BTreeMap<String, Option<String>>,
    asks: bool,
}

impl Reading {
    /// The template, and how many placeholders it has.
    fn template(&mut self, file: &str, text: &str) -> (String, usize) {
        let mut template = String::new();
        let mut pending = String::new();
        let mut placeholders = 0;
        let mut rest = text;
        while let Some((before, inner, after)) = tag(rest) {
            let line = 1 + text[..text.len() - rest.len() + before.len()].matches('\n').count();
            match self.placeholder(inner) {
                Ok(placeholder) => {
                    pending.push_str(before);
                    template.push_str(&literal(&std::mem::take(&mut pending)));
                    template.push_str(&placeholder);
                    placeholders += 1;
                }
                Err((message, hint)) => {
                    let fault = Fault::new(ErrorKind::TemplateSyntax, file, message).at(line);
                    self.faults.push(fault.hint(hint));
                }
            }
            rest = after;
        }
        pending.push_str(rest);
        template.push_str(&literal(&pending));
        (template, placeholders)
    }

    fn placeholder(&mut self, inner: &str) -> Result<String, (String, &'static str)> {
        let word = inner.trim();
        if word == "input" {
            self.asks = true;
            return Ok(QUESTION.to_owned());
        }
        if word.starts_with("plugin:") || word.starts_with("ext:") {
            let message = format!("`{{{{{}}}}}` would be run while the prompt is made", word.escape_debug());
            return Err((message, "put its result into a document, or into a variable"));
        }
        let word = word.strip_prefix('#').unwrap_or(word);
        let name = word.replace('-', "_");
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_name {
            let message = format!("`{{{{{}}}}}` is no variable that can be given", inner.escape_debug());
            return Err((message, "a variable is a word, such as `{{role}}`"));
        }
        self.variables.insert(name.clone(), None);
        Ok(format!("{{{{ vars.{name} }}}}"))
    }
}

/// The first `{{…}}` without braces inside, with what stands before and after it.
fn tag(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    while let Some(at) = text[from..].find("}}").map(|at| from + at) {
        let inner = text[..at].rfind(['{', '}']).map_or(0, |brace| brace + 1);
        if inner >= 2 && inner < at && text[..inner].ends_with("{{") {
            return Some((&text[..inner - 2], &text[inner..at], &text[at + 2..]));
        }
        from = at + 1;
    }
    None
}
