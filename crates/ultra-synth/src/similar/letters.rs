//! Counts the trigrams of texts that are written with few letters, as most are.
//!
//! Three letters of 7 bits are a place in a table, so there is no hash, no search, and no branch on whether a trigram
//! is a new one, which nobody can predict. Texts with more letters are left to the
//! [vocabulary](super::vocabulary).

use std::cell::Cell;

use super::Words;
use super::fold::{Line, lower};

/// Bits of a letter in a trigram.
const BITS: u32 = 7;
/// How many letters there can be.
const LETTERS: u8 = 1 << BITS;
/// How many trigrams there can be.
const TRIGRAMS: usize = 1 << (3 * BITS);
/// Slots for letters: the hash of a character has 9 bits.
const SLOTS: usize = 1 << 9;
/// Characters of at most two bytes, as most are.
const SHORT: usize = 0x800;
/// The first letter.
const SPACE: u8 = 0;
/// In the place of a letter: it is not known yet.
const UNKNOWN: u8 = LETTERS;

thread_local! {
    /// Kept for the next texts of a thread, with the letters: the trigrams of a language then stay at places that the
    /// processor has at hand.
    static TABLE: Cell<Option<Letters>> = const { Cell::new(None) };
}

#[derive(Debug)]
pub(super) struct Letters {
    /// The letter of each short character, whatever its case.
    short: [u8; SHORT],
    /// A character in lower case plus one, above the 7 bits of its letter; 0 is an empty slot.
    slots: [u32; SLOTS],
    /// How many letters are known, the space among them.
    known: u8,
    /// How often each trigram occurs in the text that is being counted. No text is so long that one occurs more often.
    counts: Vec<u16>,
    /// The trigrams that occur in it.
    seen: Vec<u32>,
    /// How many those are.
    kinds: usize,
    /// The letters of what is being counted.
    line: Vec<u8>,
    /// There were too many letters.
    is_full: bool,
}

impl Letters {
    /// Lends the table of this thread, and once more without the letters of earlier texts if it was full with them.
    pub(super) fn lend<T>(work: impl Fn(&mut Self) -> Option<T>) -> Option<T> {
        let mut letters = TABLE.take().unwrap_or_else(Self::new);
        let made = loop {
            let was_new = letters.known == 1;
            let made = work(&mut letters);
            if made.is_some() {
                break made;
            }
            letters.forget();
            if was_new {
                break None;
            }
        };
        TABLE.set(Some(letters));
        made
    }

    fn new() -> Self {
        Self {
            short: [UNKNOWN; SHORT],
            slots: [0; SLOTS],
            known: 1,
            counts: vec![0; TRIGRAMS],
            seen: Vec::new(),
            kinds: 0,
            line: Vec::new(),
            is_full: false,
        }
    }

    fn forget(&mut self) {
        self.short.fill(UNKNOWN);
        self.slots.fill(0);
        (self.known, self.is_full) = (1, false);
    }

    /// Makes `line` the letters of a text.
    fn read(&mut self, text: &str, line: &mut Vec<u8>) {
        let mut line = Line::of(text, SPACE, line);
        for c in text.chars() {
            match self.short.get(c as usize) {
                Some(&letter) if letter != UNKNOWN => line.put(letter),
                _ => self.look(c, &mut line),
            }
        }
        line.end();
    }

    /// Puts the letters of a character that is long or was not seen yet.
    fn look(&mut self, c: char, line: &mut Line<u8>) {
        let mut letter = UNKNOWN;
        let mut letters = 0;
        lower(c, |low| {
            letter = self.letter(low);
            letters += 1;
            line.put(letter);
        });
        if let Some(short) = self.short.get_mut(c as usize).filter(|_| letters == 1) {
            *short = letter;
        }
    }

    /// The letter that stands for a character in lower case; any one when there are too many.
    fn letter(&mut self, c: char) -> u8 {
        if c == ' ' {
            return SPACE;
        }
        let c = u32::from(c);
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
            return SPACE;
        }
        self.slots[at] = (c + 1) << BITS | u32::from(self.known);
        self.known += 1;
        self.known - 1
    }
}

impl Words for Letters {
    fn count(&mut self, text: &str) -> usize {
        // One thing at a time: loops as simple as these run several steps at once.
        let mut line = std::mem::take(&mut self.line);
        self.read(text, &mut line);
        let trigrams = line.len().saturating_sub(2);
        self.seen.resize(self.seen.len().max(self.kinds + trigrams), 0);
        let (counts, seen) = (&mut self.counts[..TRIGRAMS], self.seen.as_mut_slice());
        let mut kinds = self.kinds;
        for three in line.windows(3) {
            let [one, two, three] = [three[0], three[1], three[2]].map(u32::from);
            let trigram = one << (2 * BITS) | two << BITS | three;
            let count = &mut counts[trigram as usize];
            // What was seen already gives its place to what comes next.
            seen[kinds] = trigram;
            kinds += usize::from(*count == 0);
            *count += 1;
        }
        (self.kinds, self.line) = (kinds, line);
        trigrams
    }

    fn times(&self, trigram: u32) -> u16 {
        self.counts[trigram as usize]
    }

    fn counted(&mut self) -> Vec<(u32, u16)> {
        let kinds = std::mem::take(&mut self.kinds);
        let of = |&trigram: &u32| (trigram, std::mem::take(&mut self.counts[trigram as usize]));
        self.seen[..kinds].iter().map(of).collect()
    }

    fn is_full(&self) -> bool {
        self.is_full
    }
}
