//! Send every request to all its targets.
