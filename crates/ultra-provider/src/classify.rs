//! What an answer that is none means: its kind, who may have to pay, how long to wait, and one sentence about it.
//!
//! Status alone misleads: a 429 may be an empty account, a 400 a wrong key, a 200 an error. So the body is
//! read first, in whichever of the known shapes it comes, and the status decides what the body leaves open.

pub(crate) mod hold;
pub(crate) mod limits;
pub(crate) mod peer;
mod retry_after;
mod said;
mod sentence;
mod timestamp;
mod verdict;

use ultra_core::kind::ErrorKind;
use ultra_pace::{Class, Health};

use self::peer::Peer;
use self::said::Said;
use self::verdict::{Verdict, verdict};
use crate::call::CallError;
use crate::http::{self, Reply, Unread};

/// The error behind a reply whose status is not 200.
pub(crate) fn refused(peer: &Peer, reply: &Reply) -> CallError {
    let said = Said::read(&reply.body);
    error(peer, reply, &said, reply.status)
}

/// The error behind a reply with status 200 that holds no answer.
pub(crate) fn unread(peer: &Peer, reply: &Reply, unread: &Unread) -> CallError {
    let error = match unread {
        Unread::Error => {
            let said = Said::read(&reply.body);
            return error(peer, reply, &said, said.status());
        }
        Unread::Empty(why) => {
            let what = format!("the answer of {} is empty: {why}", peer.place);
            peer.error(ErrorKind::Empty, Class::Unsure, what)
        }
        Unread::Wordless(wasted) => {
            let what = format!("the answer of {} is empty: the model wrote nothing", peer.place);
            let wasted = Some(wasted.clone());
            CallError { health: Health::Up, wasted, ..peer.error(ErrorKind::Empty, Class::Unsure, what) }
        }
        Unread::Blocked => {
            let what = format!("{} blocked the prompt for its content", peer.place);
            peer.error(ErrorKind::Blocked, Class::FatalRecord, what)
        }
        Unread::Event(cause) => bad(peer, &format!("an event of the stream is not JSON ({cause})")),
        Unread::Encoding => bad(peer, "it is not UTF-8 text"),
        Unread::Shape(why) => bad(peer, &format!("it is {why}")),
        Unread::Json(_) if reply.body.starts_with(b"\x1f\x8b") => {
            bad(peer, "it is compressed, which was not asked for")
        }
        Unread::Json(cause) if said::is_html(&reply.body) => {
            tracing::debug!(%cause, "an HTML page instead of an answer");
            let page = peer.quote(&String::from_utf8_lossy(&reply.body));
            bad(peer, &format!("it is a web page, so the base URL may be wrong, or a proxy answered: {page}"))
        }
        Unread::Json(cause) if cause.is_eof() => http::truncated(peer),
        Unread::Json(cause) => bad(peer, &format!("it is not the JSON of an answer ({cause})")),
    };
    CallError {
        status: Some(reply.status),
        provider: peer.provider_error(None, None, said::request_id(&reply.headers)),
        ..error
    }
}

/// The error behind an event that broke a stream; `begun` says whether some of the answer had come before it.
pub(crate) fn broken_stream(peer: &Peer, reply: &Reply, event: &Unread, begun: bool) -> CallError {
    let error = unread(peer, reply, event);
    // What was written is paid for, whatever the reason to end it.
    let class = if begun && error.class.is_transient() { Class::Unsure } else { error.class };
    CallError { class, ..error }
}

fn bad(peer: &Peer, why: &str) -> CallError {
    let what = format!("the answer of {} cannot be read: {why}", peer.place);
    peer.error(ErrorKind::BadJson, Class::Unsure, what)
}

/// The error of a reply, judged as if it had come with `status`.
fn error(peer: &Peer, reply: &Reply, said: &Said, status: u16) -> CallError {
    let Verdict { kind, class, once } = verdict(status, said, &reply.headers);
    let what = sentence::sentence(peer, reply, said, status, kind);
    let request_id = said::request_id(&reply.headers).or(said.request_id.as_deref());
    let error = peer.error(kind, class, what);
    CallError {
        // A server that says why it will not take a call is a server that works.
        health: if (400..500).contains(&status) && status != 498 { Health::Up } else { error.health },
        status: Some(reply.status),
        provider: peer.provider_error(said.code(), said.kind.as_deref(), request_id),
        once,
        retry_after: if class.is_transient() {
            retry_after::wait(&reply.headers, status, said)
        } else {
            None
        },
        ..error
    }
}

#[cfg(test)]
mod tests;
