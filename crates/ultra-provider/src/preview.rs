//! What a call would send, without sending it: no key is read, no socket is opened, no program is started.
#![allow(clippy::result_large_err, reason = "an error is small beside the request that it stands for")]

use reqwest::header::{ACCEPT, HeaderName, HeaderValue};
use ultra_core::config::{Dialect, Provider};
use ultra_core::failure::Failure;
use ultra_core::kind::ErrorKind;
use ultra_core::record::Json;
use ultra_core::secret::Secret;
use ultra_core::target::{Route, Target};
use ultra_pace::Class;

use crate::call::{Call, CallError};
use crate::client::Road;
use crate::http::endpoint;
use crate::{anthropic, exec, openai};

/// What stands in place of a key.
const HIDDEN: &str = "***";

/// What a call would send.
#[derive(Debug, Clone, PartialEq)]
pub enum Preview {
    /// A request over HTTP.
    Http {
        /// The method.
        method: &'static str,
        /// The address.
        url: String,
        /// The headers that Ultra sets, by name; a key is hidden. The HTTP client adds `Host`,
        /// `Content-Length` and `User-Agent`.
        headers: Vec<(String, String)>,
        /// The body, as it is sent.
        body: Json,
    },
    /// A program.
    Exec {
        /// The command line, for `sh -c`.
        command: String,
        /// What it reads.
        stdin: String,
    },
    /// A simulated model, to which nothing is sent.
    Mock {
        /// Name of the model.
        model: String,
        /// What stands after `?`, such as `fail=0.3`; often empty.
        options: String,
    },
}

/// How an answer is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// All at once.
    Whole,
    /// Piece by piece.
    Streamed,
}

/// What `call` would send to `target`.
///
/// A provider with a variable or a file for its key is shown with one, whether there is one or not.
///
/// # Errors
/// What would end the call before it is sent, but for a missing key: an address that is none, parameters that
/// cannot be sent, a command that is blank.
pub fn preview(target: &Target, call: &Call, form: Form) -> Result<Preview, CallError> {
    match &target.route {
        Route::Mock { model, options } => {
            Ok(Preview::Mock { model: model.clone(), options: options.clone() })
        }
        Route::Exec { command } => {
            exec::Exec::new(&target.name, command, &[]).map_err(|failure| closed(&failure))?;
            Ok(Preview::Exec { command: command.clone(), stdin: exec::rendered(call) })
        }
        Route::Http { provider, model } => http(provider, model, call, form),
    }
}

fn http(provider: &Provider, model: &str, call: &Call, form: Form) -> Result<Preview, CallError> {
    let base = endpoint::base_url(provider).map_err(|failure| closed(&failure))?;
    // A key does not travel in the open, so on such a road there is none, or the call fails for it.
    let open = endpoint::road(&base) == Road::Plain;
    let has_key = provider.key_env.is_some() || provider.key_file.is_some();
    let key = (has_key && !open).then(|| Secret::new(HIDDEN.to_owned()));
    let url = endpoint::call_url(base, provider.dialect);
    let streamed = form == Form::Streamed;
    let mut headers = endpoint::headers(provider, key.as_ref()).map_err(|failure| closed(&failure))?;
    if streamed {
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
    }
    let shown = |(name, value): (&HeaderName, &HeaderValue)| {
        (name.to_string(), value.to_str().unwrap_or(HIDDEN).to_owned())
    };
    let mut headers: Vec<_> = headers.iter().map(shown).collect();
    headers.sort();
    let body = match provider.dialect {
        Dialect::OpenAi => {
            let flavour = openai::Flavour::of(&provider.name, url.host_str());
            openai::request(call, model, flavour, streamed)
        }
        Dialect::Anthropic => anthropic::request(call, model, streamed),
    };
    let body = body.and_then(|body| String::from_utf8(body).map_err(|cause| cause.to_string()));
    let body = body.and_then(|body| Json::parse(body).map_err(|cause| cause.to_string())).map_err(|why| {
        CallError::new(ErrorKind::Request, Class::FatalRecord, format!("{}: {why}", call.target))
    })?;
    Ok(Preview::Http { method: "POST", url: url.into(), headers, body })
}

/// What every call of a target would meet.
fn closed(failure: &Failure) -> CallError {
    let said = std::iter::once(failure.to_string()).chain(failure.hints().iter().cloned());
    CallError::new(ErrorKind::Request, Class::FatalTarget, said.collect::<Vec<_>>().join("; "))
}

#[cfg(test)]
mod tests;
