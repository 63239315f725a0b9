//! Placeholders: which ones a template can have, and which spellings of other systems it must not have.

use std::collections::BTreeSet;

use minijinja::Environment;
use ultra_core::config::nearest;
use ultra_core::kind::ErrorKind;

use crate::engine::{FUNCTIONS, Place};
use crate::fault::Fault;

/// What a template can have.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// Names and their attributes: `own` has `own.label`.
    pub(crate) names: Vec<(String, Vec<String>)>,
}

/// Names that other systems gave to the same things.
const ELSEWHERE: &[(&str, &str)] = &[
    ("original_prompt", "question"),
    ("user_prompt", "prompt"),
    ("input", "prompt"),
    ("own_response", "own"),
    ("other_responses", "others"),
    ("own_meta", "own"),
    ("other_meta_responses", "others"),
    ("critiques", "others"),
    ("fact_checks", "others"),
    ("responses", "answers"),
    ("hyper_responses", "answers"),
];

impl Known {
    pub(crate) fn add(&mut self, name: &str, attributes: &[&str]) {
        self.names.push((name.to_owned(), attributes.iter().map(|&name| name.to_owned()).collect()));
    }

    fn find(&self, name: &str) -> Option<&[String]> {
        self.names.iter().find(|(known, _)| known == name).map(|(_, attributes)| attributes.as_slice())
    }

    fn roots(&self) -> impl Iterator<Item = &str> + Clone {
        self.names.iter().map(|(name, _)| name.as_str())
    }

    /// The right name for a spelling of another system, or for a misspelt one.
    fn right_name(&self, wrong: &str) -> Option<&str> {
        let elsewhere = ELSEWHERE.iter().find(|(old, _)| *old == wrong).map(|(_, new)| *new);
        elsewhere.filter(|new| self.find(new).is_some()).or_else(|| nearest(wrong, self.roots()))
    }
}

/// The placeholders of the template called `name`, as dotted names, sorted.
pub(crate) fn used(engine: &Environment<'static>, name: &str) -> BTreeSet<String> {
    let template = engine.get_template(name);
    let names = template.map(|template| template.undeclared_variables(true)).unwrap_or_default();
    names.into_iter().filter(|name| !FUNCTIONS.contains(&name.as_str())).collect()
}

/// Whether `name` itself or an attribute of it is among the placeholders.
pub(crate) fn uses(used: &BTreeSet<String>, name: &str) -> bool {
    used.iter()
        .any(|other| other == name || other.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
}

/// Finds placeholders that have no value, whatever the data.
pub(crate) fn unknown(used: &BTreeSet<String>, known: &Known, source: &str, place: &Place) -> Vec<Fault> {
    let mut faults = Vec::new();
    for path in used {
        let mut parts = path.split('.');
        let root = parts.next().unwrap_or_default();
        let fault = || {
            Fault::new(ErrorKind::TemplateUnfilled, &place.file, format!("unknown placeholder `{path}`"))
                .at(place.line + line_of(source, path))
        };
        match (known.find(root), parts.next()) {
            (None, _) => faults.push(match known.right_name(root) {
                Some(right) => fault().hint(format!("did you mean `{right}`?")),
                None => fault().nearest(root, known.roots()),
            }),
            (Some(attributes), Some(attribute)) if !attributes.iter().any(|known| known == attribute) => {
                let paths: Vec<_> = attributes.iter().map(|known| format!("{root}.{known}")).collect();
                faults.push(fault().nearest(path, paths.iter().map(String::as_str)));
            }
            _ => {}
        }
    }
    faults
}

/// Finds `{name}`, `${name}` and `$name`, which would be sent as they stand.
pub(crate) fn foreign(source: &str, known: &Known, place: &Place) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find(['{', '$']) {
        let start = source.len() - rest.len() + at;
        rest = &rest[at..];
        if let Some(close) = ["{{", "{%", "{#"].into_iter().find(|open| rest.starts_with(open)) {
            rest = after_tag(rest, close);
            continue;
        }
        let (spelling, name) = if let Some(name) = braced(rest) {
            (format!("{{{name}}}"), name)
        } else if let Some(name) = braced(&rest[1..]).filter(|_| rest.starts_with('$')) {
            (format!("${{{name}}}"), name)
        } else if let Some(name) = dollar(rest).filter(|name| known.is_meant(name)) {
            (format!("${name}"), name)
        } else {
            rest = &rest[1..];
            continue;
        };
        let hint = match known.right_name(name.split('.').next().unwrap_or(name)) {
            Some(right) => format!("write `{{{{ {right} }}}}`"),
            None => format!(
                "placeholders are written `{{{{ name }}}}`; to send it as it stands, write `{{% raw %}}{spelling}{{% endraw %}}`"
            ),
        };
        let message = format!("`{spelling}` is no placeholder here and would be sent as it stands");
        let line = place.line + source[..start].matches('\n').count();
        faults.push(Fault::new(ErrorKind::TemplateSyntax, &place.file, message).at(line).hint(hint));
        rest = &rest[spelling.len()..];
    }
    faults
}

/// A `{% … %}` tag.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tag<'a> {
    /// Where it begins in the template.
    pub(crate) start: usize,
    /// What stands inside, without the signs.
    pub(crate) inner: &'a str,
}

/// The block tags of a template, without those in comments and raw blocks.
pub(crate) fn tags(source: &str) -> Vec<Tag<'_>> {
    let mut tags = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find('{') {
        rest = &rest[at..];
        let start = source.len() - rest.len();
        let Some(open) = ["{{", "{%", "{#"].into_iter().find(|open| rest.starts_with(open)) else {
            rest = &rest[1..];
            continue;
        };
        if let Some((tag, _)) = rest.split_once("%}").filter(|_| open == "{%") {
            tags.push(Tag { start, inner: inner(tag) });
        }
        rest = after_tag(rest, open);
    }
    tags
}

/// What stands in a tag, without the signs around it.
fn inner(tag: &str) -> &str {
    tag.trim_start_matches(['{', '%', '-', '+']).trim_end_matches(['-', '+']).trim()
}

impl Known {
    fn is_meant(&self, name: &str) -> bool {
        name.len() > 2 && self.right_name(&name.to_lowercase()).is_some()
    }
}

/// What follows a tag; a raw block is one tag.
fn after_tag<'a>(text: &'a str, open: &str) -> &'a str {
    let close = match open {
        "{{" => "}}",
        "{%" => "%}",
        _ => "#}",
    };
    let Some((tag, rest)) = text.split_once(close) else { return "" };
    if inner(tag) != "raw" {
        return rest;
    }
    rest.find("endraw").and_then(|at| rest[at..].split_once("%}")).map_or("", |(_, rest)| rest)
}

fn braced(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix('{')?.split_once('}')?;
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    (name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(word))
        .then_some(name)
}

fn dollar(text: &str) -> Option<&str> {
    let name = text.strip_prefix('$')?;
    let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
    (end > 0 && !name.starts_with(|c: char| c.is_ascii_digit())).then(|| &name[..end])
}

/// The line, from 0, in which a placeholder stands first.
fn line_of(source: &str, path: &str) -> usize {
    let inside = |at: usize| {
        let before = &source[..at];
        let word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        before.rfind("{{").max(before.rfind("{%")) > before.rfind("}}").max(before.rfind("%}"))
            && !before.ends_with(word)
    };
    let found = source.match_indices(path).map(|(at, _)| at).find(|&at| inside(at));
    found.map_or(0, |at| source[..at].matches('\n').count())
}
