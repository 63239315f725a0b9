//! Why a document has no text: a kind, where, and what to do about it.

use std::path::Path;

use ultra_core::kind::ErrorKind;

/// A document that could not be turned into text. The message names the cause and the fix, never the path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DocError {
    /// Which of the `doc.*` kinds it is.
    pub kind: ErrorKind,
    /// One sentence or two, for a person.
    pub message: String,
}

impl DocError {
    /// An error of `kind`.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// What the operating system said while the file was opened or read.
    pub fn io(doing: &str, error: &std::io::Error) -> Self {
        Self::new(ErrorKind::DocIo, format!("cannot {doing} it: {error}"))
    }
}

/// `path` for people and records, and whether bytes that are not UTF-8 had to be shown as U+FFFD.
pub fn display_path(path: &Path) -> (String, bool) {
    match path.to_str() {
        Some(text) => (text.to_owned(), false),
        None => (path.to_string_lossy().into_owned(), true),
    }
}
