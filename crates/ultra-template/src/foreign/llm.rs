//! llm: a YAML file with `prompt` and `system`, in which `$word` is replaced as Python's `string.Template` does it.

use std::collections::BTreeMap;

use ultra_core::kind::ErrorKind;

use super::yaml::{self, Node, Yaml};
use super::{Parts, QUESTION, literal::literal};
use crate::fault::{Fault, Faults};

/// Keys that do something here.
const USED: &[&str] = &["prompt", "system", "defaults", "name"];
/// Keys that have no effect here, and what does it instead.
const IGNORED: &[(&str, &str)] = &[
    ("model", "name models with -m"),
    ("options", "give parameters to ultra-pattern start, such as --temperature"),
    ("schema_object", "a pattern of ours can have an `output_schema`"),
    ("extract", "answers stay whole"),
    ("extract_last", "answers stay whole"),
];
/// Keys without which the prompt would not be the one that was meant.
const REFUSED: &[(&str, &str)] = &[
    ("attachments", "give files to ultra-ingest"),
    ("attachment_types", "give files to ultra-ingest"),
    ("fragments", "give files to ultra-ingest"),
    ("system_fragments", "write the text into `system`"),
    ("tools", "no tool is run here"),
    ("functions", "no program is run here"),
];

pub(super) fn parts(file: &str, text: &str) -> Result<Parts, Faults> {
    let wrong = |line: usize, message: String| Fault::new(ErrorKind::TemplateSyntax, file, message).at(line);
    let root = yaml::read(text).map_err(|(line, message)| wrong(line, format!("no YAML: {message}")))?;
    let entries = match root.value {
        Yaml::Mapping(entries) => entries,
        // The short form: the whole file is the prompt.
        Yaml::Scalar(Some(prompt)) => {
            vec![("prompt".to_owned(), Node { line: root.line, value: Yaml::Scalar(Some(prompt)) })]
        }
        _ => return Err(wrong(root.line, "a template has `prompt` or `system`".into()).into()),
    };
    let mut reading =
        Reading { file, faults: Vec::new(), notes: Vec::new(), variables: BTreeMap::new(), asks: false };
    let mut fields: BTreeMap<&str, Node> = BTreeMap::new();
    for (key, node) in entries {
        if let Some(key) = reading.key(&key, &node) {
            fields.insert(key, node);
        }
    }
    let prompt = reading.text(fields.get("prompt"), "prompt");
    let system = reading.text(fields.get("system"), "system");
    if prompt.is_none() && system.is_none() && reading.faults.is_empty() {
        reading.faults.push(wrong(1, "a template has `prompt` or `system`".into()));
    }
    let asked = prompt.as_ref().map(|prompt| reading.template(prompt).0);
    let standing = system.as_ref().map(|system| reading.template(system));
    reading.defaults(fields.get("defaults"));
    if let Some((line, _)) =
        system.as_ref().filter(|(_, text)| text.contains("$input") || text.contains("${input}"))
    {
        let note = wrong(*line, "`system` shows `$input`, so it opens the user's message here".into());
        reading.notes.push(note.hint("put `$input` into `prompt`"));
    }
    if !reading.faults.is_empty() {
        return Err(Faults(reading.faults));
    }
    let (system_message, opening) = match (standing, &system) {
        (Some((_, 0)), Some((_, text))) => (Some(text.replace("$$", "$")), None),
        (standing, _) => (None, standing.map(|(template, _)| template)),
    };
    let texts: Vec<_> = [opening, asked].into_iter().flatten().collect();
    Ok(Parts {
        system: system_message,
        template: texts.join("\n\n"),
        asks: reading.asks,
        variables: reading.variables,
        about: system.or(prompt).map(|(_, text)| text).unwrap_or_default(),
        notes: reading.notes,
    })
}

struct Reading<'a> {
    file: &'a str,
    faults: Vec<Fault>,
    notes: Vec<Fault>,
    variables: BTreeMap<String, Option<String>>,
    asks: bool,
}

impl Reading<'_> {
    fn fault(&self, line: usize, message: impl Into<String>) -> Fault {
        Fault::new(ErrorKind::TemplateSyntax, self.file, message).at(line)
    }

    /// The key, if it does something here.
    fn key(&mut self, key: &str, node: &Node) -> Option<&'static str> {
        if let Some(used) = USED.iter().find(|used| **used == key) {
            return Some(used);
        }
        let named = |table: &[(&str, &'static str)]| {
            table.iter().find(|(name, _)| *name == key).map(|(_, instead)| *instead)
        };
        if let Some(instead) = named(IGNORED) {
            self.notes.push(self.fault(node.line, format!("`{key}` has no effect here")).hint(instead));
        } else if let Some(instead) = named(REFUSED) {
            self.faults.push(self.fault(node.line, format!("`{key}` is not read here")).hint(instead));
        } else {
            let fault = self.fault(node.line, format!("unknown key `{}`", key.escape_debug()));
            self.faults.push(fault.nearest(key, USED.iter().copied()));
        }
        None
    }

    /// The text of a field, and its line.
    fn text(&mut self, node: Option<&Node>, key: &str) -> Option<(usize, String)> {
        match node {
            Some(Node { line, value: Yaml::Scalar(Some(text)) }) => Some((*line, text.trim_end().to_owned())),
            None | Some(Node { value: Yaml::Scalar(None), .. }) => None,
            Some(node) => {
                self.faults.push(self.fault(node.line, format!("`{key}` must be text")));
                None
            }
        }
    }

    fn defaults(&mut self, node: Option<&Node>) {
        let Some(node) = node else { return };
        let entries = match &node.value {
            Yaml::Mapping(entries) => entries.as_slice(),
            Yaml::Scalar(None) => &[],
            _ => {
                self.faults.push(self.fault(node.line, "`defaults` must be a mapping"));
                return;
            }
        };
        for (name, value) in entries {
            match (self.variables.contains_key(name), &value.value) {
                (true, Yaml::Scalar(text)) => {
                    self.variables.insert(name.clone(), Some(text.clone().unwrap_or_default()));
                }
                (true, _) => {
                    self.faults.push(self.fault(value.line, format!("the default of `{name}` must be text")));
                }
                (false, _) => {
                    let message = format!(
                        "the default of `{}` is for a variable that is not used",
                        name.escape_debug()
                    );
                    self.notes.push(self.fault(value.line, message));
                }
            }
        }
    }

    /// The template of a text, and how many placeholders it has.
    fn template(&mut self, (line, text): &(usize, String)) -> (String, usize) {
        let mut template = String::new();
        let mut plain = String::new();
        let mut placeholders = 0;
        let mut rest = text.as_str();
        while let Some(at) = rest.find('$') {
            plain.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            if let Some(escaped) = after.strip_prefix('$') {
                plain.push('$');
                rest = escaped;
                continue;
            }
            let Some((name, after)) = word(after) else {
                let message = "a lone `$` is no placeholder";
                self.faults.push(self.fault(*line, message).hint("write `$$` for a dollar sign"));
                rest = after;
                continue;
            };
            template.push_str(&literal(&std::mem::take(&mut plain)));
            placeholders += 1;
            if name == "input" {
                self.asks = true;
                template.push_str(QUESTION);
            } else {
                template.push_str(&["{{ vars.", name, " }}"].concat());
                self.variables.entry(name.to_owned()).or_default();
            }
            rest = after;
        }
        plain.push_str(rest);
        template.push_str(&literal(&plain));
        (template, placeholders)
    }
}

/// The name at the beginning of what follows a `$`, in braces or not, and the text after it.
fn word(text: &str) -> Option<(&str, &str)> {
    let (inner, braced) = text.strip_prefix('{').map_or((text, false), |inner| (inner, true));
    let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
    let (name, rest) = inner.split_at(end);
    let rest = if braced { rest.strip_prefix('}')? } else { rest };
    (!name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit())).then_some((name, rest))
}
