//! Reading the body of an answer: piece by piece, with a limit on time and on size.

use std::time::Duration;

use reqwest::Response;
use tokio::time::timeout;
use ultra_core::kind::ErrorKind;
use ultra_pace::Class;

use super::transport;
use crate::call::CallError;
use crate::classify::peer::Peer;

/// The most bytes that an answer may have.
pub(crate) const LARGEST: usize = 32 << 20;
/// The most bytes of an error that are looked at.
const LARGEST_ERROR: usize = 256 << 10;
/// How long the rest of an error is waited for; the status has said the most important.
const ERROR_PATIENCE: Duration = Duration::from_secs(5);

/// The whole body of a success.
///
/// # Errors
/// When it breaks off, stops coming for `idle`, or is larger than 32 MiB.
pub(crate) async fn whole(peer: &Peer, mut response: Response, idle: Duration) -> Result<Vec<u8>, CallError> {
    let announced = response.content_length().unwrap_or(0);
    if announced > LARGEST as u64 {
        return Err(too_large(peer));
    }
    let mut body = Vec::new();
    loop {
        let piece = timeout(idle, response.chunk()).await.map_err(|_| stalled(peer, idle))?;
        let Some(piece) = piece.map_err(|error| transport::within_answer(peer, &error))? else {
            return Ok(body);
        };
        if body.len() + piece.len() > LARGEST {
            return Err(too_large(peer));
        }
        body.extend_from_slice(&piece);
    }
}

/// What comes of the body of an error, as far as it comes.
pub(crate) async fn beginning(mut response: Response, idle: Duration) -> Vec<u8> {
    let mut body = Vec::new();
    let patience = idle.min(ERROR_PATIENCE);
    while let Ok(Ok(Some(piece))) = timeout(patience, response.chunk()).await {
        let room = LARGEST_ERROR - body.len();
        body.extend_from_slice(&piece[..piece.len().min(room)]);
        if piece.len() >= room {
            break;
        }
    }
    body
}

fn too_large(peer: &Peer) -> CallError {
    let what = format!("the answer of {} is larger than {} MiB", peer.place, LARGEST >> 20);
    peer.error(ErrorKind::TooLarge, Class::FatalRecord, what)
}

fn stalled(peer: &Peer, idle: Duration) -> CallError {
    let what = format!("the answer of {} stopped coming for {}", peer.place, super::seconds(idle));
    peer.error(ErrorKind::TimeoutIdle, Class::Unsure, what)
}
