//! What the server answers: content, framing, and how the delivery goes wrong.

use std::time::Duration;

use serde_json::json;

use super::gzip;
use super::request::Request;
use super::wire::{Answer, Wire};
use crate::fixtures::Case;

/// One scripted answer. Builders name the content; the methods after them bend the delivery.
///
/// Every wait ends when the client leaves, when the server stops, or after a minute.
#[derive(Clone, Debug)]
pub struct Reply {
    content: Content,
    headers: Vec<(String, String)>,
    framing: Framing,
    fault: Option<(Fault, Place)>,
    delivery: Pace,
    usage: Option<(u64, u64)>,
    failing_stream: bool,
}

#[derive(Clone, Debug)]
enum Content {
    Text { wire: Option<Wire>, text: Option<String> },
    Error { status: u16, message: String },
    Bytes { status: u16, media_type: Option<&'static str>, body: Vec<u8> },
}

/// Where in its delivery an answer breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nothing has been sent.
    BeforeHeaders,
    /// Half of the head has been sent.
    MidHead,
    /// The head has been sent, no byte of the body.
    AfterHeaders,
    /// So many bytes of the body have been sent.
    MidBody(usize),
    /// So many events of a stream have been sent; half of the body when it is no stream.
    AfterEvents(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Stall,
    Reset,
    Close,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length,
    Claim(usize),
    Chunks { size: usize, last: bool },
    BadChunk,
    Endless,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    pub(super) before: Duration,
    pub(super) in_flight: usize,
    pub(super) drip: Option<(usize, Duration)>,
    pub(super) close: bool,
}

/// A reply fitted to one request, ready to be sent.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) framing: Framing,
    pub(super) fault: Option<(Fault, Place)>,
    pub(super) pace: Pace,
}

impl Reply {
    /// An answer in the format of Chat Completions; a stream of events when the request asks for one.
    pub fn openai(text: &str) -> Self {
        Self::of(Content::Text { wire: Some(Wire::OpenAi), text: Some(text.to_owned()) })
    }

    /// An answer in the format of Anthropic Messages; a stream of events when the request asks for one.
    pub fn anthropic(text: &str) -> Self {
        Self::of(Content::Text { wire: Some(Wire::Anthropic), text: Some(text.to_owned()) })
    }

    /// An answer in the format that the request's path asks for.
    pub fn text(text: &str) -> Self {
        Self::of(Content::Text { wire: None, text: Some(text.to_owned()) })
    }

    /// The last message of the user, given back in the format that the path asks for.
    pub fn echo() -> Self {
        Self::of(Content::Text { wire: None, text: None })
    }

    /// An error in the shape of the provider that the path belongs to.
    pub fn error(status: u16, message: &str) -> Self {
        Self::of(Content::Error { status, message: message.to_owned() })
    }

    /// Any status and body, sent as they are; without a header but `content-length`.
    pub fn raw(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::of(Content::Bytes { status, media_type: None, body: body.into() })
    }

    /// A JSON body of any status, sent as it is.
    pub fn json(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::of(Content::Bytes { status, media_type: Some("application/json"), body: body.into() })
    }

    /// A page as gateways and captive portals send it.
    pub fn html(status: u16) -> Self {
        let page = format!(
            "<!DOCTYPE html>\n<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>\n"
        );
        Self::of(Content::Bytes { status, media_type: Some("text/html"), body: page.into_bytes() })
    }

    /// A status and no byte of body.
    pub fn empty(status: u16) -> Self {
        Self::raw(status, Vec::new())
    }

    /// A redirect to another address.
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::empty(status).header("location", location)
    }

    /// Status 200 with an error inside, as some gateways answer.
    pub fn error_in_ok(message: &str) -> Self {
        Self::json(
            200,
            json!({"error": {"message": message, "type": "server_error", "code": null}}).to_string(),
        )
    }

    /// A Chat Completions answer whose text holds a byte that is not UTF-8.
    pub fn invalid_utf8() -> Self {
        let (before, after) = (
            r#"{"id":"chatcmpl-0","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Z"#,
            r#"rich"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#,
        );
        Self::json(200, [before.as_bytes(), b"\xff", after.as_bytes()].concat())
    }

    /// Status 200 whose body is `mib` MiB of blanks, packed with gzip to a 158th.
    pub fn gzip_bomb(mib: usize) -> Self {
        Self::json(200, gzip::blanks(mib)).header("content-encoding", "gzip")
    }

    /// A fixture's answer, byte for byte; a stream goes out in pieces of 7 bytes.
    pub fn case(case: &Case) -> Self {
        let mut reply = Self::raw(case.status, case.body.clone());
        reply.headers.clone_from(&case.headers);
        if case.stream { reply.chunked(7) } else { reply }
    }

    fn of(content: Content) -> Self {
        Self {
            content,
            headers: Vec::new(),
            framing: Framing::Length,
            fault: None,
            delivery: Pace::default(),
            usage: None,
            failing_stream: false,
        }
    }

    /// Adds a header, or replaces it.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(key, _)| !key.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The token counts to report. Otherwise words are counted as tokens.
    #[must_use]
    pub fn usage(mut self, input_tokens: u64, output_tokens: u64) -> Self {
        self.usage = Some((input_tokens, output_tokens));
        self
    }

    /// Sends the body in chunks of `size` bytes instead of with a length.
    #[must_use]
    pub fn chunked(mut self, size: usize) -> Self {
        self.framing = Framing::Chunks { size: size.max(1), last: true };
        self
    }

    /// Sends the body in chunks and closes before the last, empty one.
    #[must_use]
    pub fn without_last_chunk(mut self) -> Self {
        self.framing = Framing::Chunks { size: 64, last: false };
        self
    }

    /// Announces `length` bytes whatever the body holds, sends the body and closes.
    #[must_use]
    pub fn claiming_length(mut self, length: usize) -> Self {
        self.framing = Framing::Claim(length);
        self
    }

    /// Sends a chunk, then announces one of 2⁶⁴ - 1 bytes.
    #[must_use]
    pub fn with_a_bad_chunk(mut self) -> Self {
        self.framing = Framing::BadChunk;
        self
    }

    /// Sends the body in chunks again and again until the client leaves.
    #[must_use]
    pub fn endless(mut self) -> Self {
        self.framing = Framing::Endless;
        self
    }

    /// A stream breaks off in the middle with an event that says why. Without a stream, nothing is changed.
    #[must_use]
    pub fn failing_in_the_stream(mut self) -> Self {
        self.failing_stream = true;
        self
    }

    /// Sends nothing more from `place` on, and keeps the connection open.
    #[must_use]
    pub fn stalled(mut self, place: Place) -> Self {
        self.fault = Some((Fault::Stall, place));
        self
    }

    /// Resets the connection (RST) at `place`.
    #[must_use]
    pub fn reset(mut self, place: Place) -> Self {
        self.fault = Some((Fault::Reset, place));
        self
    }

    /// Closes the connection in order (FIN) at `place`.
    #[must_use]
    pub fn cut(mut self, place: Place) -> Self {
        self.fault = Some((Fault::Close, place));
        self
    }

    /// Sends the body `size` bytes at a time with a pause after each; whole in a minute at the latest.
    #[must_use]
    pub fn dripping(mut self, size: usize, pause: Duration) -> Self {
        self.delivery.drip = Some((size.max(1), pause));
        self
    }

    /// Waits before the head is sent.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        self.delivery.before = wait;
        self
    }

    /// Waits before the head is sent until `calls` calls have been in flight at once.
    #[must_use]
    pub fn once_in_flight(mut self, calls: usize) -> Self {
        self.delivery.in_flight = calls;
        self
    }

    /// Announces `connection: close` and closes after the body.
    #[must_use]
    pub fn closing(mut self) -> Self {
        self.delivery.close = true;
        self.header("connection", "close")
    }

    /// Fits the reply to a request: text takes its wire format, the rest stays as it is.
    pub(super) fn ready(&self, number: usize, request: &Request) -> Ready {
        let wire = match &self.content {
            Content::Text { wire: Some(wire), .. } => *wire,
            _ => request.wire().unwrap_or(Wire::OpenAi),
        };
        let mut framing = self.framing;
        let (status, media_type, body) = match &self.content {
            Content::Bytes { status, media_type, body } => (*status, *media_type, body.clone()),
            Content::Error { status, message } => error(wire, *status, message),
            Content::Text { text, .. } => match wire.refusal(request) {
                Some((status, message)) => error(wire, status, message),
                None if request.wants_stream() => {
                    framing = if framing == Framing::Length {
                        Framing::Chunks { size: 64, last: true }
                    } else {
                        framing
                    };
                    let mut events = wire.stream(&self.answer(
                        number,
                        request,
                        text.as_deref().unwrap_or(&request.prompt()),
                    ));
                    if self.failing_stream {
                        events.truncate(events_end(events.as_bytes(), 2));
                        events += &wire.error_event("Overloaded");
                    }
                    (200, Some("text/event-stream; charset=utf-8"), events.into_bytes())
                }
                None => {
                    let answer = wire.answer(&self.answer(
                        number,
                        request,
                        text.as_deref().unwrap_or(&request.prompt()),
                    ));
                    (200, Some("application/json"), answer.to_string().into_bytes())
                }
            },
        };
        let mut headers: Vec<_> =
            media_type.map(|kind| ("content-type".to_owned(), kind.to_owned())).into_iter().collect();
        if !matches!(self.content, Content::Bytes { .. }) {
            headers.push((wire.request_id_header().to_owned(), format!("req_{number}")));
        }
        headers.retain(|(name, _)| !self.headers.iter().any(|(key, _)| key.eq_ignore_ascii_case(name)));
        headers.extend(self.headers.iter().cloned());
        Ready { status, headers, body, framing, fault: self.fault, pace: self.delivery }
    }

    fn answer<'a>(&self, number: usize, request: &'a Request, text: &'a str) -> Answer<'a> {
        let words = |text: &str| text.split_whitespace().count() as u64;
        let asked = request.messages().iter().map(|(_, text)| words(text)).sum();
        let (input_tokens, output_tokens) = self.usage.unwrap_or((asked, words(text)));
        Answer { number, model: request.model(), text, input_tokens, output_tokens }
    }
}

/// Where the event of this number ends; half of the body when there are fewer.
pub(super) fn events_end(body: &[u8], events: usize) -> usize {
    let ends = body.windows(2).enumerate().filter(|(_, two)| two == b"\n\n").map(|(at, _)| at + 2);
    ends.take(events).last().unwrap_or(body.len() / 2)
}

fn error(wire: Wire, status: u16, message: &str) -> (u16, Option<&'static str>, Vec<u8>) {
    (status, Some("application/json"), wire.error(status, message).to_string().into_bytes())
}
