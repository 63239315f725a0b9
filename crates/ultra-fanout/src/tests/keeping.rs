//! What the store has is not asked again.

use super::*;

#[test]
fn the_store_serves_the_second_run_and_changes_nothing_else() {
    let dir = tempfile::tempdir().expect("makes a directory");
    let input =
        (0..20).map(|n| format!("{{\"prompt\":\"question {}\"}}", n % 15)).collect::<Vec<_>>().join("\n");
    let plain = Bench::new(&["mock:a?fail=0.2"]).run(&input);
    let mut cached = Bench::new(&["mock:a?fail=0.2"]);
    for concurrency in [1, 64] {
        cached.args.limits.concurrency = concurrency;
        cached.args.keeping.cache = Some(dir.path().join(format!("{concurrency}.db")));
        let first = cached.run(&input);
        assert!(
            first.summary().contains("20 responses") && first.summary().contains("5 from the cache"),
            "{}",
            first.summary()
        );
        let second = cached.run(&input);
        assert!(second.summary().contains("; 0 calls, 20 from the cache"), "{}", second.summary());
        let hit = &second.of_type("response")[0];
        assert_eq!((&hit["cache"]["status"], &hit["attempts"]), (&"hit".into(), &0.into()));
        let ids = |run: &Run| {
            run.of_type("response").iter().map(|r| (r["id"].clone(), r["text"].clone())).collect::<Vec<_>>()
        };
        assert_eq!((ids(&first), ids(&second)), (ids(&plain), ids(&plain)));
    }
}

#[test]
fn the_store_needs_no_file_on_the_command_line() {
    use clap::FromArgMatches as _;
    for (given, file) in [(&["--cache"][..], Some("")), (&["--cache=x.db"], Some("x.db")), (&[], None)] {
        let arguments = std::iter::once("ultra-fanout").chain(given.iter().copied());
        let matches = ultra_core::shell::command::<Fanout>().try_get_matches_from(arguments);
        let args = FanoutArgs::from_arg_matches(&matches.expect("is understood")).expect("is complete");
        assert_eq!(args.keeping.cache.as_deref(), file.map(std::path::Path::new), "{given:?}");
    }
}

#[test]
fn a_store_that_cannot_be_used_changes_nothing() {
    let dir = tempfile::tempdir().expect("makes a directory");
    let file = dir.path().join("cache.db");
    std::fs::create_dir(&file).expect("makes a directory where the file should be");
    let mut bench = Bench::new(&["mock:a"]);
    let plain = bench.run("{\"prompt\":\"q\"}\n");
    bench.args.keeping.cache = Some(file);
    assert_eq!(bench.run("{\"prompt\":\"q\"}\n").text, plain.text);
}
