//! The lock, taken with little patience.

use std::fs::{File, TryLockError};
use std::io;
use std::thread::{sleep, yield_now};
use std::time::Duration;

/// How long to wait for a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// Not at all.
    None,
    /// About 50 ms. A lock is held for microseconds, so who holds it longer has been stopped.
    Short,
}

/// Tries without sleep, and with one of [`NAP`] between them.
const TRIES: (u32, u32) = (16, 160);
const NAP: Duration = Duration::from_micros(250);

/// The lock of a file; it ends with this value, or with the process.
#[derive(Debug)]
pub(super) struct Lock<'a>(&'a File);

impl<'a> Lock<'a> {
    /// The lock of `file`; `None` when another holds it all the time.
    ///
    /// # Errors
    /// When the file system has no locks.
    pub(super) fn take(file: &'a File, patience: Patience) -> io::Result<Option<Self>> {
        let tries = if patience == Patience::None { 1 } else { TRIES.0 + TRIES.1 };
        for attempt in 1..=tries {
            match file.try_lock() {
                Ok(()) => return Ok(Some(Self(file))),
                Err(TryLockError::Error(cause)) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(TryLockError::Error(cause)) => return Err(cause),
                Err(TryLockError::WouldBlock) if attempt == tries => {}
                Err(TryLockError::WouldBlock) if attempt <= TRIES.0 => yield_now(),
                Err(TryLockError::WouldBlock) => sleep(NAP),
            }
        }
        Ok(None)
    }
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        // Said aloud: a program that is being started right now holds a copy of the handle until it runs.
        let _ = self.0.unlock();
    }
}
