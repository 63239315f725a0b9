//! Reading a streamed answer: events in, pieces of text out, and in the end the same answer as a whole one.
//!
//! A stream ends well only with the last word of its dialect. The first last word counts; what follows it is
//! not looked at.

use std::time::Duration;

use reqwest::header::HeaderMap;
use ultra_core::clock::{Clock as _, System};

use super::body::{Body, LARGEST};
use super::{Reply, Speaker, Unread, transport};
use crate::call::{Answer, CallError, Watch};
use crate::classify::hold::Hold;
use crate::classify::{self, peer::Peer};
use crate::sse::{Event, Events};
use crate::{anthropic, openai};

/// The most bytes that a stream may have. Each token comes in some hundred bytes of wrapping, so this is more
/// than the answer in it may have.
pub(super) const LARGEST_STREAM: usize = 512 << 20;

/// What an event was for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Nothing: a sign of life, or something unknown.
    Idle,
    /// A part of it.
    Going,
    /// Its last word.
    Done,
    /// The end, although something is missing.
    Cut,
}

/// An answer as far as it has come, in either dialect.
#[derive(Debug)]
enum Assembly {
    OpenAi(openai::Stream),
    Anthropic(anthropic::Stream),
}

impl Assembly {
    fn take(&mut self, event: Event<'_>, tell: &mut dyn FnMut(&str)) -> Result<Progress, Unread> {
        if event.data.trim_ascii().is_empty() {
            return Ok(Progress::Idle);
        }
        let taken = match self {
            Self::OpenAi(stream) => stream.take(event.data, tell),
            Self::Anthropic(stream) => stream.take(event.name, event.data, tell),
        };
        taken.map_err(|unread| match unread {
            Unread::Json(cause) => Unread::Event(cause),
            other => other,
        })
    }

    fn size(&self) -> usize {
        match self {
            Self::OpenAi(stream) => stream.size(),
            Self::Anthropic(stream) => stream.size(),
        }
    }

    fn answer(self, tell: &mut dyn FnMut(&str)) -> Result<Answer, Unread> {
        match self {
            Self::OpenAi(stream) => stream.answer(tell),
            Self::Anthropic(stream) => stream.answer(tell),
        }
    }
}

/// What reading a stream takes besides its bytes.
pub(super) struct Reader<'a> {
    pub(super) peer: &'a Peer,
    pub(super) headers: HeaderMap,
    pub(super) watch: &'a dyn Watch,
    /// Whether it was told already that the answer began.
    pub(super) told: bool,
    /// Runs since the request was sent.
    pub(super) clock: System,
}

/// Why no more events are read.
enum Stop {
    Done,
    Cut,
    /// The event, and what is wrong with it.
    Broken(Vec<u8>, Unread),
}

/// A stream under way.
struct Flow<'a> {
    reader: Reader<'a>,
    assembly: Assembly,
    hold: Hold<'a>,
    begun: Option<Duration>,
}

impl Reader<'_> {
    /// Reads the stream in `body` after the `opening` that has come already.
    ///
    /// # Errors
    /// Why there is no whole answer in it.
    pub(super) async fn read(
        self,
        speaker: &Speaker,
        mut body: Body<'_>,
        opening: bytes::Bytes,
    ) -> Result<Answer, CallError> {
        let assembly = match speaker {
            Speaker::OpenAi(_) => Assembly::OpenAi(openai::Stream::default()),
            Speaker::Anthropic => Assembly::Anthropic(anthropic::Stream::default()),
        };
        let mut flow = Flow { hold: self.peer.hold(), reader: self, assembly, begun: None };
        let (mut events, mut total) = (Events::default(), 0);
        let mut next = Some(opening);
        while let Some(piece) = next {
            total += piece.len();
            match events.feed(&piece, |event| flow.take(event)) {
                Err(Stop::Done) => {
                    body.end().await;
                    return flow.finish();
                }
                Err(stop) => return Err(flow.broken(stop)),
                Ok(()) => {}
            }
            if events.held().max(flow.assembly.size()) > LARGEST {
                return Err(body.too_large(LARGEST));
            }
            if total > LARGEST_STREAM {
                return Err(body.too_large(LARGEST_STREAM));
            }
            next = body.piece().await?;
        }
        match events.end(|event| flow.take(event)) {
            Err(Stop::Done) => flow.finish(),
            Err(stop @ Stop::Broken(_, Unread::Error)) => Err(flow.broken(stop)),
            // Half an event is no event.
            _ => Err(flow.broken(Stop::Cut)),
        }
    }
}

impl Flow<'_> {
    fn take(&mut self, event: Event<'_>) -> Result<(), Stop> {
        let Self { reader, assembly, hold, begun } = self;
        let told = reader.watch.wants_stream();
        let mut tell = |text: &str| {
            if told {
                hold.push(text, |piece| reader.watch.text(piece));
            }
        };
        let progress =
            assembly.take(event, &mut tell).map_err(|unread| Stop::Broken(event.data.to_vec(), unread))?;
        if begun.is_none() && matches!(progress, Progress::Going | Progress::Done) {
            if !reader.told {
                reader.watch.first_byte();
            }
            *begun = Some(reader.clock.elapsed());
        }
        match progress {
            Progress::Idle | Progress::Going => Ok(()),
            Progress::Done => Err(Stop::Done),
            Progress::Cut => Err(Stop::Cut),
        }
    }

    fn finish(self) -> Result<Answer, CallError> {
        let Self { reader, assembly, mut hold, begun } = self;
        let Reader { peer, headers, watch, .. } = reader;
        let told = watch.wants_stream();
        let mut tell = |text: &str| {
            if told {
                hold.push(text, |piece| watch.text(piece));
            }
        };
        let answer = assembly.answer(&mut tell).map_err(|unread| {
            let reply = Reply { status: 200, headers, body: bytes::Bytes::new() };
            classify::unread(peer, &reply, &unread)
        })?;
        hold.end(|piece| watch.text(piece));
        Ok(Answer { first_byte: begun, ..answer })
    }

    fn broken(self, stop: Stop) -> CallError {
        let Self { reader: Reader { peer, headers, .. }, assembly, .. } = self;
        match stop {
            Stop::Done | Stop::Cut => transport::truncated(peer),
            Stop::Broken(event, unread) => {
                let reply = Reply { status: 200, headers, body: event.into() };
                classify::broken_stream(peer, &reply, &unread, assembly.size() > 0)
            }
        }
    }
}
