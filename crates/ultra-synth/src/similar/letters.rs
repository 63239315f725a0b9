//! Numbers for the trigrams of texts that are written with few letters, as most are.
//!
//! Three letters of 7 bits are a place in a table, so there is no hash, no search, and no branch on whether a trigram
//! is a new one, which nobody can predict. Texts with more letters are left to the
//! [vocabulary](super::vocabulary).

use std::cell::RefCell;

use super::Words;

/// Bits of a letter in a trigram.
const BITS: u32 = 7;
/// How many letters there can be.
const LETTERS: u8 = 1 << BITS;
/// How many trigrams there can be.
const TRIGRAMS: usize = 1 << (3 * BITS);
/// How many of them can have a number; 0 is nobody's.
const NUMBERS: usize = 1 << 16;
/// Slots for letters: the hash of a character has 9 bits.
const SLOTS: usize = 1 << 9;

thread_local! {
    /// Kept for the next texts of a thread: to clear a few places takes less time than to ask for all of them.
    static TABLE: RefCell<Option<Letters>> = const { RefCell::new(None) };
}

#[derive(Debug)]
pub(super) struct Letters {
    /// A character plus one, above the 7 bits of its letter; 0 is an empty slot.
    slots: [u32; SLOTS],
    /// How many letters are known.
    known: u8,
    /// The number of each trigram, or 0.
    numbers: Vec<u16>,
    /// The trigrams by number.
    trigrams: Vec<u32>,
    /// The next number.
    next: u16,
    /// The letters of what is being counted.
    text: Vec<u8>,
    /// The numbers of its trigrams.
    places: Vec<u16>,
    /// How often each occurs.
    counts: Vec<u32>,
    /// There were too many letters, or too many trigrams.
    is_full: bool,
}

impl Letters {
    /// Lends the table of this thread.
    pub(super) fn lend<T>(work: impl FnOnce(&mut Self) -> T) -> T {
        let mut letters = TABLE.take().unwrap_or_else(Self::new);
        let made = work(&mut letters);
        letters.clear();
        TABLE.set(Some(letters));
        made
    }

    fn new() -> Self {
        Self {
            slots: [0; SLOTS],
            known: 0,
            numbers: vec![0; TRIGRAMS],
            trigrams: vec![0; NUMBERS],
            next: 1,
            text: Vec::new(),
            places: Vec::new(),
            counts: vec![0; NUMBERS],
            is_full: false,
        }
    }

    fn clear(&mut self) {
        for trigram in &self.trigrams[1..=usize::from(self.next)] {
            self.numbers[*trigram as usize] = 0;
        }
        self.slots.fill(0);
        self.places.clear();
        (self.known, self.next, self.is_full) = (0, 1, false);
    }

    /// The letter that stands for a character; any one when there are too many.
    #[inline]
    fn letter(&mut self, c: u32) -> u8 {
        let mut at = (c.wrapping_mul(0x9e37_79b1) >> 23) as usize;
        loop {
            let slot = self.slots[at];
            if slot >> BITS == c + 1 {
                return slot.to_le_bytes()[0] % LETTERS;
            }
            if slot == 0 {
                return self.add(c, at);
            }
            at = (at + 1) % SLOTS;
        }
    }

    #[inline(never)]
    fn add(&mut self, c: u32, at: usize) -> u8 {
        if self.known >= LETTERS {
            self.is_full = true;
            return 0;
        }
        self.slots[at] = (c + 1) << BITS | u32::from(self.known);
        self.known += 1;
        self.known - 1
    }
}

impl Words for Letters {
    fn count(&mut self, characters: &[u32]) {
        let new = characters.len().saturating_sub(2);
        if usize::from(self.next) + new >= NUMBERS {
            self.is_full = true;
            return;
        }
        // One thing at a time: loops as simple as these run several steps at once.
        let mut text = std::mem::take(&mut self.text);
        text.resize(characters.len(), 0);
        for (letter, character) in text.iter_mut().zip(characters) {
            *letter = self.letter(*character);
        }
        let from = self.places.len();
        self.places.resize(from + new, 0);
        let (numbers, trigrams) = (&mut self.numbers[..TRIGRAMS], &mut self.trigrams[..NUMBERS]);
        let mut next = self.next;
        for (three, place) in text.windows(3).zip(&mut self.places[from..]) {
            let [one, two, three] = [three[0], three[1], three[2]].map(u32::from);
            let trigram = one << (2 * BITS) | two << BITS | three;
            let number = &mut numbers[trigram as usize];
            let is_new = *number == 0;
            *number = if is_new { next } else { *number };
            trigrams[usize::from(next)] = trigram;
            next = next.wrapping_add(u16::from(is_new));
            *place = *number;
        }
        (self.next, self.text) = (next, text);
    }

    fn counted(&mut self) -> Vec<(u32, u32)> {
        let counts = &mut self.counts[..NUMBERS];
        let places = self.places.as_mut_slice();
        let mut kinds = 0;
        for at in 0..places.len() {
            let number = places[at];
            let count = &mut counts[usize::from(number)];
            // What was counted already gives its place to what comes next.
            places[kinds] = number;
            kinds += usize::from(*count == 0);
            *count += 1;
        }
        let of = |&number: &u16| (u32::from(number), std::mem::take(&mut counts[usize::from(number)]));
        let counted = places[..kinds].iter().map(of).collect();
        self.places.clear();
        counted
    }

    fn len(&self) -> usize {
        usize::from(self.next)
    }

    fn is_full(&self) -> bool {
        self.is_full
    }
}
