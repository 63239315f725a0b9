//! What the arguments name: files, the files of a directory, the files that a glob matches, or stdin.
//!
//! The order is that of the arguments; inside a directory entries are sorted by their bytes, so that the same
//! tree gives the same stream on every machine.

use std::ffi::OsStr;
use std::fs;
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use ignore::overrides::{Override, OverrideBuilder};
use ignore::{DirEntry, WalkBuilder};
use ultra_core::kind::ErrorKind;

use crate::error::DocError;

/// How directories are walked.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Only files that these globs match; those that begin with `!` are left out.
    pub globs: Vec<String>,
    /// Hidden files too.
    pub hidden: bool,
    /// `.gitignore` and `.ignore` files do not count.
    pub no_ignore: bool,
    /// Symbolic links are followed.
    pub follow: bool,
}

/// One thing to read.
#[derive(Debug)]
pub enum Found {
    /// Standard input.
    Stdin,
    /// A file that the user named.
    Named(PathBuf),
    /// A file that was found in a directory.
    Walked(PathBuf),
    /// Something in a directory that is no regular file, or a link.
    Special(PathBuf),
    /// A place that could not be looked at.
    Lost(PathBuf, DocError),
}

/// What `argument` names, as it is found.
///
/// # Errors
/// When a glob of the rules is not valid.
pub fn find(argument: &Path, rules: &Rules) -> Result<Box<dyn Iterator<Item = Found>>, DocError> {
    if argument == Path::new("-") {
        return Ok(one(Found::Stdin));
    }
    let looked = if rules.follow { fs::metadata(argument) } else { fs::symlink_metadata(argument) };
    match looked {
        Ok(meta) if meta.is_dir() => directory(argument, rules),
        Err(_) if is_glob(argument) => glob(argument, rules),
        _ => Ok(one(Found::Named(argument.to_owned()))),
    }
}

/// Checks the globs of the rules before any work.
///
/// # Errors
/// A sentence that names the glob.
pub fn check(rules: &Rules) -> Result<(), String> {
    overrides(Path::new("."), rules).map(drop).map_err(|error| error.message)
}

fn one(found: Found) -> Box<dyn Iterator<Item = Found>> {
    Box::new(std::iter::once(found))
}

fn directory(root: &Path, rules: &Rules) -> Result<Box<dyn Iterator<Item = Found>>, DocError> {
    let globs = overrides(root, rules)?;
    let mut builder = builder(root, rules);
    builder
        // Given to the walker itself, a glob would also bring back what is hidden or ignored.
        .filter_entry(move |entry| {
            let is_dir = entry.file_type().is_some_and(|kind| kind.is_dir());
            !is_git(entry) && !globs.matched(entry.path(), is_dir).is_ignore()
        })
        .ignore(!rules.no_ignore)
        .git_ignore(!rules.no_ignore)
        .git_exclude(!rules.no_ignore)
        .parents(!rules.no_ignore)
        // A tree counts the same outside its repository; the user's own git settings are not part of it.
        .require_git(false)
        .git_global(false);
    let root = root.to_owned();
    Ok(Box::new(builder.build().filter_map(move |entry| found(entry, &root))))
}

fn builder(root: &Path, rules: &Rules) -> WalkBuilder {
    let mut builder = WalkBuilder::new(root);
    builder
        .hidden(!rules.hidden)
        .follow_links(rules.follow)
        .filter_entry(|entry| !is_git(entry))
        .sort_by_file_name(Ord::cmp);
    builder
}

fn is_git(entry: &DirEntry) -> bool {
    entry.depth() > 0 && entry.file_name() == OsStr::new(".git")
}

fn found(entry: Result<DirEntry, ignore::Error>, root: &Path) -> Option<Found> {
    let entry = match entry {
        Ok(entry) => entry,
        Err(error) => {
            let path = path_of(&error).unwrap_or(root).to_owned();
            let cause = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
            let error = DocError::new(ErrorKind::DocIo, format!("cannot look at it: {cause}"));
            return Some(Found::Lost(path, error));
        }
    };
    if let Some(error) = entry.error() {
        tracing::warn!("an ignore file is not understood: {error}");
    }
    let kind = entry.file_type()?;
    match (kind.is_dir(), kind.is_file()) {
        (true, _) => None,
        (_, true) => Some(Found::Walked(entry.into_path())),
        _ => Some(Found::Special(entry.into_path())),
    }
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        ignore::Error::Loop { child, .. } => Some(child),
        ignore::Error::Partial(errors) => errors.iter().find_map(path_of),
        _ => None,
    }
}

fn overrides(root: &Path, rules: &Rules) -> Result<Override, DocError> {
    let mut builder = OverrideBuilder::new(root);
    for glob in &rules.globs {
        builder.add(glob).map_err(|error| bad_glob(glob, &error.to_string()))?;
    }
    builder.build().map_err(|error| bad_glob(&rules.globs.join(" "), &error.to_string()))
}

fn bad_glob(glob: &str, cause: &str) -> DocError {
    DocError::new(ErrorKind::DocPath, format!("the glob `{glob}` is not valid: {cause}"))
}

fn is_glob(path: &Path) -> bool {
    path.to_str().is_some_and(|text| text.contains(['*', '?', '[', '{']))
}

/// The files that a glob matches, as if the shell had named each; `**` crosses directories.
fn glob(pattern: &Path, rules: &Rules) -> Result<Box<dyn Iterator<Item = Found>>, DocError> {
    let Some(text) = pattern.to_str() else { return Ok(one(Found::Named(pattern.to_owned()))) };
    let matcher = matcher(text).map_err(|error| bad_glob(text, &error.to_string()))?;
    let plain = |part: &Component<'_>| !is_glob(Path::new(part.as_os_str()));
    let base: PathBuf = pattern.components().take_while(plain).collect();
    let here = base.as_os_str().is_empty();
    let mut builder = builder(if here { Path::new(".") } else { &base }, rules);
    builder.ignore(false).git_ignore(false).git_exclude(false).git_global(false).parents(false);
    let root = base.clone();
    let files = builder.build().filter_map(move |entry| match found(entry, &root)? {
        Found::Walked(path) | Found::Special(path) => {
            let path = if here { path.strip_prefix(".").map_or(path.clone(), Path::to_owned) } else { path };
            matcher.is_match(&path).then_some(Found::Named(path))
        }
        // The place that holds no match may well be the one that cannot be looked at.
        lost => Some(lost),
    });
    let mut files = files.peekable();
    if files.peek().is_none() {
        let error = DocError::new(ErrorKind::DocIo, "no file has a name like that; see --hidden");
        return Ok(one(Found::Lost(pattern.to_owned(), error)));
    }
    Ok(Box::new(files))
}

fn matcher(pattern: &str) -> Result<GlobMatcher, globset::Error> {
    let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
    Ok(GlobBuilder::new(pattern).literal_separator(true).build()?.compile_matcher())
}

#[cfg(test)]
mod tests;
