//! Finds a pattern: a file that was named, then the directories of the search path, then the built-in ones.

mod built_in;
mod names;

use std::path::{Path, PathBuf};

use ultra_core::kind::ErrorKind;
use ultra_core::record::PatternRef;

use crate::fault::{Fault, Faults};
use crate::foreign::{self, Found};
use crate::pattern::Pattern;
use crate::root::Files;
pub use built_in::{built_in, built_in_text};
pub use names::other_names;

/// How files are read. A function such as `|path| std::fs::read_to_string(path)` does for patterns that stand alone.
pub type Read<'a> = &'a dyn Files;

/// Where patterns are looked for, nearest first: `./patterns`, then `patterns` in the user's configuration
/// directory (`$XDG_CONFIG_HOME/ultra`), if that is known.
pub fn directories(user: Option<&Path>) -> Vec<PathBuf> {
    let mut directories = vec![PathBuf::from("patterns")];
    directories.extend(user.map(|user| user.join("patterns")));
    directories
}

/// Reads the pattern at `path`: a file of ours or of another program, or the folder of a fabric pattern.
///
/// # Errors
/// When it cannot be read, and everything that is wrong with it.
pub fn open(path: &Path, read: Read<'_>) -> Result<Pattern, Faults> {
    Found::at(path, read)?.pattern(read)
}

/// Finds the pattern called `name` in `directories`, then among the built-in ones, then the one that people mean
/// by `name`: by its title, an alias, or a name that other systems gave to it.
///
/// # Errors
/// When there is none, with the nearest names; when `name` can mean several, with the choices; when the file cannot
/// be read; and everything that is wrong with it.
pub fn find(name: &str, directories: &[PathBuf], read: Read<'_>) -> Result<Pattern, Faults> {
    let mut found = versions(name, directories, read)?;
    if found.is_empty()
        && let Some(meant) = names::meant(name)?
    {
        found = versions(meant, directories, read)?;
    }
    match found.first() {
        Some(found) => found.pattern(read),
        None => Err(unknown(name).into()),
    }
}

/// Finds the version of a pattern that made a request: the one whose file has this BLAKE3.
///
/// # Errors
/// When there is none, or only another version; and as for [`find`].
pub fn find_version(wanted: &PatternRef, directories: &[PathBuf], read: Read<'_>) -> Result<Pattern, Faults> {
    let versions = versions(&wanted.name, directories, read)?;
    let Some(nearest) = versions.first() else {
        let cause = unknown(&wanted.name);
        return Err(cause.hint("name the file that made the first stage with --pattern").into());
    };
    // Another version of that name may be broken; that is for whoever asks for it to hear.
    let mut parsed = versions.iter().filter_map(|found| found.pattern(read).ok());
    match parsed.find(|pattern| pattern.blake3 == wanted.blake3) {
        Some(pattern) => Ok(pattern),
        None => Err(changed(nearest.file(), &wanted.name).into()),
    }
}

/// The fault of a pattern file that is not the one that made the first stage.
pub(crate) fn changed(file: &str, name: &str) -> Fault {
    let message = format!("the pattern `{name}` has changed since the first stage");
    Fault::new(ErrorKind::TemplatePattern, file, message)
        .hint("name the file that was used with --pattern, or start again")
}

/// Every file called `name`, nearest first.
fn versions(name: &str, directories: &[PathBuf], read: Read<'_>) -> Result<Vec<Found>, Faults> {
    let mut found = Vec::new();
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
        return Ok(found);
    }
    for directory in directories {
        for (form, path) in foreign::candidates(directory, name) {
            found.extend(Found::inside(directory, form, &path, name, read)?);
        }
    }
    let built_in = built_in().find(|(known, _)| *known == name);
    found.extend(built_in.map(|(name, text)| Found::built_in(name, text)));
    Ok(found)
}

fn unknown(name: &str) -> Fault {
    let message = format!("there is no pattern `{}`", name.escape_debug());
    let fault = Fault::new(ErrorKind::TemplatePattern, "", message);
    if name.contains(['/', '.']) {
        return fault.hint(format!("a file is named with --pattern {}", name.escape_debug()));
    }
    fault.nearest(name, built_in().map(|(name, _)| name))
}

#[cfg(test)]
mod tests;
