//! The root of a pattern: the directory of its file, or the built-in set. Other texts come from inside it alone.
//!
//! This crate opens nothing itself. Whoever reads tells it the text of a path and the real place of a path, and
//! the rule that keeps a pattern inside its root stands here, once: a path goes downwards from the root, and no
//! link leads out of it.

use std::io;
use std::path::{Path, PathBuf};

use crate::library;

/// How files are read.
pub trait Files {
    /// The text of a file.
    ///
    /// # Errors
    /// When it cannot be read as text.
    fn read(&self, path: &Path) -> io::Result<String>;

    /// The same place without links.
    ///
    /// # Errors
    /// When there is no such place, or links are not followed here.
    fn real(&self, path: &Path) -> io::Result<PathBuf>;
}

/// A function reads whole patterns. It does not know links, so it cannot vouch for a file beside a pattern.
impl<F: Fn(&Path) -> io::Result<String>> Files for F {
    fn read(&self, path: &Path) -> io::Result<String> {
        self(path)
    }

    fn real(&self, _: &Path) -> io::Result<PathBuf> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "other files cannot be read here"))
    }
}

/// Where the other texts of a pattern are.
#[derive(Clone)]
pub struct Root<'a>(Option<(PathBuf, &'a dyn Files)>);

impl std::fmt::Debug for Root<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Root").field(&self.0.as_ref().map(|(directory, _)| directory)).finish()
    }
}

/// Where one text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Set {
    /// The directory of the file.
    Directory,
    /// The patterns and parts that come with Ultra.
    BuiltIn,
}

impl Set {
    /// What stands before the path of a text, so that texts of both sets have names of their own.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Directory => "",
            Self::BuiltIn => "built-in ",
        }
    }
}

impl<'a> Root<'a> {
    /// The built-in set.
    pub fn built_in() -> Self {
        Self(None)
    }

    /// The directory in which `file` stands.
    pub fn of(file: &Path, files: &'a dyn Files) -> Self {
        let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty());
        Self(Some((directory.unwrap_or(Path::new(".")).to_owned(), files)))
    }

    /// The set to which the pattern file itself belongs.
    pub(crate) fn set(&self) -> Set {
        if self.0.is_some() { Set::Directory } else { Set::BuiltIn }
    }

    /// The text at `path`, and what to call it; the inner error says what is wrong.
    pub(crate) fn text(&self, set: Set, path: &str) -> Result<(String, String), String> {
        downwards(path)?;
        let Some((directory, files)) = self.0.as_ref().filter(|_| set == Set::Directory) else {
            let text = library::built_in_text(path).ok_or("there is no such built-in text")?;
            return Ok((format!("{}{path}", Set::BuiltIn.prefix()), text.to_owned()));
        };
        let full = directory.join(path);
        let cannot = |cause: io::Error| format!("cannot read it: {cause}");
        let (root, real) = (files.real(directory).map_err(cannot)?, files.real(&full).map_err(cannot)?);
        if !real.starts_with(&root) {
            return Err(format!("a link leads out of `{}`", directory.display()));
        }
        Ok((full.display().to_string(), files.read(&real).map_err(cannot)?))
    }
}

/// Checks that a path leads downwards from the root.
fn downwards(path: &str) -> Result<(), String> {
    let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    let odd = |c: char| c.is_control() || matches!(c, '\\' | ':' | '#');
    if path.len() > 200 || path.contains(odd) || !path.split('/').all(plain) {
        return Err(
            "a path leads downwards from the directory of the pattern, such as `parts/note.j2`".into()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::downwards;

    #[test]
    fn a_path_leads_downwards_only() {
        for good in ["a.j2", "partials/data.j2", "a b/ü.toml", "..a/b.."] {
            assert_eq!(downwards(good), Ok(()), "{good}");
        }
        for bad in ["", "/etc/passwd", "../x", "a/../x", "a//b", "a/", ".", "./a", "a\\..\\b", "c:x", "a\0b"]
        {
            assert!(downwards(bad).is_err(), "{bad}");
        }
    }
}
