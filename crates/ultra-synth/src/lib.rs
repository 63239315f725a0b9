//! Many answers to one: `ultra-synth`.
//!
//! The tool reads the transcript, passes it on byte for byte, and adds one `synthesis` to every prompt whose last
//! stage is complete. A model writes it ([`strategy::Strategy::Fuse`]), or the answer most like the others is taken
//! ([`mod@medoid`]), or all stand one after the other ([`mod@concat`]). When a model fails, the next rung of the
//! [`ladder`] holds, and the record says which and why.
//!
//! [`mod@compare`] measures strategies against each other over the same answers.
//!
//! Every strategy has a pure core over [`candidate::Case`]; only the run makes calls.
//!
//! # What can be relied on
//!
//! * A judge reads anonymous answers ([`mod@brief`]); neither names, nor arrival, nor the order of the panel change a byte of it.
//! * No answer can forge the frame around it; the frame is that of `ultra_template::fence`.
//! * A tie is broken by content; never by arrival, name or place in the panel.
//! * A failure of a judge is never silent and never a random pick.
//! * A prompt that has a synthesis already is left alone.

mod about;
pub mod accept;
pub use ultra_aggregate as aggregate;
pub mod args;
pub mod bill;
pub mod brief;
mod calls;
pub mod candidate;
pub mod cite;
pub mod compare;
pub mod concat;
mod desk;
mod draft;
pub mod form;
pub mod found;
pub mod ladder;
pub mod made;
pub mod medoid;
mod page;
mod patterns;
mod reader;
pub mod rubric;
mod run;
pub mod setting;
pub mod sheet;
pub mod similar;
pub mod strategy;
mod stream;
mod tally;
#[cfg(test)]
mod testing;
mod tool;
pub mod visible;

pub use tool::Synth;
