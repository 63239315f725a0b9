//! Plots as inline SVG: marks and lines, no script and no fonts of their own.

use std::fmt::Write as _;

use ultra_core::record::Compared;

use super::chance::Mean;
use super::names::Names;
use super::report::{Bill, Report, Row};
use crate::page::html::escape;

/// Width of a plot.
const WIDE: f64 = 640.0;
/// Room for names.
const NAMES: f64 = 190.0;
/// Columns of a name that fit there.
pub(super) const COLUMNS: usize = 24;
/// Height of a line.
const LINE: f64 = 26.0;

/// The score of every line with its interval.
pub(super) fn scores(report: &Report) -> String {
    let names = Names::within(report, COLUMNS).short;
    let rows: Vec<(&Row, &String)> =
        report.rows.iter().zip(&names).filter(|(row, _)| row.quality.is_some()).collect();
    let height = LINE * rows.len() as f64 + 30.0;
    let x = |value: f64| NAMES + value.clamp(0.0, 1.0) * (WIDE - NAMES - 20.0);
    let mut svg = open(height, "Scores with their intervals");
    for tick in 0..=4 {
        let value = f64::from(tick) / 4.0;
        let at = x(value);
        let _ = writeln!(
            svg,
            "<line class=\"axis\" x1=\"{at:.1}\" y1=\"4\" x2=\"{at:.1}\" y2=\"{:.1}\"/>",
            height - 24.0
        );
        let _ = writeln!(
            svg,
            "<text class=\"soft\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{value:.2}</text>",
            height - 8.0
        );
    }
    for (number, (row, name)) in rows.iter().enumerate() {
        let Some(quality) = row.quality else { continue };
        let y = LINE * (number as f64 + 0.5) + 4.0;
        let class = if row.kind == Compared::Strategy { "" } else { " class=\"soft\"" };
        let name = escape(name);
        let _ = writeln!(
            svg,
            "<text{class} x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{name}</text>",
            NAMES - 10.0,
            y + 4.0
        );
        let mut about = format!("{name}: {:.3}", quality.estimate);
        if let Some((low, high)) = quality.range {
            let _ = write!(about, " ({low:.3}–{high:.3})");
            let _ = writeln!(
                svg,
                "<line class=\"bar\" x1=\"{:.1}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\"/>",
                x(low),
                x(high)
            );
        }
        let at = x(quality.estimate);
        let _ = writeln!(
            svg,
            "<circle class=\"dot\" cx=\"{at:.1}\" cy=\"{y:.1}\" r=\"5\"><title>{about}</title></circle>"
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// Score over calls, or over cost where it is known of any; nothing when no strategy asks.
pub(super) fn prices(report: &Report) -> Option<String> {
    let bills = || report.rows.iter().filter_map(|row| row.bill.as_ref());
    if bills().any(|bill| bill.cost.is_some()) {
        let axis = Axis { what: "US dollars a prompt", shown: |value| format!("{value:.4}") };
        return over(report, &axis, |bill, _| bill.cost.or_else(|| bill.nothing()));
    }
    let prompts = report.prompts.max(1) as f64;
    let axis = Axis { what: "calls a prompt", shown: |value| format!("{value:.1}") };
    over(report, &axis, |bill, _| Some(Mean::exact(bill.calls as f64 / prompts)))
}

/// Score over the time of a prompt, on top of the answers; nothing when it is not known of any strategy.
pub(super) fn latencies(report: &Report) -> Option<String> {
    let axis = Axis { what: "seconds a prompt, on top of the answers", shown: |value| format!("{value:.1}") };
    over(report, &axis, |bill, row| row.latency.or_else(|| bill.nothing()).map(|latency| latency.per(1e3)))
}

impl Bill {
    /// What a strategy takes that asks nobody; of others it is not known.
    fn nothing(&self) -> Option<Mean> {
        (self.calls == 0).then_some(Mean::exact(0.0))
    }
}

/// What a score is held against.
struct Axis {
    what: &'static str,
    shown: fn(f64) -> String,
}

/// Scores over what `of` says of each strategy, with the intervals of both, and a line about those of which it is not
/// known; nothing when that is nothing for all.
fn over(report: &Report, axis: &Axis, of: impl Fn(&Bill, &Row) -> Option<Mean>) -> Option<String> {
    let (mut marks, mut unknown) = (Vec::new(), Vec::new());
    for (row, name) in report.rows.iter().zip(&Names::within(report, COLUMNS).short) {
        let (Some(bill), Some(quality)) = (&row.bill, row.quality) else { continue };
        match of(bill, row) {
            Some(value) => marks.push((name.clone(), value, quality)),
            None => unknown.push(format!("<code>{}</code>", escape(&row.name))),
        }
    }
    let most = marks.iter().map(|mark| mark.1.ends().1).max_by(f64::total_cmp).filter(|most| *most > 0.0)?;
    let height = 300.0;
    let x = |value: f64| 60.0 + value / most * (WIDE - 200.0);
    let y = |score: f64| 20.0 + (1.0 - score.clamp(0.0, 1.0)) * (height - 70.0);
    let mut svg = open(height, &format!("Score over {}", axis.what));
    for tick in 0..=4 {
        let value = f64::from(tick) / 4.0;
        let _ = writeln!(
            svg,
            "<line class=\"axis\" x1=\"60\" y1=\"{0:.1}\" x2=\"{WIDE}\" y2=\"{0:.1}\"/>",
            y(value)
        );
        let _ = writeln!(
            svg,
            "<text class=\"soft\" x=\"50\" y=\"{:.1}\" text-anchor=\"end\">{value:.2}</text>",
            y(value) + 4.0
        );
    }
    for (value, anchor) in [(0.0, "start"), (most, "middle")] {
        let _ = writeln!(
            svg,
            "<text class=\"soft\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
            x(value),
            height - 28.0,
            (axis.shown)(value)
        );
    }
    let _ = writeln!(
        svg,
        "<text class=\"soft\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
        WIDE / 2.0,
        height - 8.0,
        axis.what
    );
    for (name, value, score) in marks {
        let (at, up) = (x(value.estimate), y(score.estimate));
        let name = escape(name.trim_start());
        let across = value.range.map(|(low, high)| (x(low), up, x(high), up));
        let along = score.range.map(|(low, high)| (at, y(low), at, y(high)));
        for (x1, y1, x2, y2) in across.into_iter().chain(along) {
            let _ = writeln!(
                svg,
                "<line class=\"axis\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
            );
        }
        let _ = writeln!(svg, "<circle class=\"dot\" cx=\"{at:.1}\" cy=\"{up:.1}\" r=\"5\"/>");
        let _ = writeln!(svg, "<text x=\"{:.1}\" y=\"{:.1}\">{name}</text>", at + 9.0, up + 4.0);
    }
    svg.push_str("</svg>\n");
    if !unknown.is_empty() {
        let _ =
            writeln!(svg, "<p class=\"how\">Not shown, because it is not known: {}.</p>", unknown.join(", "));
    }
    Some(svg)
}

fn open(height: f64, about: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 {WIDE} {height:.0}\" width=\"{WIDE}\" height=\"{height:.0}\" role=\"img\" aria-label=\"{}\">\n",
        escape(about)
    )
}
