//! Where keys go, and where they never appear.

use ultra_core::config::{Dialect, Provider as Settings};
use ultra_testkit::server::{Reply, Script, Server};

use super::{KEY, LONG, attempt, settings};
use crate::client::Timeouts;
use crate::http::Http;

/// A connection with a key.
fn keyed(settings: &Settings) -> Http {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("key");
    std::fs::write(&file, format!("{KEY}\n")).expect("a key file");
    let settings = Settings { key_file: Some(file.display().to_string()), ..settings.clone() };
    Http::new("here:m", &settings, "m", Timeouts::default()).expect("a connection")
}

#[test]
fn the_key_is_in_one_header_and_nowhere_else() {
    for dialect in [Dialect::OpenAi, Dialect::Anthropic] {
        let server = Server::start([Reply::echo()]);
        let answer = attempt(&keyed(&settings(&server, dialect)), LONG).expect("an answer");
        assert_eq!(answer.text, "Where does Zürich lie?");
        let calls = server.calls();
        assert_eq!(calls[0].key.as_deref(), Some(KEY));
        let request = &calls[0].request;
        assert!(!request.path.contains(KEY));
        assert!(!String::from_utf8_lossy(&request.body).contains(KEY));
        let holding = request.headers.iter().filter(|(_, value)| value.contains(KEY)).count();
        assert_eq!(holding, 1, "{:?}", request.headers);
    }
}

#[test]
fn a_redirect_is_not_followed_and_the_other_host_sees_nothing() {
    for status in [301, 302, 303, 307, 308] {
        for dialect in [Dialect::OpenAi, Dialect::Anthropic] {
            let other = Server::start(Script::always(Reply::echo()));
            let server = Server::start([Reply::redirect(status, &format!("{}/stolen", other.url()))]);
            let error = attempt(&keyed(&settings(&server, dialect)), LONG).expect_err("no answer");
            assert_eq!((error.kind.as_str(), error.status), ("redirect", Some(status)), "{error}");
            assert!(error.message.contains(&other.url()), "{error}");
            assert_eq!(other.connections(), 0);
            assert_eq!(server.calls().len(), 1);
        }
    }
}

#[test]
fn a_key_that_the_peer_quotes_is_removed_from_all_it_says() {
    let body = format!(
        r#"{{"error":{{"message":"bad key {KEY} (…{})","type":"{KEY}","code":"{KEY}"}}}}"#,
        &KEY[9..]
    );
    for status in [400, 401, 404, 429, 500, 503] {
        let reply = Reply::json(status, body.clone()).header("x-request-id", KEY).header("location", KEY);
        let server = Server::start([reply]);
        let error = attempt(&keyed(&settings(&server, Dialect::OpenAi)), LONG).expect_err("no answer");
        let whole = format!("{error:?}");
        assert!(whole.contains("[secret]") && !whole.contains(&KEY[9..]), "{whole}");
    }
    for reply in [
        Reply::openai(&format!("Your key is {KEY}.")),
        Reply::json(
            200,
            format!(
                r#"{{"model":"{KEY}","choices":[{{"message":{{"content":"x","reasoning":"{KEY}"}},"finish_reason":"{KEY}"}}]}}"#
            ),
        ),
        Reply::raw(200, format!("<html>{KEY}")),
    ] {
        let server = Server::start([reply]);
        let whole = format!("{:?}", attempt(&keyed(&settings(&server, Dialect::OpenAi)), LONG));
        assert!(whole.contains("[secret]") && !whole.contains(KEY), "{whole}");
    }
}

#[test]
fn a_call_asks_for_plain_json_under_its_own_name() {
    let server = Server::start([Reply::echo()]);
    attempt(&keyed(&settings(&server, Dialect::OpenAi)), LONG).expect("an answer");
    let calls = server.calls();
    let header = |name: &str| {
        let found = calls[0].request.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    assert_eq!(header("accept-encoding"), "identity");
    assert_eq!(header("accept"), "application/json");
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("host"), server.url().trim_start_matches("http://"));
    assert!(header("user-agent").starts_with("ultra/"), "{}", header("user-agent"));
    assert_eq!(calls[0].request.path, "/v1/chat/completions");
}
