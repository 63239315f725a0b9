//! Numbers for the trigrams of any texts, in the order in which they are first seen.
//!
//! A table of open addresses. No number depends on its hash, so any will do, until an author of a text chooses trigrams
//! that meet in it: then it is keyed by all that is compared, which nobody chooses alone.

use ultra_core::id::blake3_hex;

use super::Words;
use super::fold::{Line, lower};

/// Bits of a character in a trigram.
const BITS: u32 = 21;
/// The most slots of an empty table; a power of two.
const SLOTS: usize = 1 << 14;
/// The golden ratio, which spreads what comes in order.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
/// More slots in a row than trigrams that nobody chose ever take.
const CROWD: usize = 256;

#[derive(Debug)]
pub(super) struct Vocabulary<'a> {
    /// What is compared.
    ends: &'a [(&'a str, &'a str)],
    /// The factor of the hash, odd.
    key: u64,
    /// The key is that of the texts.
    is_keyed: bool,
    /// How far a product is shifted so that it is the number of a slot.
    shift: u32,
    /// The number of a trigram plus one; 0 is an empty slot.
    slots: Vec<u32>,
    /// The trigrams by number, and how often each occurs in the text that is being counted.
    trigrams: Vec<(u64, u16)>,
    /// Those that occur in it.
    seen: Vec<u32>,
    /// How many those are.
    kinds: usize,
}

impl<'a> Vocabulary<'a> {
    /// For texts of which these ends are compared.
    pub(super) fn of(ends: &'a [(&'a str, &'a str)]) -> Self {
        let bytes: usize = ends.iter().map(|(head, tail)| head.len() + tail.len()).sum();
        let slots = bytes.next_power_of_two().clamp(2, SLOTS);
        Self {
            ends,
            key: SPREAD,
            is_keyed: false,
            shift: 64 - slots.trailing_zeros(),
            slots: vec![0; slots],
            trigrams: Vec::new(),
            seen: vec![0],
            kinds: 0,
        }
    }

    /// Counts one trigram.
    #[inline]
    pub(super) fn put(&mut self, trigram: u64) {
        let number = self.number(trigram);
        let (_, count) = &mut self.trigrams[number as usize];
        // Nobody can predict which trigrams are new to a text, so there is no branch.
        self.seen[self.kinds] = number;
        self.kinds += usize::from(*count == 0);
        *count += 1;
    }

    /// Whether trigrams met that were chosen to meet.
    #[cfg(test)]
    pub(super) fn is_dispersed(&self) -> bool {
        self.is_keyed
    }

    #[inline]
    fn number(&mut self, trigram: u64) -> u32 {
        let home = self.home(trigram);
        let mut at = home;
        loop {
            match self.slots[at] {
                0 => return self.add(trigram, home, at),
                number if self.trigrams[number as usize - 1].0 == trigram => return number - 1,
                _ => at = (at + 1) & (self.slots.len() - 1),
            }
        }
    }

    /// Gives the next number to a trigram, for which the slot `at` is free.
    #[inline(never)]
    fn add(&mut self, trigram: u64, home: usize, at: usize) -> u32 {
        self.trigrams.push((trigram, 0));
        self.seen.push(0);
        // Texts of 4 MiB in all have fewer trigrams than 32 bits can number.
        let number = u32::try_from(self.trigrams.len()).unwrap_or(u32::MAX);
        self.slots[at] = number;
        if self.trigrams.len() * 2 > self.slots.len() {
            self.shift -= 1;
            self.fill(self.slots.len() * 2);
        } else if !self.is_keyed && at.wrapping_sub(home) & (self.slots.len() - 1) > CROWD {
            self.disperse();
        }
        number - 1
    }

    #[inline]
    fn home(&self, trigram: u64) -> usize {
        usize::try_from(trigram.wrapping_mul(self.key) >> self.shift).unwrap_or_default()
    }

    /// Keys the hash by all that is compared.
    fn disperse(&mut self) {
        let all: String = self.ends.iter().flat_map(|(head, tail)| [*head, *tail]).collect();
        let digits = blake3_hex(all.as_bytes());
        self.key = u64::from_str_radix(&digits[..16], 16).unwrap_or(SPREAD) | 1;
        self.is_keyed = true;
        self.fill(self.slots.len());
    }

    /// Puts every trigram into one of so many slots.
    fn fill(&mut self, slots: usize) {
        self.slots = vec![0; slots];
        for number in 1..=self.trigrams.len() {
            let mut at = self.home(self.trigrams[number - 1].0);
            while self.slots[at] != 0 {
                at = (at + 1) & (slots - 1);
            }
            self.slots[at] = u32::try_from(number).unwrap_or(u32::MAX);
        }
    }
}

impl Words for Vocabulary<'_> {
    fn count(&mut self, text: &str) -> usize {
        let mut letters = Vec::new();
        let mut line = Line::of(text, ' ', &mut letters);
        for c in text.chars() {
            lower(c, |low| line.put(low));
        }
        line.end();
        for three in letters.windows(3) {
            let [one, two, three] = [three[0], three[1], three[2]].map(u64::from);
            self.put(one << (2 * BITS) | two << BITS | three);
        }
        letters.len().saturating_sub(2)
    }

    fn times(&self, trigram: u32) -> u16 {
        self.trigrams[trigram as usize].1
    }

    fn counted(&mut self) -> Vec<(u32, u16)> {
        let trigrams = &mut self.trigrams;
        let kinds = std::mem::take(&mut self.kinds);
        self.seen[..kinds]
            .iter()
            .map(|&number| (number, std::mem::take(&mut trigrams[number as usize].1)))
            .collect()
    }

    fn is_full(&self) -> bool {
        false
    }
}
