use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use ultra_core::kind::ErrorKind;

use super::{Rules, file};

const RULES: Rules = Rules { follow: false, max_bytes: 100 };

fn refused(path: &Path, rules: Rules) -> (ErrorKind, String) {
    let error = file(path, rules).expect_err("refused");
    (error.kind, error.message)
}

#[test]
fn a_regular_file_is_read_up_to_the_limit_and_not_a_byte_more() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("a");
    fs::write(&path, [b'x'; 100]).expect("writes");
    assert_eq!(file(&path, RULES).expect("reads").len(), 100);
    fs::write(&path, [b'x'; 101]).expect("writes");
    assert_eq!(refused(&path, RULES).0, ErrorKind::DocTooLarge);
}

#[test]
fn what_is_missing_or_forbidden_says_what_the_system_says() {
    let dir = tempfile::tempdir().expect("a directory");
    let (kind, message) = refused(&dir.path().join("no"), RULES);
    assert_eq!((kind, message.contains("No such file")), (ErrorKind::DocIo, true), "{message}");
    let path = dir.path().join("closed");
    fs::write(&path, "x").expect("writes");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("closes");
    if !rustix::process::geteuid().is_root() {
        assert_eq!(refused(&path, RULES).0, ErrorKind::DocIo);
    }
}

#[test]
fn links_are_followed_only_when_asked() {
    let dir = tempfile::tempdir().expect("a directory");
    let (real, link) = (dir.path().join("real"), dir.path().join("link"));
    fs::write(&real, "text").expect("writes");
    symlink(&real, &link).expect("links");
    let (kind, message) = refused(&link, RULES);
    assert_eq!((kind, message.contains("--follow")), (ErrorKind::DocPath, true));
    assert_eq!(file(&link, Rules { follow: true, ..RULES }).expect("reads"), b"text");
}

#[test]
fn pipes_devices_and_directories_never_block() {
    let dir = tempfile::tempdir().expect("a directory");
    let pipe = dir.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    let link = dir.path().join("link");
    symlink(&pipe, &link).expect("links");
    let following = Rules { follow: true, ..RULES };
    for (path, rules) in [
        (pipe.as_path(), RULES),
        (link.as_path(), following),
        (Path::new("/dev/zero"), RULES),
        (Path::new("/dev/stdin"), RULES),
        (dir.path(), RULES),
    ] {
        assert_eq!(refused(path, rules).0, ErrorKind::DocPath, "{}", path.display());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn files_that_the_kernel_makes_up_are_refused() {
    for path in ["/proc/self/environ", "/proc/self/cmdline", "/proc/version"] {
        assert_eq!(refused(Path::new(path), RULES).0, ErrorKind::DocPath, "{path}");
    }
}
