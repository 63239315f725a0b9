//! Long texts, read fast: that they are UTF-8 is checked with vector instructions.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A string. It is read as bytes, which its reader then need not check one by one.
pub(super) struct Text(pub(super) String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.to_owned()))
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Text, E> {
                match simdutf8::basic::from_utf8(bytes) {
                    Ok(text) => self.visit_str(text),
                    // A line is UTF-8, so only an escape can give bytes that are not.
                    Err(_) => Err(E::custom("an escape is half of a surrogate pair")),
                }
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}
