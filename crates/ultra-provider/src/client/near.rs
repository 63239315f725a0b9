//! The client for servers on this machine, straight to their sockets.
//!
//! Where the wire takes no time, the client's own work is most of what a call costs. So nothing stands in between
//! that such a call never needs: no proxy, no redirect, no compression, no TLS.

use std::array;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower_service::Service;

use super::{IDLE, KEEP_ALIVE};

/// The client of [`Road::Loopback`](super::Road::Loopback).
pub(crate) type Near = legacy::Client<HttpConnector<Here>, Full<Bytes>>;

/// A client to which a connection may take so long.
pub(super) fn client(connect: Duration) -> Near {
    let mut connector = HttpConnector::new_with_resolver(Here);
    connector.set_connect_timeout(Some(connect));
    connector.set_nodelay(true);
    connector.set_keepalive(Some(KEEP_ALIVE));
    legacy::Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(usize::MAX)
        .build(connector)
}

/// The resolver of this road, on which every name is one of this machine, whatever others say of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Here;

impl Service<Name> for Here {
    type Response = array::IntoIter<SocketAddr, 2>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Name) -> Self::Future {
        let here = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), SocketAddr::from((Ipv6Addr::LOCALHOST, 0))];
        ready(Ok(here.into_iter()))
    }
}
