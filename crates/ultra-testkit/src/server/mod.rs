//! A scripted HTTP/1.1 provider over raw TCP, on 127.0.0.1 and a free port.
//!
//! It speaks OpenAI Chat Completions and Anthropic Messages, checks requests as strictly as the providers do, and
//! breaks its answers on demand. A test judges by the ledger of calls, not by what the client says it did.
//!
//! ```
//! use ultra_testkit::server::{Place, Reply, Script, Server};
//!
//! let server = Server::start(Script::list([
//!     Reply::error(429, "slow down").header("retry-after", "0"),
//!     Reply::openai("Zürich lies on the Limmat.").reset(Place::MidBody(20)),
//!     Reply::openai("Zürich lies on the Limmat."),
//! ]));
//! assert!(server.openai_url().ends_with("/v1"));
//! assert_eq!(server.calls().len(), 0);
//! ```

mod accept;
mod deliver;
mod faults;
mod gzip;
mod ledger;
mod limiter;
mod outage;
mod reply;
mod request;
mod script;
#[cfg(test)]
mod tests;
mod wire;

use std::io::BufReader;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use self::accept::Port;
pub use self::faults::{Faults, Mix, Trouble};
use self::ledger::Ledger;
pub use self::ledger::{Call, End};
pub use self::limiter::{Limit, Limiter, Ruling, Tells};
pub use self::outage::{Dead, Outage};
pub use self::reply::{Place, Reply};
pub use self::request::Request;
use self::request::Unread;
pub use self::script::Script;
pub use self::wire::Wire;

/// A running server. Dropping it closes every connection and joins every thread.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    script: Script,
    ledger: Ledger,
    open: Mutex<Vec<Weak<TcpStream>>>,
}

impl Server {
    /// Listens and answers by the script.
    pub fn start(script: impl Into<Script>) -> Self {
        let port = Port::open();
        let address = port.address();
        let shared =
            Arc::new(Shared { script: script.into(), ledger: Ledger::new(), open: Mutex::new(Vec::new()) });
        let accepting = Arc::clone(&shared);
        let listener = thread::spawn(move || accept::accept(port, &accepting));
        Self { address, shared, listener: Some(listener) }
    }

    /// `http://127.0.0.1:PORT`, the base address for Anthropic's format.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `http://127.0.0.1:PORT/v1`, the base address for OpenAI's format.
    pub fn openai_url(&self) -> String {
        self.url() + "/v1"
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The ledger up to now, in the order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.ledger.read(|book| book.calls.clone())
    }

    /// The most calls that were in flight at once.
    pub fn max_in_flight(&self) -> usize {
        self.shared.ledger.read(|book| book.max_in_flight)
    }

    /// The time on the clock of the ledger and of the outages.
    pub fn now(&self) -> Duration {
        self.shared.ledger.now()
    }

    /// How many connections were opened; 0 proves that no socket was used.
    pub fn connections(&self) -> usize {
        self.shared.ledger.read(|book| book.connections)
    }

    /// How many calls arrived.
    pub fn count(&self) -> usize {
        self.shared.ledger.read(|book| book.calls.len())
    }

    /// How many calls arrived within a time.
    pub fn count_between(&self, from: Duration, until: Duration) -> usize {
        self.shared.ledger.read(|book| {
            let after = |at: Duration| book.calls.partition_point(|call| call.at < at);
            after(until).saturating_sub(after(from))
        })
    }

    /// What came over connections without being a request, such as a TLS greeting.
    pub fn garbled(&self) -> Vec<String> {
        self.shared.ledger.read(|book| book.garbled.clone())
    }

    /// Waits until the ledger satisfies `condition`; `false` when `limit` is over first.
    #[must_use]
    pub fn wait_until(&self, limit: Duration, condition: impl Fn(&[Call]) -> bool) -> bool {
        self.shared.ledger.wait(limit, |book| condition(&book.calls))
    }

    /// Fails the test unless every scripted reply was asked for and no call came beyond the script.
    pub fn assert_played(&self) {
        let (turns, garbled) = self.shared.ledger.read(|book| (book.turns, book.garbled.clone()));
        assert!(garbled.is_empty(), "what came was not HTTP: {garbled:?}");
        if let Some(length) = self.shared.script.length() {
            assert_eq!(turns, length, "calls made (left) and replies scripted (right) differ");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.ledger.stop();
        // The listener waits for somebody; a connection wakes it.
        drop(TcpStream::connect(self.address));
        if let Some(listener) = self.listener.take() {
            // A thread that panicked has already printed why.
            drop(listener.join());
        }
    }
}

/// Answers request after request on one connection.
fn serve(stream: &TcpStream, shared: &Shared) {
    let limits =
        [stream.set_read_timeout(Some(deliver::LONGEST)), stream.set_write_timeout(Some(deliver::LONGEST))];
    if limits.iter().any(Result::is_err) || stream.set_nodelay(true).is_err() {
        return;
    }
    let mut input = BufReader::new(stream);
    loop {
        let mut answer = stream;
        let mut request = match request::read(&mut input, &mut answer) {
            Ok(request) => request,
            Err(Unread::Closed) => return,
            Err(Unread::Garbled(why)) => {
                if !shared.ledger.stopping() {
                    shared.ledger.garbled(why);
                }
                return;
            }
        };
        let number = shared.ledger.enter(&mut request);
        let turn = shared.script.answer(shared.ledger.now(), &request, || shared.ledger.take_turn());
        let ready = turn.reply.ready(number, &request);
        if ready.pace.in_flight > 0 {
            shared.ledger.wait(deliver::LONGEST, |book| book.max_in_flight >= ready.pace.in_flight);
        }
        let delivery = deliver::deliver(stream, &ready);
        shared.ledger.leave(number, turn.scripted, &delivery);
        if !delivery.reusable || request.wants_close() {
            return;
        }
    }
}
