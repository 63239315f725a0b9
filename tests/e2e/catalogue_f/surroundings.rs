//! Cases 135 to 137: languages, zones and terminals; arguments; configurations that are wrong.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use ultra_testkit::command::Sandbox;

use super::{SOON, questions};
use crate::tools::{binary, pipeline, with};

const KEY: &str = "sk-test-3f9a1c7e5b2d8460";

#[test]
fn case_135_no_surroundings_change_a_byte() {
    let line = "ultra-ingest plan.md | ultra-pattern start gut -p 'Is it sound?' -m mock:a -m 'mock:b#2' \
        | ultra-fanout --mock | ultra-synth medoid --show records; ultra-pattern list";
    let plain = |command: ultra_testkit::command::Command| {
        let run = command.file("plan.md", "# İstanbul\n\nDatum: 1.2.2026, 1,5 °C\n").run();
        run.assert_status(0);
        run.stdout_bytes().to_vec()
    };
    let expected = plain(pipeline(line));
    assert!(!expected.is_empty());
    let surroundings: [&[(&str, &str)]; 7] = [
        &[("LANG", "C"), ("LC_ALL", "C")],
        &[("LANG", "tr_TR.UTF-8"), ("LC_ALL", "tr_TR.UTF-8")],
        &[("TZ", "Pacific/Kiritimati")],
        &[("TZ", "nonsense"), ("SOURCE_DATE_EPOCH", "0")],
        &[("COLUMNS", "0"), ("LINES", "0"), ("TERM", "dumb")],
        &[("NO_COLOR", "1"), ("TERM", "xterm-256color")],
        &[("CLICOLOR_FORCE", "1"), ("FORCE_COLOR", "1"), ("RUST_LOG", "trace"), ("RUST_BACKTRACE", "full")],
    ];
    for variables in surroundings {
        let command =
            variables.iter().fold(pipeline(line), |command, (name, value)| command.env(name, value));
        assert!(plain(command) == expected, "{variables:?}");
    }
}

#[test]
fn case_136_a_hundred_thousand_arguments_are_read() {
    let names = (0..100_000).map(|number| format!("n{number}"));
    let run = with("ultra-ingest").args(names).run();
    run.assert_status(1);
    assert_eq!(run.raw_lines().len(), 100_000);
}

#[test]
fn case_136_more_arguments_than_the_system_takes_go_through_a_pipe() {
    let run = with("ultra-fanout")
        .args(["--mock", "--lines", "-m", "mock:a", "--emit", "new"])
        .stdin(questions(2_000))
        .run();
    assert_eq!(run.assert_status(0).records("response").len(), 2_000);
}

#[test]
fn case_136_a_path_need_not_be_utf8_and_everything_else_must() {
    let sandbox = Sandbox::new();
    let odd = OsStr::from_bytes(b"\xff.md");
    std::fs::write(sandbox.work().join(odd), "text\n").expect("a file");
    let run = sandbox.command(binary("ultra-ingest")).arg(odd).run();
    assert_eq!(run.assert_status(0).records("document").len(), 1);
    let fanout = || sandbox.command(binary("ultra-fanout")).args(["--mock", "--lines"]).stdin(questions(1));
    fanout().args(["-m", "mock:a", "--journal"]).arg(OsStr::from_bytes(b"\xfe")).run().assert_status(0);
    assert!(sandbox.work().join(OsStr::from_bytes(b"\xfe")).is_file());
    fanout().arg("-m").arg(OsStr::from_bytes(b"mock:\xff")).run().assert_status(2);
}

#[test]
fn case_136_a_key_among_the_arguments_is_refused_and_not_repeated() {
    for arguments in [&["--api-key", KEY][..], &[&format!("--api-key={KEY}")], &["--key", KEY], &["-k", KEY]]
    {
        let run = with("ultra-fanout").args(["--mock", "-m", "mock:a"]).args(arguments).run();
        run.assert_status(2);
        assert!(!run.stderr().contains(KEY), "{run}");
    }
}

#[test]
fn case_137_a_configuration_that_is_wrong_is_refused_with_its_line() {
    for (text, told) in [
        ("seed = 1\nsed = 2\n", "c.toml:2: unknown key `sed`"),
        ("seed = 1\n\nseed = 2\n", "c.toml:3: duplicate key"),
        ("[fanout]\nattempts = 0\n", "c.toml:2: "),
        ("[fanout]\nmax-usd = \"${BUDGET}\"\n", "c.toml:2: "),
        ("seed\n", "c.toml:1: "),
        ("seed = 1\n[fanuot]\n", "c.toml:2: unknown section `fanuot`"),
        ("[providers.x]\nkey = \"sk\"\n", "c.toml:2: unknown key `key`"),
        ("\u{0}\n", "c.toml:1: "),
    ] {
        let run =
            with("ultra-fanout").args(["-m", "mock:a", "--config", "c.toml"]).file("c.toml", text).run();
        run.assert_status(2);
        assert!(run.stderr().starts_with(&format!("ultra-fanout: {told}")), "{text:?}: {run}");
    }
}

#[test]
fn case_137_a_configuration_of_a_gigabyte_is_not_read() {
    let run = pipeline("truncate -s 1G ultra.toml; exec ultra-fanout -m mock:a").run();
    run.assert_status(2);
    assert!(run.stderr().contains("larger than 1 MiB"), "{run}");
    let run = pipeline("printf '\\377\\n' >ultra.toml; exec ultra-fanout -m mock:a").run();
    run.assert_status(2);
    assert!(run.stderr().contains("ultra.toml"), "{run}");
}

#[test]
fn case_137_a_configuration_without_end_or_without_a_writer_is_refused() {
    for file in ["fifo", "/dev/zero", "/dev/tty", "."] {
        let line = format!("mkfifo fifo; exec ultra-fanout --mock -m mock:a --config {file}");
        let run = pipeline(&line).timeout(SOON).run();
        run.assert_status(2);
        assert!(run.stderr().contains(&format!("the configuration {file} ")), "{run}");
    }
    let run = pipeline("mkfifo ultra.toml; exec ultra-fanout --mock -m mock:a").timeout(SOON).run();
    run.assert_status(2);
    assert!(run.stderr().contains("ultra.toml is not a regular file"), "{run}");
}

#[test]
fn an_empty_configuration_may_be_the_null_device() {
    let line = |null: &str| format!("printf 'seed = 41\\n' >ultra.toml; {null}");
    for null in [
        "exec ultra-fanout -m x --show-config --config /dev/null",
        "ULTRA_CONFIG=/dev/null exec ultra-fanout -m x --show-config",
    ] {
        let run = pipeline(&line(null)).run();
        run.assert_status(0);
        assert!(!run.stdout().contains("41"), "{run}");
    }
}

#[test]
fn case_137_a_configuration_may_come_from_a_program() {
    let line = |program: &str| {
        format!(
            "{program} | {{ exec 3<&0 </dev/null; exec ultra-fanout -m x --show-config --config /dev/fd/3; }}"
        )
    };
    let run = pipeline(&line("printf 'seed = 41\n'")).timeout(SOON).run();
    run.assert_status(0);
    assert!(run.stdout().contains("41"), "{run}");
    let run = pipeline(&line("cat /dev/zero")).timeout(SOON).run();
    run.assert_status(2);
    assert!(run.stderr().contains("larger than 1 MiB"), "{run}");
}

#[test]
fn case_137_a_key_that_the_environment_does_not_have_is_named() {
    let file = "[providers.x]\nbase-url = \"http://127.0.0.1:9/v1\"\nkey-env = \"NOT_SET\"\n";
    let run = with("ultra-fanout")
        .args(["--lines", "-m", "x:m"])
        .file("ultra.toml", file)
        .stdin(questions(1))
        .run();
    run.assert_status(4);
    assert!(run.stderr().contains("set NOT_SET"), "{run}");
}

#[test]
fn the_script_that_runs_the_tests_names_each_package_that_they_need() {
    for (program, package) in [
        ("gzip", "gzip"),
        ("jq", "jq"),
        ("openssl", "openssl"),
        ("prlimit", "util-linux"),
        ("script", "bsdutils"),
        ("setpriv", "util-linux"),
        ("setsid", "util-linux"),
        ("strace", "strace"),
        ("timeout", "coreutils"),
    ] {
        // Everything is there but this program, and nobody may install it.
        let line = format!(
            "mkdir bin; ln -s /usr/bin/* /bin/* bin/ 2>/dev/null; rm -f bin/{program} bin/id bin/cargo
             printf '#!/bin/sh\\necho 1000\\n' >bin/id; printf '#!/bin/sh\\necho tests ran\\n' >bin/cargo
             chmod +x bin/id bin/cargo; PATH=$PWD/bin exec sh {}/scripts/test",
            env!("CARGO_MANIFEST_DIR")
        );
        let run = pipeline(&line).run();
        run.assert_status(1);
        assert!(
            run.stderr().contains(&format!("{program} is missing; install the package {package}")),
            "{run}"
        );
    }
}
