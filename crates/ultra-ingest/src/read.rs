//! The bytes of one file, taken so that nothing can block, change unseen, or be larger than allowed.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use ultra_core::kind::ErrorKind;

use crate::error::DocError;

/// What may be read.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Symbolic links are followed.
    pub follow: bool,
    /// Largest file, in bytes.
    pub max_bytes: u64,
}

/// Reads the regular file at `path` whole, from one descriptor.
///
/// # Errors
/// `doc.path` for links, pipes, devices, directories and the files of virtual file systems; `doc.too_large`;
/// `doc.changed`; `doc.io` with what the operating system says.
pub fn file(path: &Path, rules: Rules) -> Result<Vec<u8>, DocError> {
    let found = if rules.follow { fs::metadata(path) } else { fs::symlink_metadata(path) };
    refuse_special(&found.map_err(|cause| DocError::io("find", &cause))?)?;
    let mut flags = OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    flags.set(OFlags::NOFOLLOW, !rules.follow);
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(path);
    let mut file = opened.map_err(|cause| DocError::io("open", &cause))?;
    // What was looked at may be gone; what is open stays.
    let before = file.metadata().map_err(|cause| DocError::io("examine", &cause))?;
    refuse_special(&before)?;
    refuse_virtual(&file)?;
    if before.len() > rules.max_bytes {
        return Err(too_large(before.len(), rules.max_bytes));
    }
    let bytes = up_to(&mut file, rules.max_bytes).map_err(|cause| DocError::io("read", &cause))?;
    if bytes.len() as u64 > rules.max_bytes {
        return Err(too_large(bytes.len() as u64, rules.max_bytes));
    }
    let after = file.metadata().map_err(|cause| DocError::io("examine", &cause))?;
    let stamp = |meta: &Metadata| (meta.len(), meta.mtime(), meta.mtime_nsec());
    if stamp(&before) != stamp(&after) || bytes.len() as u64 != before.len() {
        return Err(DocError::new(
            ErrorKind::DocChanged,
            "it changed while it was read; try again when it rests",
        ));
    }
    Ok(bytes)
}

/// The error for a document of `bytes` bytes (or at least so many) where `limit` are allowed.
pub fn too_large(bytes: u64, limit: u64) -> DocError {
    DocError::new(
        ErrorKind::DocTooLarge,
        format!("it has {bytes} bytes or more, and {limit} are allowed; raise --max-bytes or split it"),
    )
}

fn up_to(file: &mut File, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn refuse_special(meta: &Metadata) -> Result<(), DocError> {
    let kind = meta.file_type();
    let what = if kind.is_file() {
        return Ok(());
    } else if kind.is_symlink() {
        "a symbolic link; name its target, or add --follow"
    } else if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a named pipe; pipe its content in and read `-`"
    } else if kind.is_char_device() || kind.is_block_device() {
        "a device; pipe its content in and read `-`"
    } else {
        "a socket; pipe its content in and read `-`"
    };
    Err(DocError::new(ErrorKind::DocPath, format!("it is not a regular file but {what}")))
}

/// Refuses files that the kernel makes up while they are read, such as `/proc/self/environ`.
#[cfg(target_os = "linux")]
fn refuse_virtual(file: &File) -> Result<(), DocError> {
    const VIRTUAL: [(u32, &str); 7] = [
        (0x0000_9FA0, "proc"),
        (0x6265_6572, "sysfs"),
        (0x6462_6720, "debugfs"),
        (0x7472_6163, "tracefs"),
        (0x7363_6673, "securityfs"),
        (0x0027_E0EB, "cgroup"),
        (0x6367_7270, "cgroup2"),
    ];
    let system = rustix::fs::fstatfs(file).map_err(|cause| DocError::io("examine", &cause.into()))?;
    let is = |magic: u32| u32::try_from(system.f_type).is_ok_and(|found| found == magic);
    match VIRTUAL.into_iter().find(|(magic, _)| is(*magic)) {
        Some((_, name)) => Err(DocError::new(
            ErrorKind::DocPath,
            format!("it is not a stored file but made up by the kernel ({name}); copy it first"),
        )),
        None => Ok(()),
    }
}

#[cfg(not(target_os = "linux"))]
fn refuse_virtual(_: &File) -> Result<(), DocError> {
    Ok(())
}

#[cfg(test)]
mod tests;
