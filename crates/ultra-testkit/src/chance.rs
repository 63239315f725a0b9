//! Numbers that depend on what they are for and not on how many were drawn before.

/// A hash of bytes that is the same everywhere: FNV-1a.
pub fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// A number for a seed and the names of what it is for.
pub fn mixed(seed: u64, names: &[u64]) -> u64 {
    let stir = |mut number: u64| {
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    };
    let start = stir(seed.wrapping_add(0x9e37_79b9_7f4a_7c15));
    names.iter().fold(start, |number, name| stir(number.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ stir(*name)))
}

/// The same as a number in `[0, 1)`.
pub fn unit(seed: u64, names: &[u64]) -> f64 {
    (mixed(seed, names) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(hash(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn numbers_are_spread_evenly() {
        let mut tenths = [0_u32; 10];
        for name in 0..10_000 {
            let place = unit(7, &[name, 3]) * 10.0;
            let tenth = (0..10).rev().find(|tenth| place >= f64::from(*tenth)).unwrap_or_default();
            tenths[usize::try_from(tenth).unwrap_or_default()] += 1;
        }
        assert!(tenths.iter().all(|count| (850..1_150).contains(count)), "{tenths:?}");
    }

    #[test]
    fn the_order_of_the_names_counts() {
        assert_ne!(mixed(1, &[2, 3]), mixed(1, &[3, 2]));
        assert_ne!(mixed(1, &[]), mixed(2, &[]));
    }
}
