//! The machine driven through its public face by a simulator on virtual time.

mod experiments;
mod limits;
mod outages;
mod properties;
mod simulator;
mod watch;
