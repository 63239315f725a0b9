//! Names in little room: cut, and still told apart.

use console::truncate_str;

use super::report::Report;
use crate::visible::visible;

/// The names of all lines, each in a number of columns. Where one of them is cut, all have their number before them.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) short: Vec<String>,
    /// What was cut, with its number.
    pub(super) cut: Vec<(usize, String)>,
}

impl Names {
    pub(super) fn within(report: &Report, columns: usize) -> Self {
        let names: Vec<String> =
            report.rows.iter().map(|row| visible(&row.name).replace('\n', " ")).collect();
        let too_long = |name: &str, columns: usize| console::measure_text_width(name) > columns;
        if !names.iter().any(|name| too_long(name, columns)) {
            return Self { short: names, cut: Vec::new() };
        }
        let digits = names.len().to_string().len();
        let columns = columns.saturating_sub(digits + 1);
        let numbered = || (1..).zip(&names);
        let short = numbered()
            .map(|(number, name)| format!("{number:>digits$} {}", truncate_str(name, columns, "…")))
            .collect();
        let cut = numbered().filter(|(_, name)| too_long(name, columns));
        Self { short, cut: cut.map(|(number, name)| (number, name.clone())).collect() }
    }
}
