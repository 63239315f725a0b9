//! UTF-16 and UTF-32 without a byte order mark, by where the zero bytes stand.

use encoding_rs::{UTF_16BE, UTF_16LE};

use super::Charset;

const SAMPLE: usize = 4096;

/// The wide encoding whose zero bytes `bytes` have.
///
/// Text of mostly ASCII has a zero in every second (UTF-16) or in three of four bytes (UTF-32). At least a
/// third of the characters must be like that, no character may be zero, and the file must be whole units.
pub(super) fn by_zeros(bytes: &[u8]) -> Option<Charset> {
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    if sample.len() < 4 || !sample.contains(&0) {
        return None;
    }
    if bytes.len().is_multiple_of(4) {
        let (quads, _) = sample.as_chunks::<4>();
        let be = quads.iter().all(|q| q[0] == 0 && q[1] <= 0x10 && *q != [0; 4]);
        let le = quads.iter().all(|q| q[3] == 0 && q[2] <= 0x10 && *q != [0; 4]);
        match (le, be) {
            (true, false) => return Some(Charset::Utf32Le),
            (false, true) => return Some(Charset::Utf32Be),
            _ => {}
        }
    }
    if bytes.len().is_multiple_of(2) {
        let (pairs, _) = sample.as_chunks::<2>();
        if pairs.contains(&[0, 0]) {
            return None;
        }
        let high_first = pairs.iter().filter(|pair| pair[0] == 0).count();
        let low_first = pairs.iter().filter(|pair| pair[1] == 0).count();
        let enough = pairs.len().div_ceil(3);
        if low_first >= enough && low_first > high_first * 8 {
            return Some(Charset::Known(UTF_16LE));
        }
        if high_first >= enough && high_first > low_first * 8 {
            return Some(Charset::Known(UTF_16BE));
        }
    }
    None
}
