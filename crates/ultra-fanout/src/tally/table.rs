//! Tables for people: columns as wide as what stands in them, the first one cut so that lines stay short.

/// The most columns of a terminal that a line takes.
const WIDTH: usize = 80;

/// The least that is left of the first column.
const LEAST: usize = 12;

/// On which side of its column a cell stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// A table; its cells hold no control characters.
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

    /// Adds a row; control characters of its cells are made visible.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| visible(&cell)).collect());
    }

    /// The lines, each with its `\n`.
    pub(crate) fn lines(&self) -> String {
        let mut widths: Vec<usize> = (0..self.columns.len())
            .map(|at| self.rows.iter().map(|row| width(&row[at])).max().unwrap_or_default())
            .collect();
        let gaps = 2 * self.columns.len().saturating_sub(1);
        if let Some((first, others)) = widths.split_first_mut() {
            let room = WIDTH.saturating_sub(others.iter().sum::<usize>() + gaps);
            *first = (*first).min(room.max(LEAST));
        }
        let mut text = String::new();
        for row in &self.rows {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .zip(&self.columns)
                .map(|((cell, width), align)| padded(cell, *width, *align))
                .collect();
            text.push_str(cells.join("  ").trim_end());
            text.push('\n');
        }
        text
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
    let text = console::truncate_str(text, width, "…");
    let blanks = " ".repeat(width.saturating_sub(self::width(&text)));
    match align {
        Align::Left => format!("{text}{blanks}"),
        Align::Right => format!("{blanks}{text}"),
    }
}
