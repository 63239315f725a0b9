//! One sentence about a failure: what happened, in the peer's own words where it has some, and what to do.

use reqwest::Url;
use ultra_core::kind::ErrorKind;

use super::peer::Peer;
use super::said::Said;
use crate::http::Reply;

/// The sentence, without the name of the target.
pub(crate) fn sentence(peer: &Peer, reply: &Reply, said: &Said, status: u16, kind: ErrorKind) -> String {
    let (what, fix) = cause(peer, reply, said, status, kind);
    let words = match &said.message {
        Some(message) => format!(": \"{}\"", peer.quote(message)),
        None if said.html => ", an HTML page".to_owned(),
        None => String::new(),
    };
    match fix {
        Some(fix) => format!("{what} (HTTP {}{words}); {fix}", reply.status),
        None => format!("{what} (HTTP {}{words})", reply.status),
    }
}

fn cause(peer: &Peer, reply: &Reply, said: &Said, status: u16, kind: ErrorKind) -> (String, Option<String>) {
    let Peer { model, place, key_source, .. } = peer;
    match kind {
        ErrorKind::Auth if status == 407 => {
            ("the proxy wants a login".into(), Some("check HTTPS_PROXY and NO_PROXY".into()))
        }
        ErrorKind::Auth if peer.key.is_none() => {
            (format!("{place} wants a key"), Some(format!("set {key_source}")))
        }
        ErrorKind::Auth => (format!("{place} refused the key"), Some(format!("check {key_source}"))),
        ErrorKind::Billing => {
            ("the account has no money or quota left".into(), Some("top it up, or raise its limit".into()))
        }
        ErrorKind::Forbidden => (
            format!("{place} does not let this key use `{model}`"),
            Some("ask for access, or choose another model".into()),
        ),
        ErrorKind::NotFound if names_model(said) => {
            (format!("{place} does not know the model `{model}`"), Some("check the name of the model".into()))
        }
        ErrorKind::NotFound => (
            format!("there is nothing at {place}"),
            Some(format!("the base URL or the model `{model}` may be wrong")),
        ),
        ErrorKind::Redirect => (
            format!("{place} redirects to {}, and redirects are never followed", location(peer, reply)),
            Some("if that is right, make it the base URL".into()),
        ),
        ErrorKind::Blocked => ("the provider blocked the request for its content".into(), None),
        ErrorKind::Request if too_long(said) || status == 413 => (
            "the request is too long".into(),
            Some("shorten the prompt, or choose a model with more room".into()),
        ),
        ErrorKind::Request if [405, 501].contains(&status) => {
            (format!("{place} takes no such call"), Some("the base URL or the dialect may be wrong".into()))
        }
        ErrorKind::Request => (format!("{place} refused the request"), None),
        ErrorKind::RateLimited => (format!("{place} asked to slow down"), None),
        ErrorKind::Overloaded => (format!("{place} is overloaded or not ready"), None),
        ErrorKind::Protocol => (format!("{place} answered with a status that has no meaning here"), None),
        _ if said.own => (format!("{place} failed"), None),
        _ => (format!("{place}, or a gateway before it, failed"), None),
    }
}

fn names_model(said: &Said) -> bool {
    said.is(&["model_not_found"]) || said.mentions(&["model"])
}

fn too_long(said: &Said) -> bool {
    said.is(&[
        "context_length_exceeded",
        "exceed_context_size_error",
        "request_too_large",
        "payload_too_large",
    ]) || said.mentions(&["too long", "context length", "context size", "maximum context"])
}

/// Where a redirect leads, without what an address may hide.
fn location(peer: &Peer, reply: &Reply) -> String {
    let to = reply.headers.get("location").and_then(|value| value.to_str().ok());
    // The parser writes hosts in small letters, in which a key would not be known again.
    if to.is_some_and(|to| peer.quote(to).contains("[secret]")) {
        return "another place".to_owned();
    }
    match to.map(Url::parse) {
        Some(Ok(url)) if url.has_host() => peer.quote(&url.origin().ascii_serialization()),
        Some(_) => "another path".to_owned(),
        None => "nowhere".to_owned(),
    }
}
