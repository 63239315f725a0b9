//! Why an exchange broke: from the causes of a client's error to a kind, and to who may have to pay.

use std::error::Error;
use std::io;

use hyper_util::client::legacy;
use ultra_core::kind::ErrorKind;
use ultra_pace::Class;

use crate::call::CallError;
use crate::classify::peer::Peer;

/// The connection could not be made, or broke before the status line.
pub(crate) fn before_answer(peer: &Peer, error: &(dyn Error + 'static)) -> CallError {
    if cause::<legacy::Error>(error).is_some_and(legacy::Error::is_connect) {
        return not_connected(peer, error);
    }
    if let Some(hyper) = cause::<hyper::Error>(error) {
        if hyper.to_string().contains("head is too large") {
            return headers_too_large(peer);
        }
        if hyper.is_parse() {
            return not_http(peer);
        }
        if hyper.is_canceled() {
            let what = format!("the connection to {} closed before the request was sent", peer.place);
            return peer.error(ErrorKind::NetworkReset, Class::Free, what);
        }
    }
    let what = format!("{} closed the connection without an answer", peer.place);
    peer.error(ErrorKind::NetworkReset, Class::Unsure, what)
}

/// The connection broke within the body of an answer.
pub(crate) fn within_answer(peer: &Peer, error: &(dyn Error + 'static)) -> CallError {
    let ended = cause::<hyper::Error>(error).is_some_and(hyper::Error::is_incomplete_message);
    match cause::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) => not_http(peer),
        Some(io::ErrorKind::UnexpectedEof) => truncated(peer),
        None if ended => truncated(peer),
        _ => {
            let what = format!("the connection to {} broke within the answer", peer.place);
            peer.error(ErrorKind::NetworkReset, Class::Unsure, what)
        }
    }
}

/// The answer ended before it was complete.
pub(crate) fn truncated(peer: &Peer) -> CallError {
    let what = format!("the answer of {} ended before it was complete", peer.place);
    peer.error(ErrorKind::Truncated, Class::Unsure, what)
}

/// The head of the reply is larger than any honest one.
pub(super) fn headers_too_large(peer: &Peer) -> CallError {
    let what = format!("the headers of the answer of {} are too large or too many", peer.place);
    peer.error(ErrorKind::TooLarge, Class::FatalRecord, what)
}

/// The head of the reply says in two ways where its body ends.
pub(super) fn two_lengths(peer: &Peer) -> CallError {
    let what =
        format!("the answer of {} has a length and chunks as well, so its end is not known", peer.place);
    peer.error(ErrorKind::Protocol, Class::FatalRecord, what)
}

fn not_http(peer: &Peer) -> CallError {
    let what =
        format!("what came from {} is not valid HTTP; the port or http/https may be wrong", peer.place);
    peer.error(ErrorKind::Protocol, Class::FatalRecord, what)
}

fn not_connected(peer: &Peer, error: &(dyn Error + 'static)) -> CallError {
    let place = &peer.place;
    if let Some(tls) = cause::<rustls::Error>(error) {
        let what = format!(
            "there is no trusted connection to {place} ({}); check the address, the certificate and this machine's clock",
            peer.quote(&tls.to_string())
        );
        return peer.error(ErrorKind::Tls, Class::FatalTarget, what);
    }
    if timed_out(error) {
        let what = format!(
            "no connection to {place} was made in time; is the address right, http or https included?"
        );
        return peer.error(ErrorKind::TimeoutConnect, Class::Free, what);
    }
    if causes(error).any(|cause| cause.to_string() == "dns error") {
        let what = format!("the host of {place} cannot be found; check the base URL and the network");
        return peer.error(ErrorKind::NetworkDns, Class::Free, what);
    }
    let io = cause::<io::Error>(error);
    if io.is_some_and(|cause| cause.kind() == io::ErrorKind::ConnectionRefused) {
        let what = format!("the connection was refused; is the server running at {place}?");
        return peer.error(ErrorKind::NetworkConnect, Class::Free, what);
    }
    let why = causes(error).last().map(|cause| peer.quote(&cause.to_string())).unwrap_or_default();
    let what = format!("{place} cannot be reached ({why}); check the network and the proxy");
    peer.error(ErrorKind::NetworkConnect, Class::Free, what)
}

/// Whether it took too long, as either client says it.
fn timed_out(error: &(dyn Error + 'static)) -> bool {
    cause::<reqwest::Error>(error).is_some_and(reqwest::Error::is_timeout)
        || cause::<io::Error>(error).is_some_and(|cause| cause.kind() == io::ErrorKind::TimedOut)
}

/// The first cause of type `T`, wherever it is wrapped.
fn cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    causes(error).find_map(<dyn Error>::downcast_ref)
}

/// An error and its causes, those inside I/O errors included, which `source` passes over.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| inner(*error))
}

fn inner<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>() {
        Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => error.source(),
    }
}
