//! Calls to language models: wire formats, the mock, exec members, the dispatcher.
