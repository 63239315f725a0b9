mod weather;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Place, Reply, Script, Server};
use crate::fixtures;

const SOON: Duration = Duration::from_secs(10);

/// What came back over one connection, and how the connection ended.
struct Got {
    text: Vec<u8>,
    ended: Option<ErrorKind>,
}

impl Got {
    fn status(&self) -> Option<u16> {
        String::from_utf8_lossy(&self.text).split(' ').nth(1)?.parse().ok()
    }

    fn split(&self) -> (String, Vec<u8>) {
        let at = self.text.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        (String::from_utf8_lossy(&self.text[..at]).to_lowercase(), self.text[at + 4..].to_vec())
    }

    fn body(&self) -> Vec<u8> {
        let (head, body) = self.split();
        if head.contains("transfer-encoding: chunked") { unchunk(&body).0 } else { body }
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body()).expect("a JSON body")
    }
}

/// The content, and whether the last chunk came.
fn unchunk(mut bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut content = Vec::new();
    while let Some(at) = bytes.windows(2).position(|two| two == b"\r\n") {
        let digits = std::str::from_utf8(&bytes[..at]).expect("a chunk size");
        let size = usize::from_str_radix(digits, 16).expect("a chunk size");
        if size == 0 {
            return (content, true);
        }
        content.extend_from_slice(&bytes[at + 2..at + 2 + size]);
        bytes = &bytes[at + 4 + size..];
    }
    (content, false)
}

fn request(path: &str, headers: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: x\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address()).expect("connects");
    stream.set_read_timeout(Some(SOON)).expect("sets a timeout");
    stream
}

fn exchange(server: &Server, bytes: &str) -> Got {
    let mut stream = connect(server);
    stream.write_all(bytes.as_bytes()).expect("sends");
    let mut text = Vec::new();
    let ended = stream.read_to_end(&mut text).err().map(|error| error.kind());
    Got { text, ended }
}

fn ask(model: &str) -> Value {
    json!({"model": model, "max_tokens": 9, "messages": [{"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Where does "}, {"type": "text", "text": "Zürich lie?"}]}]})
}

fn openai(server: &Server, headers: &str) -> Got {
    let headers = format!("connection: close\r\n{headers}");
    exchange(server, &request("/v1/chat/completions", &headers, &ask("m").to_string()))
}

fn anthropic(server: &Server, headers: &str) -> Got {
    let headers = format!("connection: close\r\nAnthropic-Version: 2023-06-01\r\n{headers}");
    exchange(server, &request("/v1/messages", &headers, &ask("c").to_string()))
}

#[test]
fn both_formats_are_answered_in_their_own_shape() {
    let server =
        Server::start([Reply::openai("By the Limmat.").usage(14, 9), Reply::anthropic("By the lake.")]);
    let answer = openai(&server, "").json();
    assert_eq!(answer["choices"][0]["message"]["content"], "By the Limmat.");
    assert_eq!(answer["usage"], json!({"prompt_tokens": 14, "completion_tokens": 9, "total_tokens": 23}));
    let answer = anthropic(&server, "").json();
    assert_eq!(answer["content"][0], json!({"type": "text", "text": "By the lake."}));
    assert_eq!((answer["model"].as_str(), answer["stop_reason"].as_str()), (Some("c"), Some("end_turn")));
    server.assert_played();
}

#[test]
fn echo_proves_that_the_prompt_arrived() {
    let server = Server::start(Reply::echo());
    assert_eq!(openai(&server, "").json()["choices"][0]["message"]["content"], "Where does Zürich lie?");
    assert_eq!(anthropic(&server, "").json()["content"][0]["text"], "Where does Zürich lie?");
}

#[test]
fn a_stream_is_sent_when_it_is_asked_for() {
    let server = Server::start(Reply::text("By the Limmat."));
    let mut body = ask("m");
    body["stream"] = json!(true);
    for (path, end) in
        [("/v1/chat/completions", "data: [DONE]\n\n"), ("/v1/messages", "\"message_stop\"}\n\n")]
    {
        let headers = "connection: close\r\nanthropic-version: 2023-06-01\r\n";
        let got = exchange(&server, &request(path, headers, &body.to_string()));
        let text = String::from_utf8(got.body()).expect("is text");
        assert!(got.split().0.contains("text/event-stream") && text.ends_with(end), "{text}");
        assert!(text.contains("\"By \"") && text.contains("\"Limmat.\""), "{text}");
    }
}

#[test]
fn the_ledger_keeps_what_was_asked_and_answered() {
    let server =
        Server::start([Reply::error(429, "slow down").header("retry-after", "2"), Reply::openai("x")]);
    let refused = openai(&server, "Authorization: Bearer k1\r\n");
    assert!(refused.split().0.contains("retry-after: 2"));
    assert_eq!(refused.json()["error"]["code"], "rate_limit_exceeded");
    openai(&server, "Authorization: Bearer k1\r\n");
    let calls = server.calls();
    assert_eq!(calls.iter().map(|call| call.status).collect::<Vec<_>>(), [Some(429), Some(200)]);
    assert_eq!(calls.iter().map(|call| call.request.repeat).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(calls[0].key.as_deref(), Some("k1"));
    assert_eq!(calls[1].request.json, Some(ask("m")));
    assert_eq!(calls[1].request.path, "/v1/chat/completions");
    assert_eq!(calls[1].ended, Some(1));
    assert!(calls[0].at <= calls[1].at && calls.iter().all(|call| call.scripted && !call.client_left));
}

#[test]
fn a_used_up_script_is_an_error_and_not_an_answer() {
    let server = Server::start([]);
    assert_eq!(openai(&server, "").status(), Some(400));
    assert!(!server.calls()[0].scripted);
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| server.assert_played()));
    assert!(panic.is_err());
    let server = Server::start(Script::list([]).otherwise(Reply::empty(503)));
    assert_eq!(openai(&server, "").status(), Some(503));
}

#[test]
fn a_function_sees_the_number_and_the_request() {
    let server = Server::start(Script::choose(|number, request| match request.repeat {
        0 => Reply::error(503, "busy"),
        _ => Reply::text(&format!("{} {number} {}", request.model(), request.messages().len())),
    }));
    assert_eq!(openai(&server, "").status(), Some(503));
    assert_eq!(anthropic(&server, "").json()["error"]["type"], "api_error");
    assert_eq!(anthropic(&server, "").json()["content"][0]["text"], "c 2 2");
}

#[test]
fn a_wrong_key_is_refused_in_the_providers_shape_and_takes_no_reply() {
    let server = Server::start(Script::list([Reply::openai("in")]).require_key("right"));
    assert_eq!(openai(&server, "authorization: Bearer wrong\r\n").json()["error"]["code"], "invalid_api_key");
    assert_eq!(anthropic(&server, "").json()["error"]["type"], "authentication_error");
    assert_eq!(openai(&server, "authorization: Bearer right\r\n").status(), Some(200));
    assert_eq!(server.calls()[0].key.as_deref(), Some("wrong"));
    server.assert_played();
}

#[test]
fn requests_that_a_provider_would_refuse_are_refused() {
    let server = Server::start(Reply::text("never"));
    let post = |path, headers, body: &str| exchange(&server, &request(path, headers, body)).status();
    let (close, body) = ("connection: close\r\n", ask("m").to_string());
    assert_eq!(post("/v1/messages", close, &body), Some(400));
    assert_eq!(post("/v1/completions", close, &body), Some(404));
    assert_eq!(post("/v1/chat/completions", close, "{"), Some(400));
    assert_eq!(post("/v1/chat/completions", close, r#"{"model":"m"}"#), Some(400));
    assert_eq!(
        exchange(&server, "GET /v1/chat/completions HTTP/1.1\r\nconnection: close\r\n\r\n").status(),
        Some(405)
    );
}

#[test]
fn a_connection_carries_many_requests() {
    let server = Server::start(Reply::empty(204));
    let mut stream = connect(&server);
    for _ in 0..3 {
        stream.write_all(request("/x", "", "{}").as_bytes()).expect("sends");
        let mut head = vec![0; "HTTP/1.1 204 Status\r\ncontent-length: 0\r\n\r\n".len()];
        stream.read_exact(&mut head).expect("answers");
        assert!(head.starts_with(b"HTTP/1.1 204") && head.ends_with(b"\r\n\r\n"));
    }
    assert_eq!((server.connections(), server.calls().len()), (1, 3));
}

#[test]
fn a_chunked_request_is_read_whole() {
    let server = Server::start(Reply::empty(204).closing());
    exchange(
        &server,
        "POST /x HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\n[1,\r\n2;a=b\r\n2]\r\n0\r\n\r\n",
    );
    assert_eq!(server.calls()[0].request.json, Some(json!([1, 2])));
}

#[test]
fn what_is_not_http_is_told_apart() {
    let server = Server::start(Reply::text("never"));
    let mut greeting = connect(&server);
    greeting.write_all(b"\x16\x03\x01\x02").expect("sends");
    assert_eq!(greeting.read(&mut [0]).ok(), Some(0));
    assert!(server.garbled()[0].contains("0x16") && server.calls().is_empty());
}

#[test]
fn a_reset_is_a_reset_wherever_it_happens() {
    for (place, sent) in [(Place::BeforeHeaders, 0), (Place::AfterHeaders, 1), (Place::MidBody(5), 6)] {
        let server = Server::start(Reply::raw(200, "0123456789").reset(place));
        let got = openai(&server, "");
        assert_eq!(got.ended, Some(ErrorKind::ConnectionReset), "{place:?}");
        // A reset may overtake what was sent, so the ledger decides how far the answer came.
        let call = &server.calls()[0];
        assert_eq!(usize::from(call.status.is_some()) + call.sent, sent, "{place:?}");
    }
}

#[test]
fn a_cut_ends_in_order_after_the_bytes_before_it() {
    let server = Server::start(Reply::raw(200, "0123456789").cut(Place::MidBody(4)));
    let got = openai(&server, "");
    assert_eq!((got.ended, got.split().1.as_slice()), (None, &b"0123"[..]));
    assert!(got.split().0.contains("content-length: 10"));
}

#[test]
fn lengths_can_lie_in_both_directions() {
    for claimed in [4, 99] {
        let server = Server::start(Reply::raw(200, "0123456789").claiming_length(claimed));
        let got = openai(&server, "");
        assert!(got.split().0.contains(&format!("content-length: {claimed}")));
        assert_eq!(got.split().1, b"0123456789");
    }
}

#[test]
fn chunks_can_end_before_the_last_one() {
    let server = Server::start([
        Reply::raw(200, "0123456789").chunked(3),
        Reply::raw(200, "0123456789").without_last_chunk(),
    ]);
    assert_eq!(unchunk(&openai(&server, "").split().1), (b"0123456789".to_vec(), true));
    assert_eq!(unchunk(&openai(&server, "").split().1), (b"0123456789".to_vec(), false));
}

#[test]
fn a_stall_lasts_until_the_client_leaves_and_the_ledger_knows() {
    for place in [Place::BeforeHeaders, Place::AfterHeaders, Place::MidBody(3)] {
        let server = Server::start(Reply::raw(200, "0123456789").stalled(place));
        let mut stream = connect(&server);
        stream.write_all(request("/x", "", "{}").as_bytes()).expect("sends");
        assert!(server.wait_until(SOON, |calls| calls.len() == 1));
        stream.set_read_timeout(Some(Duration::from_millis(50))).expect("sets a timeout");
        let mut text = Vec::new();
        let stalled = stream.read_to_end(&mut text).expect_err("no end comes").kind();
        assert!(matches!(stalled, ErrorKind::WouldBlock | ErrorKind::TimedOut));
        assert_eq!(text.ends_with(b"012"), place == Place::MidBody(3));
        assert_eq!(server.calls()[0].ended, None);
        drop(stream);
        assert!(server.wait_until(SOON, |calls| calls[0].ended.is_some()));
        assert!(server.calls()[0].client_left);
    }
}

#[test]
fn dropping_the_server_ends_a_stall_and_an_idle_connection() {
    let server = Server::start(Reply::text("x").stalled(Place::BeforeHeaders));
    let mut stalled = connect(&server);
    let mut idle = connect(&server);
    stalled.write_all(request("/x", "", "{}").as_bytes()).expect("sends");
    assert!(server.wait_until(SOON, |calls| calls.len() == 1));
    drop(server);
    assert_eq!(stalled.read(&mut [0]).unwrap_or(0), 0);
    assert_eq!(idle.read(&mut [0]).unwrap_or(0), 0);
}

#[test]
fn a_dripped_body_comes_whole() {
    let server = Server::start(Reply::raw(200, "0123456789").dripping(4, Duration::from_millis(50)));
    let mut stream = connect(&server);
    stream.write_all(request("/x", "", "{}").as_bytes()).expect("sends");
    let mut text = Vec::new();
    while !text.ends_with(b"0123456789") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("answers");
        text.extend(byte);
    }
    drop(stream);
    assert!(server.wait_until(SOON, |calls| calls[0].ended.is_some()));
    assert!(!server.calls()[0].client_left, "a client that has its answer may leave");
}

#[test]
fn odd_bodies_are_sent_as_they_are() {
    let server = Server::start([
        Reply::html(502),
        Reply::empty(200),
        Reply::invalid_utf8(),
        Reply::error_in_ok("upstream failed"),
        Reply::redirect(307, "http://127.0.0.1:1/v1"),
    ]);
    let html = openai(&server, "");
    assert!(html.status() == Some(502) && html.body().starts_with(b"<!DOCTYPE html>"));
    assert!(openai(&server, "").body().is_empty());
    let invalid = openai(&server, "").body();
    assert!(std::str::from_utf8(&invalid).is_err());
    let repaired = String::from_utf8_lossy(&invalid).into_owned();
    assert!(serde_json::from_str::<Value>(&repaired).is_ok(), "the byte is the only flaw");
    assert_eq!(openai(&server, "").json()["error"]["message"], "upstream failed");
    assert!(openai(&server, "").split().0.contains("location: http://127.0.0.1:1/v1"));
}

#[test]
fn every_fixture_is_served_byte_for_byte() {
    for file in fixtures::FILES {
        for case in fixtures::cases(file) {
            let server = Server::start(Reply::case(&case));
            let got = openai(&server, "");
            assert_eq!((got.status(), got.body()), (Some(case.status), case.body), "{file}/{}", case.name);
        }
    }
}

#[test]
fn the_gauge_shows_how_many_calls_were_in_flight_at_once() {
    let server = Server::start(Reply::text("x").once_in_flight(4));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(openai(&server, "").status(), Some(200)));
        }
    });
    openai(&server, "");
    assert_eq!((server.max_in_flight(), server.calls().len()), (4, 5));
}
