//! Cases 82, 83, 86, 87, 100 and 101: names, connections that cannot be made, break, or are used again.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use serde_json::Value;
use ultra_testkit::command::{Command, Run, Sandbox};
use ultra_testkit::server::{Place, Reply, Script, Server};

use crate::catalogue::panel::{Class as C, judge};
use crate::catalogue::raw::{Raw, Then};
use crate::catalogue::{ask, completion, end, ends, fanout, keyless, questions, whole};
use crate::tools::binary;

/// Asks a server of no key at this address.
fn ask_at(url: &str) -> Command {
    Command::new(binary("ultra-fanout"))
        .args(["--lines", "-m", "vllm:m", "--summary", "s", "-v"])
        .env("VLLM_BASE_URL", url)
        .stdin("q\n")
}

/// Checks that no connection was made, and that each attempt was one that is free.
fn unreached(run: &Run, kind: &str, attempts: u64) {
    let error = end(run);
    assert_eq!((error["kind"].as_str(), error["attempts"].as_u64()), (Some(kind), Some(attempts)), "{run}");
    let summary: Value = serde_json::from_slice(&run.sandbox().read("s")).expect("JSON");
    assert_eq!(summary["total"]["possibly_paid"], 0, "{run}");
    run.assert_status(4);
}

#[test]
fn case_82_a_name_that_is_none_is_free_and_asked_again() {
    let run = ask_at("http://no-such-host.invalid/v1").args(["--attempts", "2"]).run();
    unreached(&run, "network.dns", 2);
    assert!(end(&run)["message"].to_string().contains("no-such-host.invalid"), "{run}");
}

#[test]
fn case_82_where_one_family_does_not_answer_the_other_is_asked() {
    // The server listens on IPv4 alone, and `localhost` is both.
    let server = Server::start(Script::always(Reply::text("yes")));
    let run = ask_at(&server.openai_url().replace("127.0.0.1", "localhost")).args(["--attempts", "1"]).run();
    run.assert_status(0);
    assert_eq!(server.count(), 1, "{run}");
}

#[test]
fn case_83_a_connection_that_is_refused_is_free_and_asked_again() {
    let gone =
        TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a port");
    let run = ask_at(&format!("http://{gone}/v1")).args(["--attempts", "2"]).run();
    unreached(&run, "network.connect", 2);
    assert!(run.took() < Duration::from_secs(5), "{:?}", run.took());
    // Nobody can be reached at an address for everybody.
    let run = ask_at("http://255.255.255.255:9/v1").args(["--attempts", "2"]).run();
    unreached(&run, "network.connect", 2);
}

/// A port whose queue of connections is full, so that further ones get no answer.
fn deaf() -> (SocketAddr, TcpListener, Vec<TcpStream>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    let short = Duration::from_millis(200);
    let waiting =
        std::iter::from_fn(|| TcpStream::connect_timeout(&address, short).ok()).take(10_000).collect();
    (address, listener, waiting)
}

#[test]
fn case_83_a_connection_that_is_not_answered_is_given_up_after_five_seconds() {
    let (address, _listener, waiting) = deaf();
    assert!(waiting.len() < 10_000, "the queue is full");
    let run = ask_at(&format!("http://{address}/v1")).args(["--attempts", "1"]).run();
    unreached(&run, "timeout.connect", 1);
    assert!(run.took() >= Duration::from_secs(5) && run.took() < Duration::from_secs(10), "{:?}", run.took());
}

#[test]
fn case_86_after_the_request_was_sent_a_reset_may_have_been_paid() {
    judge(&[
        (Reply::text("x").reset(Place::BeforeHeaders), C::Unsure, "network.reset"),
        (Reply::text("x").cut(Place::BeforeHeaders), C::Unsure, "network.reset"),
        (Reply::text("x").reset(Place::MidHead), C::Unsure, "network.reset"),
        (Reply::text("x").cut(Place::MidHead), C::Unsure, "network.reset"),
        (Reply::text("x").reset(Place::MidBody(20)), C::Unsure, "network.reset"),
        (Reply::text("x").cut(Place::MidBody(20)), C::Unsure, "truncated"),
    ]);
    for broken in [Reply::text("x").reset(Place::BeforeHeaders), Reply::text("x").cut(Place::MidBody(20))] {
        let run = ask(&Server::start(Script::list([broken, Reply::text("yes")])), &[]);
        assert_eq!(
            (end(&run)["text"].as_str(), end(&run)["attempts"].as_u64()),
            (Some("yes"), Some(2)),
            "{run}"
        );
    }
}

#[test]
fn case_86_a_connection_that_ends_before_the_request_was_read_is_made_again() {
    // The request may be on its way already, so it is not known whether anybody read it.
    let server = Raw::connections(|stream| drop(stream.shutdown(Shutdown::Both)));
    let run = ask_at(&format!("{}/v1", server.url())).args(["--attempts", "4"]).run();
    let error = end(&run);
    assert_eq!(error["kind"], "network.reset", "{run}");
    let attempts = error["attempts"].as_u64().unwrap_or_default();
    assert!((2..=4).contains(&attempts) && server.connected() as u64 >= attempts, "{run}");
}

#[test]
fn case_87_a_connection_that_was_closed_while_idle_costs_nothing() {
    let server = Raw::start(|_, stream| {
        drop(stream.write_all(whole(&completion("yes")).as_bytes()));
        Then::Close
    });
    let mut running = fanout(&Sandbox::new(), &server.url()).args(["-m", "vllm:m"]).spawn();
    for number in 1..=20 {
        running
            .write(questions(number).lines().last().map(|line| line.to_owned() + "\n").expect("a line"))
            .expect("read");
        running.wait_for_lines(3 * number, Duration::from_secs(20));
    }
    let run = running.wait();
    run.assert_status(0);
    assert!(ends(&run).iter().all(|end| end["attempts"] == 1), "{run}");
    assert_eq!((server.asked().len(), server.connected()), (20, 20), "{run}");
}

#[test]
fn case_100_a_refusal_before_the_request_is_whole_is_read() {
    let server = Raw::connections(|mut stream| {
        let mut piece = [0; 4096];
        assert!(stream.read(&mut piece).expect("the head") > 0);
        let body = r#"{"error":{"message":"too large","type":"t"}}"#;
        let head = format!("HTTP/1.1 413 Too Large\r\ncontent-length: {}\r\n\r\n", body.len());
        drop(stream.write_all((head + body).as_bytes()));
        drop(stream.shutdown(Shutdown::Write));
        while stream.read(&mut piece).is_ok_and(|read| read > 0) {}
    });
    let run = ask_at(&format!("{}/v1", server.url())).stdin("x".repeat(12 << 20) + "\n").run();
    let error = end(&run);
    assert_eq!((&error["kind"], &error["status"]), (&"request".into(), &413.into()), "{}", run.stderr());
    assert_eq!((&error["attempts"], server.connected()), (&1.into(), 1), "{}", run.stderr());
}

#[test]
fn case_101_a_proxy_is_taken_only_when_the_environment_names_one() {
    let (proxy, server) =
        (Server::start(Script::always(Reply::text("by proxy"))), Server::start(Reply::text("yes")));
    let with = |url: &str| ask_at(url).env("HTTP_PROXY", proxy.url()).args(["--attempts", "1"]);
    // A call to this machine never takes one, and NO_PROXY is heeded.
    with(&server.openai_url()).env("NO_PROXY", "").run().assert_status(0);
    assert_eq!((server.count(), proxy.connections()), (1, 0));
    let run = with("http://model.invalid/v1").env("NO_PROXY", "model.invalid").run();
    assert_eq!((&end(&run)["kind"], proxy.connections()), (&"network.dns".into(), 0), "{run}");
    let run = with("http://model.invalid/v1").env("NO_PROXY", "").run();
    assert_eq!(run.assert_status(0).records("response")[0]["text"], "by proxy", "{run}");
    assert_eq!(proxy.calls()[0].request.path, "http://model.invalid/v1/chat/completions");
}

#[test]
fn case_101_a_proxy_that_refuses_is_named_without_its_password() {
    let login = "user:pa55-w0rd-7d1f";
    for (status, kind, attempts) in [(407, "auth", 1), (502, "server", 1), (503, "overloaded", 2)] {
        let proxy = Server::start(Script::always(Reply::html(status)));
        let run = ask_at("http://model.invalid/v1")
            .env("HTTP_PROXY", proxy.url().replace("//", &format!("//{login}@")))
            .env("NO_PROXY", "")
            .args(["--attempts", "2"])
            .run();
        let error = end(&run);
        assert_eq!(
            (error["kind"].as_str(), error["attempts"].as_u64()),
            (Some(kind), Some(attempts)),
            "{run}"
        );
        assert!(!format!("{run}").contains("pa55"), "{run}");
        assert!(proxy.calls()[0].request.header("proxy-authorization").is_some());
    }
    // A tunnel that is not made is no connection: nothing of the request was sent.
    for refusal in ["407 Proxy Authentication Required", "502 Bad Gateway", ""] {
        let proxy = Raw::connections(move |mut stream| {
            let mut piece = [0; 4096];
            drop(stream.read(&mut piece));
            let reply = format!("HTTP/1.1 {refusal}\r\ncontent-length: 0\r\n\r\n");
            drop(stream.write_all(if refusal.is_empty() { b"" } else { reply.as_bytes() }));
            drop(stream.shutdown(Shutdown::Both));
        });
        let run = ask_at("https://model.invalid/v1")
            .env("HTTPS_PROXY", proxy.url().replace("//", &format!("//{login}@")))
            .env("NO_PROXY", "")
            .args(["--attempts", "2"])
            .run();
        unreached(&run, "network.connect", 2);
        assert!(!format!("{run}").contains("pa55"), "{run}");
        keyless(&run);
    }
}
