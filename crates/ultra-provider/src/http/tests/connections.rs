//! What passes between two calls on one connection, and what comes before it.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Mutex;
use std::thread::JoinHandle;
use std::time::Duration;

use ultra_core::config::{Dialect, Provider as Settings};
use ultra_core::kind::ErrorKind as K;
use ultra_core::record::{Message, Role};
use ultra_pace::{Class as C, Health};
use ultra_testkit::server::{Reply, Server};

use super::{LONG, SHORT, ask_within, call, runtime, settings};
use crate::call::{Call, RateLimits, Silent, Watch, call_within};
use crate::client::Timeouts;
use crate::http::Http;

/// A server that is a function of each connection, for a given number of them.
struct Raw {
    base_url: String,
    serving: JoinHandle<()>,
}

impl Raw {
    fn start(connections: usize, serve: impl Fn(usize, TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let base_url = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let serving = std::thread::spawn(move || {
            for n in 0..connections {
                serve(n, listener.accept().expect("a connection").0);
            }
        });
        Self { base_url, serving }
    }

    fn http(&self) -> Http {
        let settings =
            Settings { base_url: self.base_url.clone(), ..settings(&Server::start([]), Dialect::OpenAi) };
        Http::new("here:m", &settings, "m", Timeouts::default()).expect("a connection")
    }
}

/// Reads one request with its whole body; false when the client has left.
fn request(stream: &mut TcpStream) -> bool {
    let (mut seen, mut piece) = (Vec::new(), [0; 8_192]);
    loop {
        let text = String::from_utf8_lossy(&seen);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_lowercase().split("content-length: ").nth(1).map(str::to_owned);
            let length: usize = length.and_then(|rest| rest.lines().next()?.parse().ok()).expect("a length");
            if body.len() >= length {
                return true;
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return false,
            Ok(read) => seen.extend_from_slice(&piece[..read]),
        }
    }
}

fn answer(text: &str) -> String {
    let body = format!(r#"{{"choices":[{{"message":{{"content":"{text}"}},"finish_reason":"stop"}}]}}"#);
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn what_follows_an_answer_is_never_the_answer_to_the_next_call() {
    let server = Raw::start(2, |n, mut stream| {
        assert!(request(&mut stream));
        let mut bytes = answer(["first", "second"][n]);
        bytes += &answer("forged");
        stream.write_all(bytes.as_bytes()).expect("sent");
        // What the client does with it is seen in its answers.
        let _ = request(&mut stream);
    });
    let (http, runtime) = (server.http(), runtime());
    for expected in ["first", "second"] {
        let answer = runtime.block_on(call_within(&http, &call(), LONG, &Silent)).expect("an answer");
        assert_eq!(answer.text, expected);
    }
    drop((http, runtime));
}

#[test]
fn a_connection_that_the_server_closed_while_idle_costs_nothing() {
    const CALLS: usize = 40;
    let server = Raw::start(CALLS, |_, mut stream| {
        assert!(request(&mut stream));
        stream.write_all(answer("here").as_bytes()).expect("sent");
        stream.shutdown(Shutdown::Both).expect("closed");
    });
    let (http, runtime) = (server.http(), runtime());
    for n in 0..CALLS {
        runtime.block_on(async {
            call_within(&http, &call(), LONG, &Silent).await.unwrap_or_else(|error| panic!("{n}: {error}"));
            // The news of the end travels before the next call is made.
            tokio::time::sleep(Duration::from_millis(2)).await;
        });
    }
    server.serving.join().expect("each call came once");
}

/// A call that fills every buffer on the way.
fn large() -> Call {
    Call { messages: vec![Message::new(Role::User, "x".repeat(16 << 20))].into(), ..call() }
}

#[test]
fn a_refusal_that_comes_before_the_request_is_whole_is_read() {
    const REFUSAL: &str = "HTTP/1.1 413 Too Large\r\ncontent-length: 44\r\n\r\n{\"error\":{\"message\":\"too large\",\"type\":\"t\"}}";
    for closing in [false, true] {
        let (done, wait) = std::sync::mpsc::sync_channel::<()>(0);
        let wait = Mutex::new(wait);
        let server = Raw::start(1, move |_, mut stream| {
            let mut piece = [0; 4096];
            assert!(stream.read(&mut piece).expect("the head") > 0);
            stream.write_all(REFUSAL.as_bytes()).expect("sent");
            if closing {
                stream.shutdown(Shutdown::Write).expect("closed");
                // A server that means to be understood reads on.
                while stream.read(&mut piece).is_ok_and(|read| read > 0) {}
            } else {
                // The end is told by the sender's end.
                let _ = wait.lock().expect("no panic").recv();
            }
        });
        let (http, runtime) = (server.http(), runtime());
        let error = runtime.block_on(call_within(&http, &large(), LONG, &Silent)).expect_err("no answer");
        assert_eq!(
            (error.kind, error.class, error.status),
            (K::Request, C::FatalRecord, Some(413)),
            "{error}"
        );
        drop((done, http, runtime));
        server.serving.join().expect("it ended");
    }
}

#[test]
fn signs_of_life_keep_a_stream_open_but_not_for_ever() {
    let pings = Reply::raw(200, ": ping\n\n".repeat(10_000)).header("content-type", "text/event-stream");
    let server = Server::start([pings.dripping(8, Duration::from_millis(20))]);
    let limits = Timeouts { first_byte: LONG, first_byte_of_stream: LONG, idle: SHORT };
    let error = ask_within(&server, Dialect::OpenAi, limits, 4 * SHORT).expect_err("no answer");
    assert_eq!(
        (error.kind, error.class, error.health),
        (K::TimeoutAttempt, C::Unsure, Health::Sick),
        "{error}"
    );
}

#[test]
fn a_flood_of_interim_replies_ends_with_the_attempt() {
    let server = Raw::start(1, |_, mut stream| {
        assert!(request(&mut stream));
        while stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").is_ok() {}
    });
    let http = server.http();
    let error = runtime().block_on(call_within(&http, &call(), 2 * SHORT, &Silent)).expect_err("no answer");
    assert!(matches!(error.kind, K::TimeoutAttempt | K::Protocol), "{error}");
}

#[test]
fn a_model_that_is_no_name_is_never_asked() {
    let server = Server::start([]);
    for model in ["a\r\nX: y", "a\0", "../admin", "x/../y", "m?key=k", "m#f", "a\\b", "", " ", "\u{85}"] {
        let http = Http::new("here:m", &settings(&server, Dialect::OpenAi), model, Timeouts::default());
        let error = runtime()
            .block_on(call_within(&http.expect("a connection"), &call(), LONG, &Silent))
            .expect_err(model);
        assert_eq!((error.kind, error.class), (K::ParamCharset, C::FatalTarget), "{error}");
        assert!(!error.message.contains(['\r', '\n', '\0']), "{error:?}");
    }
    assert_eq!(server.connections(), 0);
    for model in ["openai/gpt-oss-120b", "vendor/model:free", "@cf/meta/llama", "My Model.gguf", "a..b"] {
        assert!(crate::http::model_is_a_name(model), "{model}");
    }
}

#[test]
fn limits_are_told_by_answers_and_by_refusals() {
    #[derive(Default)]
    struct Ear(Mutex<Vec<RateLimits>>);

    impl Watch for Ear {
        fn limits(&self, limits: &RateLimits) {
            self.0.lock().expect("no panic").push(*limits);
        }
    }

    let with = |reply: Reply| {
        reply
            .header("x-ratelimit-limit-requests", "60")
            .header("x-ratelimit-remaining-requests", "30")
            .header("x-ratelimit-reset-requests", "30s")
    };
    let server =
        Server::start([with(Reply::openai("hi")), with(Reply::error(429, "no")), Reply::openai("hi")]);
    let settings = settings(&server, Dialect::OpenAi);
    let http = Http::new("here:m", &settings, "m", Timeouts::default()).expect("a connection");
    let (ear, runtime) = (Ear::default(), runtime());
    for _ in 0..3 {
        // Whether it is an answer does not matter here.
        let _ = runtime.block_on(call_within(&http, &call(), LONG, &ear));
    }
    let told = ear.0.into_inner().expect("no panic");
    assert_eq!(told.iter().map(|limits| limits.requests_per_s).collect::<Vec<_>>(), [Some(1.0); 2]);
}
