//! The HTTP clients of the process: one for each road, built when the first call takes it.
//!
//! Loading the roots of trust costs milliseconds, so nothing of TLS is touched before the first `https` call.
//! Proxies are those of `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`; a call to this machine never
//! takes one, because it would carry the prompt and the key away. Such calls have a client of their own, [`near`].

mod near;

use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{ClientBuilder, redirect};

use self::near::Near;

/// How long the silent parts of an exchange may last. The whole attempt has its own limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// From sending to the status line, connecting included. An answer that is not streamed begins when it is
    /// complete, so unless somebody says otherwise only the limit of the whole attempt applies.
    pub first_byte: Duration,
    /// The same for an answer that is streamed, which begins as soon as the model does.
    pub first_byte_of_stream: Duration,
    /// Between two pieces of the body.
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            first_byte: Duration::MAX,
            first_byte_of_stream: Duration::from_mins(5),
            idle: Duration::from_mins(1),
        }
    }
}

/// The way to a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Road {
    /// `http` to this machine, without a proxy.
    Loopback,
    /// `http` to another machine.
    Plain,
    /// `https`.
    Tls,
}

impl Road {
    /// The client of this road.
    ///
    /// # Errors
    /// Why it cannot be built, such as roots of trust that cannot be read.
    pub(crate) fn client(self) -> Result<&'static Client, &'static str> {
        static LOOPBACK: LazyLock<Client> = LazyLock::new(|| Client::Near(Box::new(near::client(CONNECT))));
        static PLAIN: LazyLock<Result<Client, String>> = LazyLock::new(|| built(plain()));
        static TLS: LazyLock<Result<Client, String>> = LazyLock::new(|| built(tls()));
        match self {
            Self::Loopback => Ok(&LOOPBACK),
            Self::Plain => PLAIN.as_ref().map_err(String::as_str),
            Self::Tls => TLS.as_ref().map_err(String::as_str),
        }
    }
}

/// Who makes the connections of a road, and keeps them.
#[derive(Debug)]
pub(crate) enum Client {
    /// To this machine.
    Near(Box<Near>),
    /// To all others.
    Far(reqwest::Client),
}

/// What Ultra calls itself.
pub(crate) const USER_AGENT: &str = concat!("ultra/", env!("CARGO_PKG_VERSION"));

/// How long a connection without TLS may take.
const CONNECT: Duration = Duration::from_secs(5);

/// After how long a silent connection is asked whether it still stands.
const KEEP_ALIVE: Duration = Duration::from_mins(1);

/// How long a connection is kept that nobody needs. There are as many as were needed at once.
const IDLE: Duration = Duration::from_secs(90);

fn built(builder: ClientBuilder) -> Result<Client, String> {
    builder.build().map(Client::Far).map_err(|error| error.without_url().to_string())
}

fn common(connect: Duration) -> ClientBuilder {
    // Without a provider of cryptography no client can be built. Another one may be installed already, and
    // then it serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .redirect(redirect::Policy::none())
        .referer(false)
        .connect_timeout(connect)
        .dns_resolver(Few)
        .tcp_nodelay(true)
        .tcp_keepalive(KEEP_ALIVE)
        .pool_max_idle_per_host(usize::MAX)
        .pool_idle_timeout(IDLE)
}

fn plain() -> ClientBuilder {
    common(CONNECT).http1_only().tls_certs_only([])
}

fn tls() -> ClientBuilder {
    common(Duration::from_secs(10))
        .https_only(true)
        .http2_adaptive_window(true)
        .http2_keep_alive_interval(Duration::from_secs(20))
        .http2_keep_alive_timeout(Duration::from_secs(20))
}

/// The resolver of the system, of whose addresses only a few are tried: they share the time to connect, and of
/// a thousand none would have enough of it.
#[derive(Debug)]
struct Few;

/// How many addresses of a host are tried.
const ADDRESSES: usize = 4;

impl Resolve for Few {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let all = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(Box::new(few(all.collect()).into_iter()) as Addrs)
        })
    }
}

/// The first addresses; where others of one family crowd out the other one, its first is the last of them.
fn few(mut all: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let rest = all.split_off(all.len().min(ADDRESSES));
    let crowded = |other: &&SocketAddr| all.iter().all(|one| one.is_ipv4() != other.is_ipv4());
    if let Some(other) = rest.iter().find(crowded).copied() {
        all[ADDRESSES - 1] = other;
    }
    all
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

    use super::few;

    #[test]
    fn of_a_thousand_addresses_four_are_tried_of_both_families() {
        let v4 = |n: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, n));
        let v6 = |n: u16| SocketAddr::from((Ipv6Addr::LOCALHOST, n));
        assert_eq!(few((0..1_000).map(v4).collect()), [v4(0), v4(1), v4(2), v4(3)]);
        assert_eq!(few((0..9).map(v6).chain([v4(7)]).collect()), [v6(0), v6(1), v6(2), v4(7)]);
        assert_eq!(few([v6(0), v4(1), v4(2), v4(3), v6(4)].to_vec()), [v6(0), v4(1), v4(2), v4(3)]);
        assert_eq!(few(vec![v6(0), v4(1)]), [v6(0), v4(1)]);
        assert!(few(Vec::new()).is_empty());
    }
}
