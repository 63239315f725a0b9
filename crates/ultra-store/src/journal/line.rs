//! The lines of a journal: how they are written, and how they are told from damage.

use std::io::Write as _;

use serde::Serialize;

use crate::key::Key;

/// The version of the format that is read and written.
pub(super) const VERSION: u32 = 1;

const HEADER: &[u8] = br#"{"type":"journal","v":"#;
const INTENT: &[u8] = br#"{"type":"intent","key":""#;
const DONE: &[u8] = br#"{"type":"done","key":""#;
const SYNCED: &[u8] = br#"{"type":"synced","bytes":"#;
const RESPONSE: &[u8] = br#"","response":"#;
const ERROR: &[u8] = br#"","error":"#;

/// Hexadecimal digits of a key.
const KEY: usize = 64;

/// The end of every line that was written here: `,"sum":"0123456789abcdef"}`.
const SEAL: usize = 26;
const SEAL_START: &[u8] = br#","sum":""#;
const SEAL_END: &[u8] = br#""}"#;

/// Bytes from the start of a line that say all about it but its content.
const HEAD: usize = 128;

/// The first byte of a line that is passed over.
pub(super) const COMMENT: u8 = b'#';

/// The first line of a journal.
pub(super) fn header() -> Vec<u8> {
    let mut line = Vec::new();
    write_line(&mut line, |line| {
        line.extend_from_slice(HEADER);
        put_number(line, u64::from(VERSION));
    });
    line
}

/// Adds the line that says that a call begins.
pub(super) fn put_intent(out: &mut Vec<u8>, key: &Key) {
    write_line(out, |line| {
        line.extend_from_slice(INTENT);
        line.extend_from_slice(key.as_str().as_bytes());
        line.push(b'"');
    });
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Response,
    Error,
}

/// Adds the line that says how a call ended.
///
/// # Errors
/// When `content` has no JSON form; then nothing is added.
pub(super) fn put_done(
    out: &mut Vec<u8>,
    key: &Key,
    end: End,
    content: &impl Serialize,
) -> Result<(), serde_json::Error> {
    let start = out.len();
    out.extend_from_slice(DONE);
    out.extend_from_slice(key.as_str().as_bytes());
    out.extend_from_slice(if end == End::Response { RESPONSE } else { ERROR });
    if let Err(cause) = serde_json::to_writer(&mut *out, content) {
        out.truncate(start);
        return Err(cause);
    }
    seal(out, start);
    Ok(())
}

/// Adds the line that says that the file is on the disk up to `bytes`.
pub(super) fn put_synced(out: &mut Vec<u8>, bytes: u64) {
    write_line(out, |line| {
        line.extend_from_slice(SYNCED);
        put_number(line, bytes);
    });
}

fn write_line(out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    body(out);
    seal(out, start);
}

fn put_number(out: &mut Vec<u8>, number: u64) {
    // Writing to memory cannot fail.
    let _ = write!(out, "{number}");
}

/// Ends the line that began at `start` with its checksum.
fn seal(out: &mut Vec<u8>, start: usize) {
    let sum = digits(&blake3::hash(&out[start..]));
    out.extend_from_slice(SEAL_START);
    out.extend_from_slice(&sum);
    out.extend_from_slice(SEAL_END);
    out.push(b'\n');
}

/// The first 64 bits in hexadecimal.
fn digits(hash: &blake3::Hash) -> [u8; 16] {
    let mut digits = [0; 16];
    digits.copy_from_slice(&hash.to_hex().as_bytes()[..16]);
    digits
}

/// A whole line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// The first line.
    Header {
        /// The version of the format.
        version: u32,
    },
    /// A call begins.
    Intent {
        /// Its key.
        key: String,
    },
    /// A call has ended.
    Done {
        /// Its key.
        key: String,
        /// How.
        end: End,
    },
    /// Everything up to this byte is on the disk.
    Synced(u64),
    /// Nothing, or a remark.
    Other,
}

/// Reads the whole `line`, which is without its end, and gives what it says and its content.
pub(super) fn read(line: &[u8]) -> Option<(Line, &[u8])> {
    let mut check = Check::default();
    check.push(line);
    let said = check.finish()?;
    let content = match &said {
        Line::Done { end, .. } => {
            let before = DONE.len() + KEY + if *end == End::Response { RESPONSE } else { ERROR }.len();
            &line[before..line.len() - SEAL]
        }
        _ => &[],
    };
    Some((said, content))
}

/// Reads one line after the other, each in pieces of any size, in constant memory.
#[derive(Debug, Default)]
pub(super) struct Check {
    hasher: blake3::Hasher,
    /// The beginning of the line.
    head: Vec<u8>,
    /// The end of what came so far, which is not hashed: it may be the seal.
    tail: Vec<u8>,
    length: u64,
}

impl Check {
    /// Adds a piece of the line.
    pub(super) fn push(&mut self, piece: &[u8]) {
        let missing = HEAD.saturating_sub(self.head.len()).min(piece.len());
        self.head.extend_from_slice(&piece[..missing]);
        self.length += piece.len() as u64;
        let ready = (self.tail.len() + piece.len()).saturating_sub(SEAL);
        let from_tail = ready.min(self.tail.len());
        let (hashed, held) = piece.split_at(ready - from_tail);
        self.hasher.update(&self.tail[..from_tail]);
        self.hasher.update(hashed);
        self.tail.drain(..from_tail);
        self.tail.extend_from_slice(held);
    }

    /// Bytes of the line so far.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// What the line says, if it is whole; the next piece begins another line.
    pub(super) fn finish(&mut self) -> Option<Line> {
        let line = self.judge();
        self.hasher.reset();
        self.head.clear();
        self.tail.clear();
        self.length = 0;
        line
    }

    fn judge(&self) -> Option<Line> {
        if self.head.first().is_none_or(|&byte| byte == COMMENT) {
            return Some(Line::Other);
        }
        let sum = self.tail.strip_prefix(SEAL_START)?.strip_suffix(SEAL_END)?;
        if sum != digits(&self.hasher.finalize()) {
            return None;
        }
        let body = usize::try_from(self.length).ok()?.checked_sub(SEAL)?;
        said(&self.head[..body.min(self.head.len())], body)
    }
}

/// What a line says that begins with `head` and has `body` bytes before its seal.
fn said(head: &[u8], body: usize) -> Option<Line> {
    if let Some(rest) = head.strip_prefix(DONE) {
        let (key, rest) = split_key(rest)?;
        let end = if rest.starts_with(RESPONSE) {
            End::Response
        } else if rest.starts_with(ERROR) {
            End::Error
        } else {
            return None;
        };
        return Some(Line::Done { key, end });
    }
    if head.len() < body {
        return None;
    }
    if let Some(rest) = head.strip_prefix(INTENT) {
        let (key, rest) = split_key(rest)?;
        return (rest == b"\"").then_some(Line::Intent { key });
    }
    if let Some(rest) = head.strip_prefix(SYNCED) {
        return number(rest).map(Line::Synced);
    }
    let version = number(head.strip_prefix(HEADER)?)?;
    Some(Line::Header { version: u32::try_from(version).ok()? })
}

fn split_key(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (key, rest) = bytes.split_at_checked(KEY)?;
    let key = std::str::from_utf8(key).ok()?;
    key.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| (key.to_owned(), rest))
}

fn number(bytes: &[u8]) -> Option<u64> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}
