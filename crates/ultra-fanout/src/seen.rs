//! Which responses were given before, so that a repeat gets an id of its own.
//!
//! A response has the id of another only where the same request stood in the input twice. Repeats are found among
//! the last tens of thousands of responses, so that a run of any length takes the same memory.

use std::collections::HashMap;

use ultra_core::id::ContentHash;
use ultra_core::record::{Record as _, Response};

/// So many ids at least are remembered, and at most twice as many.
const REMEMBERED: usize = 1 << 15;

/// How often each of the last ids was given.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    recent: HashMap<u64, u32>,
    before: HashMap<u64, u32>,
}

impl Seen {
    /// The id that a response gets whose content gives it this one.
    pub(crate) fn give(&mut self, id: String) -> String {
        let number = number(&id);
        let before = self.before.get(&number);
        let times = self.recent.entry(number).or_insert_with(|| before.copied().unwrap_or_default());
        *times = times.saturating_add(1);
        let times = *times;
        if self.recent.len() >= REMEMBERED {
            std::mem::swap(&mut self.before, &mut self.recent);
            self.recent.clear();
        }
        if times == 1 { id } else { repeated(&id, times) }
    }
}

/// The number that stands for an id; one that was made here is a number.
fn number(id: &str) -> u64 {
    let digits = id.strip_prefix(Response::PREFIX).and_then(|id| id.strip_prefix('_'));
    let said =
        digits.filter(|digits| digits.len() == 16).and_then(|digits| u64::from_str_radix(digits, 16).ok());
    said.unwrap_or_else(|| ContentHash::new("ultra response seen v1").field(id).number())
}

/// The id of the repeat number `n` of a response.
fn repeated(id: &str, n: u32) -> String {
    ContentHash::new("ultra response repeat v1").field(id).field(n.to_le_bytes()).id(Response::PREFIX)
}

#[cfg(test)]
mod tests {
    use super::{REMEMBERED, Seen, repeated};

    fn id(n: usize) -> String {
        format!("res_{n:016x}")
    }

    #[test]
    fn each_repeat_has_an_id_of_its_own() {
        for id in [id(7), "res_user".into(), String::new()] {
            let mut seen = Seen::default();
            let given = [0; 3].map(|_| seen.give(id.clone()));
            assert_eq!(given, [id.clone(), repeated(&id, 2), repeated(&id, 3)]);
        }
    }

    #[test]
    fn memory_does_not_grow_with_the_number_of_responses() {
        let mut seen = Seen::default();
        (0..5 * REMEMBERED).for_each(|n| drop(seen.give(id(n))));
        assert!(seen.recent.len() + seen.before.len() <= 2 * REMEMBERED);
        let near = 4 * REMEMBERED + 1;
        assert_eq!(seen.give(id(near)), repeated(&id(near), 2), "what was given lately is known");
    }
}
