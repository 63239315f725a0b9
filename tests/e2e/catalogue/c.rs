//! Statuses, headers and the bodies of whole answers: cases 55 to 81.

mod answers;
mod echoes;
mod statuses;
mod waits;
