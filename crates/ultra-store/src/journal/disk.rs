//! The file under a journal, as little of it as a journal needs.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

/// Bytes that stay when the process ends.
pub(super) trait Disk: fmt::Debug + Send {
    /// Reads what stands at `offset`: as many bytes as there are and as fit, 0 at the end.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes at `offset`, once, and tells how many bytes were taken.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;

    /// Makes the file end at `length`.
    fn cut(&self, length: u64) -> io::Result<()>;

    /// Returns when everything that was written would survive the loss of power.
    fn sync(&self) -> io::Result<()>;
}

/// Shared and never cloned: a second handle that is closed would take the lock of the first with it.
impl Disk for Arc<File> {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        again(|| self.as_ref().read_at(bytes, offset))
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        again(|| self.as_ref().write_at(bytes, offset))
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Repeats what a signal interrupted.
fn again<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// Writes all of `bytes` at `offset`: one call, and more only after one that took a part, to hear why.
pub(super) fn write_all(disk: &dyn Disk, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match disk.write_at(bytes, offset)? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            taken => {
                bytes = &bytes[taken..];
                offset += taken as u64;
            }
        }
    }
    Ok(())
}

/// The line that begins at `offset`, without its end; `None` when it has none.
pub(super) fn read_line(disk: &dyn Disk, offset: u64) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let mut more = 4 << 10;
    loop {
        let before = line.len();
        line.resize(before + more, 0);
        let read = disk.read_at(&mut line[before..], offset + before as u64)?;
        line.truncate(before + read);
        if let Some(end) = memchr::memchr(b'\n', &line[before..]) {
            line.truncate(before + end);
            return Ok(Some(line));
        }
        if read == 0 {
            return Ok(None);
        }
        more = line.len();
    }
}
