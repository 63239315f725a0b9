//! Finds a pattern: a file that was named, then the directories of the search path, then the built-in ones.

use std::io;
use std::path::{Path, PathBuf};

use ultra_core::kind::ErrorKind;

use crate::fault::{Fault, Faults};
use crate::pattern::Pattern;

/// The built-in patterns: name and text of the file.
const BUILT_IN: &[(&str, &str)] = &[
    ("confidence", include_str!("../patterns/confidence.toml")),
    ("critique", include_str!("../patterns/critique.toml")),
    ("gut", include_str!("../patterns/gut.toml")),
];

/// How the text of a file is read: `|path| std::fs::read_to_string(path)`, except in tests.
pub type Read<'a> = &'a dyn Fn(&Path) -> io::Result<String>;

/// The built-in patterns by name: name and text of the file.
pub fn built_in() -> impl Iterator<Item = (&'static str, &'static str)> + Clone {
    BUILT_IN.iter().copied()
}

/// Where patterns are looked for, nearest first: `./patterns`, then `patterns` in the user's configuration
/// directory (`$XDG_CONFIG_HOME/ultra`), if that is known.
pub fn directories(user: Option<&Path>) -> Vec<PathBuf> {
    let mut directories = vec![PathBuf::from("patterns")];
    directories.extend(user.map(|user| user.join("patterns")));
    directories
}

/// Reads the pattern file at `path`.
///
/// # Errors
/// When it cannot be read, and everything that is wrong with it.
pub fn open(path: &Path, read: Read<'_>) -> Result<Pattern, Faults> {
    let file = path.display().to_string();
    let text = read(path).map_err(|cause| {
        Fault::new(ErrorKind::TemplatePattern, &file, format!("cannot read the pattern: {cause}"))
    })?;
    Pattern::parse(&text, &file)
}

/// Finds the pattern called `name` in `directories`, then among the built-in ones.
///
/// # Errors
/// When there is none, with the nearest names; when the file cannot be read; and everything that is wrong with it.
pub fn find(name: &str, directories: &[PathBuf], read: Read<'_>) -> Result<Pattern, Faults> {
    if !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
        for directory in directories {
            let path = directory.join(format!("{name}.toml"));
            match read(&path) {
                Ok(text) => return Pattern::parse(&text, &path.display().to_string()),
                Err(cause)
                    if matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
                Err(cause) => {
                    let file = path.display().to_string();
                    let message = format!("cannot read the pattern: {cause}");
                    return Err(Fault::new(ErrorKind::TemplatePattern, &file, message).into());
                }
            }
        }
        if let Some((name, text)) = built_in().find(|(known, _)| *known == name) {
            return Pattern::parse(text, &format!("built-in {name}"));
        }
    }
    let unknown = Fault::new(
        ErrorKind::TemplatePattern,
        "pattern",
        format!("there is no pattern `{}`", name.escape_debug()),
    );
    if name.contains(['/', '.']) {
        return Err(unknown.hint(format!("a file is named with --pattern {name}")).into());
    }
    Err(unknown.nearest(name, built_in().map(|(name, _)| name)).into())
}

#[cfg(test)]
mod tests;
