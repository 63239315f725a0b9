//! The environment: the only module that reads it.
#![allow(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]

use std::ffi::OsString;
use std::path::PathBuf;

/// The value of a variable; a blank one counts as unset.
pub fn var(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// A variable that names a path.
fn path(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
}

/// `$XDG_CONFIG_HOME/ultra`, or `~/.config/ultra`.
pub fn config_dir() -> Option<PathBuf> {
    Some(path("XDG_CONFIG_HOME").or_else(|| Some(path("HOME")?.join(".config")))?.join("ultra"))
}

/// `$XDG_CACHE_HOME/ultra`, or `~/.cache/ultra`.
pub fn cache_dir() -> Option<PathBuf> {
    Some(path("XDG_CACHE_HOME").or_else(|| Some(path("HOME")?.join(".cache")))?.join("ultra"))
}

/// The command line, program name included.
pub(crate) fn arguments() -> Vec<OsString> {
    std::env::args_os().collect()
}
