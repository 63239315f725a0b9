//! What templates include, extend and import, read once at load: every name stands in quotes, and no text comes
//! again inside itself.

use std::collections::{BTreeMap, BTreeSet};

use ultra_core::kind::ErrorKind;

use super::source::Sources;
use crate::engine::Place;
use crate::fault::Fault;
use crate::placeholder::tags;
use crate::root::{Root, Set};

/// The most texts that the templates of one pattern name.
const MAX_PARTS: usize = 64;

/// One template, or a text that it names.
#[derive(Debug, Clone)]
pub(super) struct Text {
    /// Its name in the engine.
    pub(super) name: String,
    pub(super) source: String,
    pub(super) place: Place,
}

/// A template with everything that it names, directly or not.
#[derive(Debug, Default)]
pub(super) struct Whole {
    /// The template itself comes first.
    pub(super) texts: Vec<Text>,
    /// Names that the texts give to values of their own, as in `{% for NAME in … %}`.
    pub(super) locals: BTreeSet<String>,
    pub(super) faults: Vec<Fault>,
}

/// The texts that were read for one pattern.
pub(super) struct Library<'a> {
    root: &'a Root<'a>,
    read: BTreeMap<String, Text>,
}

impl<'a> Library<'a> {
    pub(super) fn new(root: &'a Root<'a>) -> Self {
        Self { root, read: BTreeMap::new() }
    }

    /// Reads everything that a template names.
    pub(super) fn gather(&mut self, name: &str, source: &str, place: &Place, sources: &mut Sources) -> Whole {
        let mut whole = Whole::default();
        let text = Text { name: name.to_owned(), source: source.to_owned(), place: place.clone() };
        self.visit(&text, &mut Vec::new(), &mut whole, sources);
        whole
    }

    fn visit(&mut self, text: &Text, above: &mut Vec<String>, whole: &mut Whole, sources: &mut Sources) {
        if whole.texts.iter().any(|other| other.name == text.name) {
            return;
        }
        whole.texts.push(text.clone());
        above.push(text.name.clone());
        for tag in tags(&text.source) {
            whole.locals.extend(locals(tag.inner));
            let Some((word, rest)) = names_another(tag.inner) else { continue };
            let line = text.place.line + text.source[..tag.start].matches('\n').count();
            let fault =
                |message: String| Fault::new(ErrorKind::TemplateSyntax, &text.place.file, message).at(line);
            let Some(path) = quoted(rest) else {
                let message = format!("`{word}` names one text, in quotes, so that it is known at load");
                whole.faults.push(fault(message).hint(format!("such as `{{% {word} \"parts/note.j2\" %}}`")));
                continue;
            };
            let named = format!("{}{path}", set_of(&text.name).prefix());
            if above.contains(&named) {
                let round: Vec<_> = above.iter().skip_while(|other| **other != named).collect();
                let round = round.into_iter().map(String::as_str).chain([named.as_str()]);
                let round = round.collect::<Vec<_>>().join(" > ");
                whole.faults.push(fault(format!("`{word}` goes round: {round}")));
                continue;
            }
            match self.read(&named, path, set_of(&text.name), sources) {
                Ok(other) => self.visit(&other, above, whole, sources),
                Err(cause) => {
                    whole.faults.push(fault(format!("`{word}`: `{}`: {cause}", path.escape_debug())));
                }
            }
        }
        above.pop();
    }

    fn read(&mut self, named: &str, path: &str, set: Set, sources: &mut Sources) -> Result<Text, String> {
        if let Some(known) = self.read.get(named) {
            return Ok(known.clone());
        }
        if self.read.len() == MAX_PARTS {
            return Err(format!("a pattern names at most {MAX_PARTS} other texts"));
        }
        let (file, source) = self.root.text(set, path)?;
        sources
            .add(file.clone(), path.to_owned(), source.clone(), set)
            .map_err(|faults| faults.to_string())?;
        let text = Text { name: named.to_owned(), source, place: Place { file, line: 1 } };
        self.read.insert(named.to_owned(), text.clone());
        Ok(text)
    }
}

fn set_of(name: &str) -> Set {
    if name.starts_with(Set::BuiltIn.prefix()) { Set::BuiltIn } else { Set::Directory }
}

/// The keyword of a tag that names another text, and what follows it.
fn names_another(inner: &str) -> Option<(&str, &str)> {
    let (word, rest) = inner.split_once(char::is_whitespace)?;
    ["include", "extends", "import", "from"].contains(&word).then_some((word, rest.trim_start()))
}

/// What stands between quotes at the beginning.
fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let (path, rest) = text[1..].split_once(quote)?;
    let follows = rest.trim_start();
    let is_end = follows.is_empty()
        || ["as ", "import ", "with ", "without ", "ignore "].iter().any(|word| follows.starts_with(word));
    is_end.then_some(path)
}

/// The names that a tag gives to values.
fn locals(inner: &str) -> Vec<String> {
    let Some((word, rest)) = inner.split_once(char::is_whitespace) else { return Vec::new() };
    let names = match word {
        "for" => rest.split(" in ").next(),
        "set" => rest.split(['=', '|']).next(),
        "with" | "import" | "from" => Some(rest),
        "macro" | "call" => rest.split_once('(').map(|(_, rest)| rest),
        _ => None,
    };
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let names = names.unwrap_or_default().split(|c: char| !is_word(c));
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}
