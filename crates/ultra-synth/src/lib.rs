//! Candidate answers to one synthesis.
