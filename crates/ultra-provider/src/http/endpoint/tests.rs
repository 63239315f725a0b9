use ultra_core::config::{Dialect, Provider};

use super::Endpoint;
use crate::client::Road;

fn provider(dialect: Dialect, base_url: &str) -> Provider {
    Provider {
        name: "here".into(),
        dialect,
        base_url: base_url.into(),
        key_env: None,
        key_file: None,
        needs_key: false,
        version: None,
    }
}

#[track_caller]
fn check(dialect: Dialect, base_url: &str, expected: &str) {
    let endpoint = Endpoint::new(&provider(dialect, base_url)).expect("a good address");
    assert_eq!(endpoint.place(), expected);
    assert_eq!(endpoint.url.as_str(), expected);
}

#[test]
fn the_path_is_completed_and_never_doubled() {
    for base in ["http://127.0.0.1:1/v1", "http://127.0.0.1:1/v1/", "http://127.0.0.1:1/v1/chat/completions"]
    {
        check(Dialect::OpenAi, base, "http://127.0.0.1:1/v1/chat/completions");
    }
    for base in ["http://[::1]:1", "http://[::1]:1/", "http://[::1]:1/v1", "http://[::1]:1/v1/messages"] {
        check(Dialect::Anthropic, base, "http://[::1]:1/v1/messages");
    }
    check(Dialect::Anthropic, "https://gate.example/anthropic", "https://gate.example/anthropic/v1/messages");
}

#[test]
fn an_address_that_could_mislead_is_refused_and_not_shown() {
    for base in [
        "",
        "api.example/v1",
        "ftp://api.example/v1",
        "https://user:hunter2@api.example/v1",
        "https://hunter2@api.example/v1",
        "https://api.example/v1?key=hunter2",
        "https://api.example/v1#hunter2",
        "https://api.example/v1\n",
        "https://api.ex\tample/v1",
        "https:///v1 ",
    ] {
        let failure = Endpoint::new(&provider(Dialect::OpenAi, base)).expect_err(base);
        assert!(!failure.to_string().contains("hunter2"), "{failure}");
        assert!(failure.to_string().contains("`here`"), "{failure}");
    }
}

#[test]
fn a_key_never_travels_unencrypted_to_another_machine() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("key");
    std::fs::write(&file, "sk-canary-0123456789\n").expect("a key file");
    let with_key =
        |base| Provider { key_file: Some(file.display().to_string()), ..provider(Dialect::OpenAi, base) };
    for base in ["http://api.example/v1", "http://192.168.1.7/v1", "http://127.0.0.1.example/v1"] {
        let failure = Endpoint::new(&with_key(base)).expect_err(base);
        assert!(!format!("{failure:?}").contains("canary"), "{failure:?}");
        assert!(Endpoint::new(&provider(Dialect::OpenAi, base)).is_ok_and(|open| open.road == Road::Plain));
    }
    for base in ["http://localhost:1/v1", "http://127.8.9.1/v1", "http://[::1]/v1", "https://api.example/v1"]
    {
        let endpoint = Endpoint::new(&with_key(base)).expect(base);
        assert!(endpoint.headers["authorization"].is_sensitive());
        assert!(!format!("{endpoint:?}").contains("canary"), "{endpoint:?}");
    }
}

#[test]
fn the_anthropic_dialect_has_its_own_headers() {
    let endpoint = Endpoint::new(&provider(Dialect::Anthropic, "http://localhost:1")).expect("an address");
    assert_eq!(endpoint.headers["anthropic-version"], "2023-06-01");
    let newer =
        Provider { version: Some("2026-10-21".into()), ..provider(Dialect::Anthropic, "http://localhost:1") };
    let endpoint = Endpoint::new(&newer).expect("an address");
    assert_eq!(endpoint.headers["anthropic-version"], "2026-10-21");
}
