//! What a run is doing, on the terminal: one line for each target, drawn again ten times a second.
//!
//! The run only counts, into a board behind a lock that is held for nanoseconds. A thread of its own reads the
//! board and draws, so a terminal that was stopped with Ctrl-S stops the drawing and not the run. indicatif
//! measures the rate and the time that is left; it does not draw, because whoever draws with it erases what
//! others write to the terminal in between, and warnings must stay. Here the cursor rests *above* the lines:
//! a log line is written where it rests, and the next drawing comes below it.
//!
//! Nothing of this happens when stderr is no terminal, or one that cannot move its cursor.

mod board;
mod frame;
mod painter;

use std::io::IsTerminal as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ultra_core::env;
use ultra_core::record::{ErrorRecord, Response};
use ultra_core::tool::Context;
use ultra_provider::dispatch::Finished;

use self::board::Board;
use self::painter::Painter;

/// The lines, until this is dropped; or nothing when nobody wants to see them.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    board: Option<Arc<Mutex<Board>>>,
    /// Dropped last, which clears the lines.
    _painter: Option<Painter>,
}

impl Progress {
    /// Starts to show progress if the user wants it and stderr is a terminal.
    pub(crate) fn new(context: &Context) -> Self {
        let moves = env::var("TERM").is_none_or(|name| name != "dumb");
        if !context.progress || !moves || !std::io::stderr().is_terminal() {
            return Self::default();
        }
        let board = Arc::new(Mutex::new(Board::default()));
        let painter = Painter::start(Arc::clone(&board), &context.shutdown);
        Context::drawing(painter.is_some());
        Self { board: painter.is_some().then_some(board), _painter: painter }
    }

    /// One more terminal record of `target` is to come.
    pub(crate) fn asked(&self, target: &str) {
        self.with(|board| board.row(target).asked += 1);
    }

    /// A call of the dispatcher is over: its tokens and its cost.
    pub(crate) fn call(&self, done: &Finished) {
        let Ok(answer) = &done.result else { return };
        self.with(|board| {
            let row = board.row(&done.call.target);
            if let Some(usage) = &answer.usage {
                row.tokens += usage.input_tokens.saturating_add(usage.output_tokens);
            }
            row.cost_usd += answer.cost_usd.unwrap_or_default();
        });
    }

    /// An answer, wherever it came from.
    pub(crate) fn response(&self, response: &Response) {
        self.with(|board| board.row(&response.target).answered());
    }

    /// An error in place of an answer.
    pub(crate) fn error(&self, error: &ErrorRecord) {
        self.with(|board| board.row(error.target.as_deref().unwrap_or_default()).failed += 1);
    }

    /// A call that need not be made.
    pub(crate) fn unasked(&self, error: &ErrorRecord) {
        self.with(|board| board.row(error.target.as_deref().unwrap_or_default()).asked -= 1);
    }

    /// The input is at its end, so it is known how much there is to do.
    pub(crate) fn input_ended(&self) {
        self.with(|board| board.ended = true);
    }

    /// Shows the state of a target beside it until there is another one, or it has answered again for a second.
    pub(crate) fn note(&self, target: &str, text: &str) {
        self.with(|board| board.row(target).note(text));
    }

    fn with(&self, change: impl FnOnce(&mut Board)) {
        if let Some(board) = &self.board {
            change(&mut locked(board));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        Context::drawing(false);
    }
}

/// The board; whoever panicked with it has left whole numbers.
fn locked(board: &Mutex<Board>) -> MutexGuard<'_, Board> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
