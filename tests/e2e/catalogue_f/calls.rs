//! Promise 25: whatever system call fails, once, the run ends with all its records or with a documented status.

use ultra_testkit::command::Sandbox;
use ultra_testkit::server::{Reply, Server};

use super::{SOON, questions, shell};

/// Which one of its calls fails in each thread: the first ones, and further ones in growing steps.
const NTH: [usize; 8] = [1, 2, 3, 5, 8, 13, 21, 34];

fn check(calls: &str, errors: &[&str]) {
    for (error, nth) in errors.iter().flat_map(|error| NTH.map(|nth| (error, nth))) {
        let (server, sandbox) = (Server::start(Reply::text("yes")), Sandbox::new());
        let line = format!(
            "strace -f -qq -o trace -e trace={calls} -e inject={calls}:error={error}:when={nth} \
             ultra-fanout --lines -m vllm:m -m exec:cat -j2 --journal j --cache=c.db --summary s"
        );
        let run = shell(&sandbox, &server, &line).stdin(questions(3)).timeout(SOON).run();
        let name = format!("{calls} number {nth} fails with {error}");
        let trace = String::from_utf8_lossy(&sandbox.read("trace")).into_owned();
        if !trace.contains("(INJECTED)") {
            return;
        }
        // Before the program begins, its loader may fail in its own words.
        if run.stderr().contains("error while loading shared libraries") {
            continue;
        }
        assert!(
            !run.stderr().contains("internal error") && !run.stderr().contains("panicked"),
            "{name}: {run}"
        );
        assert!([0, 1, 2, 3, 4, 75].contains(&run.code()), "{name}: {run}");
        if run.code() < 2 {
            let ends = run.records("response").len() + run.records("error").len();
            assert_eq!(ends, 6, "{name}: each call has an end\n{run}");
        } else {
            assert!(!run.stderr().is_empty(), "{name}: a failure without a word");
        }
    }
}

#[test]
fn p25_opening_may_fail() {
    check("?open,openat", &["EMFILE", "EIO"]);
}

#[test]
fn p25_reading_may_fail() {
    check("read,?pread64", &["EIO", "EINTR"]);
}

#[test]
fn p25_writing_may_fail() {
    check("pwrite64", &["ENOSPC", "EIO", "EINTR"]);
}

#[test]
fn p25_syncing_and_cutting_may_fail() {
    check("fsync,fdatasync,ftruncate", &["EIO"]);
}

#[test]
fn p25_connecting_and_sending_may_fail() {
    check("socket,connect,sendto,writev", &["ENOMEM", "EINTR"]);
}

#[test]
fn p25_receiving_may_fail() {
    check("recvfrom,getsockopt,setsockopt", &["EINTR"]);
}

#[test]
fn p25_waiting_may_fail() {
    check("?poll,ppoll,?epoll_wait,epoll_pwait", &["EINTR"]);
    check("epoll_ctl,epoll_create1", &["ENOMEM"]);
    check("eventfd2,pipe2", &["EMFILE"]);
}

#[test]
fn p25_looking_and_locking_may_fail() {
    check("fcntl,flock,?stat,newfstatat,fstat,statx", &["EIO"]);
}

#[test]
fn p25_threads_and_children_may_fail() {
    check("clone,clone3,?vfork", &["EAGAIN"]);
}
