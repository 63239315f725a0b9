//! The patterns whose `ultra` templates instruct the judges.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use ultra_core::env;
use ultra_core::failure::Failure;
use ultra_core::record::PatternRef;
use ultra_template::root::Files;
use ultra_template::{Pattern, library};

use crate::candidate::Case;

/// The patterns of a run, each looked for once.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    /// The one that the user named.
    named: Option<Pattern>,
    /// The others by BLAKE3; `None` for one that cannot be used, or that has been spoken about.
    found: BTreeMap<String, Option<Pattern>>,
}

impl Patterns {
    /// The patterns of a run in which the user may have named one.
    ///
    /// # Errors
    /// When the named one cannot be used.
    pub(crate) fn new(path: Option<&Path>) -> Result<Self, Failure> {
        let named = path.map(|path| library::open(path, &Disk)).transpose();
        let named = named.map_err(|faults| Failure::usage(faults.to_string()))?;
        Ok(Self { named, found: BTreeMap::new() })
    }

    /// The pattern for a case: the one that the user named, or the one that made its requests.
    pub(crate) fn of(&mut self, case: &Case) -> Option<&Pattern> {
        let Some(named) = &self.named else {
            let made_by = case.group.pattern.as_ref()?;
            return self.found.entry(made_by.blake3.clone()).or_insert_with(|| find(made_by)).as_ref();
        };
        if let Some(made_by) = &case.group.pattern
            && named.blake3 != made_by.blake3
            && self.found.insert(made_by.blake3.clone(), None).is_none()
        {
            tracing::warn!("{} is not the version of `{}` that made the requests", named.file, made_by.name);
        }
        self.named.as_ref()
    }
}

/// The version that made the requests; the version of now, with a warning; or none, with a warning.
fn find(made_by: &PatternRef) -> Option<Pattern> {
    let directories = library::directories(env::config_dir().as_deref());
    if let Ok(pattern) = library::find_version(made_by, &directories, &Disk) {
        return Some(pattern);
    }
    let name = made_by.name.escape_debug();
    match library::find(&made_by.name, &directories, &Disk) {
        Ok(pattern) => {
            tracing::warn!(
                "the pattern `{name}` has changed since it made the requests; it is used as it is now"
            );
            Some(pattern)
        }
        Err(faults) => {
            tracing::warn!("{faults}; the built-in instruction is used, unless --pattern names a file");
            None
        }
    }
}

/// The files of this machine.
struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<String> {
        std::fs::read_to_string(path)
    }

    fn real(&self, path: &Path) -> io::Result<PathBuf> {
        path.canonicalize()
    }
}
