//! The peer as messages name it, and its words made harmless: free of keys, visible, short.

use std::fmt::{Display, Write as _};

use ultra_core::kind::ErrorKind;
use ultra_core::record::{Object, ProviderError};
use ultra_core::secret::Secret;
use ultra_pace::Class;

use crate::call::CallError;

/// The most bytes of foreign text in a message.
const QUOTE: usize = 256;

/// A shorter key is a placeholder for a server that wants none, such as `x`; removing it would garble words.
const SHORTEST_KEY: usize = 8;

/// An answer is changed only for a key that no text holds by chance.
const SHORTEST_KEY_IN_ANSWERS: usize = 16;

/// The one who is asked.
#[derive(Debug)]
pub(crate) struct Peer {
    /// The target as it stands in records.
    pub(crate) target: String,
    /// The model that is asked for.
    pub(crate) model: String,
    /// The address as people may see it.
    pub(crate) place: String,
    /// The key that the peer knows and may quote.
    pub(crate) key: Option<Secret>,
    /// Where the key comes from, such as the name of a variable.
    pub(crate) key_source: String,
}

impl Peer {
    /// An error of this peer; `what` is the cause and what to do.
    pub(crate) fn error(&self, kind: ErrorKind, class: Class, what: impl Display) -> CallError {
        CallError::new(kind, class, format!("{}: {what}", self.target))
    }

    /// The beginning of `text`, without keys and control characters, at most 256 bytes.
    pub(crate) fn quote(&self, text: &str) -> String {
        // Removing keys takes time by the character, and a cut before it could leave part of a key.
        let text = &text[..text.floor_char_boundary(16 * QUOTE)];
        match &self.key {
            Some(key) if key.expose().len() >= SHORTEST_KEY => visible(&key.redact(text)),
            _ => visible(text),
        }
    }

    /// A short name that the peer gave, such as a model or an error code.
    pub(crate) fn name(&self, text: &str) -> String {
        let text = text.trim();
        if self.is_usual(text) { text.to_owned() } else { self.quote(text) }
    }

    /// The same of a name that may be kept as it is.
    pub(crate) fn own_name(&self, text: String) -> String {
        if self.is_usual(&text) { text } else { self.name(&text) }
    }

    /// Whether it is one of the usual names; no part of a key that is so short counts as one.
    fn is_usual(&self, text: &str) -> bool {
        text == self.model || text.len() < 8 && text.bytes().all(|byte| byte.is_ascii_graphic())
    }

    /// What the model wrote, whole; a key that it quotes is removed.
    pub(crate) fn text(&self, text: String) -> String {
        match (self.key_in_answers(), &self.key) {
            (Some(exposed), Some(key)) if text.contains(exposed) => key.redact(&text),
            _ => text,
        }
    }

    /// The key, if it is one that no text holds by chance.
    pub(super) fn key_in_answers(&self) -> Option<&str> {
        let key = self.key.as_ref()?.expose();
        (key.len() >= SHORTEST_KEY_IN_ANSWERS).then_some(key)
    }

    /// The peer's words for an error record.
    pub(crate) fn provider_error(
        &self,
        code: Option<&str>,
        kind: Option<&str>,
        request_id: Option<&str>,
    ) -> Option<ProviderError> {
        let name = |text: Option<&str>| text.map(|text| self.name(text)).filter(|text| !text.is_empty());
        let said = ProviderError {
            code: name(code),
            kind: name(kind),
            request_id: name(request_id),
            extra: Object::default(),
        };
        (said.code.is_some() || said.kind.is_some() || said.request_id.is_some()).then_some(said)
    }
}

/// `text` with control and other invisible characters as escapes, cut to 256 bytes.
pub(crate) fn visible(text: &str) -> String {
    let mut out = String::new();
    for c in text.trim().chars() {
        let before = out.len();
        match c {
            '"' | '\'' => out.push(c),
            // Writing to a string cannot fail.
            _ => drop(write!(out, "{}", c.escape_debug())),
        }
        if out.len() > QUOTE - '…'.len_utf8() {
            out.truncate(before);
            out.push('…');
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Peer, visible};
    use ultra_core::secret::Secret;

    #[test]
    fn foreign_text_is_visible_and_short() {
        assert_eq!(visible("a \u{1b}[31mred\u{202e} \"b\"\n"), r#"a \u{1b}[31mred\u{202e} "b""#);
        for text in ["é".repeat(1000), "\u{7}".repeat(1000), "x".repeat(254)] {
            let shown = visible(&text);
            assert!(shown.len() <= 256 && shown.ends_with('…'), "{shown}");
        }
        assert_eq!(visible(&"x".repeat(253)).len(), 253);
    }

    fn peer(key: &str) -> Peer {
        Peer {
            target: "t".into(),
            model: "m".into(),
            place: String::new(),
            key: Some(Secret::new(key.into())),
            key_source: String::new(),
        }
    }

    #[test]
    fn a_placeholder_for_a_key_garbles_no_words() {
        for key in ["x", "ollama"] {
            assert_eq!(peer(key).quote("exceeded by ollama"), "exceeded by ollama");
        }
        assert_eq!(peer("not-needed").text("a key is not-needed".into()), "a key is not-needed");
        assert_eq!(peer("not-needed").quote("the key not-needed"), "the key [secret]");
    }

    #[test]
    fn a_key_across_the_cut_is_not_shown_in_part() {
        let key = "sk-canary-0123456789abcdefghij";
        let peer = peer(key);
        for lead in 0..300 {
            let shown = peer.quote(&format!("{}{key} and more", "x".repeat(lead)));
            assert!(!shown.contains("sk-canary-01"), "{lead}: {shown}");
        }
        assert_eq!(peer.text(format!("it is {key}.")), "it is [secret].");
    }
}
