//! Stdin, with a word for the person who does not know that a tool waits for input.

use std::io::{self, Read};
use std::time::Duration;

use super::log::{self, is_ready};

/// How long a terminal is silent before its user is told that input is expected.
const SILENCE: Duration = Duration::from_secs(2);

/// Stdin as every tool reads it.
#[derive(Debug)]
pub(super) struct Stdin {
    source: io::Stdin,
    hint: Option<String>,
}

impl Stdin {
    /// Stdin of `tool`; `person` says whether somebody types there who may be told something.
    pub(super) fn new(tool: &str, person: bool) -> Self {
        let hint = person.then(|| {
            format!("{tool}: waiting for input from the terminal; Ctrl-D ends it, and --help shows how to call the tool")
        });
        #[expect(clippy::disallowed_methods, reason = "the shell opens stdin for every tool")]
        let source = io::stdin();
        Self { source, hint }
    }
}

impl Read for Stdin {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if let Some(hint) = self.hint.take()
            && !is_ready(rustix::stdio::stdin(), log::PollFlags::IN, SILENCE)
        {
            log::say(&hint);
        }
        self.source.read(bytes)
    }
}
