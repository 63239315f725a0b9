//! A temporary world for a command: a home, the XDG directories, and a directory to work in.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use super::Command;

/// The directories of a run; commands that share a sandbox see each other's files.
#[derive(Clone, Debug)]
pub struct Sandbox {
    root: Arc<TempDir>,
}

impl Sandbox {
    /// Makes the directories.
    pub fn new() -> Self {
        let root = TempDir::with_prefix("ultra-test-").expect("a temporary directory");
        for name in ["work", "home", "tmp", "config", "cache", "data", "state", "runtime"] {
            fs::create_dir(root.path().join(name)).expect("a directory in the temporary directory");
        }
        Self { root: Arc::new(root) }
    }

    /// The directory above all others.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// The working directory of the commands.
    pub fn work(&self) -> PathBuf {
        self.root().join("work")
    }

    /// A file in the working directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.work().join(name)
    }

    /// Writes a file in the working directory, with the directories above it.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).expect("directories in the sandbox");
        }
        fs::write(&path, bytes).expect("a file in the sandbox");
        path
    }

    /// Reads a file from the working directory.
    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name} in the sandbox: {error}"))
    }

    /// A command in this sandbox.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        Command::within(self, program.as_ref())
    }

    /// A line for `sh -c` in this sandbox, with the programs of `directory` first on its PATH.
    pub fn pipeline(&self, directory: impl AsRef<Path>, line: &str) -> Command {
        self.command("/bin/sh").args(["-c", line]).programs_in(directory.as_ref())
    }

    /// Every variable of a hermetic environment but PATH.
    pub(super) fn environment(&self) -> Vec<(String, String)> {
        let at = |name: &str| self.root().join(name).to_string_lossy().into_owned();
        let directories = [
            ("HOME", "home"),
            ("TMPDIR", "tmp"),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_RUNTIME_DIR", "runtime"),
        ];
        let fixed = [("TZ", "UTC"), ("LANG", "C.UTF-8"), ("NO_PROXY", "*")];
        let directories = directories.map(|(name, directory)| (name.to_owned(), at(directory)));
        directories
            .into_iter()
            .chain(fixed.map(|(name, value)| (name.to_owned(), value.to_owned())))
            .collect()
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}
