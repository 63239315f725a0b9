mod about;

use super::{Config, Dialect};

fn refused(text: &str) -> String {
    let failure = Config::default().add("ultra.toml", text).expect_err("is refused");
    format!("{failure} | {}", failure.hints().join("; "))
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_the_nearest_name() {
    assert_eq!(refused("seed = 1\n\nsed = 2\n"), "ultra.toml:3: unknown key `sed` | did you mean `seed`?");
    assert_eq!(
        refused("[fanuot]\nx = 1\n"),
        "ultra.toml:1: unknown section `fanuot` | did you mean `fanout`?"
    );
}

#[test]
fn a_repeated_key_and_broken_toml_are_refused_with_the_line() {
    assert!(
        refused("seed = 1\nseed = 2\n").starts_with("ultra.toml:2: duplicate key"),
        "{}",
        refused("seed = 1\nseed = 2\n")
    );
    assert!(refused("seed = \n").starts_with("ultra.toml:1: "));
}

#[test]
fn the_nearest_file_wins() {
    let mut config = Config::default();
    config.add("near", "seed = 1\n[aliases]\na = \"mock:near\"\n").expect("reads");
    config
        .add("far", "seed = 2\nmax-line = 5\n[aliases]\na = \"mock:far\"\nb = \"mock:b\"\n")
        .expect("reads");
    let settings: Vec<_> = config
        .settings("fanout")
        .map(|set| format!("{}={} {}", set.key, set.values[0], set.origin))
        .collect();
    assert_eq!(settings, ["seed=1 near:1", "max-line=5 far:2"]);
    assert_eq!((config.alias("a"), config.alias("b")), (Some("mock:near"), Some("mock:b")));
}

#[test]
fn another_address_does_not_get_the_key_of_the_first() {
    let mut config = Config::default();
    config.add("f", "[providers.openai]\nbase-url = \"http://127.0.0.1:1/v1\"\n").expect("reads");
    let provider = config.provider("openai").expect("is known");
    assert_eq!((provider.key_env, provider.needs_key), (None, false));
}

#[test]
fn a_provider_of_ones_own_speaks_the_dialect_it_names() {
    let mut config = Config::default();
    config
        .add("f", "[providers.lab]\ndialect = \"anthropic\"\nbase-url = \"http://127.0.0.1:1\"\nkey-env = \"LAB_KEY\"\n")
        .expect("reads");
    let provider = config.provider("lab").expect("is known");
    assert_eq!((provider.dialect, provider.needs_key), (Dialect::Anthropic, true));
    assert!(refused("[providers.lab]\ndialect = \"soap\"\n").starts_with("ultra.toml:2: a dialect is"));
    assert!(refused("[providers.lab]\n").contains("needs a `base-url`"));
}

#[test]
fn the_examples_of_the_manual_are_read() {
    let page = include_str!("../../../../man/frames/ultra.7").replace("\\-", "-");
    let blocks = page.split(".nf\n").skip(1).filter_map(|rest| rest.split_once(".fi\n"));
    let mut config = Config::default();
    for (text, _) in blocks.filter(|(text, _)| text.lines().any(|line| line.trim().starts_with('['))) {
        config.add("ultra.toml", text).unwrap_or_else(|failure| panic!("{failure}\n{text}"));
    }
    config.check_names().expect("are targets");
    let price = config.price("openai:gpt-6-luna").expect("has one");
    assert_eq!((price.input, price.cached, price.output), (0.25, 0.025, 2.0));
    let small = config.limit("anthropic:claude-haiku-5-5");
    assert_eq!(small.requests_per_minute, Some(1000.0));
    assert_eq!((small.tokens_per_minute, small.concurrency), (Some(30_000.0), Some(4)));
    assert_eq!(config.fallbacks("openai:gpt-6-luna"), ["openrouter:openai/gpt-6-luna", "ollama:llama3"]);
}
