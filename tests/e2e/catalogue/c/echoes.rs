//! Cases 79 and 80: keys that come back, and names that would mean something else on the wire.

use ultra_testkit::command::{Run, Sandbox};
use ultra_testkit::server::{Reply, Script, Server};

use crate::catalogue::{DIALECTS, KEY, fanout, keyless};

#[test]
fn case_79_a_key_that_comes_back_is_shown_nowhere() {
    let quoting = |status: u16| {
        let error =
            format!(r#"{{"error":{{"message":"the key {KEY} is bad","type":"{KEY}","code":"{KEY}"}}}}"#);
        Reply::json(status, error)
            .header("x-request-id", KEY)
            .header("request-id", KEY)
            .header("location", KEY)
    };
    let replies = [
        quoting(200),
        quoting(302),
        quoting(400),
        quoting(401),
        quoting(429),
        quoting(500),
        Reply::raw(200, format!("<html>{KEY}</html>")),
        Reply::raw(502, KEY),
        Reply::text(&format!("Your key is {KEY}.")).header("x-request-id", KEY),
        Reply::text(&format!("Your key is {KEY}.")).chunked(3),
    ];
    let count = replies.len();
    let server = Server::start(Script::choose(move |_, request| {
        replies[request.model().parse::<usize>().expect("a number")].clone()
    }));
    for stream in [&[][..], &["--stream"]] {
        let sandbox = Sandbox::new();
        let targets = DIALECTS.iter().flat_map(|one| (0..count).map(move |number| format!("{one}:{number}")));
        let run = fanout(&sandbox, &server.url())
            .args(targets.flat_map(|target| ["-m".to_owned(), target]))
            .args(["--attempts", "1", "-vv", "--journal", "j", "--summary", "s", "--metrics", "m"])
            .args(stream)
            .stdin("q\n")
            .run();
        assert_eq!(run.records("response").len() + run.records("error").len(), 2 * count, "{run}");
        assert!(run.stdout().contains("[secret]"), "{run}");
        keyless(&run);
        for file in ["j", "s", "m"] {
            let text = String::from_utf8(sandbox.read(file)).expect("text");
            assert!(!text.contains(&KEY[..12]) && !text.contains(&KEY[12..]), "{file}: {text}");
        }
    }
    assert!(server.calls().iter().all(|call| call.key.as_deref() == Some(KEY)), "the key is in its header");
}

/// A run with a target, a base address and a key that may be unfit, against a server that must not notice.
fn unfit(server: &Server, target: &str, url: &str, key: &str) -> Run {
    let run = fanout(&Sandbox::new(), url)
        .env("VLLM_API_KEY", key)
        .args(["-m", target, "--attempts", "2"])
        .stdin("q\n")
        .run();
    assert_eq!(server.connections(), 0, "{target:?} {url:?} {run}");
    assert_ne!(run.code(), 0, "{target:?} {url:?} {run}");
    run
}

#[test]
fn case_80_what_would_change_the_request_is_refused_before_any_connection() {
    let server = Server::start(Script::always(Reply::text("no")));
    for model in ["a\r\nX: y", "a/../b", "../m", "m?key=k", "m\\x", "m\u{7}", " "] {
        let run = unfit(&server, &format!("vllm:{model}"), &server.url(), KEY);
        assert!(run.code() == 2 || run.records("error")[0]["kind"] == "param.charset", "{model:?} {run}");
        assert!(!run.stdout_bytes().contains(&b'\r') && !run.stderr().contains(['\r', '\u{7}']), "{run}");
        keyless(&run);
    }
    let run = unfit(&server, "vllm:m#f", &server.url(), KEY);
    assert!(run.code() == 2 || run.records("error")[0]["kind"] == "param.charset", "{run}");
    for url in [
        format!("{}\n", server.url()),
        format!("{}\r\nX: y", server.url()),
        format!("{}/?key=k", server.url()),
        format!("{}/#f", server.url()),
        server.url().replace("http://", "http://user:pass@"),
        server.url().replace("http:", "gopher:"),
    ] {
        let run = unfit(&server, "vllm:m", &url, KEY);
        assert!(run.stdout().contains("base URL") || run.stderr().contains("base URL"), "{url:?} {run}");
        assert!(!run.stdout().contains("pass@") && !run.stderr().contains("pass@"), "{run}");
    }
    for key in [format!("{KEY}\u{e9}"), format!("{KEY}\r\nX: y"), format!("{KEY}\u{7f}")] {
        let run = unfit(&server, "vllm:m", &server.url(), &key);
        assert!(run.stdout().contains("not shown") || run.stderr().contains("not shown"), "{run}");
        keyless(&run);
    }
}

#[test]
fn case_80_a_key_that_ends_a_line_is_sent_without_its_end_or_not_at_all() {
    let server = Server::start(Script::always(Reply::text("yes")));
    let run = fanout(&Sandbox::new(), &server.url())
        .env("VLLM_API_KEY", format!("{KEY}\n"))
        .args(["-m", "vllm:m"])
        .stdin("q\n")
        .run();
    keyless(&run);
    assert!(server.calls().iter().all(|call| call.key.as_deref() == Some(KEY)), "{run}");
    assert_eq!(run.code() == 0, server.count() == 1, "{run}");
}
