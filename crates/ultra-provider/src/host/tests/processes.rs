//! Threads and processes at the same time, and their end.

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use ultra_core::env;
use ultra_pace::Shared;

use super::{BOOT, LANE, Moment, at, get, home, host, paused, second, set};
use crate::host::Host;

/// Adds one to a count that is shared, as often as it takes to get the lock.
fn add_one(host: &mut Host) {
    let add = |host: &mut Host| {
        host.with(second(1), |book| {
            let known = book.get(LANE).unwrap_or_default();
            book.set(LANE, Shared { broken_times: known.broken_times + 1, ..known })
        })
    };
    while add(host) != Some(true) {
        host.alone_until = Duration::ZERO;
    }
}

/// The command that runs the test `part` of this file in another process, with the strictest umask.
fn part(part: &str) -> Command {
    let name = format!("host::tests::processes::{part}");
    let mut command = Command::new("sh");
    let this = std::env::current_exe().expect("this test");
    command.args(["-c", "umask 777; exec \"$@\"", "sh"]).arg(this);
    command.args(["--exact", &name, "--ignored", "--nocapture"]).stdout(Stdio::piped());
    command
}

/// Runs the test `part` of this file in another process, in `dir`.
fn child(name: &str, dir: &Path) -> Child {
    part(name).env("ULTRA_TEST_DIRECTORY", dir).spawn().expect("starts")
}

fn directory() -> Option<Host> {
    env::var("ULTRA_TEST_DIRECTORY").map(|dir| at(Path::new(&dir), BOOT))
}

/// Waits until the child says `word`.
fn hear(child: &mut Child, word: &str) {
    let said = child.stdout.take().expect("its stdout");
    assert!(BufReader::new(said).lines().any(|line| line.expect("a line") == word));
}

#[test]
#[ignore = "a part of other tests, which run it in a process of its own"]
fn count() {
    let Some(mut host) = directory() else { return };
    (0..200).for_each(|_| add_one(&mut host));
}

#[test]
#[ignore = "a part of other tests, which run it in a process of its own"]
fn count_for_long() {
    let Some(mut host) = directory() else { return };
    add_one(&mut host);
    println!("\ncounting");
    // Killed long before; an end all the same, should nobody do it.
    (0..200_000).for_each(|_| add_one(&mut host));
}

#[test]
#[ignore = "a part of other tests, which run it in a process of its own"]
fn hold() {
    let Some(mut host) = directory() else { return };
    host.with(second(1), |book| {
        book.set(LANE, paused(9));
        println!("\nheld");
        thread::sleep(Duration::from_mins(1));
    });
}

#[test]
#[ignore = "a part of other tests, which run it in a process of its own"]
fn look_for_a_place() {
    let found = Host::of_user().map(|mut host| host.with(second(1), |book| book.set(LANE, paused(9))));
    println!("\n{found:?}");
}

#[test]
fn the_file_is_in_the_runtime_directory_or_else_among_temporary_files_or_nowhere() {
    let (runtime, temporary) = (home(), home());
    let look = |runtime: &Path, temporary: &Path| {
        let mut command = part("look_for_a_place");
        let output = command.env("XDG_RUNTIME_DIR", runtime).env("TMPDIR", temporary).output().expect("runs");
        assert!(output.status.success());
        String::from_utf8(output.stdout).expect("text").contains("Some(Some(true))")
    };
    let missing = runtime.path().join("missing");
    assert!(look(runtime.path(), temporary.path()));
    let dir = runtime.path().join("ultra");
    let modes = [&dir, &dir.join("limits")].map(|path| path.metadata().expect("is there").mode() & 0o777);
    assert_eq!(modes, [0o700, 0o600]);
    assert_eq!(temporary.path().read_dir().expect("reads").count(), 0);

    fs::set_permissions(&dir, Permissions::from_mode(0o777)).expect("changes");
    assert!(look(runtime.path(), temporary.path()));
    let user = rustix::process::geteuid().as_raw();
    assert!(temporary.path().join(format!("ultra-{user}/limits")).is_file());
    assert!(look(&missing, temporary.path()));
    assert!(!look(&missing, &missing));
    assert!(!missing.exists());
}

#[test]
fn threads_lose_no_change() {
    let dir = home();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut host = host(&dir);
                (0..200).for_each(|_| add_one(&mut host));
            });
        }
    });
    let shared = get(&mut host(&dir), second(1), LANE).expect("is known");
    assert_eq!(shared.broken_times, 800);
}

#[test]
fn processes_lose_no_change() {
    let dir = home();
    let children: Vec<Child> = (0..4).map(|_| child("count", dir.path())).collect();
    for child in children {
        assert!(child.wait_with_output().expect("ends").status.success());
    }
    let shared = get(&mut host(&dir), second(1), LANE).expect("is known");
    assert_eq!(shared.broken_times, 800);
}

#[test]
fn a_process_that_is_killed_leaves_the_file_whole_and_free() {
    let dir = home();
    let mut last = 0;
    for _ in 0..10 {
        let mut child = child("count_for_long", dir.path());
        hear(&mut child, "counting");
        child.kill().expect("is killed");
        child.wait().expect("ends");
        let shared = get(&mut host(&dir), second(1), LANE).expect("is known");
        assert!(shared.broken_times > last, "{} after {last}", shared.broken_times);
        last = shared.broken_times;
    }
}

#[test]
fn nobody_waits_long_for_a_process_that_stands_still_nor_at_all_when_it_is_gone() {
    let dir = home();
    let mut holder = child("hold", dir.path());
    hear(&mut holder, "held");
    let mut host = host(&dir);
    assert_eq!(host.with(second(2), |book| book.get(LANE)), None);
    assert_eq!(host.alone_until, second(3).boot, "for a second nobody waits again");
    let soon = Moment { boot: second(2).boot + Duration::from_millis(500), ..second(2) };
    assert_eq!(host.with(soon, |book| book.get(LANE)), None);
    assert_eq!(host.alone_until, second(3).boot, "nor has anybody");
    assert!(host.changed(), "what it wrote is seen without the lock");
    holder.kill().expect("is killed");
    holder.wait().expect("ends");
    assert_eq!(get(&mut host, second(2), LANE), Some(paused(9)));
    assert!(set(&mut host, second(2), LANE, paused(8)));
}
