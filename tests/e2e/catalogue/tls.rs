//! Peers that speak TLS: `openssl s_server` with certificates that are made for the test.

use std::time::Duration;

use ultra_testkit::command::{Run, Running, Sandbox, Signal};

use super::fanout;

/// A peer.
pub(super) struct Peer {
    /// The names that its certificate is for.
    pub(super) names: &'static str,
    pub(super) days: &'static str,
    /// The file of the authority that the client trusts: `ca.pem` is the one that signed.
    pub(super) trusted: &'static str,
    pub(super) arguments: &'static [&'static str],
}

impl Peer {
    /// Nothing is wrong with it.
    pub(super) const GOOD: Self =
        Self { names: "DNS:localhost,IP:127.0.0.1", days: "2", trusted: "ca.pem", arguments: &[] };

    /// Asks it one question, at most three times; what it saw of it, and the run.
    pub(super) fn asked(&self) -> (String, Run) {
        let sandbox = Sandbox::new();
        self.certificates(&sandbox);
        let (running, port) = self.listen(&sandbox);
        let run = fanout(&sandbox, &format!("https://localhost:{port}"))
            .args([
                "-m",
                "vllm:m",
                "--attempts",
                "3",
                "--timeout",
                "1s",
                "--deadline",
                "3s",
                "--summary",
                "s",
            ])
            .env("SSL_CERT_FILE", sandbox.path(self.trusted))
            .stdin("q\n")
            .run();
        running.signal(Signal::TERM);
        (String::from_utf8_lossy(running.wait().stdout_bytes()).into_owned(), run)
    }

    fn certificates(&self, sandbox: &Sandbox) {
        sandbox.write("names", format!("subjectAltName={}", self.names));
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        let line = format!(
            "exec 2>/dev/null; openssl req -x509 {key} -keyout ca.key -out ca.pem -subj /CN=authority -days 2 \
               -addext basicConstraints=critical,CA:TRUE && \
             openssl req -x509 {key} -keyout other.key -out other.pem -subj /CN=other -days 2 && \
             openssl req {key} -keyout peer.key -out peer.csr -subj /CN=peer && \
             openssl x509 -req -in peer.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days {} -extfile names \
               -out peer.pem",
            self.days
        );
        sandbox.command("/bin/sh").args(["-c", &line]).run().assert_status(0);
    }

    fn listen(&self, sandbox: &Sandbox) -> (Running, String) {
        let fixed = ["s_server", "-accept", "127.0.0.1:0", "-cert", "peer.pem", "-key", "peer.key"];
        let running = sandbox.command("openssl").args(fixed).args(self.arguments).spawn();
        let told = |line: &String| Some(line.strip_prefix("ACCEPT ")?.rsplit(':').next()?.to_owned());
        let limit = Duration::from_secs(20);
        let port = (1..5).find_map(|count| running.wait_for_lines(count, limit).iter().find_map(told));
        (running, port.expect("openssl says where it listens"))
    }
}
