//! The report as a table, for a terminal of 80 columns or as Markdown.

use console::measure_text_width;

use ultra_core::record::Compared;

use super::chance::{FEWEST, Lead};
use super::names::Names;
use super::report::{Report, Row};
use crate::visible::visible;

/// The widest name.
const NAME: usize = 24;

/// What stands before a cost that is not all.
const AT_LEAST: &str = "≥";

/// A column: its title, and what stands in it.
struct Column {
    title: &'static str,
    cell: fn(&Row, &Report) -> String,
}

const COLUMNS: [Column; 8] = [
    Column {
        title: "score",
        cell: |row, _| row.quality.map_or_else(String::new, |quality| format!("{:.3}", quality.estimate)),
    },
    Column {
        title: "95 %",
        cell: |row, _| {
            let range = row.quality.and_then(|quality| quality.range);
            range.map_or_else(String::new, |(low, high)| format!("{low:.2}–{high:.2}"))
        },
    },
    Column { title: "vs 1st", cell: lead },
    Column { title: "calls", cell: |row, report| per_prompt(row, report, |bill| bill.calls as f64) },
    Column { title: "cost", cell: cost },
    Column {
        title: "time",
        cell: |row, _| {
            row.latency.map_or_else(String::new, |latency| format!("{:.1} s", latency.estimate / 1000.0))
        },
    },
    Column {
        title: "agree",
        cell: |row, _| {
            row.bill
                .as_ref()
                .and_then(|bill| bill.agreement)
                .map_or_else(String::new, |agreement| format!("{:.2}", agreement.estimate))
        },
    },
    Column { title: "fell", cell: fell },
];

fn cost(row: &Row, _: &Report) -> String {
    let Some((bill, cost)) = row.bill.as_ref().and_then(|bill| Some((bill, bill.cost_usd?))) else {
        return String::new();
    };
    format!("{}${cost:.4}", if bill.unpriced > 0 { AT_LEAST } else { "" })
}

fn lead(row: &Row, _: &Report) -> String {
    let Some(Lead { mean, is_apart }) = row.lead else { return String::new() };
    // Rounded first, so that no sign stands before nothing.
    let thousandths = (mean.estimate * 1e3).round() + 0.0;
    format!("{:+.3}{}", thousandths / 1e3, if is_apart { "*" } else { "" })
}

fn per_prompt(row: &Row, report: &Report, count: fn(&super::report::Bill) -> f64) -> String {
    let mean = row.bill.as_ref().map(|bill| count(bill) / report.prompts.max(1) as f64);
    mean.filter(|mean| *mean > 0.0).map_or_else(String::new, |mean| format!("{mean:.1}"))
}

fn fell(row: &Row, _: &Report) -> String {
    let fallen = row.bill.as_ref().map(|bill| bill.degraded + bill.unanswered);
    fallen.filter(|fallen| *fallen > 0).map_or_else(String::new, |fallen| fallen.to_string())
}

/// Titles and cells, without the columns in which nothing stands.
pub(super) fn cells(report: &Report) -> (Vec<&'static str>, Vec<Vec<String>>) {
    let rows: Vec<Vec<String>> = report
        .rows
        .iter()
        .map(|row| COLUMNS.iter().map(|column| (column.cell)(row, report)).collect())
        .collect();
    let says: Vec<usize> =
        (0..COLUMNS.len()).filter(|at| rows.iter().any(|row| !row[*at].is_empty())).collect();
    let titles = says.iter().map(|at| COLUMNS[*at].title).collect();
    (titles, rows.iter().map(|row| says.iter().map(|at| row[*at].clone()).collect()).collect())
}

/// What the columns mean, as far as they stand there.
pub(super) fn notes(report: &Report) -> Vec<String> {
    let (titles, _) = cells(report);
    let mut notes = vec![format!(
        "{} of {} prompts scored{}.",
        report.scored,
        report.prompts,
        match (report.scored, report.unfit, &report.ungraded) {
            (_, _, Some(told)) => format!("; {told}"),
            (0, 0, _) => "; give prompts a field `expected`, or a --rubric and a --grader".to_owned(),
            (0, ..) => "; no `prompt_id` in --references is the `id` of a prompt that has answers".to_owned(),
            _ => String::new(),
        }
    )];
    if (1..FEWEST).contains(&report.scored) {
        notes.push(format!(
            "Too few scored prompts to tell a difference from chance, which takes at least {FEWEST}."
        ));
    }
    let versus = if report.scored < FEWEST {
        "vs 1st: difference to the first strategy on the same prompts."
    } else {
        "vs 1st: difference to the first strategy on the same prompts; * is more than chance (sign test, 5 %)."
    };
    let meanings = [
        (
            "95 %",
            "95 %: where a score would lie if the prompts were drawn anew (bootstrap); none where all are equal.",
        ),
        ("vs 1st", versus),
        ("calls", "calls: a prompt, on top of the answers. cost: of all prompts."),
        ("time", "time: a prompt; of strategies on top of the answers, which take that of `any answer`."),
        ("agree", "agree: how alike results and answers are. fell: results from a lower rung, or none."),
    ];
    let is_partial = |row: &Row| cost(row, report).starts_with(AT_LEAST);
    notes.extend(
        meanings.iter().filter(|(title, _)| titles.contains(title)).map(|(_, note)| (*note).to_owned()),
    );
    if report.rows.iter().any(is_partial) {
        notes.push(format!("{AT_LEAST}: the cost of some calls is not known."));
    }
    notes
}

/// For a terminal.
pub(super) fn text(report: &Report) -> String {
    let (titles, cells) = cells(report);
    let Names { short: names, cut } = Names::within(report, NAME);
    let name_width = names.iter().map(|name| measure_text_width(name)).max().unwrap_or(0).max(8);
    let widths: Vec<usize> = (0..titles.len())
        .map(|at| {
            cells.iter().map(|row| row[at].chars().count()).max().unwrap_or(0).max(titles[at].chars().count())
        })
        .collect();
    let line = |name: &str, cells: &[&str]| {
        let mut line = format!("{name}{}", " ".repeat(name_width.saturating_sub(measure_text_width(name))));
        for (cell, width) in cells.iter().zip(&widths) {
            let blank = " ".repeat(2 + width.saturating_sub(cell.chars().count()));
            line.push_str(&blank);
            line.push_str(cell);
        }
        line.truncate(line.trim_end().len());
        line.push('\n');
        line
    };
    let mut page = line("", &titles);
    let mut kind = Compared::Strategy;
    for ((row, name), cells) in report.rows.iter().zip(&names).zip(&cells) {
        if row.kind != kind {
            page.push('\n');
            kind = row.kind;
        }
        page.push_str(&line(name, &cells.iter().map(String::as_str).collect::<Vec<_>>()));
    }
    page.push('\n');
    for (number, name) in cut {
        page.push_str(&crate::page::wrap::wrap(&format!("{number}: {name}"), 80));
    }
    for note in notes(report) {
        page.push_str(&crate::page::wrap::wrap(&note, 80));
    }
    page
}

/// As Markdown.
pub(super) fn markdown(report: &Report) -> String {
    let (titles, cells) = cells(report);
    let mut page = format!("| |{}|\n|---|{}\n", titles.join("|"), "--:|".repeat(titles.len()));
    for (row, cells) in report.rows.iter().zip(&cells) {
        let name = visible(&row.name).replace('|', "\\|").replace('\n', " ");
        page.push_str(&["| `", &name, "` |", &cells.join("|"), "|\n"].concat());
    }
    for note in notes(report) {
        page.push_str(&["\n", &note, "\n"].concat());
    }
    page
}
