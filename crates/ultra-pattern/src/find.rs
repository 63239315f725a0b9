//! The pattern files of this machine.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use ultra_core::env;
use ultra_core::failure::Failure;
use ultra_template::foreign::{self, Form};
use ultra_template::root::Files;
use ultra_template::{Faults, Pattern, library};

/// The largest pattern file that is read, in bytes; one byte more is refused by whoever parses it.
const LIMIT: u64 = (1 << 20) + 1;
/// The names that a hint lists.
const NAMED: usize = 8;

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

/// Where patterns are looked for when the user named a path.
pub(crate) struct Search {
    /// The one pattern that was named.
    pub(crate) named: Option<Pattern>,
    /// The directories that are searched, a folder that was named first.
    pub(crate) directories: Vec<PathBuf>,
}

impl Search {
    /// The search path, with what `--pattern` names before it.
    pub(crate) fn with(path: Option<&Path>) -> Result<Self, Failure> {
        let mut directories = directories();
        let named = match path {
            Some(path) if is_shelf(path) => {
                directories.insert(0, path.to_owned());
                None
            }
            Some(path) => Some(library::open(path, &Disk).map_err(|faults| usage(&faults))?),
            None => None,
        };
        Ok(Self { named, directories })
    }
}

/// Whether `path` is a folder that holds patterns and is none itself.
pub(crate) fn is_shelf(path: &Path) -> bool {
    path.is_dir() && !path.join("system.md").exists()
}

/// The pattern that the command line names.
pub(crate) fn named(name: Option<&str>, path: Option<&Path>) -> Result<Pattern, Failure> {
    let search = Search::with(path)?;
    let Some(pattern) = search.named else {
        let Some(name) = name else {
            let path = path.unwrap_or(Path::new("."));
            let names: Vec<_> = inside(path).into_iter().map(|(name, _)| format!("`{name}`")).collect();
            let more = if names.len() > NAMED { ", …" } else { "" };
            let known = names.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
            let message = format!("{} is a folder of patterns", path.display());
            return Err(Failure::usage(message).hint(format!("name one of them: {known}{more}")));
        };
        return library::find(name, &search.directories, &Disk).map_err(|faults| usage(&faults));
    };
    match name {
        Some(name) if name != pattern.name => {
            let message = format!("{} holds the pattern `{}`, not `{name}`", pattern.file, pattern.name);
            Err(Failure::usage(message).hint("leave the name out, or the file"))
        }
        _ => Ok(pattern),
    }
}

/// The patterns that lie in a directory: the name that a user types, and the path, by name.
///
/// What cannot be typed as a name, such as `README.md`, is none.
pub(crate) fn inside(directory: &Path) -> Vec<(String, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut found: Vec<_> = entries.flatten().filter_map(|entry| lies_at(&entry.path())).collect();
    found.sort();
    found
}

fn lies_at(path: &Path) -> Option<(String, PathBuf)> {
    let inner = path.join("system.md");
    let (form, path, stem) = if inner.exists() {
        (Form::Fabric, inner, path.file_name())
    } else {
        (foreign::form_of(path), path.to_owned(), path.file_stem())
    };
    let ours = form == Form::Ours && path.extension().is_none_or(|extension| extension != "toml");
    let name = foreign::name_of(&path, form);
    let is_typed = stem.is_some_and(|stem| stem == name.as_str());
    (!ours && is_typed && name.starts_with(|c: char| c.is_ascii_lowercase())).then_some((name, path))
}

/// Every pattern that can be named, nearest first under one name: the built-in ones in their order, then by name.
pub(crate) fn all() -> Vec<(String, Result<Pattern, Faults>)> {
    let directories = directories();
    let built_in = library::built_in().map(|(name, _)| name.to_owned());
    let own: BTreeSet<_> =
        directories.iter().flat_map(|directory| inside(directory)).map(|(name, _)| name).collect();
    let mut names: Vec<String> = built_in.collect();
    names.extend(own.into_iter().filter(|name| library::built_in().all(|(other, _)| other != name)));
    names.into_iter().map(|name| (name.clone(), library::find(&name, &directories, &Disk))).collect()
}

/// The patterns that can be named and used; what is wrong with the others is told.
pub(crate) fn usable() -> Vec<Pattern> {
    let tell = |(name, found): (String, Result<Pattern, Faults>)| match found {
        Ok(pattern) => Some(pattern),
        Err(faults) => {
            tracing::warn!("the pattern `{name}` cannot be used: {faults}");
            None
        }
    };
    all().into_iter().filter_map(tell).collect()
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
