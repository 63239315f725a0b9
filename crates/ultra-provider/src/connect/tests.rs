use ultra_core::config::Config;
use ultra_core::target::Target;

use super::{Options, connect};

fn config() -> Config {
    let mut config = Config::default();
    let text = r#"
[providers.mine]
dialect = "openai"
base-url = "http://127.0.0.1:1/v1"
key-env = "MINE_KEY_OF_THE_TEST"

[providers.open]
dialect = "openai"
base-url = "https://user:hunter2@host.example/v1"
"#;
    config.add("ultra.toml", text).expect("a configuration");
    config
}

fn target(spec: &str) -> Target {
    Target::one(spec, &config(), false).expect(spec)
}

#[test]
fn a_target_is_connected_to_by_its_route() {
    assert!(connect(&target("exec:cat")).is_ok());
    assert!(connect(&target("ollama:m")).is_ok());
    let mock = connect(&target("mock:m")).expect_err("nothing to connect to");
    assert!(mock.to_string().contains("mock:m"), "{mock}");
}

#[test]
fn what_is_missing_or_wrong_is_named_before_any_call() {
    let missing = connect(&target("mine:m")).expect_err("no key");
    assert!(missing.to_string().contains("no key for `mine`"), "{missing}");
    assert!(
        missing.hints().iter().any(|hint| hint.contains("MINE_KEY_OF_THE_TEST")),
        "{:?}",
        missing.hints()
    );
    let open = connect(&target("open:m")).expect_err("a password in the address");
    assert!(open.to_string().contains("`open`") && !format!("{open:?}").contains("hunter2"), "{open:?}");
    assert!(connect(&target("exec: ")).is_err());
}

#[test]
fn the_keys_of_all_providers_are_secrets() {
    let secrets = Options::of(&config()).secrets;
    for name in ["MINE_KEY_OF_THE_TEST", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "XAI_API_KEY"] {
        assert!(secrets.iter().any(|secret| secret == name), "{name}: {secrets:?}");
    }
    assert!(!Options::default().secrets.iter().any(|secret| secret == "MINE_KEY_OF_THE_TEST"));
}
