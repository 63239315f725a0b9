//! The texts of a pattern file and of those that it extends, as one table whose places are known.
//!
//! Every value of a TOML table knows its byte range. The ranges of a file begin where those of the file before it
//! end, so one number says both the file and the line, however the tables were merged.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};
use ultra_core::id::{ContentHash, blake3_hex};
use ultra_core::kind::ErrorKind;

use crate::engine::Place;
use crate::fault::{Fault, Faults};
use crate::file::File;
use crate::root::{Root, Set};

/// The largest pattern file or part, in bytes.
pub(crate) const MAX_FILE: usize = 1 << 20;
/// The most files that extend one another.
const MAX_CHAIN: usize = 8;

/// One text that was read.
#[derive(Debug)]
struct Source {
    /// What faults call it.
    name: String,
    /// Its path in the root; empty for the file itself.
    path: String,
    text: String,
    start: usize,
    set: Set,
}

/// The texts that were read, the file itself first.
#[derive(Debug)]
pub(super) struct Sources(Vec<Source>);

/// The key that names the file that is extended.
#[derive(Deserialize)]
struct Head {
    extends: Option<Spanned<String>>,
}

impl Sources {
    /// Reads what `text` extends, and what that extends.
    pub(super) fn read(text: &str, name: &str, root: &Root<'_>) -> Result<Self, Faults> {
        let mut sources = Self(Vec::new());
        sources.add(name.to_owned(), String::new(), text.to_owned(), root.set())?;
        loop {
            let last = &sources.0[sources.0.len() - 1];
            let head: Head = toml::from_str(&last.text).map_err(|cause| toml_fault(&cause, last))?;
            let Some(extends) = head.extends else { return Ok(sources) };
            let line = line_at(&last.text, extends.span().start);
            let fault =
                |message: String| Fault::new(ErrorKind::TemplatePattern, &last.name, message).at(line);
            let wanted = extends.into_inner();
            // A name without an ending is that of a built-in pattern, as on the command line.
            let (set, path) = if wanted.contains('.') {
                (last.set, wanted.clone())
            } else {
                (Set::BuiltIn, format!("{wanted}.toml"))
            };
            let comes_again = |source: &Source| source.set == set && source.path == path;
            if sources.0.iter().any(comes_again) || sources.0.len() == MAX_CHAIN {
                let names: Vec<_> = sources.0.iter().map(|source| source.name.as_str()).collect();
                let message = format!("`extends` goes round or too far: {} > {wanted}", names.join(" > "));
                return Err(fault(message).into());
            }
            let (name, text) = root
                .text(set, &path)
                .map_err(|cause| fault(format!("`extends`: `{}`: {cause}", wanted.escape_debug())))?;
            sources.add(name, path, text, set)?;
        }
    }

    /// Adds a text that was read.
    pub(super) fn add(&mut self, name: String, path: String, text: String, set: Set) -> Result<(), Faults> {
        if text.len() > MAX_FILE {
            let message = format!("{} bytes are too many for a pattern; at most {MAX_FILE}", text.len());
            return Err(Fault::new(ErrorKind::TemplateSyntax, &name, message).into());
        }
        let start = self.0.last().map_or(0, |last| last.start + last.text.len() + 1);
        self.0.push(Source { name, path, text, start, set });
        Ok(())
    }

    /// The file, with the keys that it does not give from the files that it extends.
    pub(super) fn merged(&self) -> Result<File, Faults> {
        let mut merged = DeTable::new();
        for source in self.0.iter().rev() {
            let table = DeTable::parse(&source.text).map_err(|cause| toml_fault(&cause, source))?;
            merged = over(moved_table(table.into_inner(), source.start), merged);
        }
        let table = Spanned::new(0..self.0[0].text.len(), merged);
        File::deserialize(toml::de::Deserializer::from(table)).map_err(|cause| {
            let at = cause.span().map_or(0, |span| span.start);
            let source = self.source(at);
            Faults::from(explain(&cause, &source.name, Some(line_at(&source.text, at - source.start))))
        })
    }

    /// The file and line of a place.
    pub(super) fn place(&self, at: usize) -> Place {
        let source = self.source(at);
        Place { file: source.name.clone(), line: line_at(&source.text, at - source.start) }
    }

    /// The text from a place on, to the end of its file.
    pub(super) fn rest(&self, at: usize) -> &str {
        let source = self.source(at);
        source.text.get(at - source.start..).unwrap_or_default()
    }

    /// The set to which the text at a place belongs.
    pub(super) fn set(&self, at: usize) -> Set {
        self.source(at).set
    }

    /// BLAKE3 of everything that was read.
    pub(super) fn blake3(&self) -> String {
        if let [only] = self.0.as_slice() {
            return blake3_hex(only.text.as_bytes());
        }
        let mut hash = ContentHash::new("ultra pattern v1");
        for source in &self.0 {
            hash.add(source.set.prefix());
            hash.add(&source.path);
            hash.add(&source.text);
        }
        hash.hex()
    }

    fn source(&self, at: usize) -> &Source {
        let after = self.0.iter().skip(1).take_while(|source| source.start <= at).count();
        &self.0[after]
    }
}

/// `table`, with the keys that it lacks from `base`: tables merge by key, stages by name, all else is replaced.
fn over<'a>(table: DeTable<'a>, mut base: DeTable<'a>) -> DeTable<'a> {
    for (key, value) in table {
        let before = base.remove(&key);
        let span = value.span();
        let value = match (value.into_inner(), before.map(Spanned::into_inner)) {
            (DeValue::Table(own), Some(DeValue::Table(before))) if key.get_ref() != "output_schema" => {
                DeValue::Table(over(own, before))
            }
            (DeValue::Array(own), Some(DeValue::Array(before))) if key.get_ref() == "stages" => {
                DeValue::Array(stages_over(own, before))
            }
            (own, _) => own,
        };
        base.insert(key, Spanned::new(span, value));
    }
    base
}

/// The stages of `base` in their order, each with what `stages` says about it, then the new ones.
fn stages_over<'a>(stages: DeArray<'a>, mut base: DeArray<'a>) -> DeArray<'a> {
    for stage in stages {
        let span = stage.span();
        let known =
            base.iter_mut().find(|other| name_of(other).is_some() && name_of(other) == name_of(&stage));
        match (known, stage.into_inner()) {
            (Some(known), DeValue::Table(own)) => {
                if let DeValue::Table(before) = known.get_mut() {
                    let before = std::mem::take(before);
                    *known = Spanned::new(span, DeValue::Table(over(own, before)));
                }
            }
            (_, other) => base.push(Spanned::new(span, other)),
        }
    }
    base
}

fn name_of<'a>(stage: &'a Spanned<DeValue<'_>>) -> Option<&'a str> {
    stage.get_ref().as_table()?.get("name")?.get_ref().as_str()
}

fn moved(span: &Range<usize>, by: usize) -> Range<usize> {
    span.start + by..span.end + by
}

fn moved_table(table: DeTable<'_>, by: usize) -> DeTable<'_> {
    let entries = table
        .into_iter()
        .map(|(key, value)| (Spanned::new(moved(&key.span(), by), key.into_inner()), moved_value(value, by)));
    entries.collect()
}

fn moved_value(value: Spanned<DeValue<'_>>, by: usize) -> Spanned<DeValue<'_>> {
    let span = moved(&value.span(), by);
    let value = match value.into_inner() {
        DeValue::Table(table) => DeValue::Table(moved_table(table, by)),
        DeValue::Array(items) => {
            let mut moved = DeArray::new();
            items.into_iter().for_each(|item| moved.push(moved_value(item, by)));
            DeValue::Array(moved)
        }
        other => other,
    };
    Spanned::new(span, value)
}

/// The line, from 1, in which byte `at` stands.
fn line_at(text: &str, at: usize) -> usize {
    1 + text.get(..at).unwrap_or(text).matches('\n').count()
}

fn toml_fault(cause: &toml::de::Error, source: &Source) -> Fault {
    explain(cause, &source.name, cause.span().map(|span| line_at(&source.text, span.start)))
}

/// Says in our words what the TOML reader found.
fn explain(cause: &toml::de::Error, file: &str, line: Option<usize>) -> Fault {
    let message = cause.message().trim();
    let names: Vec<_> = message.split('`').skip(1).step_by(2).collect();
    let fault = match names.split_first() {
        Some((wrong, known)) if message.starts_with("unknown field") => {
            Fault::new(ErrorKind::TemplateSyntax, file, format!("unknown key `{wrong}`"))
                .nearest(wrong, known.iter().copied())
        }
        Some((wrong, known)) if message.starts_with("unknown variant") => {
            Fault::new(ErrorKind::TemplateSyntax, file, format!("unknown value `{wrong}`"))
                .nearest(wrong, known.iter().copied())
        }
        _ => Fault::new(ErrorKind::TemplateSyntax, file, message.replace("field", "key").replace('\n', " ")),
    };
    match line {
        Some(line) => fault.at(line),
        None => fault,
    }
}
