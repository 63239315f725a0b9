//! Reading the body of an answer: piece by piece, with a limit on time and on size.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use tokio::time::timeout;
use ultra_core::kind::ErrorKind;
use ultra_pace::Class;

use super::form::Form;
use super::send::{Broken, Incoming};
use super::transport;
use crate::call::CallError;
use crate::classify::peer::Peer;

/// The most bytes that an answer may have.
pub(crate) const LARGEST: usize = 32 << 20;
/// The most bytes of an error that are looked at.
const LARGEST_ERROR: usize = 256 << 10;
/// How long the rest of an error is waited for; the status has said the most important.
const ERROR_PATIENCE: Duration = Duration::from_secs(5);
/// How long the end of a body is waited for after its last word, so that the connection can serve again.
const END_PATIENCE: Duration = Duration::from_millis(20);

/// The body of a success, as it comes.
#[derive(Debug)]
pub(super) struct Body<'a> {
    peer: &'a Peer,
    incoming: Incoming,
    idle: Duration,
}

impl<'a> Body<'a> {
    /// The body that is `incoming`, in which no silence may last longer than `idle`.
    ///
    /// # Errors
    /// When it is announced to be larger than `largest` bytes.
    pub(super) fn new(
        peer: &'a Peer,
        incoming: Incoming,
        idle: Duration,
        largest: usize,
    ) -> Result<Self, CallError> {
        let announced = incoming.size_hint().exact().unwrap_or(0);
        let body = Self { peer, incoming, idle };
        if announced > largest as u64 { Err(body.too_large(largest)) } else { Ok(body) }
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// When it breaks off or stops coming.
    pub(super) async fn piece(&mut self) -> Result<Option<Bytes>, CallError> {
        let Self { peer, incoming, idle } = self;
        let piece = timeout(*idle, next(incoming)).await.map_err(|_| {
            let what = format!("the answer of {} stopped coming for {}", peer.place, super::seconds(*idle));
            peer.error(ErrorKind::TimeoutIdle, Class::Unsure, what)
        })?;
        piece.map_err(|error| transport::within_answer(peer, &*error))
    }

    /// The form of a body that came under this promise, and how it begins, without leading blanks.
    ///
    /// # Errors
    /// As for [`Body::piece`], and when there are more than 32 MiB of blanks.
    pub(super) async fn opening(&mut self, promised: Form) -> Result<(Form, Bytes), CallError> {
        let mut opening = Bytes::new();
        let mut total = 0;
        loop {
            let Some(more) = self.piece().await? else { return Ok((promised, opening)) };
            total += more.len();
            if total > LARGEST {
                return Err(self.too_large(LARGEST));
            }
            opening = if opening.is_empty() { more } else { [opening, more].concat().into() };
            if let Some(form) = promised.seen(&opening) {
                return Ok((form, opening));
            }
            if opening.trim_ascii_start().is_empty() {
                opening.clear();
            }
        }
    }

    /// All of it, after the `opening` that has come already.
    ///
    /// # Errors
    /// As for [`Body::piece`], and when it is larger than 32 MiB.
    pub(super) async fn rest(&mut self, opening: Bytes) -> Result<Bytes, CallError> {
        // Most answers come in one piece, which is not copied.
        let Some(second) = self.piece().await? else { return Ok(opening) };
        let mut whole = Vec::with_capacity((opening.len() + second.len()) * 2);
        whole.extend_from_slice(&opening);
        let mut next = Some(second);
        while let Some(piece) = next {
            if whole.len() + piece.len() > LARGEST {
                return Err(self.too_large(LARGEST));
            }
            whole.extend_from_slice(&piece);
            next = self.piece().await?;
        }
        Ok(whole.into())
    }

    /// Reads what little may follow the last word.
    pub(super) async fn end(mut self) {
        let end = async {
            let mut left: usize = 16 << 10;
            while let Ok(Some(piece)) = next(&mut self.incoming).await {
                let Some(less) = left.checked_sub(piece.len()) else { break };
                left = less;
            }
        };
        // Whatever comes of it, the answer is complete.
        let _ = timeout(END_PATIENCE, end).await;
    }

    /// The error of an answer that is larger than `largest`.
    pub(super) fn too_large(&self, largest: usize) -> CallError {
        let what = format!("the answer of {} is larger than {} MiB", self.peer.place, largest >> 20);
        self.peer.error(ErrorKind::TooLarge, Class::FatalRecord, what)
    }
}

/// The next bytes of a body; what may follow the last of them, such as trailers, is passed over.
async fn next(incoming: &mut Incoming) -> Result<Option<Bytes>, Broken> {
    while let Some(frame) = incoming.frame().await {
        if let Ok(bytes) = frame?.into_data() {
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}

/// What comes of the body of an error, as far as it comes.
pub(super) async fn beginning(mut incoming: Incoming, idle: Duration) -> Bytes {
    let mut body = Vec::new();
    let patience = idle.min(ERROR_PATIENCE);
    while let Ok(Ok(Some(piece))) = timeout(patience, next(&mut incoming)).await {
        let room = LARGEST_ERROR - body.len();
        body.extend_from_slice(&piece[..piece.len().min(room)]);
        if piece.len() >= room {
            break;
        }
    }
    body.into()
}
