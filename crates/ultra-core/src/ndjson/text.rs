//! The inside of JSON strings: finding their end fast, and what their escapes hold.

/// Finds the first byte at or after `from` that ends a plain run inside a string: `"`, `\` or a control byte.
///
/// Answers are mostly long strings, so it goes in steps: 32 bytes that hold nothing special at a time, which the
/// compiler turns into vector instructions, then 8 bytes by arithmetic on words ("SWAR"), then one by one.
pub(super) fn plain_run_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(chunk) = bytes[at..].first_chunk::<32>() {
        if chunk.iter().fold(false, |special, &byte| special | ends_run(byte)) {
            break;
        }
        at += 32;
    }
    while let Some(chunk) = bytes[at..].first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        let special = below_space(word) | equals(word, b'"') | equals(word, b'\\');
        if special != 0 {
            return at + (special.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    bytes[at..].iter().position(|&byte| ends_run(byte)).map_or(bytes.len(), |n| at + n)
}

const fn ends_run(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Sets the high bit of the lowest byte that is smaller than 0x20 (bytes above it may be set wrongly).
const fn below_space(word: u64) -> u64 {
    word.wrapping_sub(ONES * 0x20) & !word & HIGHS
}

/// Sets the high bit of the lowest byte that equals `byte` (bytes above it may be set wrongly).
const fn equals(word: u64, byte: u8) -> u64 {
    let zeroed = word ^ (ONES * byte as u64);
    zeroed.wrapping_sub(ONES) & !zeroed & HIGHS
}

/// The code unit of `\uXXXX` whose four digits start at `at`.
pub(super) fn code_unit(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 4)?;
    digits.iter().try_fold(0u16, |unit, &digit| {
        let value = (digit as char).to_digit(16)?;
        Some(unit << 4 | u16::try_from(value).ok()?)
    })
}

/// Whether the escapes in the body of a string hold half of a surrogate pair.
pub(super) fn has_lone_surrogate(body: &[u8]) -> bool {
    let mut at = 0;
    let mut high_open = false;
    while at < body.len() {
        let unit = match (body[at], body.get(at + 1)) {
            (b'\\', Some(b'u')) => code_unit(body, at + 2),
            _ => None,
        };
        let low = unit.is_some_and(|unit| (0xDC00..0xE000).contains(&unit));
        if low != high_open {
            return true;
        }
        high_open = unit.is_some_and(|unit| (0xD800..0xDC00).contains(&unit));
        at += match (body[at], unit) {
            (_, Some(_)) => 6,
            (b'\\', None) => 2,
            _ => 1,
        };
    }
    high_open
}
