//! The machine driven through its public face by a simulator on virtual time.

mod experiments;
mod properties;
mod simulator;
mod watch;
