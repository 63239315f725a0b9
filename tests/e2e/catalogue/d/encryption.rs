//! Cases 84 and 85: peers that cannot be trusted, and handshakes that do not end.

use std::io::Read as _;
use std::net::Shutdown;
use std::time::Duration;

use serde_json::Value;
use ultra_testkit::command::Sandbox;

use crate::catalogue::raw::Raw;
use crate::catalogue::tls::Peer;
use crate::catalogue::{end, fanout, keyless};

/// Checks that this peer saw nothing of a request, and was asked once.
fn refused(peer: &Peer, about: &str) {
    let (seen, run) = peer.asked();
    let error = end(&run);
    assert_eq!(
        (error["kind"].as_str(), error["attempts"].as_u64()),
        (Some("tls"), Some(1)),
        "{about}: {run}"
    );
    assert!(!seen.contains("POST") && !seen.contains("sk-test"), "{about}: {seen}");
    run.assert_status(4);
    keyless(&run);
}

#[test]
fn case_84_a_peer_that_can_be_trusted_gets_the_request() {
    let (seen, run) = Peer::GOOD.asked();
    assert!(seen.contains("POST /v1/chat/completions"), "{seen}\n{run}");
}

#[test]
fn case_84_a_certificate_that_does_not_verify_ends_it() {
    refused(&Peer { days: "-1", ..Peer::GOOD }, "expired");
    refused(&Peer { names: "DNS:elsewhere.test", ..Peer::GOOD }, "another name");
    refused(&Peer { trusted: "other.pem", ..Peer::GOOD }, "an unknown authority");
}

#[test]
fn case_84_a_peer_without_a_common_language_ends_it() {
    refused(&Peer { arguments: &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], ..Peer::GOOD }, "TLS 1.1 only");
    refused(
        &Peer { arguments: &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"], ..Peer::GOOD },
        "no shared cipher",
    );
}

/// Checks that no connection is made to this peer, which costs nothing, and that it is tried `attempts` times.
fn unreached(server: &Raw, arguments: &[&str], kinds: &[&str], attempts: u64) -> Duration {
    let run = fanout(&Sandbox::new(), &server.url().replace("http:", "https:"))
        .args(["-m", "vllm:m", "--summary", "s"])
        .args(arguments)
        .stdin("q\n")
        .run();
    let error = end(&run);
    assert!(kinds.contains(&error["kind"].as_str().unwrap_or_default()), "{run}");
    assert_eq!(error["attempts"], attempts, "{run}");
    let summary: Value = serde_json::from_slice(&run.sandbox().read("s")).expect("JSON");
    assert_eq!(summary["total"]["possibly_paid"], 0, "{run}");
    run.took()
}

#[test]
fn case_85_a_handshake_that_breaks_is_made_again() {
    let server = Raw::connections(|mut stream| {
        // The greeting is read first, or the end would be a reset.
        drop(stream.read(&mut [0; 4096]));
        drop(stream.shutdown(Shutdown::Both));
    });
    unreached(&server, &["--attempts", "2"], &["network.connect"], 2);
    // What is not read when a socket is closed resets the connection.
    let server = Raw::connections(|mut stream| {
        drop(stream.read(&mut [0; 16]));
        drop(stream.shutdown(Shutdown::Both));
    });
    unreached(&server, &["--attempts", "2"], &["network.connect"], 2);
}

#[test]
fn case_85_a_handshake_that_stalls_is_given_up_after_ten_seconds() {
    let server =
        Raw::connections(|mut stream| while stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {});
    let took = unreached(&server, &["--attempts", "1"], &["timeout.connect"], 1);
    assert!(took >= Duration::from_secs(10) && took < Duration::from_secs(15), "{took:?}");
}
