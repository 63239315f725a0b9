//! Whether the next byte on stderr would land in the middle of a line of stdout.
//!
//! A text that is read while it is written ends its lines late. Where both streams go to one place, a terminal or a
//! pipe behind `2>&1`, what is logged meanwhile must not stand within its words.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::fstat;

/// Whether stdout has begun a line and not ended it, where stderr would go on with it.
static WITHIN: AtomicBool = AtomicBool::new(false);

/// Takes note of bytes that stdout was given.
pub(super) fn wrote(bytes: &[u8]) {
    static SHARED: OnceLock<bool> = OnceLock::new();
    if let Some(last) = bytes.last().filter(|_| *SHARED.get_or_init(are_one)) {
        WITHIN.store(*last != b'\n', Ordering::Relaxed);
    }
}

/// Whether a line has begun that is not ours; whoever asks ends it.
pub(super) fn leave() -> bool {
    WITHIN.swap(false, Ordering::Relaxed)
}

/// Whether stdout and stderr go to one place.
fn are_one() -> bool {
    let place = |fd| fstat(fd).ok().map(|stat| (stat.st_dev, stat.st_ino));
    let out = place(rustix::stdio::stdout());
    out.is_some() && out == place(rustix::stdio::stderr())
}
