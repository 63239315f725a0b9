//! Connections and the transport of bodies: cases 82 to 102.

mod bodies;
mod connections;
mod encryption;
mod framing;
mod silence;
