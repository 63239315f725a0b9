//! Cases 132 to 134: directories that are missing, gone, open to others, and what a umask makes of files.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use ultra_testkit::command::Sandbox;
use ultra_testkit::server::{Reply, Server};

use super::{BOUND, questions, shell, sound};
use crate::tools::{directory, pipeline};

fn answering() -> Server {
    Server::start(Reply::text("yes"))
}

#[test]
fn case_132_without_a_home_everything_works_that_needs_none() {
    let line = |rest| {
        format!("exec env -i PATH=\"$PATH\" TMPDIR=\"$TMPDIR\" ultra-fanout --mock --lines -m mock:a {rest}")
    };
    let run = pipeline(&line("--journal j")).stdin(questions(1)).run();
    run.assert_status(0);
    let run = pipeline(&line("--cache")).stdin(questions(1)).run();
    run.assert_status(2);
    assert!(run.stderr().contains("--cache=FILE"), "{run}");
}

#[test]
fn case_132_a_directory_that_is_gone_only_hinders_what_is_written_there() {
    let line = |rest| format!("mkdir d; cd d; rmdir ../d; exec ultra-fanout --mock --lines -m mock:a {rest}");
    pipeline(&line("")).stdin(questions(1)).run().assert_status(0);
    let run = pipeline(&line("--journal j")).stdin(questions(1)).run();
    run.assert_status(3);
    assert!(run.stderr().contains("cannot make the journal j"), "{run}");
}

#[test]
fn case_132_directories_that_are_missing_are_one_warning() {
    let (server, sandbox) = (answering(), Sandbox::new());
    let line = "TMPDIR=/nowhere XDG_RUNTIME_DIR=/nowhere HOME=/nowhere XDG_CONFIG_HOME=/nowhere XDG_CACHE_HOME=/nowhere \
        ultra-fanout --lines -m vllm:m";
    let run = shell(&sandbox, &server, line).stdin(questions(3)).run();
    run.assert_status(0);
    assert!(run.stderr().matches("warning:").count() <= 1, "{run}");
    assert_eq!(server.count(), 3, "{run}");
}

#[test]
fn case_132_nothing_is_written_that_nobody_asked_for() {
    let (server, sandbox) = (answering(), Sandbox::new());
    let line = "cd / && strace -f -qq -o \"$TMPDIR/trace\" -e trace=openat,open,creat,mkdir,mkdirat,rename,unlink \
        ultra-fanout --lines -m vllm:m";
    let run = shell(&sandbox, &server, line).stdin(questions(2)).run();
    run.assert_status(0);
    let trace = std::fs::read_to_string(sandbox.root().join("tmp/trace")).expect("a trace");
    let runtime = sandbox.root().join("runtime").display().to_string();
    let made: Vec<_> = trace
        .lines()
        .filter(|line| {
            ["O_CREAT", "O_WRONLY", "O_RDWR", "mkdir", "rename", "unlink"]
                .iter()
                .any(|word| line.contains(word))
        })
        // The limits that the runs of a host share; and the file in that directory is opened by its name alone.
        .filter(|line| {
            !line.contains(&runtime) && !line.contains("\"limits\"") && !line.contains("/dev/null")
        })
        .collect();
    assert!(made.is_empty(), "{made:#?}");
}

#[test]
fn case_133_what_holds_answers_is_private_whatever_the_umask() {
    for umask in ["000", "022", "077", "277"] {
        let line = format!(
            "{BOUND} umask {umask}; bound ultra-fanout --mock --lines -m mock:a --journal j --cache=d/c.db >/dev/null; \
             echo $?; stat -c '%a %n' d d/c.db j"
        );
        let run = pipeline(&line).stdin(questions(1)).run();
        assert_eq!(run.stdout(), "0\n700 d\n600 d/c.db\n600 j\n", "umask {umask}: {run}");
    }
}

#[test]
fn case_133_a_umask_of_777_costs_no_result() {
    let line =
        format!("{BOUND} umask 777; bound ultra-fanout --mock --lines -m mock:a --journal j --cache=d/c.db");
    let run = pipeline(&line).stdin(questions(1)).run();
    run.assert_status(0);
    assert_eq!(run.records("response").len(), 1, "{run}");
    let mode = pipeline_in(run.sandbox(), "stat -c %a j d d/c.db");
    assert_eq!(mode, "600\n700\n600\n");
}

fn pipeline_in(sandbox: &Sandbox, line: &str) -> String {
    sandbox.pipeline(directory(), line).run().stdout().to_owned()
}

#[test]
fn case_134_a_configuration_that_others_may_write_is_refused() {
    let settings = "seed = 1\n";
    for prepare in [
        "chmod 664 c.toml",
        "chmod 646 c.toml",
        "ln -s c.toml l.toml; chmod 666 c.toml; mv l.toml ultra.toml",
    ] {
        let line = format!(
            "{prepare}; if [ -e ultra.toml ]; then set --; else set -- --config c.toml; fi; ultra-fanout --mock -m mock:a \"$@\""
        );
        let run = pipeline(&line).file("c.toml", settings).run();
        run.assert_status(2);
        assert!(run.stderr().contains("can be written by other users"), "{prepare}: {run}");
    }
    let run = pipeline(
        "[ \"$(id -u)\" != 0 ] || { chown 65534 c.toml; ultra-fanout --mock -m mock:a --config c.toml; }",
    )
    .file("c.toml", settings)
    .run();
    assert!(run.stderr().is_empty() || run.code() == 2, "another user's file: {run}");
}

#[test]
fn case_134_limits_that_others_may_change_are_not_shared() {
    let (server, sandbox) = (answering(), Sandbox::new());
    for prepare in [
        "mkdir -m 770 \"$XDG_RUNTIME_DIR/ultra\"",
        "mkdir elsewhere; ln -s \"$PWD/elsewhere\" \"$XDG_RUNTIME_DIR/ultra\"",
    ] {
        let line = format!(
            "rm -rf elsewhere \"$XDG_RUNTIME_DIR/ultra\"; {prepare}; ultra-fanout --lines -m vllm:m >/dev/null; \
             echo $?; find \"$XDG_RUNTIME_DIR/ultra/\" -type f"
        );
        let run = shell(&sandbox, &server, &line).stdin(questions(1)).run();
        sound(&run);
        assert_eq!(run.stdout(), "0\n", "nothing is put there: {run}");
    }
}

#[test]
fn case_134_a_store_that_others_may_change_is_not_used() {
    for (prepare, told) in [
        ("chmod 777 d", "other users can write to its directory"),
        ("chmod 770 d", "other users can write to its directory"),
        ("mv d elsewhere; ln -s elsewhere d", "its directory is a symbolic link"),
    ] {
        let sandbox = Sandbox::new();
        sandbox.pipeline(directory(), &format!("mkdir -m 700 d; {prepare}")).run().assert_status(0);
        bypassed(&sandbox, told);
    }
    for mode in [0o700, 0o755, 0o777] {
        let sandbox = Sandbox::new();
        std::fs::create_dir(sandbox.path("d")).expect("a directory");
        std::fs::set_permissions(sandbox.path("d"), Permissions::from_mode(mode)).expect("its mode");
        // Only the superuser can give a directory away.
        if std::os::unix::fs::chown(sandbox.path("d"), Some(65_534), None).is_ok() {
            bypassed(&sandbox, "its directory belongs to another user");
        }
    }
}

/// Checks that a run warns once of the cache in `d`, leaves it alone, and answers all the same.
fn bypassed(sandbox: &Sandbox, told: &str) {
    let line = "ultra-fanout --mock --lines -m mock:a --cache=d/c.db";
    let run = sandbox.pipeline(directory(), line).stdin(questions(2)).run();
    run.assert_status(0);
    assert_eq!(run.records("response").len(), 2, "{run}");
    assert_eq!(run.stderr().matches("warning: cache").count(), 1, "{run}");
    assert!(run.stderr().contains(told), "{told}: {run}");
    assert_eq!(std::fs::read_dir(sandbox.path("d")).expect("a directory").count(), 0, "{run}");
}
