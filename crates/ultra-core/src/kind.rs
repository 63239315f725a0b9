//! The closed taxonomy of what can go wrong with a record.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal, retryable $retryable:literal;)+) => {
        /// Why a record became an `error`: one closed, dotted taxonomy for all tools.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ErrorKind { $($(#[doc = $doc])+ $name,)+ }

        impl ErrorKind {
            /// Every kind, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The dotted name as it stands in a record.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// What the kind means, one sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc,)+).trim_ascii(),)+ }
            }

            /// Whether the same request may succeed when it is sent again later.
            pub const fn retryable(self) -> bool {
                match self { $(Self::$name => $retryable,)+ }
            }
        }
    };
}

kinds! {
    /// The line is not one whole JSON value.
    InputParse = "input.parse", retryable false;
    /// The line is JSON, but not an object.
    InputNotObject = "input.not_object", retryable false;
    /// The line is longer than `--max-line`.
    InputTooLong = "input.too_long", retryable false;
    /// The line is nested deeper than 128 levels.
    InputDepth = "input.depth", retryable false;
    /// The bytes are not UTF-8 text.
    InputEncoding = "input.encoding", retryable false;
    /// A `\u` escape holds half of a surrogate pair.
    InputSurrogate = "input.surrogate", retryable false;
    /// A key that the tool reads occurs twice in one object.
    InputDuplicateKey = "input.duplicate_key", retryable false;
    /// A field is missing or has the wrong type.
    InputSchema = "input.schema", retryable false;
    /// The record is of a version that this tool does not know.
    InputVersion = "input.version", retryable false;
    /// A parameter is a number outside its range.
    ParamRange = "param.range", retryable false;
    /// A name holds characters that must not reach a request line or header.
    ParamCharset = "param.charset", retryable false;
    /// The document could not be opened or read.
    DocIo = "doc.io", retryable false;
    /// The document changed while it was read.
    DocChanged = "doc.changed", retryable false;
    /// The document has no text.
    DocEmpty = "doc.empty", retryable false;
    /// The document is of a type that cannot be read.
    DocType = "doc.type", retryable false;
    /// The text of the document is in no encoding that decodes it without loss.
    DocEncoding = "doc.encoding", retryable false;
    /// The document is protected by a password.
    DocEncrypted = "doc.encrypted", retryable false;
    /// The document is larger than the limit.
    DocTooLarge = "doc.too_large", retryable false;
    /// The document unpacks to more than the limit.
    DocBomb = "doc.bomb", retryable false;
    /// The document is nested deeper than the limit.
    DocDepth = "doc.depth", retryable false;
    /// Reading the document took longer than the limit.
    DocCpu = "doc.cpu", retryable false;
    /// Reading the document needed more memory than the limit.
    DocLimit = "doc.limit", retryable false;
    /// The reader of the document died.
    DocCrash = "doc.crash", retryable false;
    /// The document is damaged.
    DocDamaged = "doc.damaged", retryable false;
    /// The path leaves its root or names something that is not a file.
    DocPath = "doc.path", retryable false;
    /// The template is not valid.
    TemplateSyntax = "template.syntax", retryable false;
    /// A placeholder has no value.
    TemplateUnfilled = "template.unfilled", retryable false;
    /// The pattern is unknown, or has changed between two stages.
    TemplatePattern = "template.pattern", retryable false;
    /// The template used more steps than its limit.
    TemplateFuel = "template.fuel", retryable false;
    /// The provider refused the key, or there is none.
    Auth = "auth", retryable false;
    /// The account has no money or quota left.
    Billing = "billing", retryable false;
    /// The key may not do this.
    Forbidden = "forbidden", retryable false;
    /// The provider does not know the model or the address.
    NotFound = "not_found", retryable false;
    /// The provider refused the request itself.
    Request = "request", retryable false;
    /// The provider asked to slow down.
    RateLimited = "rate_limited", retryable true;
    /// The provider is overloaded.
    Overloaded = "overloaded", retryable true;
    /// The provider failed.
    Server = "server", retryable true;
    /// No connection was made in time.
    TimeoutConnect = "timeout.connect", retryable true;
    /// No first byte came in time.
    TimeoutFirstByte = "timeout.first_byte", retryable true;
    /// The answer stopped coming.
    TimeoutIdle = "timeout.idle", retryable true;
    /// One attempt took too long.
    TimeoutAttempt = "timeout.attempt", retryable true;
    /// The name of the host could not be resolved.
    NetworkDns = "network.dns", retryable true;
    /// The connection was refused or could not be made.
    NetworkConnect = "network.connect", retryable true;
    /// The connection broke.
    NetworkReset = "network.reset", retryable true;
    /// The peer's certificate or handshake is not valid.
    Tls = "tls", retryable false;
    /// The peer redirected; a redirect is never followed.
    Redirect = "redirect", retryable false;
    /// The peer does not speak the protocol.
    Protocol = "protocol", retryable false;
    /// The answer ended before it was complete.
    Truncated = "truncated", retryable true;
    /// The answer was blocked or refused.
    Blocked = "blocked", retryable false;
    /// The answer is empty.
    Empty = "empty", retryable true;
    /// The answer is not the JSON that was expected.
    BadJson = "bad_json", retryable true;
    /// The answer is larger than the limit.
    TooLarge = "too_large", retryable false;
    /// The answer does not match the output schema.
    Schema = "schema", retryable false;
    /// The budget is spent.
    Budget = "budget", retryable true;
    /// The deadline of the record passed.
    Deadline = "deadline", retryable true;
    /// The call was cancelled.
    Cancelled = "cancelled", retryable true;
    /// A replayed run has no stored answer for this call.
    CacheMiss = "cache.miss", retryable false;
    /// An `exec:` member failed.
    Exec = "exec", retryable true;
    /// There is nothing to synthesise.
    NoInputs = "no_inputs", retryable false;
    /// A defect of Ultra.
    Internal = "internal", retryable false;
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for ErrorKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().copied().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| format!("unknown error kind `{text}`"))
    }
}

impl Serialize for ErrorKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ErrorKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for ErrorKind {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ErrorKind".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let kinds: Vec<_> = Self::ALL
            .iter()
            .map(|kind| json_schema!({ "const": kind.as_str(), "description": kind.meaning() }))
            .collect();
        json_schema!({ "description": "Why the record is an error.", "oneOf": kinds })
    }
}
