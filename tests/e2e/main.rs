//! End-to-end tests: the binaries as a user runs them, and the promises that no single crate can keep.

mod architecture;
mod fresh;
mod man;
mod schemas;
mod tools;
