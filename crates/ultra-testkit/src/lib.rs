//! Hermetic commands, snapshots and a scripted server for Ultra's tests.
