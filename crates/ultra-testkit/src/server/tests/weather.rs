//! Outages, limits, faults by seed, and many connections at once.

use std::io::{BufRead, BufReader};

use super::*;
use crate::server::{Dead, End, Faults, Limit, Mix, Tells, Trouble};

#[test]
fn who_is_gone_refuses_connections_and_comes_back_on_the_same_port() {
    let (from, until) = (Duration::ZERO, Duration::from_millis(300));
    let server = Server::start(Script::always(Reply::text("back")).dead(from, until, Dead::Gone));
    let refused = (0..2_000).find_map(|_| {
        thread::sleep(Duration::from_millis(1));
        TcpStream::connect(server.address()).err()
    });
    assert_eq!(refused.map(|error| error.kind()), Some(ErrorKind::ConnectionRefused));
    while server.now() < until || TcpStream::connect(server.address()).is_err() {
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(openai(&server, "").status(), Some(200));
}

#[test]
fn a_dead_server_fails_in_the_way_it_was_told() {
    for (way, status) in [(Dead::Reset, None), (Dead::Status(500), Some(500))] {
        let server = Server::start(Script::always(Reply::text("x")).dead(Duration::ZERO, SOON, way));
        assert_eq!(openai(&server, "").status(), status, "{way:?}");
        assert_eq!(server.count_between(Duration::ZERO, SOON), 1);
        assert!(!server.calls()[0].scripted, "a dead server takes no reply from the script");
    }
}

#[test]
fn a_limit_refuses_what_is_too_much_and_says_when_to_come_back() {
    let limit = Limit::per_minute(2, Tells::Headers);
    let server = Server::start(Script::always(Reply::text("x")).limited(limit));
    let (head, _) = openai(&server, "").split();
    assert!(head.contains("x-ratelimit-limit-requests: 2\r\n"), "{head}");
    assert!(head.contains("x-ratelimit-remaining-requests: 1"), "{head}");
    assert_eq!(openai(&server, "").status(), Some(200));
    let refused = openai(&server, "");
    assert_eq!(refused.status(), Some(429));
    assert!(refused.split().0.contains("retry-after-ms: 5"), "most of a minute");
}

#[test]
fn a_reset_in_the_head_leaves_half_of_it() {
    let server = Server::start(Script::always(Reply::text("x").reset(Place::MidHead)));
    let got = openai(&server, "");
    assert_eq!(got.ended, Some(ErrorKind::ConnectionReset));
    assert!(!got.text.windows(4).any(|four| four == b"\r\n\r\n"));
    assert_eq!(server.calls()[0].end(), End::Broken);
}

#[test]
fn a_stream_can_end_between_two_events() {
    for path in ["/v1/chat/completions", "/v1/messages"] {
        let server = Server::start(Script::always(Reply::text("a b c").cut(Place::AfterEvents(2))));
        let mut body = ask("m");
        body["stream"] = json!(true);
        let got = exchange(&server, &request(path, "anthropic-version: 1\r\n", &body.to_string()));
        let events = String::from_utf8(got.body()).expect("is text");
        assert!(events.ends_with("\n\n") && events.matches("\n\n").count() == 2, "{events:?}");
    }
}

#[test]
fn a_stream_can_end_with_an_error() {
    for (path, error) in
        [("/v1/chat/completions", "data: {\"error\""), ("/v1/messages", "event: error\ndata: ")]
    {
        let server = Server::start(Script::always(Reply::text("a b c").failing_in_the_stream()));
        let mut body = ask("m");
        body["stream"] = json!(true);
        let headers = "anthropic-version: 1\r\nconnection: close\r\n";
        let got = exchange(&server, &request(path, headers, &body.to_string()));
        let events = String::from_utf8(got.body()).expect("is text");
        assert!(
            events.contains(error) && !events.contains("[DONE]") && !events.contains("message_stop"),
            "{events}"
        );
    }
}

#[test]
fn an_endless_body_ends_when_the_client_leaves() {
    let server = Server::start(Script::always(Reply::text("x").endless()));
    let mut stream = connect(&server);
    let body = ask("m").to_string();
    stream.write_all(request("/v1/chat/completions", "", &body).as_bytes()).expect("sends");
    let mut some = vec![0; 1 << 20];
    stream.read_exact(&mut some).expect("a MiB of it");
    drop(stream);
    assert!(server.wait_until(SOON, |calls| calls[0].ended.is_some()));
    assert!(server.calls()[0].client_left);
}

#[test]
fn every_trouble_can_be_had() {
    for (seed, trouble) in [
        (0, Trouble::BadChunk),
        (1, Trouble::Bomb),
        (2, Trouble::Portal),
        (3, Trouble::ErrorInside),
        (4, Trouble::RefusedFor(Duration::from_secs(2))),
    ] {
        let script = Faults { seed, mix: Mix::none().with(1.0, trouble) }.script(Reply::text("x"));
        let got = openai(&Server::start(script), "");
        let (head, body) = got.split();
        let there = match trouble {
            Trouble::BadChunk => body.ends_with(b"FFFFFFFFFFFFFFFF\r\n"),
            Trouble::Bomb => head.contains("content-encoding: gzip") && body.len() > 800_000,
            Trouble::Portal => got.status() == Some(200) && head.contains("text/html"),
            Trouble::ErrorInside => got.status() == Some(200) && got.json()["error"].is_object(),
            _ => head.contains("retry-after: 2"),
        };
        assert!(there, "{trouble:?}: {head}");
    }
}

/// One request over an open connection; the status.
fn again(stream: &mut BufReader<TcpStream>, text: &str) -> String {
    stream.get_mut().write_all(text.as_bytes()).expect("sends");
    let (mut status, mut line, mut length) = (String::new(), String::new(), 0);
    stream.read_line(&mut status).expect("a status line");
    while line != "\r\n" {
        line.clear();
        stream.read_line(&mut line).expect("a header");
        length = line
            .strip_prefix("content-length: ")
            .map_or(length, |value| value.trim().parse().expect("a number"));
    }
    stream.read_exact(&mut vec![0; length]).expect("a body");
    status
}

#[test]
fn a_thousand_connections_carry_ten_thousand_calls() {
    let server = Server::start(Script::always(Reply::text("x")));
    let text = request("/v1/chat/completions", "", &ask("m").to_string());
    let mut all: Vec<_> = (0..1_000).map(|_| BufReader::new(connect(&server))).collect();
    for _ in 0..10 {
        for stream in &mut all {
            assert!(again(stream, &text).starts_with("HTTP/1.1 200"));
        }
    }
    assert_eq!((server.count(), server.connections()), (10_000, 1_000));
}
