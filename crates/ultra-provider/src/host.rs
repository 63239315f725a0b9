//! Limits that the processes of one host share, without a server.
//!
//! The stages of a pipeline and a dozen cron jobs call with one key, and the provider counts them together. So
//! what a run learns about a target (a pause, a send rate, an outage) stands in one small file of the user's
//! runtime directory, a record for each [`Lane`]. [`Host::changed`] tells without a lock whether another
//! process has written; [`Host::with`] reads and writes under `flock`, which ends with its holder, whatever
//! ends the holder.
//!
//! Nothing here may fail a run. Without a usable directory, with a full disk, or while a stopped process holds
//! the lock, each run keeps its limits for itself. Nothing in the file is trusted either: records carry
//! checksums, values of an earlier boot and times beyond a day are as if they were not there.
//!
//! The file holds no name, address or key, only hashes of them.

mod book;
mod lane;
mod lock;
mod moment;
mod page;
mod place;
mod record;

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;
use std::time::Duration;

pub use book::Book;
pub use lane::Lane;
use lock::{Lock, Patience};
pub use moment::Moment;
use moment::Offset;
use page::Page;
use place::Home;
use record::Header;

/// How long a run goes on by itself after it found the lock held for long.
const ALONE: Duration = Duration::from_secs(1);

/// How many times [`Host::changed`] asks before it looks whether the file is still there.
const LOOK: u32 = 256;

/// The shared file, open.
#[derive(Debug)]
pub struct Host {
    home: Home,
    /// Tells this boot from others.
    boot: u64,
    file: File,
    page: Page,
    offset: Offset,
    asked: u32,
    /// While a stopped process seems to hold the lock, nobody waits for it.
    alone_until: Duration,
    /// After an error of the file nothing is shared any more.
    broken: bool,
}

impl Host {
    const UNSHARED: &str = "this run keeps its limits for itself, whatever else runs on this host:";

    /// Opens the file of this user; `None`, with one warning, when there is no safe place for it.
    pub fn of_user() -> Option<Self> {
        let opened = Self::at(Home::User, place::boot());
        let complain = |cause: &io::Error| tracing::warn!("{} {cause}", Self::UNSHARED);
        opened.inspect_err(complain).ok()
    }

    /// Opens the file in the directory `dir`, which must be there.
    ///
    /// # Errors
    /// When the directory or the file is a link, belongs to somebody else, or can be written by others.
    pub fn open(dir: &Path) -> io::Result<Self> {
        Self::at(Home::Directory(dir.to_owned()), place::boot())
    }

    fn at(home: Home, boot: u64) -> io::Result<Self> {
        Ok(Self {
            file: home.open()?,
            home,
            boot,
            page: Page::default(),
            offset: Offset::default(),
            asked: 0,
            alone_until: Duration::ZERO,
            broken: false,
        })
    }

    /// Whether another process has written since the last [`Host::with`]. One read of eight bytes, no lock.
    pub fn changed(&mut self) -> bool {
        if self.broken {
            return false;
        }
        self.asked = self.asked.wrapping_add(1);
        if self.asked.is_multiple_of(LOOK) && is_gone(&self.file) {
            return true;
        }
        let mut bytes = [0; 8];
        let read = self.file.read_exact_at(&mut bytes, Header::GENERATION_AT);
        read.is_err() || u64::from_le_bytes(bytes) != self.page.header.generation
    }

    /// Lets `act` read and write what is shared, under the lock. `None`, and `act` is not called, when the
    /// lock is held for more than about 50 ms or the file fails.
    ///
    /// `now` is the time of the machine; all times in the [`Book`] are on the same clock.
    pub fn with<R>(&mut self, now: Moment, act: impl FnOnce(&mut Book<'_>) -> R) -> Option<R> {
        if self.broken {
            return None;
        }
        match self.locked(now, act) {
            Ok(result) => result,
            Err(cause) => {
                self.broken = true;
                tracing::warn!("{} {cause}", Self::UNSHARED);
                None
            }
        }
    }

    fn locked<R>(&mut self, now: Moment, act: impl FnOnce(&mut Book<'_>) -> R) -> io::Result<Option<R>> {
        self.offset.follow(now);
        if is_gone(&self.file) {
            self.file = self.home.open()?;
            self.page.forget();
        }
        let patience = if now.boot < self.alone_until { Patience::None } else { Patience::Short };
        let Some(_lock) = Lock::take(&self.file, patience)? else {
            if patience == Patience::Short {
                self.alone_until = now.boot + ALONE;
                tracing::debug!("another process keeps the limits of this host locked");
            }
            return Ok(None);
        };
        self.page.refresh(&self.file, self.boot, now)?;
        let mut book = Book::new(&self.file, &mut self.page, self.offset, now);
        let result = act(&mut book);
        match book.failed() {
            Some(cause) => Err(cause),
            None => Ok(Some(result)),
        }
    }
}

/// Whether the file was removed; a new one may stand in its place.
fn is_gone(file: &File) -> bool {
    file.metadata().is_ok_and(|data| data.nlink() == 0)
}

#[cfg(test)]
mod tests;
