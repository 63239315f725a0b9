//! What a configuration file must be before its text is looked at.

use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, fcntl_getfl, fcntl_setfl, openat};

use crate::failure::Failure;

/// A file is not longer than this, in bytes.
const LONGEST: u64 = 1 << 20;

/// The text of the file, or nothing when there is none.
///
/// A file that others may write could send keys to their own servers, so it is refused; and what may have no
/// end or no writer is not waited for. A pipe is read where it is a descriptor that the caller has handed over,
/// as the `<(…)` of a shell is.
pub(in crate::config) fn read(path: &Path) -> Result<Option<String>, Failure> {
    let shown = path.display();
    let cannot =
        |cause: io::Error| Failure::usage(format!("the configuration {shown} cannot be read: {cause}"));
    let file = match open(path) {
        Ok(file) => file,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(cannot(cause)),
    };
    let meta = file.metadata().map_err(cannot)?;
    if meta.file_type().is_fifo() && is_descriptor(path) {
        wait_for_writers(&file).map_err(cannot)?;
    } else if is_null(&meta) {
        return Ok(Some(String::new()));
    } else if !meta.is_file() {
        return Err(Failure::usage(format!("the configuration {shown} is not a regular file")));
    } else if !is_trusted(&meta) {
        return Err(Failure::usage(format!(
            "the configuration {shown} can be written by other users, so it is not trusted"
        ))
        .hint(format!("chown and chmod it: chmod go-w {shown}")));
    }
    let mut text = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut text).map_err(cannot)?;
    if text.len() as u64 > LONGEST {
        return Err(Failure::usage(format!("the configuration {shown} is larger than 1 MiB")));
    }
    String::from_utf8(text)
        .map(Some)
        .map_err(|_| Failure::usage(format!("the configuration {shown} cannot be read: it is not UTF-8")))
}

/// Opens without waiting for whoever writes.
fn open(path: &Path) -> io::Result<fs::File> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(fs::File::from(openat(CWD, path, flags, Mode::empty())?))
}

/// Whether it is `/dev/null`, the empty file that everybody may write.
fn is_null(meta: &fs::Metadata) -> bool {
    let null = fs::metadata("/dev/null");
    meta.file_type().is_char_device() && null.is_ok_and(|null| null.rdev() == meta.rdev())
}

/// Whether only the user and root may write the file.
fn is_trusted(meta: &fs::Metadata) -> bool {
    let mine = meta.uid() == rustix::process::geteuid().as_raw() || meta.uid() == 0;
    mine && meta.mode() & 0o022 == 0
}

/// Whether `path` names something that this process has inherited open.
fn is_descriptor(path: &Path) -> bool {
    ["/dev/fd", "/dev/stdin", "/proc/self/fd"].iter().any(|place| path.starts_with(place))
}

/// Makes reading wait for what those who hold the other end of a pipe will write; without any it ends.
fn wait_for_writers(pipe: &fs::File) -> io::Result<()> {
    let flags = fcntl_getfl(pipe)?;
    Ok(fcntl_setfl(pipe, flags - OFlags::NONBLOCK)?)
}
