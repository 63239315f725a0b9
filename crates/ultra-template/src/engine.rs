//! MiniJinja as Ultra uses it: strict, without escaping, with a bound on the steps.

use std::collections::BTreeMap;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, ErrorKind as Jinja, UndefinedBehavior, Value};
use ultra_core::kind::ErrorKind;

use crate::fault::Fault;
use crate::root::Set;

/// The steps that one rendering may take.
const FUEL: u64 = 1_000_000;
/// Functions that a template can call.
pub(crate) const FUNCTIONS: &[&str] = &["range", "dict", "namespace"];

/// An engine without templates.
pub(crate) fn engine() -> Environment<'static> {
    let mut engine = Environment::new();
    // Block tags on a line of their own leave no blank line behind. The delimiters are the usual ones, so this
    // cannot be refused.
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
        engine.set_syntax(syntax);
    }
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    // A template is not HTML or JSON whatever its name; data must come out as it is.
    engine.set_auto_escape_callback(|_| AutoEscape::None);
    engine.set_fuel(Some(FUEL));
    // An include says a path; the built-in set is a root of its own.
    engine.set_path_join_callback(|name, parent| {
        let own = Set::BuiltIn.prefix();
        if parent.starts_with(own) { format!("{own}{name}").into() } else { name.into() }
    });
    engine.remove_global("debug");
    engine.set_debug(true);
    engine
}

/// Where included texts stand, by their names in the engine.
pub(crate) type Parts = BTreeMap<String, Place>;

/// Where a template stands in its file.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) file: String,
    /// Line of the first line of the template, from 1.
    pub(crate) line: usize,
}

/// Renders the template called `name`.
pub(crate) fn render(
    engine: &Environment<'static>,
    name: &str,
    place: &Place,
    parts: &Parts,
    values: Value,
) -> Result<String, Fault> {
    let rendered = engine.get_template(name).and_then(|template| template.render(values));
    rendered.map_err(|cause| explain(innermost(&cause), place, parts))
}

/// The error in an included text, rather than the one of the text that includes it.
fn innermost(cause: &Error) -> &Error {
    let mut found = cause;
    while let Some(inner) = std::error::Error::source(found).and_then(|inner| inner.downcast_ref()) {
        found = inner;
    }
    found
}

/// Says in our words what MiniJinja found.
pub(crate) fn explain(cause: &Error, place: &Place, parts: &Parts) -> Fault {
    let place = cause.name().and_then(|name| parts.get(name)).unwrap_or(place);
    let snippet = cause
        .range()
        .and_then(|range| cause.template_source()?.get(range).map(str::trim))
        .filter(|snippet| !snippet.is_empty() && snippet.len() <= 60)
        .map(|snippet| format!(" in `{snippet}`"))
        .unwrap_or_default();
    let detail = cause.detail().unwrap_or_default();
    let (kind, message) = match cause.kind() {
        Jinja::UndefinedError => (ErrorKind::TemplateUnfilled, format!("no value{snippet}")),
        Jinja::OutOfFuel => (
            ErrorKind::TemplateFuel,
            format!("the template takes more than {FUEL} steps; does a loop run too often?"),
        ),
        Jinja::TemplateNotFound | Jinja::BadInclude => {
            (ErrorKind::TemplateSyntax, "what is included here is not known at load".to_owned())
        }
        Jinja::SyntaxError => (ErrorKind::TemplateSyntax, detail.to_owned()),
        kind if detail.is_empty() => (ErrorKind::TemplateSyntax, format!("{kind}{snippet}")),
        kind => (ErrorKind::TemplateSyntax, format!("{kind}: {detail}{snippet}")),
    };
    let fault = Fault::new(kind, &place.file, message);
    match cause.line() {
        Some(line) => fault.at(place.line + line.saturating_sub(1)),
        None => fault.at(place.line),
    }
}
