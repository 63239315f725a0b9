//! A model behind HTTP: one request, one whole answer, or one error that says what it means.
#![allow(clippy::result_large_err, reason = "an error is small beside a call that takes seconds")]

mod body;
mod draft;
pub(crate) mod endpoint;
mod fields;
mod form;
mod lenient;
mod send;
mod stream;
mod transport;

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, TRANSFER_ENCODING};
use tokio::time::timeout;
use ultra_core::clock::{Clock as _, System};
use ultra_core::config::{Dialect, Provider as Settings};
use ultra_core::failure::Failure;
use ultra_core::kind::ErrorKind;
use ultra_pace::Class;

use self::body::Body;
pub(crate) use self::body::LARGEST;
pub(crate) use self::draft::{Draft, append};
use self::endpoint::Endpoint;
pub(crate) use self::fields::Fields;
use self::form::Form;
pub(crate) use self::lenient::{Few, First, Unread, amount, count, detail, object, owned, string, words};
use self::send::Response;
pub(crate) use self::stream::Progress;
use self::stream::{LARGEST_STREAM, Reader};
pub(crate) use self::transport::truncated;
use crate::anthropic;
use crate::call::{Answer, Call, CallError, Calling, Provider, Watch};
use crate::classify;
use crate::classify::limits::{Units, limits};
use crate::classify::peer::Peer;
use crate::client::Timeouts;
use crate::openai;

/// The most bytes that the headers of a reply may have.
const LARGEST_HEAD: usize = 256 << 10;

/// A model behind HTTP.
#[derive(Debug)]
pub(crate) struct Http {
    peer: Peer,
    /// Why this model is never asked.
    unfit: Option<CallError>,
    endpoint: Endpoint,
    dialect: Speaker,
    units: Units,
    timeouts: Timeouts,
}

/// A dialect with what its requests depend on.
#[derive(Debug)]
enum Speaker {
    OpenAi(openai::Flavour),
    Anthropic,
}

impl Speaker {
    fn dialect(&self) -> Dialect {
        match self {
            Self::OpenAi(_) => Dialect::OpenAi,
            Self::Anthropic => Dialect::Anthropic,
        }
    }
}

/// What a peer answered, whole.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The status.
    pub(crate) status: u16,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body; of an error only the beginning, of a broken stream only the event that broke it.
    pub(crate) body: Bytes,
}

impl Http {
    /// A connection to `model`, which opens no socket yet.
    ///
    /// # Errors
    /// A usage failure about the address or the key.
    pub(crate) fn new(
        target: &str,
        settings: &Settings,
        model: &str,
        timeouts: Timeouts,
    ) -> Result<Self, Failure> {
        let endpoint = Endpoint::new(settings)?;
        let peer = Peer {
            target: target.to_owned(),
            model: model.to_owned(),
            place: endpoint.place(),
            key: endpoint.key.clone(),
            key_source: key_source(settings),
        };
        let dialect = match settings.dialect {
            Dialect::OpenAi => Speaker::OpenAi(openai::Flavour::of(&settings.name, endpoint.url.host_str())),
            Dialect::Anthropic => Speaker::Anthropic,
        };
        let unfit = (!model_is_a_name(model)).then(|| {
            let what = format!("`{}` is no name of a model; check the target", peer.quote(model));
            peer.error(ErrorKind::ParamCharset, Class::FatalTarget, what)
        });
        let units = Units::of(&settings.name, endpoint.url.host_str());
        Ok(Self { peer, unfit, endpoint, dialect, units, timeouts })
    }

    async fn attempt(&self, call: &Call, watch: &dyn Watch) -> Result<Answer, CallError> {
        if let Some(error) = &self.unfit {
            return Err(error.clone());
        }
        let streamed = watch.wants_stream();
        let body = self.request(call, streamed)?;
        let clock = System::start();
        let response = self.exchange(body, streamed).await?;
        self.read(response, clock, watch).await
    }

    /// Reads a reply to a request that was sent when `clock` started.
    async fn read(&self, response: Response, clock: System, watch: &dyn Watch) -> Result<Answer, CallError> {
        let first_byte = clock.elapsed();
        let (peer, idle) = (&self.peer, self.timeouts.idle);
        let (head, incoming) = response.into_parts();
        let (status, headers) = (head.status.as_u16(), head.headers);
        let size = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>();
        if size > LARGEST_HEAD {
            return Err(transport::headers_too_large(peer));
        }
        if headers.contains_key(CONTENT_LENGTH) && headers.contains_key(TRANSFER_ENCODING) {
            return Err(transport::two_lengths(peer));
        }
        if let Some(limits) = limits(&headers, self.dialect.dialect(), self.units) {
            watch.limits(&limits);
        }
        if status != 200 {
            let reply = Reply { status, headers, body: Box::pin(body::beginning(incoming, idle)).await };
            return Err(classify::refused(peer, &reply));
        }
        let promised = Form::promised(headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes));
        let told = promised == Form::Whole;
        if told {
            watch.first_byte();
        }
        let mut body = Body::new(peer, incoming, idle, if told { LARGEST } else { LARGEST_STREAM })?;
        let (form, opening) = body.opening(promised).await?;
        let answer = match form {
            Form::Events => {
                // Whole answers are many and streams are few; those must not carry the room that these need.
                let reader = Reader { peer, headers, watch, told, clock };
                Box::pin(reader.read(&self.dialect, body, opening)).await?
            }
            Form::Whole => {
                if !told {
                    watch.first_byte();
                }
                let reply = Reply { status, headers, body: body.rest(opening).await? };
                let read = match self.dialect {
                    Speaker::OpenAi(_) => openai::answer(&reply.body),
                    Speaker::Anthropic => anthropic::answer(&reply.body),
                };
                let answer = read.map_err(|unread| classify::unread(peer, &reply, &unread))?;
                if watch.wants_stream() && !answer.text.is_empty() {
                    watch.text(&peer.text(answer.text.clone()));
                }
                Answer { first_byte: Some(first_byte), ..answer }
            }
        };
        Ok(self.cleaned(answer))
    }

    fn request(&self, call: &Call, streamed: bool) -> Result<Vec<u8>, CallError> {
        let body = match &self.dialect {
            Speaker::OpenAi(flavour) => openai::request(call, &self.peer.model, *flavour, streamed),
            Speaker::Anthropic => anthropic::request(call, &self.peer.model, streamed),
        };
        body.map_err(|why| self.peer.error(ErrorKind::Request, Class::FatalRecord, why))
    }

    /// Sends `body` and waits for the head of the reply.
    async fn exchange(&self, body: Vec<u8>, streamed: bool) -> Result<Response, CallError> {
        let peer = &self.peer;
        let client = self.endpoint.road.client().map_err(|why| {
            let what = format!(
                "no connection can be made ({}); check the certificates of this machine",
                peer.quote(why)
            );
            peer.error(ErrorKind::Tls, Class::FatalTarget, what)
        })?;
        let limit = if streamed { self.timeouts.first_byte_of_stream } else { self.timeouts.first_byte };
        let sending = send::post(client, &self.endpoint, self.endpoint.headers(streamed).clone(), body);
        let sent = if limit == Duration::MAX {
            sending.await
        } else {
            timeout(limit, sending).await.map_err(|_| {
                let what = format!("{} did not begin to answer within {}", peer.place, seconds(limit));
                peer.error(ErrorKind::TimeoutFirstByte, Class::Unsure, what)
            })?
        };
        sent.map_err(|error| transport::before_answer(peer, &*error))
    }

    /// The answer without keys, and with the names that only the request knows.
    fn cleaned(&self, answer: Answer) -> Answer {
        let peer = &self.peer;
        let model = peer.own_name(answer.model);
        Answer {
            model: if model.is_empty() { peer.model.clone() } else { model },
            text: peer.text(answer.text),
            reasoning: answer.reasoning.map(|text| peer.text(text)),
            finish_reason: peer.own_name(answer.finish_reason),
            ..answer
        }
    }
}

impl Provider for Http {
    fn call<'a>(&'a self, call: &'a Call, watch: &'a dyn Watch) -> Calling<'a> {
        Box::pin(self.attempt(call, watch))
    }

    fn late(&self, limit: Duration) -> CallError {
        let what = format!("no whole answer came from {} within {}", self.peer.place, seconds(limit));
        self.peer.error(ErrorKind::TimeoutAttempt, Class::Unsure, what)
    }
}

/// Whether `model` could stand in the path of an address without meaning something else there.
fn model_is_a_name(model: &str) -> bool {
    let strange = |c: char| c.is_control() || matches!(c, '?' | '#' | '\\');
    !model.trim().is_empty()
        && !model.contains(strange)
        && !model.split('/').any(|part| matches!(part, "." | ".."))
}

fn key_source(settings: &Settings) -> String {
    match (&settings.key_file, &settings.key_env) {
        (Some(file), _) => format!("the key file {file}"),
        (None, Some(variable)) => variable.clone(),
        (None, None) => format!("`key-env` under [providers.{}]", settings.name),
    }
}

/// A duration as people say it.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests;
