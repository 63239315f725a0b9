//! A model behind HTTP: one request, one whole answer, or one error that says what it means.
#![allow(clippy::result_large_err, reason = "an error is small beside a call that takes seconds")]

mod body;
pub(crate) mod endpoint;
mod fields;
mod lenient;
mod transport;

use std::time::Duration;

use reqwest::header::HeaderMap;
use tokio::time::timeout;
use ultra_core::clock::{Clock as _, System};
use ultra_core::config::{Dialect, Provider as Settings};
use ultra_core::failure::Failure;
use ultra_core::kind::ErrorKind;
use ultra_pace::Class;

pub(crate) use self::body::LARGEST;
use self::endpoint::Endpoint;
pub(crate) use self::fields::Fields;
pub(crate) use self::lenient::{Few, First, Unread, amount, count, detail, object, string, words};
pub(crate) use self::transport::truncated;
use crate::anthropic;
use crate::call::{Answer, Call, CallError, Calling, Provider, Watch};
use crate::classify::{self, peer::Peer};
use crate::client::Timeouts;
use crate::openai;

/// A model behind HTTP.
#[derive(Debug)]
pub(crate) struct Http {
    peer: Peer,
    endpoint: Endpoint,
    dialect: Speaker,
    timeouts: Timeouts,
}

/// A dialect with what its requests depend on.
#[derive(Debug)]
enum Speaker {
    OpenAi(openai::Flavour),
    Anthropic,
}

/// What a peer answered, whole.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The status.
    pub(crate) status: u16,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body; of an error only the beginning.
    pub(crate) body: Vec<u8>,
    /// From sending to the status line.
    pub(crate) first_byte: Duration,
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
        Ok(Self { peer, endpoint, dialect, timeouts })
    }

    async fn attempt(&self, call: &Call) -> Result<Answer, CallError> {
        let reply = self.exchange(self.request(call)?).await?;
        if reply.status != 200 {
            return Err(classify::refused(&self.peer, &reply));
        }
        let read = match self.dialect {
            Speaker::OpenAi(_) => openai::answer(&reply.body),
            Speaker::Anthropic => anthropic::answer(&reply.body),
        };
        let answer = read.map_err(|unread| classify::unread(&self.peer, &reply, &unread))?;
        Ok(self.cleaned(answer, reply.first_byte))
    }

    fn request(&self, call: &Call) -> Result<Vec<u8>, CallError> {
        let body = match &self.dialect {
            Speaker::OpenAi(flavour) => openai::request(call, &self.peer.model, *flavour),
            Speaker::Anthropic => anthropic::request(call, &self.peer.model),
        };
        body.map_err(|why| self.peer.error(ErrorKind::Request, Class::FatalRecord, why))
    }

    async fn exchange(&self, body: Vec<u8>) -> Result<Reply, CallError> {
        let peer = &self.peer;
        let client = self.endpoint.road.client().map_err(|why| {
            let what = format!(
                "no connection can be made ({}); check the certificates of this machine",
                peer.quote(&why)
            );
            peer.error(ErrorKind::Tls, Class::FatalTarget, what)
        })?;
        let request =
            client.post(self.endpoint.url.clone()).headers(self.endpoint.headers.clone()).body(body);
        let clock = System::start();
        let sent = timeout(self.timeouts.first_byte, request.send()).await.map_err(|_| {
            let what = format!(
                "{} did not begin to answer within {}",
                peer.place,
                seconds(self.timeouts.first_byte)
            );
            peer.error(ErrorKind::TimeoutFirstByte, Class::Unsure, what)
        })?;
        let mut response = sent.map_err(|error| transport::before_answer(peer, &error))?;
        let first_byte = clock.elapsed();
        let (status, headers) = (response.status().as_u16(), std::mem::take(response.headers_mut()));
        let body = match status {
            200 => body::whole(peer, response, self.timeouts.idle).await?,
            _ => body::beginning(response, self.timeouts.idle).await,
        };
        Ok(Reply { status, headers, body, first_byte })
    }

    /// The answer without keys, and with the names that only the request knows.
    fn cleaned(&self, answer: Answer, first_byte: Duration) -> Answer {
        let peer = &self.peer;
        let model = peer.name(&answer.model);
        Answer {
            model: if model.is_empty() { peer.model.clone() } else { model },
            text: peer.text(answer.text),
            reasoning: answer.reasoning.map(|text| peer.text(text)),
            finish_reason: peer.name(&answer.finish_reason),
            first_byte: Some(first_byte),
            ..answer
        }
    }
}

impl Provider for Http {
    fn call<'a>(&'a self, call: &'a Call, limit: Duration, _: &'a dyn Watch) -> Calling<'a> {
        Box::pin(async move {
            timeout(limit, self.attempt(call)).await.unwrap_or_else(|_| {
                let what = format!("no whole answer came from {} within {}", self.peer.place, seconds(limit));
                Err(self.peer.error(ErrorKind::TimeoutAttempt, Class::Unsure, what))
            })
        })
    }
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
