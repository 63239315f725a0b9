//! Numbers for the trigrams of the texts that are compared, in the order in which they are first seen, and how often
//! each occurs in one text.
//!
//! A table of open addresses. Its hash is keyed by all that is compared, so that no author of a text can choose trigrams
//! that meet in it; no number depends on the key.

use ultra_core::id::blake3_hex;

/// Slots of an empty table; a power of two.
const SLOTS: usize = 1 << 12;

#[derive(Debug)]
pub(super) struct Vocabulary {
    /// Odd, and otherwise at random.
    key: u64,
    /// How far a product is shifted so that it is the number of a slot.
    shift: u32,
    /// The number of a trigram plus one; 0 is an empty slot.
    slots: Vec<u32>,
    /// The trigrams by number.
    trigrams: Vec<u64>,
    /// How often each occurs in the text that is being counted.
    counts: Vec<u32>,
    /// Those that occur in it.
    seen: Vec<u32>,
}

impl Vocabulary {
    /// For texts of which these ends are compared.
    pub(super) fn of(ends: &[(&str, &str)]) -> Self {
        let all: String = ends.iter().flat_map(|(head, tail)| [*head, *tail]).collect();
        let key =
            blake3_hex(all.as_bytes()).bytes().take(16).fold(0, |key, digit| key << 4 ^ u64::from(digit));
        Self {
            key: key | 1,
            shift: 64 - SLOTS.trailing_zeros(),
            slots: vec![0; SLOTS],
            trigrams: Vec::new(),
            counts: Vec::new(),
            seen: Vec::new(),
        }
    }

    /// How many trigrams have a number.
    pub(super) fn len(&self) -> usize {
        self.trigrams.len()
    }

    /// Counts one trigram.
    #[inline]
    pub(super) fn count(&mut self, trigram: u64) {
        let number = self.number(trigram);
        let count = &mut self.counts[number as usize];
        if *count == 0 {
            self.seen.push(number);
        }
        *count += 1;
    }

    /// What was counted since this was last asked: numbers, and how often each occurs.
    pub(super) fn counted(&mut self) -> Vec<(u32, u32)> {
        let counts = &mut self.counts;
        self.seen.drain(..).map(|number| (number, std::mem::take(&mut counts[number as usize]))).collect()
    }

    #[inline]
    fn number(&mut self, trigram: u64) -> u32 {
        let mut slot = self.home(trigram);
        loop {
            match self.slots[slot] {
                0 => return self.add(trigram, slot),
                number if self.trigrams[number as usize - 1] == trigram => return number - 1,
                _ => slot = (slot + 1) & (self.slots.len() - 1),
            }
        }
    }

    /// Gives the next number to a trigram whose slot is free.
    #[inline(never)]
    fn add(&mut self, trigram: u64, slot: usize) -> u32 {
        self.trigrams.push(trigram);
        self.counts.push(0);
        // Texts of 4 MiB in all have fewer trigrams than 32 bits can number.
        let number = u32::try_from(self.trigrams.len()).unwrap_or(u32::MAX);
        self.slots[slot] = number;
        if self.trigrams.len() * 2 > self.slots.len() {
            self.grow();
        }
        number - 1
    }

    fn home(&self, trigram: u64) -> usize {
        usize::try_from(trigram.wrapping_mul(self.key) >> self.shift).unwrap_or_default()
    }

    fn grow(&mut self) {
        self.slots = vec![0; self.slots.len() * 2];
        self.shift -= 1;
        for number in 1..=self.trigrams.len() {
            let mut slot = self.home(self.trigrams[number - 1]);
            while self.slots[slot] != 0 {
                slot = (slot + 1) & (self.slots.len() - 1);
            }
            self.slots[slot] = u32::try_from(number).unwrap_or(u32::MAX);
        }
    }
}
