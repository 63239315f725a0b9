//! The files of a store: who may read them, and what happens to a damaged one.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use super::StoreError;

/// A file that stays the same when it is renamed, and another when one is put in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|data| Self { device: data.dev(), inode: data.ino() })
    }
}

/// Keeps two processes from exchanging and opening the files of one directory at the same time.
#[derive(Debug)]
pub(super) struct Gate {
    // The lock ends with the handle.
    _directory: Option<File>,
}

impl Gate {
    /// For those who open.
    pub(super) fn shared(path: &Path, wait: Duration) -> Result<Self, StoreError> {
        Self::take(path, wait, File::try_lock_shared)
    }

    /// For the one who exchanges.
    fn exclusive(path: &Path, wait: Duration) -> Result<Self, StoreError> {
        Self::take(path, wait, File::try_lock)
    }

    fn take(
        path: &Path,
        wait: Duration,
        lock: impl Fn(&File) -> Result<(), TryLockError>,
    ) -> Result<Self, StoreError> {
        let directory = File::open(directory_of(path))?;
        for _ in 0..=wait.as_millis() {
            match lock(&directory) {
                Ok(()) => return Ok(Self { _directory: Some(directory) }),
                Err(TryLockError::WouldBlock) => sleep(Duration::from_millis(1)),
                // Some file systems have no locks; SQLite then answers for the rest.
                Err(TryLockError::Error(_)) => return Ok(Self { _directory: None }),
            }
        }
        Err(StoreError::Locked)
    }
}

/// Makes the directory (0700) and the file (0600) where they are missing, and refuses an unsafe place.
pub(super) fn prepare(path: &Path) -> Result<FileId, StoreError> {
    let directory = directory_of(path);
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let data = fs::metadata(directory)?;
    let mine = data.uid() == rustix::process::geteuid().as_raw();
    if !mine && data.mode() & 0o022 != 0 {
        return Err(StoreError::Directory(directory.to_owned()));
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => return Err(cause.into()),
        _ => {}
    }
    if !fs::metadata(path)?.is_file() {
        return Err(StoreError::NotAFile);
    }
    Ok(FileId::of(path)?)
}

/// Takes the rights of others to a store away; that this can fail is no reason not to use it.
pub(super) fn make_private(path: &Path) {
    if fs::metadata(path).is_ok_and(|data| data.mode() & 0o077 != 0) {
        let _ = fs::set_permissions(path, Permissions::from_mode(0o600));
    }
}

/// Moves the damaged file `damaged`, which stood at `path`, to `path.corrupt-N`, and its log with it.
///
/// Returns `None` when another process has already put another file in its place.
pub(super) fn set_aside(path: &Path, damaged: FileId, wait: Duration) -> Result<Option<PathBuf>, StoreError> {
    let _gate = Gate::exclusive(path, wait)?;
    if FileId::of(path).ok() != Some(damaged) {
        return Ok(None);
    }
    let free = (1..1000).map(|n| beside(path, &format!(".corrupt-{n}"))).find(|to| !to.exists());
    let to = free.ok_or(StoreError::Full)?;
    move_if_there(&beside(path, "-wal"), &beside(&to, "-wal"))?;
    move_if_there(&beside(path, "-journal"), &beside(&to, "-journal"))?;
    fs::rename(path, &to)?;
    let _ = fs::remove_file(beside(path, "-shm"));
    make_private(&to);
    Ok(Some(to))
}

/// Size of the write-ahead log in bytes.
pub(super) fn log_bytes(path: &Path) -> u64 {
    fs::metadata(beside(path, "-wal")).map_or(0, |data| data.len())
}

/// Size of the store and its log in bytes.
pub(super) fn bytes(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |data| data.len()) + log_bytes(path)
}

fn move_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
        moved => moved,
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn directory_of(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}
