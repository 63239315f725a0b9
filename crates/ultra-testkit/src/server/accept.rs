//! Listens, and stops listening while an outage says that nobody is there.

use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{AddressFamily, SocketType, sockopt};

use super::outage::Dead;
use super::{Shared, serve};
use crate::sync::lock;

/// Connections that may wait to be accepted. The standard library's 128 would make a thousand clients that
/// come at once wait for a second.
const BACKLOG: i32 = 4_096;
/// Enough for one connection; a thousand of them must not need gigabytes.
const STACK: usize = 256 << 10;

/// A listening port of 127.0.0.1.
#[derive(Debug)]
pub(super) struct Port {
    address: SocketAddr,
    listener: Option<TcpListener>,
}

impl Port {
    /// Listens on a free port.
    pub(super) fn open() -> Self {
        let listener = listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("a free port on 127.0.0.1");
        let address = listener.local_addr().expect("the address of a bound listener");
        Self { address, listener: Some(listener) }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next connection, within `wait`.
    fn next(&mut self, wait: Duration) -> Option<TcpStream> {
        if self.listener.is_none() {
            self.listener = Some(listen(self.address).expect("the port is still free"));
        }
        let listener = self.listener.as_ref()?;
        let wait = Timespec::try_from(wait).ok()?;
        let ready = poll(&mut [PollFd::new(listener, PollFlags::IN)], Some(&wait));
        if ready.is_ok_and(|count| count > 0) {
            listener.accept().ok().map(|(stream, _)| stream)
        } else {
            None
        }
    }

    /// Is not there for `wait`.
    fn away(&mut self, wait: Duration) {
        self.listener = None;
        thread::sleep(wait);
    }
}

fn listen(address: SocketAddr) -> rustix::io::Result<TcpListener> {
    let socket: OwnedFd = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    rustix::net::bind(&socket, &address)?;
    rustix::net::listen(&socket, BACKLOG)?;
    Ok(TcpListener::from(socket))
}

/// Accepts until the server stops, then ends every connection.
pub(super) fn accept(mut port: Port, shared: &Arc<Shared>) {
    let step = Duration::from_millis(20);
    let comes_and_goes = shared.script.outages.iter().any(|outage| outage.way == Dead::Gone);
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    while !shared.ledger.stopping() {
        let now = shared.ledger.now();
        if shared.script.outages.iter().any(|outage| outage.way == Dead::Gone && outage.is_on(now)) {
            end_all(shared);
            port.away(step);
            continue;
        }
        let Some(stream) = port.next(if comes_and_goes { step } else { Duration::from_mins(1) }) else {
            continue;
        };
        if shared.ledger.stopping() {
            break;
        }
        shared.ledger.connected();
        let stream = Arc::new(stream);
        {
            let mut open = lock(&shared.open);
            if open.len() == open.capacity() {
                open.retain(|stream| stream.strong_count() > 0);
                threads.retain(|thread| !thread.is_finished());
            }
            open.push(Arc::downgrade(&stream));
        }
        let serving = Arc::clone(shared);
        let serve = thread::Builder::new().stack_size(STACK).spawn(move || serve(&stream, &serving));
        threads.push(serve.expect("a thread for a connection"));
    }
    end_all(shared);
    for thread in threads {
        // A thread that panicked has already printed why.
        drop(thread.join());
    }
}

/// Ends every open connection.
fn end_all(shared: &Shared) {
    for stream in lock(&shared.open).drain(..).filter_map(|stream| stream.upgrade()) {
        // It may be closed already.
        drop(stream.shutdown(Shutdown::Both));
    }
}
