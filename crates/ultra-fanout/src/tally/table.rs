//! Tables for people: columns as wide as what stands in them, and names cut so that lines stay short.

/// The most columns of a terminal that a line takes.
const WIDTH: usize = 80;

/// What the first column should have at least; for less, the gaps become narrower.
const ENOUGH: usize = 24;

/// What is left of the first column in any case.
const LEAST: usize = 12;

/// On which side of its column a cell stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// A table. A column in which every cell says nothing (`-`, `0` or blank) is left out.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<Align>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with this header.
    pub(crate) fn new(header: &[(&str, Align)]) -> Self {
        let columns = header.iter().map(|(_, align)| *align).collect();
        Self { columns, rows: vec![header.iter().map(|(name, _)| (*name).to_owned()).collect()] }
    }

    /// Adds a row with a cell for each column; control characters are made visible.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| visible(&cell)).collect());
    }

    /// The lines, each with its `\n`.
    pub(crate) fn lines(mut self) -> String {
        self.leave_out();
        let mut widths: Vec<usize> = (0..self.columns.len())
            .map(|at| self.rows.iter().map(|row| width(&row[at])).max().unwrap_or_default())
            .collect();
        let room = |gap| {
            let others: usize = widths.iter().skip(1).map(|width| width + gap).sum();
            WIDTH.saturating_sub(others)
        };
        let wanted = widths.first().copied().unwrap_or_default();
        let gap = if room(2) >= wanted.min(ENOUGH) { 2 } else { 1 };
        let first = wanted.min(room(gap).max(LEAST));
        widths.splice(..1, [first]);
        let mut text = String::new();
        for row in &self.rows {
            let mut line = padded(&shortened(&row[0], first), first, self.columns[0]);
            for ((cell, width), align) in row.iter().zip(&widths).zip(&self.columns).skip(1) {
                line.push_str(&" ".repeat(gap));
                line.push_str(&padded(cell, *width, *align));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    fn leave_out(&mut self) {
        let says = |cell: &String| !["", "-", "0"].contains(&cell.as_str());
        for at in (1..self.columns.len()).rev() {
            if !self.rows.iter().skip(1).any(|row| says(&row[at])) {
                self.columns.remove(at);
                self.rows.iter_mut().for_each(|row| drop(row.remove(at)));
            }
        }
    }
}

/// Text with control characters made visible: a target's name must not drive a terminal.
pub(crate) fn visible(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, character| {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
        shown
    })
}

/// The columns of a terminal that `text` takes.
pub(crate) fn width(text: &str) -> usize {
    console::measure_text_width(text)
}

/// `text` in exactly `width` columns.
pub(crate) fn padded(text: &str, width: usize, align: Align) -> String {
    let text = console::truncate_str(text, width, if width > 0 { "…" } else { "" });
    let blanks = " ".repeat(width.saturating_sub(self::width(&text)));
    match align {
        Align::Left => format!("{text}{blanks}"),
        Align::Right => format!("{blanks}{text}"),
    }
}

/// A name in at most `room` columns: its middle is cut out, because names differ at their ends.
pub(crate) fn shortened(name: &str, room: usize) -> String {
    if width(name) <= room {
        return name.to_owned();
    }
    if room == 0 {
        return String::new();
    }
    let end = room.saturating_sub(1) / 2;
    let mut tail = name.len();
    for (at, _) in name.char_indices().rev().take_while(|(at, _)| width(&name[*at..]) <= end) {
        tail = at;
    }
    let start = room.saturating_sub(1 + width(&name[tail..]));
    format!("{}…{}", console::truncate_str(name, start, ""), &name[tail..])
}

#[cfg(test)]
mod tests {
    use super::{shortened, width};

    #[test]
    fn a_long_name_keeps_both_ends() {
        assert_eq!(shortened("anthropic:claude-haiku-5-5", 16), "anthropi…iku-5-5");
        assert_eq!(shortened("openai:gpt", 10), "openai:gpt");
        assert_eq!(shortened("日本語日本語", 6), "日…語");
        for room in 0..30 {
            assert!(width(&shortened("日本語:model-ünïcode-日本", room)) <= room, "{room}");
        }
    }
}
