//! Which calls the journal knows, and where their ends stand in the file.

use std::collections::BTreeMap;

use crate::key::Key;

/// The first 128 bits of a key: enough to find a call. The whole key stands in the line and is compared when
/// the line is read.
type Short = [u64; 2];

/// What is known of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// It was begun.
    Intended,
    /// It ended with an answer, in the line at this byte.
    Answer(u64),
    /// It ended with an error, in the line at this byte.
    Error(u64),
}

/// All calls of a journal, in about 40 bytes each: a tree without spare room, and no pause to grow.
#[derive(Debug, Default)]
pub(super) struct Index {
    slots: BTreeMap<Short, Packed>,
    ended: usize,
}

impl Index {
    /// What is known of the call with this key.
    pub(super) fn get(&self, key: &Key) -> Option<Slot> {
        self.slots.get(&short(key.as_str())?).map(|slot| slot.open())
    }

    /// Calls that have ended.
    pub(super) fn ended(&self) -> usize {
        self.ended
    }

    /// Everything that is known, in no order that means anything.
    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> {
        self.slots.values().map(|slot| slot.open())
    }

    /// Notes that a call was begun, unless it is known already.
    pub(super) fn intend(&mut self, key: &str) {
        if let Some(key) = short(key) {
            self.slots.entry(key).or_insert(Packed::of(Slot::Intended));
        }
    }

    /// Notes how a call ended; what was known before is forgotten.
    pub(super) fn end(&mut self, key: &str, slot: Slot) {
        let Some(key) = short(key) else { return };
        let before = self.slots.insert(key, Packed::of(slot));
        self.ended += usize::from(before.is_none_or(|before| before.open() == Slot::Intended));
    }

    /// Forgets a call.
    pub(super) fn forget(&mut self, key: &str) {
        let before = short(key).and_then(|key| self.slots.remove(&key));
        self.ended -= usize::from(before.is_some_and(|before| before.open() != Slot::Intended));
    }
}

fn short(key: &str) -> Option<Short> {
    let half = |range| u64::from_str_radix(key.get(range)?, 16).ok();
    Some([half(0..16)?, half(16..32)?])
}

/// A slot in eight bytes: the place, and in the two lowest bits what stands there.
#[derive(Debug, Clone, Copy)]
struct Packed(u64);

impl Packed {
    const ANSWER: u64 = 0;
    const ERROR: u64 = 1;
    const INTENDED: u64 = 2;

    fn of(slot: Slot) -> Self {
        Self(match slot {
            Slot::Intended => Self::INTENDED,
            Slot::Answer(at) => at << 2 | Self::ANSWER,
            Slot::Error(at) => at << 2 | Self::ERROR,
        })
    }

    fn open(self) -> Slot {
        match self.0 & 3 {
            Self::ANSWER => Slot::Answer(self.0 >> 2),
            Self::ERROR => Slot::Error(self.0 >> 2),
            _ => Slot::Intended,
        }
    }
}
