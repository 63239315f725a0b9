//! Sending a request by the client of its road, and the reply whose body is still to come.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
use reqwest::Method;
use reqwest::header::HeaderMap;

use super::endpoint::Endpoint;
use crate::client::Client;

/// Why an exchange broke; the causes tell more.
pub(crate) type Broken = Box<dyn Error + Send + Sync>;

/// A reply of which only the head is there.
pub(super) type Response = hyper::Response<Incoming>;

/// Posts `body` and waits for the head of the reply.
///
/// # Errors
/// When no connection can be made, or it breaks.
pub(super) async fn post(
    client: &Client,
    endpoint: &Endpoint,
    headers: HeaderMap,
    body: Vec<u8>,
) -> Result<Response, Broken> {
    match client {
        Client::Near(client) => {
            let mut request = hyper::Request::new(Full::from(body));
            *request.method_mut() = Method::POST;
            *request.uri_mut() = endpoint.uri.clone();
            *request.headers_mut() = headers;
            Ok(client.request(request).await?.map(Incoming::Near))
        }
        Client::Far(client) => {
            let mut request = reqwest::Request::new(Method::POST, endpoint.url.clone());
            *request.headers_mut() = headers;
            *request.body_mut() = Some(body.into());
            let response = client.execute(request).await?;
            Ok(hyper::Response::<reqwest::Body>::from(response).map(Incoming::Far))
        }
    }
}

/// A body as it comes.
#[derive(Debug)]
pub(super) enum Incoming {
    /// By the client for this machine.
    Near(hyper::body::Incoming),
    /// By the client for all others.
    Far(reqwest::Body),
}

impl Body for Incoming {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match self.get_mut() {
            Self::Near(body) => Pin::new(body).poll_frame(context).map_err(Into::into),
            Self::Far(body) => Pin::new(body).poll_frame(context).map_err(Into::into),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Near(body) => body.size_hint(),
            Self::Far(body) => body.size_hint(),
        }
    }
}
