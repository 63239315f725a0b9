//! MiniJinja as Ultra uses it: strict, without escaping, without includes, with a bound on the steps.

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, ErrorKind as Jinja, UndefinedBehavior, Value};
use ultra_core::kind::ErrorKind;

use crate::fault::Fault;

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
    engine.remove_global("debug");
    engine.set_debug(true);
    engine
}

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
    values: Value,
) -> Result<String, Fault> {
    let template = engine.get_template(name).map_err(|cause| explain(&cause, place))?;
    template.render(values).map_err(|cause| explain(&cause, place))
}

/// Says in our words what MiniJinja found.
pub(crate) fn explain(cause: &Error, place: &Place) -> Fault {
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
            (ErrorKind::TemplateSyntax, "a template cannot include or extend another".to_owned())
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
