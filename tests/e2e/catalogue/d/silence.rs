//! Cases 90 and 91: servers that are slow for ever, or silent.

use std::io::Write as _;
use std::thread;
use std::time::Duration;

use ultra_testkit::command::{Run, Sandbox};
use ultra_testkit::server::{Place, Reply, Script, Server};

use crate::catalogue::raw::{Raw, Then};
use crate::catalogue::{ask, end, ends, fanout};

const LONG: Duration = Duration::from_secs(20);

/// An attempt of a second, its overrun, and the rest of a process on a busy machine; twice a second is too long.
const ONE_ATTEMPT: Duration = Duration::from_millis(1_900);

/// Checks that each attempt ended after a second, and not after the minute that the server would take.
fn timed_out(run: &Run, count: usize) {
    let kinds: Vec<_> = ends(run).iter().map(|end| end["kind"].to_string()).collect();
    assert_eq!(kinds, vec!["\"timeout.attempt\""; count], "{run}");
    assert!(run.took() >= Duration::from_secs(1) && run.took() < ONE_ATTEMPT, "{:?}", run.took());
}

#[test]
fn case_90_a_drip_does_not_keep_an_attempt_alive() {
    let drip = Duration::from_millis(100);
    let replies = [
        Reply::text("Zürich lies on the Limmat.").dripping(1, drip),
        Reply::text("Zürich lies on the Limmat.").chunked(1).dripping(1, drip),
        Reply::text("x").stalled(Place::MidHead),
        Reply::text("x").stalled(Place::MidBody(5)),
    ];
    let server = Server::start(Script::choose(move |_, request| {
        replies[request.model().parse::<usize>().expect("a number")].clone()
    }));
    for stream in [&[][..], &["--stream"]] {
        let run = fanout(&Sandbox::new(), &server.url())
            .args((0..4).flat_map(|number| ["-m".to_owned(), format!("vllm:{number}")]))
            .args(["--attempts", "1", "--timeout", "1s"])
            .args(stream)
            .stdin("q\n")
            .run();
        timed_out(&run, 4);
    }
    assert!(server.wait_until(LONG, |calls| calls.iter().all(|call| call.client_left)), "each was left");
    let head = Raw::start(move |_, stream| {
        let slowly = |byte: &u8| stream.write_all(&[*byte]).map(|()| thread::sleep(drip));
        let _ = b"HTTP/1.1 200 OK\r\nserver: as slow as this one\r\n".iter().try_for_each(slowly);
        Then::Close
    });
    let run = fanout(&Sandbox::new(), &head.url())
        .args(["-m", "vllm:m", "--attempts", "1", "--timeout", "1s"])
        .stdin("q\n")
        .run();
    timed_out(&run, 1);
}

#[test]
fn case_91_a_silent_server_may_have_worked_and_is_asked_again() {
    let silent = Reply::text("x").stalled(Place::BeforeHeaders);
    let server = Server::start(Script::list([silent.clone(), Reply::text("yes")]));
    let run = ask(&server, &["--timeout", "1s", "--summary", "s"]);
    run.assert_status(0);
    assert_eq!((end(&run)["attempts"].as_u64(), server.count()), (Some(2), 2), "{run}");
    let summary: serde_json::Value = serde_json::from_slice(&run.sandbox().read("s")).expect("JSON");
    assert_eq!(summary["total"]["possibly_paid"], 1, "{run}");
    // The deadline of a call ends its attempt too.
    let server = Server::start(Script::always(silent));
    let run = ask(&server, &["--timeout", "10m", "--deadline", "1s"]);
    assert!(
        ["deadline", "timeout.attempt"].contains(&end(&run)["kind"].as_str().unwrap_or_default()),
        "{run}"
    );
    assert!(run.took() < ONE_ATTEMPT && server.count() == 1, "{:?} {run}", run.took());
}
