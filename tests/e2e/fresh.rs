//! Generated files are checked in; a test compares them with what the code gives now.

use std::path::Path;

/// Compares `path` in the repository with `now`; with `ULTRA_UPDATE` set it is written instead.
#[track_caller]
pub(crate) fn check(path: &str, now: &str) {
    let whole = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    #[allow(clippy::disallowed_methods, reason = "the tests' own switch")]
    let update = std::env::var_os("ULTRA_UPDATE").is_some();
    if update {
        std::fs::create_dir_all(whole.parent().expect("has a parent")).expect("makes the directory");
        std::fs::write(&whole, now).expect("writes");
        return;
    }
    let checked_in = std::fs::read_to_string(&whole).unwrap_or_default();
    assert!(
        checked_in == now,
        "{path} is not what the code gives now; run scripts/update and look at git diff"
    );
}
