//! Where the file is, and that it belongs to the user alone.
//!
//! As `ssh` does: a directory or file that is a link, that is somebody else's, or that others may write is not
//! used. Directories are made 0700 and the file 0600, whatever the umask.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, openat};
use ultra_core::env;
use ultra_core::id::ContentHash;

/// The name of the file.
const NAME: &str = "limits";

/// Where a run looks for the file.
#[derive(Debug)]
pub(super) enum Home {
    /// In the directories of the user.
    User,
    /// In this directory.
    Directory(PathBuf),
}

impl Home {
    /// Opens the file in the best place that can be used.
    ///
    /// # Errors
    /// What hinders, at each place.
    pub(super) fn open(&self) -> io::Result<File> {
        let places = match self {
            Self::Directory(dir) => return open(dir),
            Self::User => candidates(),
        };
        let mut causes = Vec::new();
        for dir in places {
            match prepare(&dir).and_then(|()| open(&dir)) {
                Ok(file) => return Ok(file),
                Err(cause) => causes.push(cause.to_string()),
            }
        }
        Err(io::Error::other(causes.join("; ")))
    }
}

/// Where the file may be, best first: the runtime directory that the variable names, or the one that login
/// sessions have (jobs of cron are not told about it), and a directory of the user among temporary files.
fn candidates() -> [PathBuf; 2] {
    let user = rustix::process::geteuid().as_raw();
    let told = |name| env::var(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let runtime = told("XDG_RUNTIME_DIR").unwrap_or_else(|| format!("/run/user/{user}").into());
    let temporary = told("TMPDIR").unwrap_or_else(|| "/tmp".into());
    [runtime.join("ultra"), temporary.join(format!("ultra-{user}"))]
}

/// Makes the directory where it is missing; that which it stands in must be there.
pub(super) fn prepare(dir: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(dir) {
        // The umask may have taken rights away.
        Ok(()) if fs::symlink_metadata(dir)?.mode() & 0o700 == 0o700 => Ok(()),
        Ok(()) => fs::set_permissions(dir, Permissions::from_mode(0o700)),
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(cause) => Err(say(dir, "made", &cause)),
    }
}

/// Opens the file in `dir`, and makes it where it is missing.
///
/// # Errors
/// When either is a link, belongs to somebody else, or can be written by others.
pub(super) fn open(dir: &Path) -> io::Result<File> {
    let common = OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let handle = openat(CWD, dir, OFlags::RDONLY | OFlags::DIRECTORY | common, Mode::empty())
        .map_err(|cause| say(dir, "used", &cause))?;
    let handle = File::from(handle);
    check(&handle).map_err(|cause| say(dir, "used", &cause))?;
    let path = dir.join(NAME);
    // A pipe in its place must not make anybody wait.
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NONBLOCK | common;
    let file =
        openat(&handle, NAME, flags, Mode::RUSR | Mode::WUSR).map_err(|cause| say(&path, "used", &cause))?;
    let file = File::from(file);
    let data = check(&file).map_err(|cause| say(&path, "used", &cause))?;
    if !data.is_file() {
        return Err(say(&path, "used", &"it is not a file"));
    }
    if data.mode() & 0o600 != 0o600 {
        file.set_permissions(Permissions::from_mode(0o600)).map_err(|cause| say(&path, "used", &cause))?;
    }
    Ok(file)
}

fn check(file: &File) -> io::Result<fs::Metadata> {
    let data = file.metadata()?;
    if data.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("it belongs to another user"));
    }
    if data.mode() & 0o022 != 0 {
        return Err(io::Error::other("other users can write it"));
    }
    Ok(data)
}

fn say(path: &Path, verb: &str, cause: &dyn std::fmt::Display) -> io::Error {
    io::Error::other(format!("{} cannot be {verb}: {cause}", path.display()))
}

/// Tells this boot from others, where the system does; elsewhere only the plausibility of times helps.
pub(super) fn boot() -> u64 {
    let told = fs::read("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    ContentHash::new("ultra 2026 boot").field(told).number()
}
