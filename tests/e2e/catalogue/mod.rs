//! What providers and networks do wrong, and what becomes of it: parts C, D and E of the catalogue, by number.
//!
//! Each case runs the real binary against a server that goes wrong in one way. The verdict comes from the records,
//! the exit status and what the server saw.
