//! P22: nothing of a request goes to a peer whose certificate or name does not verify.
//!
//! The peers are `openssl s_server`; their certificates are made for the run and thrown away with it.

use std::path::PathBuf;
use std::time::Duration;

use super::fanout::prompts;
use super::{Ground, Row};
use crate::command::{Running, Sandbox, Signal};
use crate::mutant::Mutant;

/// A peer with something wrong, or nothing.
struct Peer {
    name: &'static str,
    /// The names that its certificate is for.
    names: &'static str,
    days: &'static str,
    /// Whether the authority is one that the client trusts.
    trusted: bool,
    arguments: &'static [&'static str],
    /// Whether a request may come.
    good: bool,
}

const HERE: &str = "subjectAltName=DNS:localhost,IP:127.0.0.1";
const OLD: &[&str] = &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"];

const PEERS: [Peer; 5] = [
    Peer { name: "nothing wrong", names: HERE, days: "2", trusted: true, arguments: &[], good: true },
    Peer { name: "expired", names: HERE, days: "-1", trusted: true, arguments: &[], good: false },
    Peer {
        name: "another name",
        names: "subjectAltName=DNS:elsewhere.test",
        days: "2",
        trusted: true,
        arguments: &[],
        good: false,
    },
    Peer {
        name: "an unknown authority",
        names: HERE,
        days: "2",
        trusted: false,
        arguments: &[],
        good: false,
    },
    Peer { name: "TLS 1.1 only", names: HERE, days: "2", trusted: true, arguments: OLD, good: false },
];

/// Makes the files of an authority and of a peer.
fn certificates(sandbox: &Sandbox, peer: &Peer) {
    sandbox.write("names", peer.names);
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    let line = format!(
        "openssl req -x509 {key} -keyout ca.key -out ca.pem -subj /CN=authority -days 2 \
           -addext basicConstraints=critical,CA:TRUE 2>/dev/null && \
         openssl req -x509 {key} -keyout other.key -out other.pem -subj /CN=other -days 2 2>/dev/null && \
         openssl req {key} -keyout peer.key -out peer.csr -subj /CN=peer 2>/dev/null && \
         openssl x509 -req -in peer.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days {} -extfile names \
           -out peer.pem 2>/dev/null",
        peer.days
    );
    sandbox.command("/bin/sh").args(["-c", &line]).run().assert_status(0);
}

/// Starts a peer; where it listens.
fn listen(sandbox: &Sandbox, peer: &Peer) -> (Running, String) {
    let fixed = ["s_server", "-accept", "127.0.0.1:0", "-cert", "peer.pem", "-key", "peer.key"];
    let running = sandbox.command("openssl").args(fixed).args(peer.arguments).spawn();
    let limit = Duration::from_secs(20);
    let ready =
        |lines: &[String]| lines.iter().find_map(|line| Some(line.strip_prefix("ACCEPT ")?.to_owned()));
    let address = (1..5).find_map(|count| ready(&running.wait_for_lines(count, limit)));
    (running, address.expect("openssl says where it listens"))
}

/// What each peer got to see.
pub(super) fn verified(ground: &Ground) -> Vec<Row> {
    let mut rows = Vec::new();
    for peer in &PEERS {
        let sandbox = Sandbox::new();
        certificates(&sandbox, peer);
        let (running, address) = listen(&sandbox, peer);
        let port = address.rsplit(':').next().unwrap_or_default();
        let trusts = peer.trusted || ground.is(Mutant::TrustsEverybody);
        let authority: PathBuf = sandbox.path(if trusts { "ca.pem" } else { "other.pem" });
        let run = sandbox
            .command(ground.programs.join("ultra-fanout"))
            .args(["-m", "openai:m", "--timeout", "2s", "--attempts", "3", "--limits", "process"])
            .env("OPENAI_BASE_URL", format!("https://localhost:{port}/v1"))
            .env("OPENAI_API_KEY", "sk-test")
            .env("SSL_CERT_FILE", authority)
            .stdin(prompts(0..1))
            .run();
        running.signal(Signal::TERM);
        let seen = String::from_utf8_lossy(running.wait().stdout_bytes()).matches("POST /v1").count();
        let what = format!("a peer with TLS and {}", peer.name);
        if peer.good {
            rows.push(Row::at_least(format!("requests seen by {what}"), 1.0, seen as f64));
            continue;
        }
        let errors = run.records("error");
        let attempts = errors.first().and_then(|error| error["attempts"].as_u64());
        rows.push(Row::exactly(format!("requests seen by {what}"), 0, seen));
        rows.push(Row::exactly(format!("attempts at {what}"), 1, attempts.unwrap_or_default()));
    }
    rows
}
