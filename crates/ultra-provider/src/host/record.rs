//! The file's header and records, as bytes.
//!
//! Everything is a little-endian word of 64 bits, and the last word is the checksum of the others.

use std::time::Duration;

use ultra_core::id::ContentHash;
use ultra_pace::Shared;

use super::moment::nanos;

const HEADER_WORDS: usize = 5;
const RECORD_WORDS: usize = 10;

/// Bytes of a record.
pub(super) const RECORD: usize = RECORD_WORDS * 8;

/// What is older or further in the future is not true any more, or never was.
pub(super) const DAY: Duration = Duration::from_hours(24);

/// Times in the past may seem to be this far in the future, because clocks are read one after the other.
const SLACK: Duration = Duration::from_secs(1);

/// What stands before the records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Header {
    /// Grows with every change.
    pub(super) generation: u64,
    /// The generation that last gave a record to another lane.
    pub(super) layout: u64,
    /// Tells this boot from others.
    pub(super) boot: u64,
}

impl Header {
    const MAGIC: u64 = u64::from_le_bytes(*b"ultlim01");

    /// Bytes of a header.
    pub(super) const BYTES: usize = HEADER_WORDS * 8;

    /// Where the generation stands.
    pub(super) const GENERATION_AT: u64 = 8;

    pub(super) fn bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        seal(&mut bytes, &[Self::MAGIC, self.generation, self.layout, self.boot]);
        bytes
    }

    /// The header, unless it is damaged or that of another file.
    pub(super) fn read(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let [magic, generation, layout, boot, _] = unseal::<HEADER_WORDS>(bytes)?;
        (magic == Self::MAGIC).then_some(Self { generation, layout, boot })
    }
}

/// What is known of a lane; times since boot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Record {
    /// The lane, never 0.
    pub(super) lane: u64,
    /// When this was last written.
    pub(super) touched: Duration,
    pub(super) shared: Shared,
}

impl Record {
    pub(super) fn bytes(&self) -> [u8; RECORD] {
        let Shared { gate, next_request, next_tokens, rate, cut, broken_until, broken_times } = self.shared;
        let times = [self.touched, gate, next_request, next_tokens, cut, broken_until].map(nanos);
        let [touched, gate, next_request, next_tokens, cut, broken_until] = times;
        let rate = rate.unwrap_or(0.0).to_bits();
        let broken_times = u64::from(broken_times);
        let mut bytes = [0; RECORD];
        seal(
            &mut bytes,
            &[self.lane, touched, gate, next_request, next_tokens, rate, cut, broken_until, broken_times],
        );
        bytes
    }

    /// The record, unless it is damaged or free.
    pub(super) fn read(bytes: &[u8; RECORD]) -> Option<Self> {
        let [lane, touched, gate, next_request, next_tokens, rate, cut, broken_until, broken_times, _] =
            unseal::<RECORD_WORDS>(bytes)?;
        let time = Duration::from_nanos;
        let shared = Shared {
            gate: time(gate),
            next_request: time(next_request),
            next_tokens: time(next_tokens),
            rate: (rate != 0).then_some(f64::from_bits(rate)),
            cut: time(cut),
            broken_until: time(broken_until),
            broken_times: u32::try_from(broken_times).ok()?,
        };
        (lane != 0).then_some(Self { lane, touched: time(touched), shared })
    }

    /// Whether it can be true at `now`, and is recent enough to matter.
    pub(super) fn holds(&self, now: Duration) -> bool {
        let Shared { gate, next_request, next_tokens, rate, cut, broken_until, .. } = self.shared;
        let past = [self.touched, cut].into_iter().all(|time| time <= now + SLACK);
        let soon = [gate, next_request, next_tokens, broken_until].into_iter().all(|time| time <= now + DAY);
        let recent = self.touched + DAY > now;
        past && soon && recent && rate.is_none_or(|rate| rate.is_finite() && rate > 0.0)
    }

    /// The record with what [`Record::holds`] asks for.
    pub(super) fn bounded(mut self, now: Duration) -> Self {
        let shared = &mut self.shared;
        for time in
            [&mut shared.gate, &mut shared.next_request, &mut shared.next_tokens, &mut shared.broken_until]
        {
            *time = (*time).min(now + DAY);
        }
        shared.cut = shared.cut.min(now);
        shared.rate = shared.rate.filter(|rate| rate.is_finite() && *rate > 0.0);
        self
    }
}

/// Writes `words` and their checksum.
fn seal(bytes: &mut [u8], words: &[u64]) {
    let (told, sum) = bytes.split_at_mut(words.len() * 8);
    for (place, word) in told.chunks_exact_mut(8).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    sum.copy_from_slice(&checksum(told).to_le_bytes());
}

/// All words, when the last is the checksum of the others.
fn unseal<const N: usize>(bytes: &[u8]) -> Option<[u64; N]> {
    let mut words = [0; N];
    for (word, place) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
        *word = u64::from_le_bytes(*place);
    }
    (words[N - 1] == checksum(&bytes[..(N - 1) * 8])).then_some(words)
}

fn checksum(bytes: &[u8]) -> u64 {
    ContentHash::new("ultra 2026 limits file").field(bytes).number()
}
