//! Answers that break, stall, lie or never come.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use ultra_core::config::Dialect;
use ultra_core::kind::ErrorKind as K;
use ultra_pace::Class as C;
use ultra_testkit::server::{Place, Reply, Server};

use super::{LONG, SHORT, ask, ask_within, attempt, settings};
use crate::call::CallError;
use crate::client::Timeouts;
use crate::http::{Http, LARGEST};

const TEXT: &str = "Zürich lies on the Limmat.";

fn error(reply: Reply) -> CallError {
    let server = Server::start([reply]);
    let error = ask(&server, Dialect::OpenAi).expect_err("no answer");
    assert!(error.message.starts_with("here:m: ") && error.message.contains(&server.url()), "{error}");
    error
}

#[test]
fn a_broken_answer_is_never_taken_for_a_whole_one() {
    for (reply, kind, class) in [
        (Reply::openai(TEXT).reset(Place::BeforeHeaders), K::NetworkReset, C::Unsure),
        (Reply::openai(TEXT).cut(Place::BeforeHeaders), K::NetworkReset, C::Unsure),
        (Reply::openai(TEXT).reset(Place::MidBody(20)), K::NetworkReset, C::Unsure),
        (Reply::openai(TEXT).cut(Place::MidBody(20)), K::Truncated, C::Unsure),
        (Reply::openai(TEXT).claiming_length(100_000), K::Truncated, C::Unsure),
        (Reply::openai(TEXT).without_last_chunk(), K::Truncated, C::Unsure),
        (Reply::openai(TEXT).claiming_length(40), K::Truncated, C::Unsure),
        (Reply::openai(TEXT).chunked(7).cut(Place::MidBody(30)), K::Truncated, C::Unsure),
        (Reply::invalid_utf8(), K::BadJson, C::Unsure),
        (Reply::html(200), K::BadJson, C::Unsure),
        (Reply::html(503), K::Overloaded, C::Free),
        (Reply::empty(200), K::Empty, C::Unsure),
        (Reply::empty(204), K::Protocol, C::FatalRecord),
        (Reply::json(206, "{}"), K::Protocol, C::FatalRecord),
        (Reply::error_in_ok("no"), K::Server, C::Free),
        (
            Reply::raw(200, b"\x1f\x8b\x08\x00".to_vec()).header("content-encoding", "gzip"),
            K::BadJson,
            C::Unsure,
        ),
    ] {
        let about = format!("{reply:?}");
        let error = error(reply);
        assert_eq!((error.kind, error.class), (kind, class), "{about}: {error}");
    }
}

#[test]
fn the_status_of_a_broken_error_still_counts() {
    for reply in [
        Reply::error(401, "no").cut(Place::MidBody(5)),
        Reply::error(401, "no").reset(Place::AfterHeaders),
        Reply::error(401, "no").claiming_length(5000),
    ] {
        assert_eq!(error(reply).kind, K::Auth);
    }
}

#[test]
fn an_answer_in_small_pieces_is_the_same() {
    for size in [1, 2, 3, 7, 64] {
        let server = Server::start([Reply::openai(TEXT).chunked(size)]);
        assert_eq!(ask(&server, Dialect::OpenAi).expect("an answer").text, TEXT);
    }
    let blank = format!("\n\n\n{}", r#"{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}"#);
    let server = Server::start([Reply::json(200, blank)]);
    let answer = ask(&server, Dialect::OpenAi).expect("an answer");
    assert_eq!((answer.text.as_str(), answer.model.as_str()), ("x", "m"));
}

#[test]
fn every_silence_has_its_own_limit() {
    let limits = |first_byte, idle| Timeouts { first_byte, first_byte_of_stream: LONG, idle };
    for (reply, timeouts, limit, kind) in [
        (Reply::openai(TEXT).stalled(Place::BeforeHeaders), limits(SHORT, LONG), LONG, K::TimeoutFirstByte),
        (Reply::openai(TEXT).stalled(Place::AfterHeaders), limits(LONG, SHORT), LONG, K::TimeoutIdle),
        (Reply::openai(TEXT).stalled(Place::MidBody(9)), limits(LONG, SHORT), LONG, K::TimeoutIdle),
        (Reply::openai(TEXT).stalled(Place::BeforeHeaders), limits(LONG, LONG), SHORT, K::TimeoutAttempt),
        (
            Reply::openai(TEXT).dripping(1, Duration::from_millis(10)),
            limits(LONG, LONG),
            SHORT,
            K::TimeoutAttempt,
        ),
    ] {
        let server = Server::start([reply]);
        let error = ask_within(&server, Dialect::OpenAi, timeouts, limit).expect_err("no answer");
        assert_eq!((error.kind, error.class), (kind, C::Unsure), "{error}");
        assert!(error.message.contains("0.1 s"), "{error}");
        assert!(server.wait_until(LONG, |calls| calls.iter().all(|call| call.client_left)), "{kind}");
    }
    let server = Server::start([Reply::error(429, "no").stalled(Place::MidBody(3))]);
    let error = ask_within(&server, Dialect::OpenAi, limits(LONG, SHORT), LONG).expect_err("no answer");
    assert_eq!(error.kind, K::RateLimited, "{error}");
}

#[test]
fn a_server_that_is_not_running_is_named() {
    let gone = Server::start(Vec::new());
    let settings = settings(&gone, Dialect::OpenAi);
    drop(gone);
    let http = Http::new("here:m", &settings, "m", Timeouts::default()).expect("a connection");
    let error = attempt(&http, LONG).expect_err("no answer");
    assert_eq!((error.kind, error.class), (K::NetworkConnect, C::Free), "{error}");
    let expected = format!(
        "here:m: the connection was refused; is the server running at {}/chat/completions?",
        settings.base_url
    );
    assert_eq!(error.message, expected);
}

#[test]
fn a_host_that_does_not_exist_is_named() {
    let server = Server::start(Vec::new());
    let mut settings = settings(&server, Dialect::OpenAi);
    "https://no-such-host.invalid/v1".clone_into(&mut settings.base_url);
    let http = Http::new("here:m", &settings, "m", Timeouts::default()).expect("a connection");
    let error = attempt(&http, LONG).expect_err("no answer");
    assert_eq!((error.kind, error.class), (K::NetworkDns, C::Free), "{error}");
    assert!(error.message.contains("https://no-such-host.invalid/v1"), "{error}");
}

#[test]
fn plain_http_behind_an_https_address_is_a_tls_error_and_no_request_is_sent() {
    let server = Server::start(Vec::new());
    let mut settings = settings(&server, Dialect::OpenAi);
    settings.base_url = settings.base_url.replace("http:", "https:");
    let http = Http::new("here:m", &settings, "m", Timeouts::default()).expect("a connection");
    let error = attempt(&http, LONG).expect_err("no answer");
    assert!(matches!(error.kind, K::Tls | K::NetworkConnect), "{error:?}");
    assert!(server.calls().is_empty());
}

/// Answers one connection with exactly `bytes`, then closes it.
pub(super) fn raw(bytes: Vec<u8>) -> CallError {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let base_url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let serving = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut request = vec![0; 65_536];
        let _ = stream.read(&mut request);
        // The client may leave before all is written.
        let _ = stream.write_all(&bytes);
    });
    let server = Server::start(Vec::new());
    let settings = ultra_core::config::Provider { base_url, ..settings(&server, Dialect::OpenAi) };
    let http = Http::new("here:m", &settings, "m", Timeouts::default()).expect("a connection");
    let error = attempt(&http, LONG).expect_err("no answer");
    serving.join().expect("the server ended");
    error
}

#[test]
fn what_is_not_http_is_a_protocol_error() {
    for bytes in [
        "SSH-2.0-OpenSSH_9.2\r\n".to_owned(),
        "HTTP/1.1 099 Odd\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\nhello".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
            .to_owned(),
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_owned(),
        format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;{}\r\n{{}}\r\n0\r\n\r\n",
            "x".repeat(1 << 20)
        ),
        format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\nx: {}\r\n\r\n",
            "y".repeat(1 << 20)
        ),
    ] {
        let about = bytes.chars().take(60).collect::<String>();
        let error = raw(bytes.into_bytes());
        assert_eq!((error.kind, error.class), (K::Protocol, C::FatalRecord), "{about:?}: {error}");
    }
    for head in [
        "x: y\r\n".repeat(5001),
        format!("x: {}\r\n", "y".repeat(1 << 20)),
        format!("x: {}\r\n", "y".repeat(300 << 10)),
    ] {
        let error = raw(format!("HTTP/1.1 200 OK\r\n{head}content-length: 2\r\n\r\n{{}}").into_bytes());
        assert_eq!((error.kind, error.class), (K::TooLarge, C::FatalRecord), "{error}");
    }
    let endless = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n{}".to_vec();
    assert!(matches!(raw(endless).kind, K::Truncated | K::Protocol));
    assert_eq!(raw(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n".to_vec()).kind, K::Protocol);
    assert_eq!(raw(b"HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n".to_vec()).kind, K::Protocol);
    let cut =
        raw(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"choices\":[{\"message\":{\"content\":\"Z"
            .to_vec());
    assert_eq!(cut.kind, K::Truncated);
}

#[test]
fn an_answer_larger_than_the_limit_is_left_off() {
    let announced = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{{", LARGEST + 1);
    assert_eq!(raw(announced.into_bytes()).kind, K::TooLarge);
    let mut endless = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
    endless.resize(endless.len() + LARGEST + 4096, b' ');
    let error = raw(endless);
    assert_eq!((error.kind, error.class), (K::TooLarge, C::FatalRecord));
}
