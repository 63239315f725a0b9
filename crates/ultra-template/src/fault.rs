//! What is wrong with a pattern, a template or a plan: place, cause and what to do.

use std::fmt;

use ultra_core::config::nearest;
use ultra_core::kind::ErrorKind;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// The pattern file.
    pub file: String,
    /// The line in it, from 1, where one is at fault.
    pub line: Option<usize>,
    /// The cause.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Fault {
    /// A fault of a whole file.
    pub fn new(kind: ErrorKind, file: &str, message: impl Into<String>) -> Self {
        Self { kind, file: file.to_owned(), line: None, message: message.into(), hint: None }
    }

    /// Adds the line.
    #[must_use]
    pub fn at(mut self, line: usize) -> Self {
        self.line = Some(line);
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the known name that is nearest to `wrong`, or all of them.
    #[must_use]
    pub(crate) fn nearest<'a>(self, wrong: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Self {
        if let Some(near) = nearest(wrong, known.clone()) {
            return self.hint(format!("did you mean `{near}`?"));
        }
        let known: Vec<_> = known.into_iter().map(|name| format!("`{name}`")).collect();
        let hint = if known.is_empty() {
            "there are none here".into()
        } else {
            format!("known here: {}", known.join(", "))
        };
        self.hint(hint)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: ", self.file)?,
            None if self.file.is_empty() => {}
            None => write!(f, "{}: ", self.file)?,
        }
        f.write_str(&self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "; {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}

/// Everything that is wrong with one file; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    /// The first fault.
    pub fn kind(&self) -> ErrorKind {
        self.0.first().map_or(ErrorKind::Internal, |fault| fault.kind)
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self(vec![fault])
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.0.iter().enumerate() {
            write!(f, "{}{fault}", if at == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}
