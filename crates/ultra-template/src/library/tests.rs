use std::io;
use std::path::{Path, PathBuf};

use super::{built_in, find};
use crate::pattern::Pattern;

fn nothing(_: &Path) -> io::Result<String> {
    Err(io::ErrorKind::NotFound.into())
}

#[test]
fn every_built_in_pattern_is_sound_and_named_like_its_file() {
    for (name, text) in built_in() {
        let pattern = Pattern::parse(text, name).unwrap_or_else(|faults| panic!("{faults}"));
        assert_eq!(pattern.name, name);
        let stages: Vec<_> = pattern.stages.iter().map(|stage| stage.name.as_str()).collect();
        let category = pattern.category.as_deref().expect("is listed somewhere");
        assert!(["core", "specialised", "comparison", "panel"].contains(&category), "{name}: {category}");
        assert!(category == "panel" || stages == ["initial", "meta", "hyper"], "{name}: {stages:?}");
        assert!(pattern.when.is_some() && pattern.when_not.is_some(), "{name}");
    }
}

#[test]
fn a_file_in_the_search_path_wins_over_a_built_in_pattern() {
    let own = "name = \"gut\"\nversion = 7\npurpose = \"p\"\n[[stages]]\nname = \"a\"\ntemplate = \"{{ prompt }}\"\n[ultra]\ntemplate = \"{{ answers }}\"\n";
    let read = move |path: &Path| {
        if path == Path::new("near/gut.toml") { Ok(own.to_owned()) } else { nothing(path) }
    };
    let directories = [PathBuf::from("near"), PathBuf::from("far")];
    assert_eq!(find("gut", &directories, &read).expect("found").version, 7);
    assert_eq!(find("gut", &directories[1..], &read).expect("built in").version, 1);
}

#[test]
fn an_unknown_pattern_is_answered_with_the_nearest_name() {
    let message = |name| find(name, &[], &nothing).expect_err("unknown").to_string();
    assert_eq!(message("critiqe"), "there is no pattern `critiqe`; did you mean `critique`?");
    assert!(
        message("zzzzzzzz").starts_with("there is no pattern `zzzzzzzz`; known here: `gut`, `confidence`,")
    );
    assert!(message("../gut.toml").ends_with("a file is named with --pattern ../gut.toml"));
}

#[test]
fn an_unreadable_file_is_not_skipped() {
    let read = |_: &Path| Err(io::Error::from(io::ErrorKind::PermissionDenied));
    let faults = find("gut", &[PathBuf::from("patterns")], &read).expect_err("refused");
    assert!(faults.to_string().starts_with("patterns/gut.toml: cannot read the pattern:"), "{faults}");
}

#[test]
fn a_later_stage_finds_the_very_file_that_made_the_first() {
    let built_in = find("gut", &[], &nothing).expect("built in");
    let wanted = built_in.reference(&std::collections::BTreeMap::new()).expect("no variables");
    let own = built_in_text("gut").replace("version = 1", "version = 2");
    let read = move |_: &Path| Ok(own.clone());
    let directories = [PathBuf::from("patterns")];
    assert_eq!(super::find_version(&wanted, &directories, &read).expect("built in still").version, 1);
    let other = ultra_core::record::PatternRef { blake3: "00".into(), ..wanted };
    let faults = super::find_version(&other, &directories, &read).expect_err("changed");
    assert!(
        faults.to_string().starts_with("patterns/gut.toml: the pattern `gut` has changed since"),
        "{faults}"
    );
}

fn built_in_text(name: &str) -> &'static str {
    built_in().find(|(known, _)| *known == name).expect("built in").1
}

#[test]
fn every_part_is_used() {
    let parts = super::built_in::parts();
    for (path, _) in parts.clone() {
        let named = |text: &str| text.contains(&format!("\"{path}\""));
        assert!(
            built_in().any(|(_, text)| named(text)) || parts.clone().any(|(_, text)| named(text)),
            "nothing names {path}"
        );
    }
}

#[test]
fn the_standing_of_a_council_counts_each_ranking_once_and_nobodys_view_of_itself() {
    let mut engine = crate::engine::engine();
    let text = super::built_in_text("partials/standing.j2").expect("is there");
    engine.add_template("standing", text).expect("is a template");
    let answers = ["Answer A", "Answer B", "Answer C", "Answer D"].map(|label| minijinja::context! { label });
    let reviews = [
        // A puts itself first and B there twice; C names nobody who exists; D said nothing that can be read.
        ("Answer A", Some(vec!["A", "B", "B", "C"])),
        ("Answer B", Some(vec!["C", "A"])),
        ("Answer C", Some(vec!["Z", "a"])),
        ("Answer D", None),
    ]
    .map(|(label, ranking)| {
        let json = ranking.map(|ranking| minijinja::context! { ranking });
        minijinja::context! { label, json }
    });
    let shown = engine.get_template("standing").and_then(|template| {
        template.render(minijinja::context! {
            initial => minijinja::context! { answers },
            ranking => minijinja::context! { answers => reviews },
        })
    });
    let shown = shown.expect("renders");
    let lines: Vec<_> = shown.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(
        lines,
        [
            "- Answer A: mean place 2.0 in 1 ranking, first in 0",
            "- Answer B: mean place 2.0 in 1 ranking, first in 0",
            "- Answer C: mean place 2.5 in 2 rankings, first in 1",
            "- Answer D: in no ranking",
        ]
    );
}
