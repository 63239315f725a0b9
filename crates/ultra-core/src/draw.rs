//! Randomness by counting: a draw is a function of the seed and of what it is for.
//!
//! There is no generator whose state threads could race for, so the order of work cannot change a draw.

use crate::id::ContentHash;

/// 64 random bits for one purpose and one subject.
pub fn bits(seed: u64, purpose: &str, subject: &[&[u8]]) -> u64 {
    let start = ContentHash::new("ultra draw v1").field(seed.to_le_bytes()).field(purpose);
    subject.iter().fold(start, ContentHash::field).number()
}

/// A random number in [0, 1).
pub fn unit(seed: u64, purpose: &str, subject: &[&[u8]]) -> f64 {
    // The upper 53 bits are the ones that a double holds exactly.
    (bits(seed, purpose, subject) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::{bits, unit};

    #[test]
    fn a_draw_depends_on_seed_purpose_and_subject_only() {
        let draw = bits(1, "jitter", &[b"r1", b"t"]);
        assert_eq!(draw, bits(1, "jitter", &[b"r1", b"t"]));
        for other in [
            bits(2, "jitter", &[b"r1", b"t"]),
            bits(1, "fault", &[b"r1", b"t"]),
            bits(1, "jitter", &[b"r1t"]),
        ] {
            assert_ne!(draw, other);
        }
    }

    #[test]
    fn units_fill_the_interval() {
        let draws: Vec<f64> = (0..1000_u32).map(|n| unit(7, "test", &[&n.to_le_bytes()])).collect();
        assert!(draws.iter().all(|draw| (0.0..1.0).contains(draw)));
        let mean = draws.iter().sum::<f64>() / 1000.0;
        assert!((0.45..0.55).contains(&mean), "{mean}");
    }
}
