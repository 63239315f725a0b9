//! Where a provider is, and the key that belongs to that place and to no other.

use std::net::IpAddr;

use hyper::Uri;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Url, header};
use ultra_core::config::{Dialect, Provider};
use ultra_core::failure::Failure;
use ultra_core::secret::Secret;

use crate::client::{Road, USER_AGENT};

/// A checked address with its headers. The key goes nowhere else: the address is fixed here, and redirects are off.
#[derive(Debug)]
pub(crate) struct Endpoint {
    /// The address of the call.
    pub(crate) url: Url,
    /// The same as the client for this machine takes it.
    pub(crate) uri: Uri,
    /// The way there.
    pub(crate) road: Road,
    /// The headers that the dialect asks for, the key among them, marked as sensitive.
    headers: HeaderMap,
    /// The same where a stream is asked for.
    headers_of_stream: HeaderMap,
    /// The key, to be removed from what the peer says.
    pub(crate) key: Option<Secret>,
}

impl Endpoint {
    /// Checks the address of `provider` and takes its key.
    ///
    /// # Errors
    /// A usage failure: no such address, or a key that would travel in the open, or no key where one is needed.
    pub(crate) fn new(provider: &Provider) -> Result<Self, Failure> {
        let base = base_url(provider)?;
        let road = road(&base);
        let key = provider.key()?;
        if key.is_some() && road == Road::Plain {
            return Err(Failure::usage(format!(
                "the key of `{}` would travel unencrypted to {}",
                provider.name,
                shown(&base)
            ))
            .hint("use an https address, or one of this machine")
            .hint("or unset the key, if that server needs none"));
        }
        let url = call_url(base, provider.dialect);
        let unfit = |_| Failure::usage(format!("the base URL of `{}` cannot be called", provider.name));
        let uri = Uri::try_from(url.as_str()).map_err(unfit)?;
        let mut headers = headers(provider, key.as_ref())?;
        if road == Road::Loopback {
            complete(&mut headers, &url);
        }
        let mut headers_of_stream = headers.clone();
        headers_of_stream.insert(header::ACCEPT, HeaderValue::from_static("text/event-stream"));
        Ok(Self { url, uri, road, headers, headers_of_stream, key })
    }

    /// The headers of a call.
    pub(crate) fn headers(&self, streamed: bool) -> &HeaderMap {
        if streamed { &self.headers_of_stream } else { &self.headers }
    }

    /// The address as it is shown to people.
    pub(crate) fn place(&self) -> String {
        shown(&self.url)
    }
}

/// Scheme, host, port and path; what else an address can hold is refused before.
fn shown(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path().trim_end_matches('/'))
}

pub(crate) fn base_url(provider: &Provider) -> Result<Url, Failure> {
    let text = provider.base_url.as_str();
    let wrong = |why: &str| {
        Failure::usage(format!("the base URL of `{}` {why}", provider.name))
            .hint("it looks like https://HOST/v1 or http://127.0.0.1:PORT/v1")
    };
    // The parser drops tabs and line endings silently, so they are looked for first.
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(wrong("holds a blank or a line ending"));
    }
    let url = Url::parse(text).map_err(|cause| wrong(&format!("is not an address: {cause}")))?;
    if !["http", "https"].contains(&url.scheme()) {
        return Err(wrong("is neither http nor https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("holds a user name or password (it is not shown)")
            .hint("the key belongs into the variable of the provider, or into its key file"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("holds a `?` or `#`, and what follows cannot be sent"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("has no host"));
    }
    Ok(url)
}

pub(crate) fn road(url: &Url) -> Road {
    if url.scheme() == "https" {
        return Road::Tls;
    }
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if here { Road::Loopback } else { Road::Plain }
}

/// Adds what the other client adds to each request itself.
fn complete(headers: &mut HeaderMap, url: &Url) {
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
    if let Ok(host) = HeaderValue::from_str(host) {
        headers.insert(header::HOST, host);
    }
}

/// The address of the call: base and path, whichever part of the path the base has already.
pub(crate) fn call_url(mut url: Url, dialect: Dialect) -> Url {
    let (path, version) = match dialect {
        Dialect::OpenAi => ("/chat/completions", ""),
        Dialect::Anthropic => ("/messages", "/v1"),
    };
    let base = url.path().trim_end_matches('/');
    let base = base.strip_suffix(path).unwrap_or(base);
    let version = if base.ends_with("/v1") { "" } else { version };
    let whole = format!("{base}{version}{path}");
    url.set_path(&whole);
    url
}

pub(crate) fn headers(provider: &Provider, key: Option<&Secret>) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let mut secret = |name: HeaderName, value: String| match HeaderValue::from_str(&value) {
        Ok(mut value) => {
            value.set_sensitive(true);
            headers.insert(name, value);
            Ok(())
        }
        Err(_) => {
            Err(Failure::usage(format!("the key of `{}` cannot be sent (it is not shown)", provider.name)))
        }
    };
    match (provider.dialect, key) {
        (_, None) => {}
        (Dialect::OpenAi, Some(key)) => secret(AUTHORIZATION, format!("Bearer {}", key.expose()))?,
        (Dialect::Anthropic, Some(key)) => {
            secret(HeaderName::from_static("x-api-key"), key.expose().to_owned())?;
        }
    }
    if provider.dialect == Dialect::Anthropic {
        let version = provider.version.as_deref().unwrap_or("2023-06-01");
        let value = HeaderValue::from_str(version)
            .map_err(|_| Failure::usage(format!("the version of `{}` cannot be sent", provider.name)))?;
        headers.insert(HeaderName::from_static("anthropic-version"), value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests;
