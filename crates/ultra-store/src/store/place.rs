//! The files of a store: who may read them, and what happens to a damaged one.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use rustix::fs::{Access, AtFlags, CWD, accessat};

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

/// Makes the directory (0700) and the file (0600) where they are missing, whatever the umask.
pub(super) fn prepare(path: &Path) -> Result<(), StoreError> {
    make_directory(directory_of(path))?;
    // An unsafe place is left without a file too.
    check_directory(path)?;
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => Ok(file.set_permissions(Permissions::from_mode(0o600))?),
        Err(cause) if !path.exists() => Err(cause.into()),
        Err(_) => Ok(()),
    }
}

/// Makes a directory, and those that it stands in, where they are missing.
fn make_directory(path: &Path) -> io::Result<()> {
    let made = match (make_one_directory(path), path.parent()) {
        (Err(cause), Some(parent)) if cause.kind() == io::ErrorKind::NotFound => {
            make_directory(parent)?;
            make_one_directory(path)
        }
        (made, _) => made,
    };
    // Some systems find other words for what is there already.
    made.or_else(|cause| if path.is_dir() { Ok(()) } else { Err(cause) })
}

/// Makes a directory in one that is there; the next one can be made in it, whatever the umask.
fn make_one_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o700))
}

/// Refuses a `path` in whose directory others could exchange files. As `ssh` does: what others may exchange could
/// answer anything.
///
/// # Errors
/// When it is a link, when it belongs to somebody other than the user and root, or when others can write to it.
pub(super) fn check_directory(path: &Path) -> Result<(), StoreError> {
    let data = fs::symlink_metadata(directory_of(path))?;
    let refused = |cause| Err(StoreError::Directory(cause));
    if data.is_symlink() {
        return refused("its directory is a symbolic link; name the directory that it leads to");
    }
    if ![0, rustix::process::geteuid().as_raw()].contains(&data.uid()) {
        return refused("its directory belongs to another user; choose a directory of your own");
    }
    match data.mode() & 0o022 {
        0 => Ok(()),
        _ => refused("other users can write to its directory (mended by chmod go-w)"),
    }
}

/// Whether there is nothing at `path` that could be a store: no file, or one without a byte.
///
/// # Errors
/// When that cannot be told, as below a file.
pub(super) fn is_free(path: &Path) -> io::Result<bool> {
    match fs::metadata(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(true),
        found => found.map(|data| data.is_file() && data.len() == 0),
    }
}

/// Whether the user may write the file and beside it, as a writer of a store must.
pub(super) fn is_writable(path: &Path) -> bool {
    let may_write = |path| accessat(CWD, path, Access::WRITE_OK, AtFlags::EACCESS).is_ok();
    may_write(path) && may_write(directory_of(path))
}

/// What a file is, judged by its first bytes and without SQLite, which may write to what it opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// No bytes at all.
    Empty,
    /// A store, whole or not.
    Ours,
    /// A database that bears no mark.
    Unmarked,
    /// The database of another program.
    Foreign,
    /// No database.
    Other,
}

impl Content {
    const MAGIC: &[u8] = b"SQLite format 3\0";

    /// Where a database bears the mark of the program that made it.
    const MARK: std::ops::Range<usize> = 68..72;

    /// Reads the first bytes of `path`; `mark` is that of a store.
    ///
    /// # Errors
    /// [`StoreError::NotAFile`], and when the file cannot be read.
    pub(super) fn of(path: &Path, mark: i64) -> Result<Self, StoreError> {
        if !fs::metadata(path)?.is_file() {
            return Err(StoreError::NotAFile);
        }
        let mut head = Vec::new();
        File::open(path)?.take(Self::MARK.end as u64).read_to_end(&mut head)?;
        Ok(Self::judge(&head, mark))
    }

    fn judge(head: &[u8], mark: i64) -> Self {
        let compared = head.len().min(Self::MAGIC.len());
        match head.get(Self::MARK) {
            _ if head.is_empty() => Self::Empty,
            _ if head[..compared] != Self::MAGIC[..compared] => Self::Other,
            // Cut short inside its header.
            None => Self::Ours,
            Some(found) if found == &mark.to_be_bytes()[4..] => Self::Ours,
            Some([0, 0, 0, 0]) => Self::Unmarked,
            Some(_) => Self::Foreign,
        }
    }
}

/// Takes the rights of others to a store away; that this can fail is no reason not to use it.
pub(super) fn make_private(path: &Path) {
    if let Ok(data) = fs::metadata(path)
        && data.mode() & 0o077 != 0
    {
        let _ = fs::set_permissions(path, Permissions::from_mode(data.mode() & 0o700));
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

/// The file as SQLite reads it in a URI.
pub(super) fn uri(path: &Path) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/.-_".contains(&byte);
    let encode = |byte: u8| if plain(byte) { char::from(byte).into() } else { format!("%{byte:02X}") };
    std::iter::once("file:".to_owned())
        .chain(path.as_os_str().as_bytes().iter().copied().map(encode))
        .collect()
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
