//! The forms in which people and their programs get an answer.

use clap::ValueEnum;

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Folded for a terminal of 80 columns, nothing in it that a terminal would obey
    Text,
    /// Markdown, as the models wrote it
    Md,
    /// One JSON object for each prompt: the answer and where it comes from
    Json,
    /// One HTML page without scripts
    Html,
}

impl From<ultra_template::Format> for Format {
    fn from(of_pattern: ultra_template::Format) -> Self {
        match of_pattern {
            ultra_template::Format::Text => Self::Text,
            ultra_template::Format::Md => Self::Md,
            ultra_template::Format::Json => Self::Json,
            ultra_template::Format::Html => Self::Html,
        }
    }
}
