//! A provider on this machine that speaks Chat Completions: `upstream [PORT]`, 127.0.0.1 only.
//!
//! It prints the address it listens at, answers `POST …/chat/completions` at once or after a latency, refuses a
//! share of the calls, and counts. `POST /settings?latency_ms=50&refuse=0.05` changes how it behaves and forgets
//! what was counted; `GET /counts` tells.

mod answer;
mod counts;
mod fate;
mod serve;
mod settings;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use serve::Upstream;
use socket2::{Domain, Socket, Type};

/// Each has its own runtime and its own listener; the kernel deals connections out.
const THREADS: usize = 2;

fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(0);
    let first = listener(port)?;
    let address = first.local_addr()?;
    let mut listeners = vec![first];
    for _ in 1..THREADS {
        listeners.push(listener(address.port())?);
    }
    println!("http://{address}");
    let upstream = Arc::new(Upstream::default());
    std::thread::scope(|scope| {
        for listener in listeners {
            let upstream = Arc::clone(&upstream);
            scope.spawn(|| serve::forever(upstream, listener));
        }
    });
    Ok(())
}

fn listener(port: u16) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())?;
    socket.listen(8192)?;
    Ok(socket.into())
}
