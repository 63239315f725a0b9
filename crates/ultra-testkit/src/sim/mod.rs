//! The dispatcher's state machine on virtual time, in worlds that a seed describes, with a ledger of its own.
//!
//! [`World::random`] makes a small world: a few targets with latencies, faults, limits and outages; calls that
//! arrive, are withdrawn, drained and aborted at random times; slots, deadlines and budgets of any size.
//! [`run`] plays it. A ledger keeps what was submitted, sent, answered and finished without
//! looking into the machine, and breaks off at the first step that breaks a promise. The same world always
//! plays the same way, so a seed is a bug report.
//!
//! ```
//! use ultra_testkit::sim::{World, run};
//!
//! let story = run(&World::random(7), None).expect("seed 7 keeps every promise");
//! assert_eq!(story.ends.len(), story.submitted);
//! ```

mod book;
mod driver;
mod story;
#[cfg(test)]
mod tests;
mod upstream;
mod world;

pub use self::book::Broken;
pub use self::driver::run;
pub use self::story::{End, Story};
pub use self::upstream::{Fault, Upstream};
pub use self::world::{Arrival, World};
