//! The thread that draws.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use console::Term;
use indicatif::ProgressBar;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use ultra_core::shutdown::Shutdown;

use super::board::{Board, Row};
use super::frame::{CLEAR, Shown, draw};
use super::locked;

/// How often the lines are drawn.
const EVERY: Duration = Duration::from_millis(100);

/// How long the end of the run waits until the lines are cleared; a terminal that was stopped never does it.
const PATIENCE: Duration = Duration::from_millis(200);

/// What is believed of a terminal that does not know its size.
const SIZE: (u16, u16) = (24, 80);

/// Draws until it is dropped.
#[derive(Debug)]
pub(super) struct Painter {
    stop: Option<SyncSender<()>>,
    stopped: Receiver<()>,
}

impl Painter {
    /// Starts to draw what stands on `board`; nothing when there can be no thread.
    pub(super) fn start(board: Arc<Mutex<Board>>, shutdown: &Shutdown) -> Option<Self> {
        let (stop, stopping) = sync_channel(0);
        let (ended, stopped) = sync_channel(1);
        let over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&over);
        let paint = move || {
            let mut meters = Meters::default();
            let mut drawn = false;
            while stopping.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                // The process dies at once, and somebody else has cleared the lines.
                if seen.load(Ordering::Acquire) {
                    return;
                }
                drawn = write(&meters.frame(&board)) || drawn;
            }
            if drawn {
                write(CLEAR);
            }
            // When nobody waits for it any more, the run is over.
            let _ = ended.try_send(());
        };
        std::thread::Builder::new().name("progress".into()).spawn(paint).ok()?;
        shutdown.on_abandon(move || {
            if !over.swap(true, Ordering::AcqRel) && takes_more() {
                write(CLEAR);
            }
        });
        Some(Self { stop: Some(stop), stopped })
    }
}

impl Drop for Painter {
    fn drop(&mut self) {
        self.stop = None;
        // If the terminal takes nothing, the lines stay.
        let _ = self.stopped.recv_timeout(PATIENCE);
    }
}

/// What measures the rate of each line.
#[derive(Debug, Default)]
pub(super) struct Meters(BTreeMap<String, ProgressBar>);

impl Meters {
    /// The lines as they are to be drawn now.
    fn frame(&mut self, board: &Mutex<Board>) -> String {
        let (height, width) = Term::stderr().size_checked().unwrap_or(SIZE);
        // One line is for the log, and one stays free below.
        let lines = usize::from(height).saturating_sub(2);
        let (rows, ended) = {
            let mut board = locked(board);
            (board.look(lines), board.ended)
        };
        let shown: Vec<Shown> = rows.into_iter().map(|row| self.measured(row, ended)).collect();
        draw(&shown, usize::from(width))
    }

    pub(super) fn measured(&mut self, row: Row, ended: bool) -> Shown {
        let meter = self.0.entry(row.name.clone()).or_insert_with(ProgressBar::hidden);
        if ended {
            meter.set_length(row.asked);
        }
        meter.set_position(row.over());
        let (per_s, eta) = (meter.per_sec(), meter.eta());
        let eta = (ended && row.open() > 0 && per_s > 0.0).then_some(eta);
        Shown { row, ended, per_s, eta }
    }
}

/// Writes to the terminal, however long it takes; progress that cannot be shown is not worth a word.
fn write(text: &str) -> bool {
    let mut stderr = std::io::stderr().lock();
    stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush()).is_ok()
}

/// Whether the terminal takes something now.
fn takes_more() -> bool {
    let mut terminal = [PollFd::from_borrowed_fd(rustix::stdio::stderr(), PollFlags::OUT)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut terminal, Some(&now)).is_ok_and(|ready| ready > 0)
}
