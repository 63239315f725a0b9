//! Which calls are refused: the same ones in each run, whatever the order in which they come.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// So often a prompt is refused at most; the shortest time that a run can take is known then.
const MOST: u32 = 2;

/// How often each prompt was asked.
#[derive(Debug, Default)]
pub(crate) struct Fates(Mutex<HashMap<u64, u32>>);

impl Fates {
    /// Whether this call is refused, when a `share` of all calls is.
    pub(crate) fn refused(&self, mark: &str, share: f64) -> bool {
        let prompt = mark.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let times = asked.entry(prompt).or_default();
        *times += 1;
        *times <= MOST
            && unit(prompt.wrapping_add(u64::from(*times).wrapping_mul(0x9E37_79B9_7F4A_7C15))) < share
    }

    /// Begins again.
    pub(crate) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// A number in [0, 1).
fn unit(mut bits: u64) -> f64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}
