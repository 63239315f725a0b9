//! Patterns of other programs, read where they lie as patterns of one stage.
//!
//! | what lies there | is read as |
//! |---|---|
//! | `NAME/system.md`, with or without `NAME/user.md` | a fabric pattern; `{{input}}` is the question, `{{word}}` a variable |
//! | `NAME.yaml`, `NAME.yml` | a template of llm; `$input` is the question, `$word` a variable, with the defaults of the file |
//! | `NAME.md`, `NAME.txt` | a prompt file: all of it is the instruction, the question follows it |
//!
//! The stage is called `answer`. Instructions without placeholders become the system message, as in the program that
//! the file was written for; with placeholders they open the user's message, because nothing that a user or a
//! document brings may stand in a system message. Where the question has no place it comes last. The text of the
//! file is never run as a template: what is no placeholder of its own program is sent as it stands.

mod fabric;
mod found;
mod literal;
mod llm;
mod purpose;
mod yaml;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};
use ultra_core::kind::ErrorKind;

use crate::fault::{Fault, Faults};
use crate::pattern::Pattern;
pub use found::Found;

/// The largest file that is read, in bytes.
const MAX_FILE: usize = 1 << 20;
/// Longer instructions cost more to read than most answers, in bytes.
pub(crate) const LONG: usize = 16 << 10;
/// The instruction for the model that merges the answers, which these formats do not have.
const ULTRA: &str = include_str!("foreign/ultra.j2");

/// How a pattern is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A pattern file of ours.
    Ours,
    /// A folder with `system.md`, and perhaps `user.md`.
    Fabric,
    /// A YAML template of llm.
    Llm,
    /// A file that is one instruction.
    Plain,
}

impl Form {
    /// What files of this form are called in lists.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Ours => "pattern file",
            Self::Fabric => "fabric",
            Self::Llm => "llm",
            Self::Plain => "prompt file",
        }
    }
}

/// The texts of one pattern of another program.
#[derive(Debug, Clone, Copy)]
struct Texts<'a> {
    form: Form,
    /// What faults call it.
    file: &'a str,
    text: &'a str,
    /// `user.md` of a fabric pattern.
    user: Option<&'a str>,
}

/// A pattern that was read, and what whoever wrote it should look at.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The pattern.
    pub pattern: Pattern,
    /// Sentences for whoever wrote the file.
    pub notes: Vec<Fault>,
}

/// A stage and what it needs, from any of the forms.
#[derive(Debug, Default)]
struct Parts {
    /// The system message, in which nothing is replaced.
    system: Option<String>,
    /// The template of the user's message.
    template: String,
    /// Whether it shows the question.
    asks: bool,
    /// Variables with their defaults.
    variables: BTreeMap<String, Option<String>>,
    /// The text that says what it is for.
    about: String,
    notes: Vec<Fault>,
}

/// The files by which a pattern called `name` can lie in `directory`, in the order in which they are looked for.
pub fn candidates(directory: &Path, name: &str) -> Vec<(Form, PathBuf)> {
    let beside = |extension: &str| directory.join(format!("{name}.{extension}"));
    vec![
        (Form::Ours, beside("toml")),
        (Form::Fabric, directory.join(name).join("system.md")),
        (Form::Llm, beside("yaml")),
        (Form::Llm, beside("yml")),
        (Form::Plain, beside("md")),
        (Form::Plain, beside("txt")),
    ]
}

/// The form of the file at `path`, by its name; what no other program is known for is one of ours.
pub fn form_of(path: &Path) -> Form {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "md" if path.file_name().is_some_and(|name| name == "system.md") => Form::Fabric,
        "yaml" | "yml" => Form::Llm,
        "md" | "txt" => Form::Plain,
        _ => Form::Ours,
    }
}

/// The name under which a file is known: its stem, or its folder for `system.md`; what a name cannot have becomes `-`.
pub fn name_of(path: &Path, form: Form) -> String {
    let named = if form == Form::Fabric { path.parent().and_then(Path::file_name) } else { path.file_stem() };
    let mut name = String::new();
    for c in named.unwrap_or_default().to_string_lossy().chars() {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' => name.push(c),
            _ if name.is_empty() || name.ends_with('-') => {}
            _ => name.push('-'),
        }
    }
    name.trim_end_matches('-').to_owned()
}

impl Texts<'_> {
    /// Makes the pattern called `name`.
    ///
    /// # Errors
    /// Why it cannot be one, with the line where there is one.
    fn pattern(self, name: &str) -> Result<Reading, Faults> {
        let size = self.text.len() + self.user.map_or(0, str::len);
        if size > MAX_FILE {
            let message = format!("{size} bytes are too many for a pattern; at most {MAX_FILE}");
            return Err(self.fault(message).into());
        }
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
            let message = "its file name makes no name for a pattern";
            return Err(self.fault(message).hint("a name begins with a letter from a to z").into());
        }
        let parts = match self.form {
            Form::Fabric => fabric::parts(self.file, self.text, self.user)?,
            Form::Llm => llm::parts(self.file, self.text)?,
            Form::Plain | Form::Ours => Parts {
                notes: self.looks_filled().into_iter().collect(),
                template: literal::literal(self.text.trim_end()),
                about: self.text.to_owned(),
                ..Parts::default()
            },
        };
        if parts.system.as_deref().unwrap_or(&parts.template).trim().is_empty() {
            return Err(self.fault("the file is empty").into());
        }
        self.built(name, parts)
    }

    /// What looks like a placeholder in a file that has none.
    fn looks_filled(self) -> Option<Fault> {
        const MEANT: &[&str] =
            &["{{input}}", "{{ input }}", "{{ prompt }}", "{{ question }}", "$input", "{prompt}", "{input}"];
        let (at, found) = MEANT.iter().filter_map(|meant| Some((self.text.find(meant)?, meant))).min()?;
        let line = 1 + self.text[..at].matches('\n').count();
        let fault = self.fault(format!("`{found}` is sent as it stands")).at(line);
        Some(fault.hint("a prompt file has no placeholders; the question follows its text"))
    }

    /// Says that a text is longer than is good.
    fn long(self) -> Option<Fault> {
        let size = self.text.len() + self.user.map_or(0, str::len);
        (size > LONG).then(|| {
            let fault = self.fault(format!("{size} bytes of instructions, for every model and prompt"));
            fault.hint("shorter instructions are followed better and cost less")
        })
    }

    fn built(self, name: &str, parts: Parts) -> Result<Reading, Faults> {
        let text = toml(name, self.form, &parts).map_err(|cause| self.fault(cause.to_string()))?;
        let pattern = Pattern::parse(&text, self.file).map_err(|mut faults| {
            // The lines are those of the text in between, which nobody sees.
            faults.0.iter_mut().for_each(|fault| fault.line = None);
            faults
        })?;
        Ok(Reading { pattern, notes: parts.notes.into_iter().chain(self.long()).collect() })
    }

    fn fault(self, message: impl Into<String>) -> Fault {
        Fault::new(ErrorKind::TemplateSyntax, self.file, message)
    }
}

/// The same as a pattern file of ours.
fn toml(name: &str, form: Form, parts: &Parts) -> Result<String, toml::ser::Error> {
    let text = |text: &str| Value::String(text.to_owned());
    let mut file = Table::new();
    file.insert("name".into(), text(name));
    file.insert("version".into(), Value::Integer(1));
    file.insert("category".into(), text(form.noun()));
    file.insert("purpose".into(), text(&purpose::purpose(&parts.about, name)));
    let mut stage = Table::new();
    stage.insert("name".into(), text("answer"));
    let mut ultra = Table::new();
    if let Some(system) = &parts.system {
        let mut roles = Table::new();
        roles.insert("system".into(), text(system));
        file.insert("roles".into(), Value::Table(roles));
        stage.insert("role".into(), text("system"));
        ultra.insert("role".into(), text("system"));
    }
    let variables = parts.variables.iter().map(|(name, default)| {
        let default = default.iter().map(|default| ("default".to_owned(), text(default)));
        (name.clone(), Value::Table(default.collect()))
    });
    file.insert("variables".into(), Value::Table(variables.collect()));
    stage.insert("template".into(), text(&with_question(parts)));
    ultra.insert("template".into(), text(ULTRA));
    file.insert("stages".into(), Value::Array(vec![Value::Table(stage)]));
    file.insert("ultra".into(), Value::Table(ultra));
    toml::to_string(&file)
}

/// The place of the question in a template.
const QUESTION: &str = "{{ question }}";

/// A template that shows the question, at its end where it has no place.
fn with_question(parts: &Parts) -> String {
    match parts.template.trim_end() {
        template if parts.asks => template.to_owned(),
        "" => QUESTION.to_owned(),
        template => format!("{template}\n\n{QUESTION}"),
    }
}

#[cfg(test)]
mod tests;
