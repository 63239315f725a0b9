//! Seeded texts for tests that check bytes: JSON objects that a careless parser would change, and hostile strings.

mod hostile;
mod json_text;
mod random;

pub use self::hostile::HOSTILE;
pub use self::json_text::JsonTexts;
pub use self::random::SplitMix64;
