//! When to send, retry, wait and give up: one state machine without input or output.
