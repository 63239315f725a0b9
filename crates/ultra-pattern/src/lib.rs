//! Patterns: list, show, start, next, check.
