//! What outlives a run: an exact cache of answers that several processes share and that never changes a
//! result, and the journal that makes a run go on where it was killed.
//!
//! [`key`] says when two calls are the same call. [`answer`] says what of a response is kept, and which
//! responses are kept at all. [`store`] is one SQLite file. [`Cache`] is what tools use: it opens the store
//! when it is first needed and turns every failure of the store into a miss and one warning. [`journal`] is a
//! file of lines that keeps how the calls of a run ended.
//!
//! Only this crate knows SQLite.

pub mod answer;
mod cache;
pub mod journal;
pub mod key;
pub mod store;

pub use answer::{Answer, Asked, Hit, storable};
pub use cache::{Cache, Counts, Options};
pub use journal::{Journal, JournalOptions};
pub use key::{Call, Key};
pub use store::{Limits, Stats, StoreError};
