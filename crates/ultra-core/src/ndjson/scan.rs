//! One pass over a line: is it one JSON object, and of which type?
//!
//! Written by hand because it is what every byte of every stream goes through in every tool: it checks as
//! strictly as a JSON parser, builds nothing, does not recurse, and remembers only the keys that decide who
//! owns the line.

use super::text::{code_unit, has_lone_surrogate, plain_run_end};
use crate::kind::ErrorKind;
use crate::record::Type;

/// The deepest nesting that is accepted.
pub const MAX_DEPTH: u32 = 128;

/// What the scan learned about a line that is one JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head {
    /// A record of a type that Ultra knows.
    Known(Type),
    /// An object with a `type` that Ultra does not know.
    Foreign,
    /// An object without `type`, which may be a prompt.
    Bare {
        /// It has `prompt`, `text` or `messages`.
        asks: bool,
        /// It has `custom_id` and `body`: a line of an `OpenAI` batch file.
        batch: bool,
    },
}

/// Why a line is not a record, and at which byte of the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The kind of the error record.
    pub kind: ErrorKind,
    /// Byte offset in the line.
    pub at: usize,
    /// The cause, without the place.
    pub cause: String,
}

/// Checks that `line` is one JSON object and finds its type.
///
/// # Errors
/// The first flaw from the left, but bytes that are not UTF-8 before all else.
pub fn scan(line: &[u8]) -> Result<Head, Flaw> {
    // The fast check first; the standard one tells the place.
    if simdutf8::basic::from_utf8(line).is_err()
        && let Err(cause) = std::str::from_utf8(line)
    {
        let at = cause.valid_up_to();
        let cause = format!("byte 0x{:02x} is not UTF-8", line[at]);
        return Err(Flaw { kind: ErrorKind::InputEncoding, at, cause });
    }
    Scanner { line, at: 0, objects: 0, depth: 0, keys: Keys::default() }.run()
}

/// What is remembered of the keys of the outermost object.
#[derive(Default)]
struct Keys {
    kind: Named,
    version: Option<bool>,
    asks: bool,
    custom_id: bool,
    body: bool,
}

/// What the key `type` said.
#[derive(Default, Clone, Copy, PartialEq)]
enum Named {
    #[default]
    Nothing,
    Unknown,
    Known(Type),
}

struct Scanner<'a> {
    line: &'a [u8],
    at: usize,
    /// One bit a level, innermost lowest: 1 for an object, 0 for an array.
    objects: u128,
    depth: u32,
    keys: Keys,
}

impl Scanner<'_> {
    fn run(mut self) -> Result<Head, Flaw> {
        self.blanks();
        if self.peek() != Some(b'{') {
            return Err(self.not_an_object());
        }
        self.value()?;
        self.blanks();
        match self.peek() {
            None => self.head(),
            Some(b'{' | b'[') => Err(self.flaw("a second value on the same line; write one record a line")),
            Some(_) => Err(self.flaw("something follows the object on the same line")),
        }
    }

    /// Checks one value and everything in it, without recursion.
    fn value(&mut self) -> Result<(), Flaw> {
        loop {
            // A value is expected here.
            match self.peek() {
                Some(b'{') => {
                    self.open(1)?;
                    if self.peek() != Some(b'}') {
                        self.key()?;
                        continue;
                    }
                }
                Some(b'[') => {
                    self.open(0)?;
                    if self.peek() != Some(b']') {
                        continue;
                    }
                }
                Some(b'"') => drop(self.string()?),
                Some(b't') => self.word(b"true")?,
                Some(b'f') => self.word(b"false")?,
                Some(b'n') => self.word(b"null")?,
                Some(b'-' | b'0'..=b'9') => self.number()?,
                _ => return Err(self.flaw("expected a value")),
            }
            // A value has ended: close what ends with it, or go on to the next one.
            loop {
                if self.depth == 0 {
                    return Ok(());
                }
                self.blanks();
                let in_object = self.objects & 1 == 1;
                match (self.peek(), in_object) {
                    (Some(b','), _) => {
                        self.at += 1;
                        self.blanks();
                        if in_object {
                            self.key()?;
                        }
                        break;
                    }
                    (Some(b'}'), true) | (Some(b']'), false) => {
                        self.at += 1;
                        self.depth -= 1;
                        self.objects >>= 1;
                    }
                    (_, true) => return Err(self.flaw("expected `,` or `}`")),
                    (_, false) => return Err(self.flaw("expected `,` or `]`")),
                }
            }
        }
    }

    fn open(&mut self, object: u128) -> Result<(), Flaw> {
        if self.depth == MAX_DEPTH {
            let cause = format!("nested deeper than {MAX_DEPTH} levels");
            return Err(Flaw { kind: ErrorKind::InputDepth, at: self.at, cause });
        }
        self.depth += 1;
        self.objects = self.objects << 1 | object;
        self.at += 1;
        self.blanks();
        Ok(())
    }

    /// Checks a key and its colon, and stops at the value.
    fn key(&mut self) -> Result<(), Flaw> {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.flaw("expected a key in double quotes"));
        }
        let escaped = self.string()?;
        let (line, end) = (self.line, self.at);
        if escaped && has_lone_surrogate(&line[start + 1..end - 1]) {
            return Err(Flaw {
                kind: ErrorKind::InputSurrogate,
                at: start,
                cause: "a key holds half of a surrogate pair".into(),
            });
        }
        self.blanks();
        if self.peek() != Some(b':') {
            return Err(self.flaw("expected `:` after the key"));
        }
        self.at += 1;
        self.blanks();
        if self.depth == 1 {
            if escaped {
                let key: String = serde_json::from_slice(&line[start..end]).unwrap_or_default();
                return self.remember(key.as_bytes(), start);
            }
            return self.remember(&line[start + 1..end - 1], start);
        }
        Ok(())
    }

    /// Notes a key of the outermost object whose value comes next.
    fn remember(&mut self, key: &[u8], key_at: usize) -> Result<(), Flaw> {
        match key {
            b"type" => {
                if self.keys.kind != Named::Nothing {
                    let cause = "the key `type` occurs twice".into();
                    return Err(Flaw { kind: ErrorKind::InputDuplicateKey, at: key_at, cause });
                }
                if self.peek() != Some(b'"') {
                    let cause = "`type` must be a string".into();
                    return Err(Flaw { kind: ErrorKind::InputSchema, at: self.at, cause });
                }
                let start = self.at;
                let end =
                    { Self { line: self.line, at: start, objects: 0, depth: 0, keys: Keys::default() } }
                        .string_end()?;
                let name: String = serde_json::from_slice(&self.line[start..end]).unwrap_or_default();
                self.keys.kind = Type::named(&name).map_or(Named::Unknown, Named::Known);
            }
            b"v" => {
                let rest = &self.line[self.at..];
                let is_one =
                    rest.starts_with(b"1") && !matches!(rest.get(1), Some(b'0'..=b'9' | b'.' | b'e' | b'E'));
                self.keys.version = Some(is_one);
            }
            b"prompt" | b"text" | b"messages" => self.keys.asks = true,
            b"custom_id" => self.keys.custom_id = true,
            b"body" => self.keys.body = true,
            _ => {}
        }
        Ok(())
    }

    fn head(self) -> Result<Head, Flaw> {
        let Keys { kind, version, asks, custom_id, body } = self.keys;
        let head = match kind {
            Named::Known(known) => Head::Known(known),
            Named::Unknown => return Ok(Head::Foreign),
            Named::Nothing => Head::Bare { asks, batch: custom_id && body },
        };
        if version == Some(false) && head != (Head::Bare { asks: false, batch: false }) {
            let cause = "unknown record version; this tool reads version 1, for which `v` may be left out";
            return Err(Flaw { kind: ErrorKind::InputVersion, at: 0, cause: cause.into() });
        }
        Ok(head)
    }

    /// Checks a string; true when it holds an escape.
    fn string(&mut self) -> Result<bool, Flaw> {
        let mut escaped = false;
        self.at += 1;
        loop {
            self.at = plain_run_end(self.line, self.at);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(control) => {
                    return Err(self.flaw(&format!(
                        "control byte 0x{control:02x} in a string; write it as \\u{control:04x}"
                    )));
                }
                None => return Err(self.flaw("a string has no end")),
            }
        }
    }

    fn string_end(mut self) -> Result<usize, Flaw> {
        self.string().map(|_| self.at)
    }

    fn escape(&mut self) -> Result<(), Flaw> {
        match self.line.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') if code_unit(self.line, self.at + 2).is_some() => self.at += 6,
            Some(b'u') => return Err(self.flaw("\\u needs four hexadecimal digits")),
            Some(_) => return Err(self.flaw("unknown escape in a string")),
            None => return Err(self.flaw("a string has no end")),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), Flaw> {
        self.eat(b'-');
        if self.eat(b'0') {
            if matches!(self.peek(), Some(b'0'..=b'9')) {
                return Err(self.flaw("a number starts with 0"));
            }
        } else {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _sign = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Flaw> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.flaw("a number lacks its digits")) } else { Ok(()) }
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Flaw> {
        if self.line[self.at..].starts_with(word) {
            self.at += word.len();
            return Ok(());
        }
        Err(self.flaw("expected a value"))
    }

    fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    fn not_an_object(self) -> Flaw {
        let whole = serde_json::from_slice::<serde::de::IgnoredAny>(self.line).is_ok();
        if whole {
            let cause = "a record must be an object".into();
            return Flaw { kind: ErrorKind::InputNotObject, at: self.at, cause };
        }
        self.flaw("expected an object; prompts in plain text are read by `ultra-fanout --lines`")
    }

    fn flaw(&self, cause: &str) -> Flaw {
        let cause = match self.peek() {
            Some(_) => cause.to_owned(),
            None => format!("{cause}, but the line ends"),
        };
        Flaw { kind: ErrorKind::InputParse, at: self.at, cause }
    }
}
