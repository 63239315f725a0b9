//! Prices, limits and fallbacks.

use super::{Config, refused};
use crate::config::{Limit, Price};
use crate::target::Target;

fn config(text: &str) -> Config {
    let mut config = Config::default();
    config.add("ultra.toml", text).expect("reads");
    config.check_names().expect("names targets");
    config
}

/// What is said when all files are read.
fn misnamed(text: &str) -> String {
    let mut config = Config::default();
    config.add("ultra.toml", text).expect("reads");
    let failure = config.check_names().expect_err("is refused");
    format!("{failure} | {}", failure.hints().join("; "))
}

#[test]
fn a_price_is_that_of_the_target_then_of_its_alias_then_of_its_provider() {
    let config = config(
        "[aliases]\nfast = \"openai:a\"\nslow = \"openai:b\"\n\
         [prices.fast]\nin = 1\nout = 1\n\
         [prices.\"openai:b\"]\nin = 2\ncached = 0.5\nout = 2.5\ndate = 2026-07-01\n\
         [prices.\"openai:*\"]\nin = 3\nout = 3\ndate = \"2026-02-28\"\n",
    );
    let input = |name| config.price(name).map(|price| price.input);
    assert_eq!(
        ["fast", "slow", "openai:b", "openai:c"].map(input),
        [Some(1.0), Some(2.0), Some(2.0), Some(3.0)]
    );
    assert_eq!(["mistral:a", "openai", "exec:openai"].map(input), [None; 3]);
    let told = Price { input: 2.0, cached: 0.5, output: 2.5, date: Some("2026-07-01".into()) };
    assert_eq!(config.price("slow"), Some(&told));
    let any = config.price("openai:c").expect("a price");
    assert_eq!((any.cached, any.date.as_deref()), (3.0, Some("2026-02-28")), "cached costs what others cost");
}

#[test]
fn only_a_mock_is_free_unless_priced() {
    let config = config("[prices.\"mock:dear\"]\nin = 1\nout = 2\n[prices.\"exec:cat\"]\nin = 0\nout = 0\n");
    let price = |spec, mock| {
        let target = Target::one(spec, &config, mock).expect("a target");
        target.price(&config).map(|price| price.output)
    };
    assert_eq!(price("mock:m", false), Some(0.0));
    assert_eq!(price("mock:dear?fail=0.5", false), Some(2.0), "options are not part of the model");
    assert_eq!(price("exec:cat", false), Some(0.0));
    assert_eq!(price("exec:dog", false), None);
    assert_eq!(price("ollama:m", false), None);
    assert_eq!(price("ollama:m", true), Some(0.0));
}

#[test]
fn limits_add_up_from_the_nearest_entry_to_the_provider() {
    let config = config(
        "[aliases]\nfast = \"openai:a\"\n[limits.fast]\nconcurrency = 4\n\
         [limits.\"openai:a\"]\nrequests-per-minute = 0.5\nconcurrency = 9\n\
         [limits.\"openai:*\"]\nrequests-per-minute = 500\ntokens-per-minute = 30_000\n",
    );
    let limit = |requests, tokens, concurrency| Limit {
        requests_per_minute: requests,
        tokens_per_minute: tokens,
        concurrency,
    };
    assert_eq!(config.limit("fast"), limit(Some(0.5), Some(30_000.0), Some(4)));
    assert_eq!(config.limit("openai:a"), limit(Some(0.5), Some(30_000.0), Some(9)));
    assert_eq!(config.limit("openai:b"), limit(Some(500.0), Some(30_000.0), None));
    assert_eq!(config.limit("mock:a"), Limit::default());
}

#[test]
fn a_chain_of_fallbacks_names_nobody_twice() {
    let config = config(
        "[aliases]\nfast = \"openai:a\"\n[fallbacks]\n\
         \"openai:a\" = \"anthropic:b\"\n\"anthropic:b\" = \"mock:c\"\n\"mock:c\" = \"fast\"\n",
    );
    assert_eq!(config.fallback("fast"), Some("anthropic:b"));
    assert_eq!(config.fallback("mock:d"), None);
    assert_eq!(config.fallbacks("fast"), ["anthropic:b", "mock:c"]);
    assert_eq!(config.fallbacks("anthropic:b"), ["mock:c", "fast"]);
}

#[test]
fn the_nearest_file_wins_for_each_target() {
    let mut config = Config::default();
    config
        .add("near", "[prices.\"mock:a\"]\nin = 1\nout = 1\n[fallbacks]\n\"mock:a\" = \"mock:b\"\n")
        .expect("reads");
    config
        .add("far", "[prices.\"mock:a\"]\nin = 9\nout = 9\n[prices.\"mock:b\"]\nin = 2\nout = 2\n[fallbacks]\n\"mock:a\" = \"mock:c\"\n")
        .expect("reads");
    let input = |name| config.price(name).map(|price| price.input);
    assert_eq!((input("mock:a"), input("mock:b")), (Some(1.0), Some(2.0)));
    assert_eq!(config.fallback("mock:a"), Some("mock:b"));
}

#[test]
fn an_unknown_key_of_an_entry_names_the_nearest() {
    let text = "[prices.\"openai:a\"]\nin = 1\noutt = 1\n";
    assert_eq!(refused(text), "ultra.toml:3: unknown key `outt` | did you mean `out`?");
    let text = "[limits.\"openai:a\"]\nrequest-per-minute = 1\n";
    assert_eq!(
        refused(text),
        "ultra.toml:2: unknown key `request-per-minute` | did you mean `requests-per-minute`?"
    );
    assert!(refused("[prizes.\"openai:a\"]\nin = 1\n").ends_with("did you mean `prices`?"));
}

#[test]
fn a_value_out_of_range_is_refused_with_the_range() {
    for value in ["-0.1", "inf", "nan", "1e7", "\"1\"", "true"] {
        let text = format!("[prices.\"openai:a\"]\nout = 1\nin = {value}\n");
        let cause = "ultra.toml:3: `in` is US dollars per million tokens, 0 to 1000000 | ";
        assert_eq!(refused(&text), cause, "{value}");
    }
    for value in ["0", "-1", "inf", "1e13"] {
        let text = format!("[limits.\"openai:a\"]\ntokens-per-minute = {value}\n");
        let cause = "ultra.toml:2: `tokens-per-minute` is a number above 0, at most 1000000000000 | ";
        assert_eq!(refused(&text), cause, "{value}");
    }
    for value in ["0", "1.5", "65537", "-1"] {
        let text = format!("[limits.\"openai:a\"]\nconcurrency = {value}\n");
        let cause = "ultra.toml:2: `concurrency` is a whole number, 1 to 65536 | ";
        assert_eq!(refused(&text), cause, "{value}");
    }
    for value in ["\"July\"", "\"2026-02-29\"", "2026-07-01T00:00:00Z", "20260701"] {
        let text = format!("[prices.\"openai:a\"]\nin = 1\nout = 1\ndate = {value}\n");
        assert_eq!(refused(&text), "ultra.toml:4: `date` is a day: YYYY-MM-DD | ", "{value}");
    }
}

#[test]
fn an_entry_without_its_price_or_of_another_shape_is_refused() {
    let text = "\n[prices.\"openai:a\"]\nin = 1\n";
    assert_eq!(refused(text), "ultra.toml:2: the price of `openai:a` needs `out` | ");
    assert!(refused("[prices]\n\"openai:a\" = 3\n").starts_with("ultra.toml:2: a price is a table"));
    assert!(refused("[limits]\n\"openai:a\" = 3\n").starts_with("ultra.toml:2: a limit is a table"));
    assert!(refused("[fallbacks]\n\"openai:a\" = 3\n").starts_with("ultra.toml:2: expected a string"));
    let twice = "[limits.\"openai:a\"]\nconcurrency = 1\n[limits.\"openai:a\"]\nconcurrency = 2\n";
    assert!(refused(twice).starts_with("ultra.toml:3: duplicate key"), "{}", refused(twice));
}

#[test]
fn a_name_that_is_no_target_is_refused() {
    for name in ["@panel", "", "openai:a#3"] {
        let text = format!("[limits.\"{name}\"]\nconcurrency = 1\n");
        assert!(refused(&text).starts_with("ultra.toml:1: "), "{name}: {}", refused(&text));
        let text = format!("[fallbacks]\n\"openai:a\" = \"{name}\"\n");
        assert!(refused(&text).starts_with("ultra.toml:2: "), "{name}: {}", refused(&text));
    }
    assert!(refused("[fallbacks]\n\"openai:*\" = \"mock:a\"\n").contains("for one target"));
    let itself = "[fallbacks]\n\"mock:a\" = \"mock:a\"\n";
    assert_eq!(refused(itself), "ultra.toml:2: the target `mock:a` is its own fallback | ");
}

#[test]
fn a_slip_of_a_known_name_is_refused_once_all_files_are_read() {
    assert_eq!(
        misnamed("[limits.\"opnai:a\"]\nconcurrency = 1\n"),
        "ultra.toml:1: unknown target `opnai:a` | did you mean `openai:a`?"
    );
    assert_eq!(
        misnamed("[aliases]\nfast = \"openai:a\"\n[fallbacks]\n\"mock:a\" = \"fasst\"\n"),
        "ultra.toml:4: unknown target `fasst` | did you mean `fast`?"
    );
    assert_eq!(
        misnamed("[aliases]\nfast = \"openai:a\"\n[fallbacks]\nfast = \"openai:a\"\n"),
        "ultra.toml:4: the target `fast` is its own fallback | "
    );
    let elsewhere = config("[prices.\"laboratory:a\"]\nin = 1\nout = 1\n");
    assert!(elsewhere.price("laboratory:a").is_some(), "another file may tell about the provider");
}
