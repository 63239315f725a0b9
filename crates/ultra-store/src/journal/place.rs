//! The file of a journal: where it may lie, who may read it, and who holds it.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::fs::{FlockOperation, Mode, OFlags, fcntl_lock, flock};
use rustix::io::Errno;
use rustix::process::{Flock, FlockType, fcntl_getlk};
use ultra_core::failure::Failure;

/// Opens the file, or makes it, and takes its lock for the life of the process. Nothing in it is changed.
///
/// # Errors
/// Usage: no regular file, or a file system that cannot keep the promises of a journal. Stopped: another
/// process holds it. Otherwise what the system says.
pub(super) fn open(path: &Path, unsafe_fs: bool) -> Result<File, Failure> {
    match fs::metadata(path) {
        Ok(data) if !data.is_file() => return Err(not_a_file(path)),
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(refused(path, cause)),
        _ => {}
    }
    let remote = remote_name(path);
    if let (Some(name), false) = (remote, unsafe_fs) {
        return Err(unfit(path, &format!("lies on a network file system ({name})")));
    }
    // Not to wait for the other end, should a pipe have taken the place of the file just now.
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
    let file = match rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR) {
        Ok(file) => File::from(file),
        Err(cause) => return Err(refused(path, cause.into())),
    };
    if !file.metadata().is_ok_and(|data| data.is_file()) {
        return Err(not_a_file(path));
    }
    lock(&file, path, remote.is_some(), unsafe_fs)?;
    Ok(file)
}

/// Opens the file only to read it. Others may read it at the same time; nobody may write it.
///
/// # Errors
/// Usage: no regular file. Stopped: another process writes it. Otherwise what the system says.
pub(super) fn open_to_read(path: &Path) -> Result<File, Failure> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(cause) => {
            return Err(Failure::io(format!("cannot read the journal {}", path.display()), cause.into()));
        }
    };
    if !file.metadata().is_ok_and(|data| data.is_file()) {
        return Err(not_a_file(path));
    }
    let taken = fcntl_lock(&file, FlockOperation::NonBlockingLockShared)
        .and_then(|()| flock(&file, FlockOperation::NonBlockingLockShared));
    match taken {
        Err(Errno::AGAIN | Errno::ACCESS) => Err(in_use(&file, path)),
        // Where nothing can be locked, a line is still checked before it is served.
        _ => Ok(file),
    }
}

/// Gives the file to its owner alone, whatever the umask made of it.
pub(super) fn make_private(file: &File) {
    const PRIVATE: u32 = 0o600;
    if file.metadata().is_ok_and(|data| data.permissions().mode() & 0o777 != PRIVATE) {
        // Another's file cannot be changed; that it can be written is enough.
        let _ = file.set_permissions(Permissions::from_mode(PRIVATE));
    }
}

/// Puts the name of a new file on the disk.
pub(super) fn sync_name(path: &Path) -> io::Result<()> {
    File::open(directory_of(path))?.sync_all()
}

fn refused(path: &Path, cause: io::Error) -> Failure {
    let shown = path.display();
    match Errno::from_io_error(&cause) {
        Some(Errno::ISDIR | Errno::NXIO) => not_a_file(path),
        Some(Errno::LOOP | Errno::NOTDIR | Errno::NAMETOOLONG | Errno::INVAL) => {
            Failure::usage(format!("`{shown}` cannot name a journal: {cause}"))
        }
        Some(Errno::NOENT) => Failure::io(format!("cannot make the journal {shown}"), cause)
            .hint("the directory of a journal must exist"),
        _ => Failure::io(format!("cannot open the journal {shown}"), cause)
            .hint("nothing was sent; choose a place that can be written"),
    }
}

fn not_a_file(path: &Path) -> Failure {
    Failure::usage(format!("the journal {} is not a regular file", path.display()))
}

fn unfit(path: &Path, why: &str) -> Failure {
    Failure::usage(format!("the journal {} {why}", path.display()))
        .hint("there, two runs could write it at once, and what is written can be lost")
        .hint("choose a local directory, or take the risk with --unsafe-fs")
}

/// Takes the file for this process. Both kinds of lock end with the process, however it ends.
///
/// The record lock keeps other processes out and tells them who is here; the other one keeps a second
/// journal of this process out, where the file system is not one that takes the two for rivals.
fn lock(file: &File, path: &Path, remote: bool, unsafe_fs: bool) -> Result<(), Failure> {
    let taken = fcntl_lock(file, FlockOperation::NonBlockingLockExclusive)
        .and_then(|()| if remote { Ok(()) } else { flock(file, FlockOperation::NonBlockingLockExclusive) });
    match taken {
        Ok(()) => Ok(()),
        Err(Errno::AGAIN | Errno::ACCESS) => Err(in_use(file, path)),
        Err(cause) if unsafe_fs => {
            tracing::warn!("journal {}: it cannot be locked ({cause}); run one at a time", path.display());
            Ok(())
        }
        Err(cause) => Err(unfit(path, &format!("cannot be locked ({cause})"))),
    }
}

fn in_use(file: &File, path: &Path) -> Failure {
    let holder = fcntl_getlk(file, &Flock::from(FlockType::WriteLock)).ok().flatten();
    let by = match holder.and_then(|holder| holder.pid) {
        Some(pid) => format!("process {}", pid.as_raw_nonzero()),
        None => "another run".to_owned(),
    };
    Failure::stopped(format!("the journal {} is in use by {by}", path.display()))
        .hint("wait until it ends, or give this run a journal of its own")
}

/// The name of the network file system that `path` lies on, or would lie on.
#[cfg(target_os = "linux")]
fn remote_name(path: &Path) -> Option<&'static str> {
    let found = rustix::fs::statfs(path).or_else(|_| rustix::fs::statfs(directory_of(path))).ok()?;
    // The kernel's numbers have 32 bits; the field is wider on some machines, and signed on others.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "32 bits of meaning")]
    let magic = found.f_type as u32;
    remote_magic(magic)
}

#[cfg(not(target_os = "linux"))]
fn remote_name(_: &Path) -> Option<&'static str> {
    None
}

#[cfg(target_os = "linux")]
fn remote_magic(magic: u32) -> Option<&'static str> {
    Some(match magic {
        0x6969 => "NFS",
        0x517b => "SMB",
        0xff53_4d42 => "CIFS",
        0xfe53_4d42 => "SMB 2",
        0x0102_1997 => "9P",
        0x5346_414f | 0x6b41_4653 => "AFS",
        0x7375_7245 => "Coda",
        0x564c => "NCP",
        0x00c3_6400 => "Ceph",
        0x0bd0_0bd0 => "Lustre",
        _ => return None,
    })
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        Some(_) => Path::new("."),
        None => path,
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::remote_magic;

    #[test]
    fn f126_network_file_systems_are_known_by_their_number() {
        for magic in [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x0102_1997] {
            assert!(remote_magic(magic).is_some(), "{magic:x}");
        }
        let local = [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630, 0x2fc1_2fc1];
        assert!(
            local.iter().all(|magic| remote_magic(*magic).is_none()),
            "ext4, xfs, btrfs, tmpfs, overlay, zfs"
        );
    }
}
