//! Ids are content: a type prefix and 16 hexadecimal digits of BLAKE3.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

use blake3::hazmat::{ContextKey, HasherExt as _, hash_derive_key_context};
use serde::Serialize;

/// Room for JSON text that is kept for the next one.
const KEPT: usize = 64 << 10;

/// Bytes of a short field and its length.
const SHORT: usize = 64;

/// Contents that are remembered of a stream.
const REMEMBERED: usize = 1 << 16;

/// Hashes fields so that no two lists of fields give the same bytes: each is preceded by its length.
#[derive(Debug, Clone)]
pub struct ContentHash(blake3::Hasher);

impl ContentHash {
    /// A hash for one purpose; different purposes never give the same hash.
    pub fn new(purpose: &'static str) -> Self {
        Self(blake3::Hasher::new_from_context_key(&key_of(purpose)))
    }

    /// Adds one field.
    #[must_use]
    pub fn field(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.add(bytes);
        self
    }

    /// Adds one field in place.
    pub fn add(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        let length = (bytes.len() as u64).to_le_bytes();
        // Most fields are short, and then one update takes less time than two.
        let mut both = [0; SHORT];
        if let Some(both) = both.get_mut(..length.len() + bytes.len()) {
            let (first, second) = both.split_at_mut(length.len());
            first.copy_from_slice(&length);
            second.copy_from_slice(bytes);
            self.0.update(both);
        } else {
            self.0.update(&length);
            self.0.update(bytes);
        }
    }

    /// Adds one field: the JSON text of `value`.
    ///
    /// # Errors
    /// When `value` has no JSON form.
    pub fn json(mut self, value: &impl Serialize) -> Result<Self, serde_json::Error> {
        thread_local! {
            static TEXT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        }
        TEXT.with_borrow_mut(|text| {
            text.clear();
            text.shrink_to(KEPT);
            serde_json::to_writer(&mut *text, value)?;
            self.add(&*text);
            Ok(self)
        })
    }

    /// The first 64 bits.
    pub fn number(&self) -> u64 {
        let mut first = [0; 8];
        first.copy_from_slice(&self.0.finalize().as_bytes()[..8]);
        u64::from_be_bytes(first)
    }

    /// All 256 bits, in hexadecimal.
    pub fn hex(&self) -> String {
        self.0.finalize().to_hex().to_string()
    }

    /// The digits of [`ContentHash::hex`], for those who keep many.
    pub fn digits(&self) -> [u8; 64] {
        let mut digits = [0; 64];
        digits.copy_from_slice(self.0.finalize().to_hex().as_bytes());
        digits
    }

    /// An id: `prefix_` and 16 hexadecimal digits.
    pub fn id(&self, prefix: &str) -> String {
        let digits = self.0.finalize().to_hex();
        [prefix, "_", &digits[..16]].concat()
    }
}

/// The key that BLAKE3 derives from a purpose. Purposes are few and records are many, so each is derived once a
/// thread.
fn key_of(purpose: &'static str) -> ContextKey {
    thread_local! {
        static KEYS: RefCell<Vec<(&'static str, ContextKey)>> = const { RefCell::new(Vec::new()) };
    }
    KEYS.with_borrow_mut(|keys| {
        if let Some((_, key)) = keys.iter().find(|(known, _)| *known == purpose) {
            return *key;
        }
        let key = hash_derive_key_context(purpose);
        keys.push((purpose, key));
        key
    })
}

/// The BLAKE3 hash of bytes, in hexadecimal.
pub fn blake3_hex(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// Gives ids, and other ids to exact repeats.
#[derive(Debug, Default)]
pub struct Ids {
    seen: BTreeMap<u64, u32>,
    /// The oldest first, where it is not all of them that are remembered.
    order: VecDeque<u64>,
    limit: Option<usize>,
}

impl Ids {
    /// Remembers the latest contents, at most `limit`, so that a stream without end takes no more memory.
    pub fn remembering(limit: usize) -> Self {
        Self { limit: Some(limit), ..Self::default() }
    }

    /// Remembers as many as repeats are looked for among in a stream.
    pub fn of_a_stream() -> Self {
        Self::remembering(REMEMBERED)
    }

    /// The id of `content`; the second record with the same content gets an id of its own.
    pub fn give(&mut self, prefix: &str, content: &ContentHash) -> String {
        let number = content.number();
        let times = self.seen.entry(number).or_insert(0);
        *times += 1;
        let id = match *times {
            1 => content.id(prefix),
            again => content.clone().field(again.to_le_bytes()).id(prefix),
        };
        if let (1, Some(limit)) = (*times, self.limit) {
            self.order.push_back(number);
            if self.order.len() > limit {
                self.order.pop_front().map(|oldest| self.seen.remove(&oldest));
            }
        }
        id
    }
}

#[cfg(test)]
mod tests {
    use super::{ContentHash, Ids};

    #[test]
    fn a_moved_delimiter_gives_another_id() {
        let one = ContentHash::new("t").field("ab").field("c").id("x");
        let two = ContentHash::new("t").field("a").field("bc").id("x");
        assert_ne!(one, two);
        assert_eq!(one.len(), "x_".len() + 16);
    }

    #[test]
    fn a_hash_is_that_of_the_key_derivation_mode() {
        for _ in 0..2 {
            let expected = blake3::Hasher::new_derive_key("t")
                .update(&[2, 0, 0, 0, 0, 0, 0, 0])
                .update(b"ab")
                .finalize();
            let hash = ContentHash::new("t").field("ab");
            assert_eq!(hash.hex(), expected.to_hex().to_string());
            assert_eq!(hash.digits(), hash.hex().as_bytes());
        }
    }

    #[test]
    fn an_exact_repeat_gets_its_own_stable_id() {
        let content = ContentHash::new("t").field("same");
        let mut ids = Ids::default();
        let (first, second) = (ids.give("x", &content), ids.give("x", &content));
        let mut again = Ids::default();
        assert_ne!(first, second);
        assert_eq!((first, second), (again.give("x", &content), again.give("x", &content)));
    }

    #[test]
    fn what_was_long_ago_is_forgotten_and_nothing_else() {
        let content = |n: u32| ContentHash::new("t").field(n.to_le_bytes());
        let mut ids = Ids::remembering(2);
        let first = ids.give("x", &content(1));
        let second = ids.give("x", &content(2));
        assert_ne!(ids.give("x", &content(1)), first);
        ids.give("x", &content(3));
        assert_eq!(ids.give("x", &content(1)), first);
        assert_eq!(ids.give("x", &content(2)), second);
        assert_eq!((ids.seen.len(), ids.order.len()), (2, 2));
    }
}
