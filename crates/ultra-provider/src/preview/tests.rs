use ultra_core::config::{Config, Dialect, Provider};
use ultra_core::record::{Content, Message, Object, Role};
use ultra_core::target::{Route, Target};

use super::{Form, Preview, preview};
use crate::call::Call;
use crate::http::endpoint::Endpoint;

fn call() -> Call {
    Call {
        request_id: "req_1".into(),
        target: "p:m".into(),
        sample: 0,
        messages: vec![Message {
            role: Role::User,
            content: Content::Text("Sound?".into()),
            extra: Object::default(),
        }]
        .into(),
        params: None,
        output_schema: None,
    }
}

fn provider(dialect: Dialect, base_url: &str, key: bool) -> Provider {
    Provider {
        name: "p".into(),
        dialect,
        base_url: base_url.into(),
        key_env: None,
        // A file that cannot be read: it must not be looked for.
        key_file: key.then(|| "/nonexistent/key".into()),
        needs_key: key,
        version: None,
    }
}

fn http(provider: Provider) -> Result<Preview, String> {
    let route = Route::Http { provider, model: "m".into() };
    let target = Target { name: "p:m".into(), samples: None, route };
    preview(&target, &call(), Form::Whole).map_err(|error| error.to_string())
}

#[test]
fn the_key_of_each_dialect_is_hidden_and_never_read() {
    for (dialect, name, shown) in
        [(Dialect::OpenAi, "authorization", "Bearer ***"), (Dialect::Anthropic, "x-api-key", "***")]
    {
        let Ok(Preview::Http { headers, .. }) = http(provider(dialect, "https://p.example/v1", true)) else {
            panic!("no preview of {dialect:?}");
        };
        assert!(headers.contains(&(name.to_owned(), shown.to_owned())), "{headers:?}");
    }
}

#[test]
fn a_server_without_a_key_gets_none_and_nothing_travels_in_the_open() {
    for (url, key) in [("https://p.example/v1", false), ("http://p.example/v1", true)] {
        let Ok(Preview::Http { headers, .. }) = http(provider(Dialect::OpenAi, url, key)) else {
            panic!("no preview of {url}");
        };
        assert!(headers.iter().all(|(name, _)| name != "authorization"), "{headers:?}");
    }
}

#[test]
fn address_and_body_are_those_of_the_call() {
    let Ok(Preview::Http { method, url, headers, body }) =
        http(provider(Dialect::Anthropic, "https://p.example", true))
    else {
        panic!("no preview");
    };
    assert_eq!((method, &*url), ("POST", "https://p.example/v1/messages"));
    assert!(headers.contains(&("anthropic-version".to_owned(), "2023-06-01".to_owned())), "{headers:?}");
    assert_eq!(
        body.text(),
        r#"{"model":"m","max_tokens":4096,"messages":[{"role":"user","content":"Sound?"}],"stream":false}"#
    );
}

#[test]
fn an_address_that_is_none_is_an_error() {
    let error = http(provider(Dialect::OpenAi, "ftp://p.example", true)).expect_err("is no address");
    assert!(error.contains("neither http nor https"), "{error}");
}

#[test]
fn a_program_gets_the_conversation_and_is_not_started() {
    let target = Target::one("exec:touch /nonexistent/file", &Config::default(), false).expect("is a target");
    let shown = preview(&target, &call(), Form::Whole).expect("has a preview");
    let command = "touch /nonexistent/file".to_owned();
    assert_eq!(shown, Preview::Exec { command, stdin: "Sound?\n".into() });
}

#[test]
fn the_headers_are_those_of_the_call_in_both_forms() {
    for dialect in [Dialect::OpenAi, Dialect::Anthropic] {
        for (form, streamed) in [(Form::Whole, false), (Form::Streamed, true)] {
            let provider = provider(dialect, "https://p.example/v1", false);
            let endpoint = Endpoint::new(&provider).expect("is an address");
            let sent = endpoint.headers(streamed).iter();
            let mut sent: Vec<_> =
                sent.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
            sent.sort();
            let target = Target {
                name: "p:m".into(),
                samples: None,
                route: Route::Http { provider, model: "m".into() },
            };
            let Ok(Preview::Http { url, headers, body, .. }) = preview(&target, &call(), form) else {
                panic!("no preview of {dialect:?}");
            };
            assert_eq!((headers, &*url), (sent, endpoint.url.as_str()));
            assert_eq!(body.text().contains(r#""stream":true"#), streamed, "{}", body.text());
        }
    }
}
