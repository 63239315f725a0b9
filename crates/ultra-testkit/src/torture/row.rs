//! One line of a result: what, the figure wanted, the figure measured, and whether that is good enough.

use std::fmt;
use std::fmt::Write as _;
use std::ops::Range;

/// One figure.
#[derive(Clone, Debug)]
#[must_use = "a row proves nothing until it is looked at"]
pub struct Row {
    /// What is measured.
    pub what: String,
    /// What is wanted.
    pub wanted: String,
    /// What was found.
    pub measured: String,
    /// The seeds it was found with.
    pub seeds: String,
    /// Whether that is good enough.
    pub ok: bool,
}

impl Row {
    /// A number that may not be larger than `most`.
    pub(super) fn at_most(what: impl Into<String>, most: f64, measured: f64) -> Self {
        Self::new(what, format!("≤ {}", short(most)), short(measured), measured <= most)
    }

    /// A number that may not be smaller than `least`.
    pub(super) fn at_least(what: impl Into<String>, least: f64, measured: f64) -> Self {
        Self::new(what, format!("≥ {}", short(least)), short(measured), measured >= least)
    }

    /// A number that must be this one.
    #[allow(clippy::needless_pass_by_value, reason = "a figure is small and nobody needs it afterwards")]
    pub(super) fn exactly<T: PartialEq + fmt::Display>(
        what: impl Into<String>,
        wanted: T,
        measured: T,
    ) -> Self {
        let ok = wanted == measured;
        Self::new(what, wanted.to_string(), measured.to_string(), ok)
    }

    /// No complaint is wanted; the first is shown.
    pub(super) fn clean(what: impl Into<String>, complaints: &[String]) -> Self {
        let first = complaints.first().map_or_else(String::new, |first| format!(": {first}"));
        Self::new(what, "0 broken".to_owned(), format!("{}{first}", complaints.len()), complaints.is_empty())
    }

    /// Something that could not be measured.
    pub(super) fn failed(what: &str, why: &str) -> Self {
        Self::new(what, "a figure".to_owned(), why.to_owned(), false)
    }

    fn new(what: impl Into<String>, wanted: String, measured: String, ok: bool) -> Self {
        Self { what: what.into(), wanted, measured, seeds: String::new(), ok }
    }

    /// Notes the seeds.
    pub(super) fn seeds(mut self, seeds: &Range<u64>) -> Self {
        self.seeds = match seeds.end.saturating_sub(seeds.start) {
            1 => seeds.start.to_string(),
            _ => format!("{}..{}", seeds.start, seeds.end),
        };
        self
    }
}

/// At most three digits behind the point.
fn short(number: f64) -> String {
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The rows under each other.
pub fn table(rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows {
        let verdict = if row.ok { "ok" } else { "FAILED" };
        let seeds = if row.seeds.is_empty() { "-" } else { &row.seeds };
        let Row { what, wanted, measured, .. } = row;
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{verdict:6}  {what:66}  {wanted:>10}  {measured:>10}  {seeds}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_judged_by_its_bound() {
        assert!(Row::at_most("a", 1.5, 1.5).ok && !Row::at_most("a", 1.5, 1.501).ok);
        assert!(Row::at_least("a", 0.7, 0.7).ok && !Row::at_least("a", 0.7, 0.69).ok);
        assert!(Row::clean("a", &[]).ok && !Row::clean("a", &["x".to_owned()]).ok);
        assert!(!Row::at_most("a", 1.0, f64::NAN).ok);
    }

    #[test]
    fn a_table_shows_what_failed() {
        let text = table(&[Row::at_most("calls", 2.0, 3.25).seeds(&(4..5))]);
        assert!(
            text.starts_with("FAILED  calls") && text.contains("≤ 2") && text.ends_with("3.25  4\n"),
            "{text}"
        );
    }
}
