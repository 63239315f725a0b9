use super::{Route, Target, calls};
use crate::config::Config;
use crate::record::Request;

fn config() -> Config {
    let mut config = Config::default();
    let text = "[aliases]\nfast = \"mock:quick\"\n[profiles]\npanel = [\"fast\", \"openai:gpt-x#2\"]\n";
    config.add("ultra.toml", text).expect("reads");
    config
}

fn refused(spec: &str) -> String {
    let failure = Target::resolve(spec, &config(), false).expect_err("is refused");
    format!("{failure} | {}", failure.hints().join("; "))
}

#[test]
fn a_profile_is_several_targets_and_an_alias_keeps_its_name() {
    let targets = Target::resolve("@panel", &config(), false).expect("resolves");
    assert_eq!(targets[0].name, "fast");
    assert_eq!(targets[0].route, Route::Mock { model: "quick".into(), options: String::new() });
    assert_eq!((targets[1].name.as_str(), targets[1].samples), ("openai:gpt-x", Some(2)));
}

#[test]
fn mock_mode_replaces_every_target_under_its_own_name() {
    let target = Target::one("nowhere:gpt", &Config::default(), true).expect("resolves");
    assert_eq!(target.name, "nowhere:gpt");
    assert_eq!(target.route, Route::Mock { model: "nowhere:gpt".into(), options: String::new() });
}

#[test]
fn only_a_mock_target_has_options() {
    let command = Target::one("exec:grep a?b", &Config::default(), true).expect("resolves");
    assert_eq!(command.route, Route::Mock { model: "exec:grep a?b".into(), options: String::new() });
    let mock = Target::one("mock:a?fail=1", &Config::default(), true).expect("resolves");
    assert_eq!(mock.route, Route::Mock { model: "a".into(), options: "fail=1".into() });
}

#[test]
fn an_unknown_target_names_the_nearest_or_says_what_a_target_is() {
    assert_eq!(refused("opnai:gpt"), "target `opnai:gpt`: unknown provider `opnai` | did you mean `openai`?");
    assert_eq!(refused("fasst"), "unknown target `fasst` | did you mean `fast`?");
    assert_eq!(refused("@pannel"), "unknown target `@pannel` | did you mean `@panel`?");
    assert!(refused("whatever").contains("provider:model"));
}

#[test]
fn a_model_name_cannot_reach_into_a_header_or_an_address() {
    for spec in ["openai:a\r\nX: y", "openai:", "openai:a?key=1", "openai:a#x"] {
        assert!(refused(spec).contains("not a model name"), "{spec}");
    }
    assert!(refused("openai:a#0").contains("number of samples"));
}

#[test]
fn an_alias_brings_no_samples_and_no_second_alias() {
    let mut config = Config::default();
    config.add("f", "[aliases]\na = \"mock:x#2\"\nb = \"a\"\n").expect("reads");
    for (spec, cause) in [("a", "with a number of samples"), ("b", "another alias")] {
        let failure = Target::one(spec, &config, false).expect_err("is refused");
        assert!(failure.to_string().contains(cause), "{failure}");
    }
}

#[test]
fn a_request_cannot_ask_for_calls_without_end() {
    let targets: Vec<String> = (0..200).map(|n| format!("\"mock:{n}#1000\"")).collect();
    let line = format!(r#"{{"id":"r","prompt_id":"p","messages":[],"targets":[{}]}}"#, targets.join(","));
    let request: Request = serde_json::from_str(&line).expect("reads");
    assert!(calls(&request).expect_err("is refused").to_string().contains("more than"));
}

#[test]
fn calls_are_targets_times_samples_each_once() {
    let line = r#"{"id":"r","prompt_id":"p","messages":[{"role":"user","content":"q"}],"targets":["mock:a#2","mock:b","mock:a"],"samples":1}"#;
    let request: Request = serde_json::from_str(line).expect("reads");
    let calls: Vec<_> =
        calls(&request).expect("counts").into_iter().map(|call| (call.target, call.sample)).collect();
    let expected = [("mock:a", 0), ("mock:a", 1), ("mock:b", 0), ("mock:a", 2)];
    assert_eq!(calls, expected.map(|(target, sample)| (target.to_owned(), sample)));
}
