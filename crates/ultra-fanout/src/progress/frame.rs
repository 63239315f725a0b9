//! The lines as text, in as many columns as there are.

use std::fmt::Write as _;
use std::time::Duration;

use indicatif::FormattedDuration;

use super::board::Row;
use crate::tally::{Align, padded, short, shortened, visible, width};

/// A row, with what was measured.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    pub(super) row: Row,
    /// The input is at its end, so what was asked is all there is.
    pub(super) ended: bool,
    /// Records that come in a second.
    pub(super) per_s: f64,
    /// What is left of the run, where it can be known.
    pub(super) eta: Option<Duration>,
}

/// Draws the lines below the cursor and leaves it where it was, at the beginning of an empty line.
pub(super) fn draw(rows: &[Shown], columns: usize) -> String {
    let mut text = "\r\x1b[K".to_owned();
    let lines = lines(rows, columns);
    for line in &lines {
        text.push('\n');
        text.push_str(line);
        text.push_str("\x1b[K");
    }
    text.push_str("\x1b[J");
    if !lines.is_empty() {
        // Writing to a string cannot fail.
        let _ = write!(text, "\r\x1b[{}A", lines.len());
    }
    text
}

/// Removes the lines.
pub(super) const CLEAR: &str = "\r\x1b[J";

/// One line for each row, none wider than `columns`. What has no room is left out from the right.
pub(super) fn lines(rows: &[Shown], columns: usize) -> Vec<String> {
    // The last column stays free: some terminals begin a new line when it is written.
    let room = columns.saturating_sub(1);
    let names = rows.iter().map(|shown| width(&visible(&shown.row.name))).max().unwrap_or_default();
    let names = names.min((room / 3).max(8)).min(room);
    let cells: Vec<[String; 7]> = rows.iter().map(cells).collect();
    let widths: [usize; 7] =
        std::array::from_fn(|at| cells.iter().map(|cells| width(&cells[at])).max().unwrap_or_default());
    rows.iter().zip(&cells).map(|(shown, cells)| line(&shown.row, cells, names, &widths, room)).collect()
}

fn line(row: &Row, cells: &[String; 7], names: usize, widths: &[usize; 7], room: usize) -> String {
    let mut line = padded(&shortened(&visible(&row.name), names), names, Align::Left);
    // While a target is in a state that has to be told, its rate says nothing.
    let counts = if row.note.is_empty() { cells.len() } else { 3 };
    for (cell, wide) in cells.iter().zip(widths).take(counts).filter(|(_, wide)| **wide > 0) {
        if width(&line) + 2 + wide > room {
            return line.trim_end().to_owned();
        }
        line.push_str("  ");
        line.push_str(&padded(cell, *wide, Align::Right));
    }
    let left = room.saturating_sub(width(&line) + 2);
    if !row.note.is_empty() && left > 0 {
        line.push_str("  ");
        line.push_str(&padded(&visible(&row.note), left, Align::Left));
    }
    line.trim_end().to_owned()
}

fn cells(Shown { row, ended, per_s, eta }: &Shown) -> [String; 7] {
    let some = |there: bool, text: String| if there { text } else { String::new() };
    let done = if *ended { format!("{}/{} done", row.done, row.asked) } else { format!("{} done", row.done) };
    [
        done,
        format!("{} open", row.open()),
        some(row.failed > 0, format!("{} failed", row.failed)),
        some(row.open() > 0 && *per_s > 0.0, rate(*per_s)),
        eta.map(|eta| format!("ETA {}", FormattedDuration(eta))).unwrap_or_default(),
        some(row.tokens > 0, format!("{} tokens", short(row.tokens))),
        some(row.cost_usd > 0.0, format!("{:.4} USD", row.cost_usd)),
    ]
}

fn rate(per_s: f64) -> String {
    let digits = if per_s < 10.0 { 2 } else { usize::from(per_s < 100.0) };
    format!("{per_s:.digits$}/s")
}
