//! Names what one key may do with one model at one place.

use ultra_core::id::ContentHash;
use ultra_core::secret::Secret;

/// What a provider counts together: an address, a key and a model, hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lane(pub(super) u64);

impl Lane {
    /// The lane of calls to `model` at `place` (origin and path of the calls' address) with `key`.
    pub fn new(place: &str, key: Option<&Secret>, model: &str) -> Self {
        let fingerprint = match key {
            Some(key) => ContentHash::new("ultra 2026 limits key").field(key.expose()).hex(),
            None => String::new(),
        };
        let lane = ContentHash::new("ultra 2026 limits lane").field(place).field(fingerprint).field(model);
        // Zero marks a free record.
        Self(lane.number().max(1))
    }
}
