//! What the run has counted so far, for whoever draws it.

use std::collections::BTreeMap;

/// How many targets have a line of their own; the others share one.
pub(super) const LINES: usize = 8;

/// Drawings for which a note stays at least, which is a second.
const STAYS: u32 = 10;

/// The numbers of all targets, in the order in which they were first asked.
#[derive(Debug, Default)]
pub(super) struct Board {
    rows: Vec<Row>,
    places: BTreeMap<String, usize>,
    /// The input is at its end.
    pub(super) ended: bool,
}

/// The numbers of one target.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Row {
    pub(super) name: String,
    /// Terminal records that are to come or have come.
    pub(super) asked: u64,
    pub(super) done: u64,
    pub(super) failed: u64,
    pub(super) tokens: u64,
    pub(super) cost_usd: f64,
    /// What state the target is in; mostly empty.
    pub(super) note: String,
    /// How often the note was drawn.
    pub(super) shown: u32,
}

impl Board {
    /// The numbers of `target`.
    pub(super) fn row(&mut self, target: &str) -> &mut Row {
        let at = self.places.get(target).copied().unwrap_or_else(|| {
            self.places.insert(target.to_owned(), self.rows.len());
            self.rows.push(Row { name: target.to_owned(), ..Row::default() });
            self.rows.len() - 1
        });
        &mut self.rows[at]
    }

    /// What is to be drawn now: at most `lines` rows, the last of which sums up those that have no room.
    pub(super) fn look(&mut self, lines: usize) -> Vec<Row> {
        let room = lines.min(LINES + 1);
        let own = if self.rows.len() <= room.min(LINES) { self.rows.len() } else { room.saturating_sub(1) };
        for row in &mut self.rows {
            row.shown = row.shown.saturating_add(1);
        }
        let mut shown = self.rows[..own].to_vec();
        let others = &self.rows[own..];
        if room > 0 && !others.is_empty() {
            let mut sum = Row { name: format!("{} others", others.len()), ..Row::default() };
            for row in others {
                sum.asked += row.asked;
                sum.done += row.done;
                sum.failed += row.failed;
                sum.tokens += row.tokens;
                sum.cost_usd += row.cost_usd;
            }
            shown.push(sum);
        }
        shown
    }
}

impl Row {
    /// Takes in an answer; a state that was told a while ago is over then.
    pub(super) fn answered(&mut self) {
        self.done += 1;
        if self.shown >= STAYS {
            self.note.clear();
        }
    }

    /// Tells the state.
    pub(super) fn note(&mut self, text: &str) {
        text.clone_into(&mut self.note);
        self.shown = 0;
    }

    /// Records that have come.
    pub(super) fn over(&self) -> u64 {
        self.done + self.failed
    }

    /// Records that are to come.
    pub(super) fn open(&self) -> u64 {
        self.asked.saturating_sub(self.over())
    }
}
