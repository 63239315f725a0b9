//! The pattern files of this machine.

use std::io;
use std::path::{Path, PathBuf};

use ultra_core::env;
use ultra_core::failure::Failure;
use ultra_template::root::Files;
use ultra_template::{Faults, Pattern, library};

/// The largest pattern file that is read, in bytes; one byte more is refused by whoever parses it.
const LIMIT: u64 = (1 << 20) + 1;

/// The files of this machine; none is read without end.
#[derive(Debug)]
pub(crate) struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<String> {
        use std::io::Read as _;
        let mut text = String::new();
        std::fs::File::open(path)?.take(LIMIT).read_to_string(&mut text)?;
        Ok(text)
    }

    fn real(&self, path: &Path) -> io::Result<PathBuf> {
        path.canonicalize()
    }
}

/// The directories that are searched.
pub(crate) fn directories() -> Vec<PathBuf> {
    library::directories(env::config_dir().as_deref())
}

/// The pattern that the command line names.
pub(crate) fn named(name: Option<&str>, file: Option<&Path>) -> Result<Pattern, Failure> {
    let found = match (file, name) {
        (Some(file), _) => library::open(file, &Disk),
        (None, name) => library::find(name.unwrap_or_default(), &directories(), &Disk),
    };
    let pattern = found.map_err(|faults| usage(&faults))?;
    match name {
        Some(name) if name != pattern.name => {
            let message = format!("{} holds the pattern `{}`, not `{name}`", pattern.file, pattern.name);
            Err(Failure::usage(message).hint("leave the name out, or the file"))
        }
        _ => Ok(pattern),
    }
}

/// Every pattern that can be named, nearest first under one name, by name.
pub(crate) fn all() -> Vec<(String, Result<Pattern, Faults>)> {
    let mut names: Vec<String> = library::built_in().map(|(name, _)| name.to_owned()).collect();
    for directory in directories() {
        let Ok(entries) = std::fs::read_dir(&directory) else { continue };
        let files = entries.flatten().map(|entry| entry.path());
        let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "toml"));
        names.extend(files.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())));
    }
    names.sort();
    names.dedup();
    let directories = directories();
    names.into_iter().map(|name| (name.clone(), library::find(&name, &directories, &Disk))).collect()
}

/// A usage failure that says everything that is wrong with a pattern.
pub(crate) fn usage(faults: &Faults) -> Failure {
    match faults.0.as_slice() {
        [one] => {
            let failure = Failure::usage(ultra_template::Fault { hint: None, ..one.clone() }.to_string());
            match &one.hint {
                Some(hint) => failure.hint(hint.clone()),
                None => failure,
            }
        }
        _ => Failure::usage(format!("the pattern cannot be used\n{faults}")),
    }
}
