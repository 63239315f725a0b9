//! Secrets: a type that cannot be printed, and the removal of secrets from foreign text.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

/// A key. It has no `Display` and no `Serialize`, its `Debug` shows nothing, and it is wiped when dropped.
///
/// ```compile_fail
/// let key = ultra_core::secret::Secret::new("k".to_owned());
/// println!("{key}");
/// ```
///
/// ```compile_fail
/// let key = ultra_core::secret::Secret::new("k".to_owned());
/// serde_json::to_string(&key).unwrap();
/// ```
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes a key in.
    pub fn new(text: String) -> Self {
        Self(text.into())
    }

    /// The key itself, for the one place that puts it into a header.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// `text` without this key: it, and any piece of it of 12 bytes or more, is replaced.
    ///
    /// Error texts of providers quote keys, sometimes in part.
    pub fn redact(&self, text: &str) -> String {
        let key = self.expose();
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let shared = shared_length(rest, key);
            if shared >= key.len().clamp(1, 12) {
                out.push_str("[secret]");
                rest = &rest[shared..];
            } else {
                out.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
        out
    }
}

/// The length of the longest start of `text` that occurs somewhere in `key`.
fn shared_length(text: &str, key: &str) -> usize {
    let starts = (0..key.len()).filter(|&at| key.is_char_boundary(at));
    let common = |at: usize| {
        let pairs = text.char_indices().zip(key[at..].chars());
        pairs.take_while(|((_, a), b)| a == b).last().map_or(0, |((end, c), _)| end + c.len_utf8())
    };
    starts.map(common).max().unwrap_or(0)
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn a_key_is_removed_whole_and_in_part() {
        let key = Secret::new("sk-test-0123456789abcdef".into());
        assert_eq!(key.redact("bad key sk-test-0123456789abcdef!"), "bad key [secret]!");
        assert_eq!(key.redact("key …0123456789abcdef ended"), "key …[secret] ended");
        assert_eq!(key.redact("sk-test is how it starts"), "sk-test is how it starts");
        assert_eq!(format!("{key:?}"), "[secret]");
    }
}
