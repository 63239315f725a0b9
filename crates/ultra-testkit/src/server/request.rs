//! One HTTP/1.1 request, read from a socket with limits.

use std::io::{self, BufRead, Read, Write};

use serde_json::Value;

use super::wire::Wire;

const MAX_HEAD: u64 = 64 << 10;
const MAX_BODY: u64 = 64 << 20;

/// What a client sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// `POST`, `GET`, …
    pub method: String,
    /// The request target as sent, with its query.
    pub path: String,
    /// Names in lower case, in the order sent.
    pub headers: Vec<(String, String)>,
    /// The body with any transfer encoding removed.
    pub body: Vec<u8>,
    /// The body as JSON, when it is JSON.
    pub json: Option<Value>,
    /// How many earlier calls had the same method, path and body: 0 for a first attempt.
    pub repeat: usize,
}

impl Request {
    /// The first value of a header; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The key in `authorization: Bearer …`, `x-api-key` or `api-key`.
    pub fn key(&self) -> Option<&str> {
        let bearer = self.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        bearer.or_else(|| self.header("x-api-key")).or_else(|| self.header("api-key"))
    }

    /// The wire format that the path asks for.
    pub fn wire(&self) -> Option<Wire> {
        Wire::of_path(&self.path)
    }

    /// `model` of the body, or the empty string.
    pub fn model(&self) -> &str {
        self.field("model").and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether the body asks for a stream of events.
    pub fn wants_stream(&self) -> bool {
        self.field("stream") == Some(&Value::Bool(true))
    }

    /// Role and text of every message; the text parts of one message are joined.
    pub fn messages(&self) -> Vec<(String, String)> {
        let messages = self.field("messages").and_then(Value::as_array);
        messages
            .into_iter()
            .flatten()
            .map(|message| (word(&message["role"]), text(&message["content"])))
            .collect()
    }

    /// The text of the last message of the user.
    pub fn prompt(&self) -> String {
        let asked = self.messages().into_iter().rev().find(|(role, _)| role == "user");
        asked.map(|(_, text)| text).unwrap_or_default()
    }

    pub(super) fn field(&self, name: &str) -> Option<&Value> {
        self.json.as_ref()?.get(name)
    }

    pub(super) fn wants_close(&self) -> bool {
        self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    }
}

/// Why no request could be read.
#[derive(Debug)]
pub(super) enum Unread {
    /// The client closed between requests.
    Closed,
    /// What came is not a request; the text says why.
    Garbled(String),
}

impl From<io::Error> for Unread {
    fn from(error: io::Error) -> Self {
        Self::Garbled(error.to_string())
    }
}

/// Reads one request. `answer` gets the `100 Continue` that a client may wait for.
pub(super) fn read(input: &mut impl BufRead, answer: &mut impl Write) -> Result<Request, Unread> {
    match input.fill_buf() {
        Err(_) | Ok([]) => return Err(Unread::Closed),
        Ok([b'A'..=b'Z', ..]) => {}
        Ok(bytes) => return Err(Unread::Garbled(format!("not HTTP: the first byte is {:#04x}", bytes[0]))),
    }
    let mut head = input.by_ref().take(MAX_HEAD);
    let first = line(&mut head)?.ok_or(Unread::Closed)?;
    let mut words = first.split(' ');
    let (Some(method), Some(path), Some("HTTP/1.1" | "HTTP/1.0"), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Unread::Garbled(format!("not a request line: {first:?}")));
    };
    let (method, path) = (method.to_owned(), path.to_owned());
    let mut headers = Vec::new();
    loop {
        let text = line(&mut head)?.ok_or_else(|| Unread::Garbled("the head was cut off".to_owned()))?;
        if text.is_empty() {
            break;
        }
        let (name, value) =
            text.split_once(':').ok_or_else(|| Unread::Garbled(format!("not a header: {text:?}")))?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut request = Request { method, path, headers, body: Vec::new(), json: None, repeat: 0 };
    if request.header("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue")) {
        answer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    request.body = body(&request, input)?;
    request.json = serde_json::from_slice(&request.body).ok();
    Ok(request)
}

/// A line without its end; `None` at the end of the input.
fn line(input: &mut impl BufRead) -> Result<Option<String>, Unread> {
    let mut bytes = Vec::new();
    if input.read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    let Some(text) = bytes.strip_suffix(b"\r\n") else {
        return Err(Unread::Garbled(format!(
            "a line of the head has no CRLF: {:?}",
            String::from_utf8_lossy(&bytes)
        )));
    };
    String::from_utf8(text.to_vec())
        .map(Some)
        .map_err(|_| Unread::Garbled("the head is not UTF-8".to_owned()))
}

fn body(request: &Request, input: &mut impl BufRead) -> Result<Vec<u8>, Unread> {
    if request.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        return chunked(input);
    }
    let Some(length) = request.header("content-length") else { return Ok(Vec::new()) };
    let length = length.parse().map_err(|_| Unread::Garbled(format!("content-length {length:?}")))?;
    exactly(input, length)
}

fn chunked(input: &mut impl BufRead) -> Result<Vec<u8>, Unread> {
    let mut body = Vec::new();
    loop {
        let size = line(input)?.ok_or_else(|| Unread::Garbled("the chunks were cut off".to_owned()))?;
        let digits = size.split(';').next().unwrap_or_default().trim();
        let size =
            u64::from_str_radix(digits, 16).map_err(|_| Unread::Garbled(format!("chunk size {size:?}")))?;
        body.extend(exactly(input, size)?);
        if body.len() as u64 > MAX_BODY {
            return Err(Unread::Garbled("the body is too large for a test".to_owned()));
        }
        line(input)?;
        if size == 0 {
            return Ok(body);
        }
    }
}

fn exactly(input: &mut impl BufRead, length: u64) -> Result<Vec<u8>, Unread> {
    if length > MAX_BODY {
        return Err(Unread::Garbled("the body is too large for a test".to_owned()));
    }
    let mut bytes = Vec::new();
    let read = input.take(length).read_to_end(&mut bytes)?;
    if read as u64 == length {
        Ok(bytes)
    } else {
        Err(Unread::Garbled(format!("{read} of {length} bytes of the body came")))
    }
}
