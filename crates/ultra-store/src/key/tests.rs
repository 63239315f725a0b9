//! Different calls have different keys; the same call has one.

use std::collections::BTreeMap;

use proptest::prelude::*;
use ultra_core::config::Provider;
use ultra_core::record::{Content, ContentPart, Json, Message, Object, Params, Request, Role};
use ultra_core::target::Route;

use super::{Call, Key};

/// A call that owns its parts, so that a test can change one of them.
#[derive(Debug, Clone, PartialEq)]
struct Owned {
    namespace: String,
    provider: String,
    base_url: String,
    model: String,
    messages: Vec<Message>,
    params: Params,
    output_schema: Option<String>,
    sample: u32,
    options: String,
    seed: Option<u64>,
}

impl Owned {
    fn key(&self) -> Key {
        let schema = self.output_schema.as_deref().map(json);
        Call {
            namespace: &self.namespace,
            provider: &self.provider,
            base_url: &self.base_url,
            model: &self.model,
            messages: &self.messages,
            params: Some(&self.params),
            output_schema: schema.as_ref(),
            sample: self.sample,
            options: &self.options,
            seed: self.seed,
        }
        .key()
    }

    fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut other = self.clone();
        change(&mut other);
        other
    }
}

fn json(text: &str) -> Json {
    Json::parse(text.to_owned()).expect("is JSON")
}

fn params(text: &str) -> Params {
    serde_json::from_str(text).expect("are parameters")
}

fn plain() -> Owned {
    Owned {
        namespace: "tenant-a".into(),
        provider: "openai".into(),
        base_url: "https://api.example/v1".into(),
        model: "m-1".into(),
        messages: vec![Message::new(Role::System, "Be brief."), Message::new(Role::User, "café?")],
        params: params(r#"{"temperature":0.7,"stop":["a","b"],"top_k":40}"#),
        output_schema: Some(r#"{"type":"object","required":["a"]}"#.into()),
        sample: 0,
        options: String::new(),
        seed: None,
    }
}

/// Some key, another for each `text`.
pub(crate) fn key(text: &str) -> Key {
    plain().with(|call| call.model = text.into()).key()
}

/// Gives `then` a call that differs for each `text`.
pub(crate) fn asking<T>(text: &str, then: impl FnOnce(&Call<'_>) -> T) -> T {
    let messages = [Message::new(Role::User, text)];
    then(&Call {
        namespace: "",
        provider: "mock",
        base_url: "",
        model: "a",
        messages: &messages,
        params: None,
        output_schema: None,
        sample: 0,
        options: "",
        seed: Some(0),
    })
}

#[test]
fn the_key_of_version_1_is_what_it_always_was() {
    assert_eq!(
        plain().key().as_str(),
        "ec6b9c7d77b217de3fb8576a448f3a607373a30b8fc6c5f88cfc50a92b26ac6e",
        "a changed key loses every stored answer: raise the version in the context instead"
    );
}

#[test]
fn every_near_miss_is_another_call() {
    let one = plain();
    let message = |at: usize, text: &'static str| {
        move |call: &mut Owned| call.messages[at].content = Content::Text(text.into())
    };
    let near = [
        one.clone(),
        one.with(|c| c.namespace = "tenant-b".into()),
        one.with(|c| c.namespace = String::new()),
        one.with(|c| (c.namespace, c.provider) = ("tenant-".into(), "aopenai".into())),
        one.with(|c| c.provider = "openai2".into()),
        one.with(|c| c.base_url = String::new()),
        one.with(|c| c.base_url = "https://api.example/v2".into()),
        one.with(|c| c.base_url = "http://api.example/v1".into()),
        one.with(|c| c.model = "m-2".into()),
        one.with(|c| c.model = "M-1".into()),
        one.with(message(0, "Be brief. ")),
        one.with(message(1, "cafe\u{301}?")),
        one.with(message(1, "Café?")),
        one.with(|c| c.messages.swap(0, 1)),
        one.with(|c| drop(c.messages.pop())),
        one.with(|c| c.messages[0].role = Role::User),
        one.with(|c| c.messages = vec![Message::new(Role::System, "Be brief.café?")]),
        one.with(|c| c.messages[1].content = Content::Parts(vec![part("café?")])),
        one.with(|c| c.messages[1].content = Content::Parts(vec![part("caf"), part("é?")])),
        one.with(|c| c.messages[1].extra.push("name".into(), json("\"x\""))),
        one.with(|c| c.params.temperature = None),
        one.with(|c| c.params.temperature = Some(0.700_000_000_000_000_1)),
        one.with(|c| c.params.temperature = Some(0.0)),
        one.with(|c| (c.params.temperature, c.params.top_p) = (None, Some(0.7))),
        one.with(|c| c.params.max_output_tokens = Some(7)),
        one.with(|c| c.params.seed = Some(7)),
        one.with(|c| c.params.stop = vec!["ab".into()]),
        one.with(|c| c.params.stop = vec!["b".into(), "a".into()]),
        one.with(|c| c.params.stop = vec![]),
        one.with(|c| c.params.reasoning = Some(String::new())),
        one.with(|c| c.params.extra = Object::default()),
        one.with(|c| c.params = params(r#"{"temperature":0.7,"stop":["a","b"],"top_k":"40"}"#)),
        one.with(|c| c.params = params(r#"{"temperature":0.7,"stop":["a","b"],"top_k":41}"#)),
        one.with(|c| c.params = params(r#"{"temperature":0.7,"stop":["a","b"],"top_K":40}"#)),
        one.with(|c| c.output_schema = None),
        one.with(|c| c.output_schema = Some(r#"{"type":"object","required":["b"]}"#.into())),
        one.with(|c| c.sample = 1),
        one.with(|c| c.options = "fail=1".into()),
        one.with(|c| c.seed = Some(0)),
        one.with(|c| c.seed = Some(1)),
    ];
    let mut seen = BTreeMap::new();
    for call in near {
        if let Some(other) = seen.insert(call.key(), call.clone()) {
            panic!("one key for two calls:\n{call:?}\n{other:?}");
        }
    }
}

fn part(text: &str) -> ContentPart {
    ContentPart { kind: "text".into(), text: Some(text.into()), extra: Object::default() }
}

#[test]
fn the_same_call_written_in_another_way_has_the_same_key() {
    let one = plain();
    for same in [
        one.with(|c| c.params = params(r#"{ "top_k":40, "stop":["\u0061","b"], "temperature":7e-1 }"#)),
        one.with(|c| c.output_schema = Some(r#"{ "required" : ["\u0061"], "type":"object" }"#.into())),
        one.with(|c| c.base_url = "https://user:secret@API.example/v1?key=secret".into()),
    ] {
        assert_eq!(one.key(), same.key(), "{same:?}");
    }
}

#[test]
fn parameters_that_say_nothing_are_no_parameters() {
    let messages = [Message::new(Role::User, "q")];
    let empty = params("{}");
    let call = |params| Call {
        namespace: "",
        provider: "mock",
        base_url: "",
        model: "a",
        messages: &messages,
        params,
        output_schema: None,
        sample: 0,
        options: "",
        seed: None,
    };
    assert_eq!(call(None).key(), call(Some(&empty)).key());
}

#[test]
fn the_explanation_is_what_went_into_the_key_and_holds_no_credential() {
    let call = plain();
    let explained: Vec<_> = Call {
        namespace: "n",
        provider: "openai",
        base_url: "https://me:secret@h/v1?key=secret",
        model: "m",
        messages: &call.messages,
        params: Some(&call.params),
        output_schema: None,
        sample: 2,
        options: "fail=0.3",
        seed: Some(9),
    }
    .explain()
    .into_iter()
    .map(|(name, value)| format!("{name}={value}"))
    .collect();
    assert_eq!(
        explained,
        [
            "namespace=n",
            "provider=openai",
            "base_url=https://h/v1",
            "model=m",
            "messages.0.role=system",
            "messages.0.text=Be brief.",
            "messages.1.role=user",
            "messages.1.text=café?",
            "params.temperature=0.7",
            "params.stop=[\"a\",\"b\"]",
            "params.top_k=40",
            "sample=2",
            "options=fail=0.3",
            "seed=9",
        ]
    );
}

#[test]
fn a_request_and_a_route_make_the_call_and_the_names_of_the_run_do_not_count() {
    let request = |id: &str, deadline: u32| -> Request {
        let record = format!(
            r#"{{"id":"{id}","prompt_id":"{id}","messages":[{{"role":"user","content":"q"}}],"targets":["{id}"],
            "stage":{{"name":"{id}","index":0,"of":1,"requests":1}},"deadline_ms":{deadline},"line":{deadline}}}"#
        );
        serde_json::from_str(&record).expect("is a request")
    };
    let mut provider = Provider::built_in("openai").expect("is built in");
    let http = |provider: &Provider| Route::Http { provider: provider.clone(), model: "m".into() };
    let mock = |options: &str| Route::Mock { model: "m".into(), options: options.into() };
    let key = |request: &Request, route: &Route, seed| Call::of(request, route, 0, seed).key();
    let (one, two) = (request("a", 1), request("b", 2));
    assert_eq!(key(&one, &http(&provider), 1), key(&two, &http(&provider), 2));
    assert_eq!(key(&one, &mock(""), 1), key(&two, &mock(""), 1));
    assert_ne!(key(&one, &mock(""), 1), key(&one, &mock(""), 2));
    assert_ne!(key(&one, &mock(""), 1), key(&one, &mock("fail=1"), 1));
    let before = key(&one, &http(&provider), 1);
    provider.name = "alias".into();
    assert_eq!(key(&one, &http(&provider), 1), before);
    provider.base_url.push_str("/other");
    assert_ne!(key(&one, &http(&provider), 1), before);
    assert_ne!(key(&one, &Route::Exec { command: "m".into() }, 1), key(&one, &mock(""), 1));
}

fn short() -> impl Strategy<Value = String> {
    // Few letters, so that two texts often differ only in where they are cut.
    "[ab\u{e9}\u{301}e\":,0]{0,3}"
}

fn calls() -> impl Strategy<Value = Owned> {
    let message = (0..3usize, short())
        .prop_map(|(role, text)| Message::new([Role::System, Role::User, Role::Assistant][role], text));
    let extra = proptest::collection::btree_map(short(), short(), 0..3);
    let given = (
        proptest::option::of((0..3u8).prop_map(f64::from)),
        proptest::option::of(0..2u64),
        proptest::collection::vec(short(), 0..3),
        extra,
    );
    let params = given.prop_map(|(temperature, max_output_tokens, stop, extra)| Params {
        temperature,
        max_output_tokens,
        stop,
        extra: extra.into_iter().map(|(name, value)| (name, Json::of(&value).expect("text"))).collect(),
        ..params("{}")
    });
    let names = (short(), short(), short());
    let messages = proptest::collection::vec(message, 0..4);
    let schema = proptest::option::of(short().prop_map(|text| serde_json::Value::from(text).to_string()));
    (names, messages, params, schema, 0..2u32, proptest::option::of(0..2u64)).prop_map(
        |((namespace, provider, model), messages, params, output_schema, sample, seed)| Owned {
            namespace,
            provider,
            base_url: String::new(),
            model,
            messages,
            params,
            output_schema,
            sample,
            options: String::new(),
            seed,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_calls_have_one_key_only_when_they_are_equal(one in calls(), two in calls()) {
        prop_assert_eq!(one.key() == two.key(), one == two);
    }

    #[test]
    fn one_byte_more_in_any_text_is_another_call(one in calls(), text in "[ab\u{e9}0]", at in 0..4usize) {
        let two = one.with(|call| match at {
            0 => call.namespace.push_str(&text),
            1 => call.model.push_str(&text),
            2 => call.params.stop.push(text),
            _ => call.messages.push(Message::new(Role::User, text)),
        });
        prop_assert_ne!(one.key(), two.key());
    }

    #[test]
    fn the_order_of_unknown_parameters_does_not_matter(one in calls(), turn in 0..3usize) {
        let mut fields: Vec<_> = one.params.extra.iter().map(|(k, v)| (k.to_owned(), v.clone())).collect();
        let places = fields.len().max(1);
        fields.rotate_left(turn % places);
        let two = one.with(|call| call.params.extra = fields.into_iter().collect());
        prop_assert_eq!(one.key(), two.key());
    }
}
