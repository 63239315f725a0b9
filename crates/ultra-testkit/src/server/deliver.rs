//! Sends one reply over a socket, faults included, and notices a client that leaves.

use std::io::{self, ErrorKind, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use super::reply::{Fault, Framing, Place, Ready, events_end};

/// The longest time that anything here waits.
pub(super) const LONGEST: Duration = Duration::from_mins(1);

/// How a delivery ended.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    /// The status, once the head was sent.
    pub(super) status: Option<u16>,
    /// Bytes of the body that were sent, without framing.
    pub(super) sent: usize,
    /// The client closed before the reply was over.
    pub(super) left: bool,
    /// Nothing of the reply is missing.
    pub(super) whole: bool,
    /// The connection can carry another request.
    pub(super) reusable: bool,
}

pub(super) fn deliver(stream: &TcpStream, reply: &Ready) -> Delivery {
    let mut delivery = Delivery::default();
    let ended = send(stream, reply, &mut delivery);
    delivery.left |= ended.is_err();
    delivery.whole = !delivery.left
        && reply.fault.is_none()
        && matches!(reply.framing, Framing::Length | Framing::Chunks { last: true, .. });
    delivery.reusable = delivery.whole && !reply.pace.close;
    delivery
}

fn send(stream: &TcpStream, reply: &Ready, delivery: &mut Delivery) -> io::Result<()> {
    if !reply.pace.before.is_zero() && watch(stream, reply.pace.before) {
        delivery.left = true;
        return Ok(());
    }
    let mut output = stream;
    let place = reply.fault.map(|(_, place)| place);
    match place {
        Some(Place::BeforeHeaders) => {}
        Some(Place::MidHead) => {
            let head = head(reply);
            output.write_all(&head.as_bytes()[..head.len() / 2])?;
        }
        _ => {
            output.write_all(head(reply).as_bytes())?;
            delivery.status = Some(reply.status);
            let until = match place {
                Some(Place::AfterHeaders) => 0,
                Some(Place::MidBody(bytes)) => bytes.min(reply.body.len()),
                Some(Place::AfterEvents(events)) => events_end(&reply.body, events),
                _ => reply.body.len(),
            };
            body(stream, reply, &reply.body[..until], delivery)?;
            match (reply.framing, place, delivery.left) {
                (Framing::Chunks { last: true, .. }, None, false) => output.write_all(b"0\r\n\r\n")?,
                (Framing::BadChunk, None, false) => output.write_all(b"FFFFFFFFFFFFFFFF\r\n")?,
                (Framing::Endless, None, false) => forever(stream, &reply.body, delivery)?,
                _ => {}
            }
        }
    }
    match reply.fault.map(|(fault, _)| fault) {
        Some(Fault::Stall) => delivery.left |= watch(stream, LONGEST),
        Some(Fault::Reset) => rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO))?,
        Some(Fault::Close) => stream.shutdown(Shutdown::Both)?,
        None => {}
    }
    Ok(())
}

fn head(reply: &Ready) -> String {
    let lines =
        reply.headers.iter().flat_map(|(name, value)| [name, ": ", value, "\r\n"]).collect::<String>();
    let framing = match reply.framing {
        Framing::Length => format!("content-length: {}", reply.body.len()),
        Framing::Claim(length) => format!("content-length: {length}"),
        Framing::Chunks { .. } | Framing::BadChunk | Framing::Endless => {
            "transfer-encoding: chunked".to_owned()
        }
    };
    format!("HTTP/1.1 {} {}\r\n{lines}{framing}\r\n\r\n", reply.status, reason(reply.status))
}

fn body(stream: &TcpStream, reply: &Ready, body: &[u8], delivery: &mut Delivery) -> io::Result<()> {
    let chunk = match reply.framing {
        Framing::Chunks { size, .. } => Some(size),
        Framing::BadChunk | Framing::Endless => Some(64),
        Framing::Length | Framing::Claim(_) => None,
    };
    let (size, pause) = match reply.pace.drip {
        Some((size, pause)) => (size, pause.min(share(body.len().div_ceil(size)))),
        None => (chunk.unwrap_or(body.len()).max(1), Duration::ZERO),
    };
    let mut output = stream;
    for piece in body.chunks(size) {
        if chunk.is_some() {
            output.write_all(&[format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat())?;
        } else {
            output.write_all(piece)?;
        }
        delivery.sent += piece.len();
        let over = delivery.sent == body.len();
        if !over && !pause.is_zero() && watch(stream, pause) {
            delivery.left = true;
            return Ok(());
        }
    }
    Ok(())
}

/// Sends the body in chunks again and again; the error at its end is that the client has left.
fn forever(stream: &TcpStream, body: &[u8], delivery: &mut Delivery) -> io::Result<()> {
    let piece = body.iter().copied().cycle().take(64 << 10).collect::<Vec<u8>>();
    let chunk = [format!("{:x}\r\n", piece.len()).as_bytes(), &piece, b"\r\n"].concat();
    let mut output = stream;
    loop {
        output.write_all(&chunk)?;
        delivery.sent += piece.len();
    }
}

/// The pause that keeps `pieces` of them within the longest time.
fn share(pieces: usize) -> Duration {
    LONGEST / u32::try_from(pieces.max(1)).unwrap_or(u32::MAX)
}

/// Waits, and says whether the client left meanwhile.
pub(super) fn watch(stream: &TcpStream, wait: Duration) -> bool {
    let wait = wait.clamp(Duration::from_millis(1), LONGEST);
    if stream.set_read_timeout(Some(wait)).is_err() {
        return true;
    }
    let seen = stream.peek(&mut [0]);
    let restored = stream.set_read_timeout(Some(LONGEST));
    match seen {
        Ok(0) => true,
        // Bytes of a next request end the wait early; nobody in these tests sends one before the answer.
        Ok(_) => restored.is_err(),
        Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        301 => "Moved Permanently",
        302 => "Found",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        529 => "Overloaded",
        _ => "Status",
    }
}
