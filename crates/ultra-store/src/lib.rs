//! The cache key and the embedded store.
