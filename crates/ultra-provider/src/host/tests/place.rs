//! Only a place that belongs to the user alone is used.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::Path;

use super::super::place::{open, prepare};
use super::home;

fn refused(dir: &Path) -> String {
    open(dir).expect_err("is refused").to_string()
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("is there").mode() & 0o777
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("changes");
}

#[test]
fn directory_and_file_are_the_users_alone() {
    let base = home();
    let dir = base.path().join("ultra");
    prepare(&dir).expect("makes it");
    open(&dir).expect("opens");
    prepare(&dir).expect("is there");
    assert_eq!((mode(&dir), mode(&dir.join("limits"))), (0o700, 0o600));
}

#[test]
fn a_directory_that_others_may_write_is_refused() {
    let base = home();
    for mode in [0o720, 0o702, 0o777] {
        chmod(base.path(), mode);
        assert!(refused(base.path()).ends_with("other users can write it"), "{mode:o}");
    }
    assert!(!base.path().join("limits").exists(), "nothing is written there");
}

#[test]
fn a_file_that_others_may_write_is_refused() {
    let base = home();
    open(base.path()).expect("makes it");
    chmod(&base.path().join("limits"), 0o660);
    assert!(refused(base.path()).ends_with("limits cannot be used: other users can write it"));
    chmod(&base.path().join("limits"), 0);
    if rustix::process::geteuid().is_root() {
        open(base.path()).expect("opens");
        assert_eq!(mode(&base.path().join("limits")), 0o600, "a strict umask is made good");
    }
}

#[test]
fn links_are_refused() {
    let base = home();
    let real = base.path().join("real");
    prepare(&real).expect("makes it");
    symlink(&real, base.path().join("ultra")).expect("links");
    prepare(&base.path().join("ultra")).expect("something is there");
    assert!(refused(&base.path().join("ultra")).contains("ultra cannot be used"));

    fs::write(base.path().join("other"), "text").expect("writes");
    symlink(base.path().join("other"), real.join("limits")).expect("links");
    assert!(refused(&real).contains("limits cannot be used"));
    assert_eq!(fs::read(base.path().join("other")).expect("reads"), b"text");
}

#[cfg(not(target_vendor = "apple"))]
#[test]
fn what_is_no_file_is_refused_without_waiting() {
    let base = home();
    let pipe = base.path().join("limits");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, 0o600.into()).expect("a pipe");
    assert!(refused(base.path()).ends_with("it is not a file"));
}

#[test]
fn what_belongs_to_another_user_is_refused() {
    let base = home();
    let foreign = if rustix::process::geteuid().is_root() {
        chown(base.path(), Some(1), None).expect("gives it away");
        base.path()
    } else {
        Path::new("/usr")
    };
    assert!(refused(foreign).ends_with("it belongs to another user"));
}
