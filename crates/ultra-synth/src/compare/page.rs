//! The report as one HTML page.

use super::chance::FEWEST;
use super::names::Names;
use super::report::Report;
use super::{chart, table};
use crate::page::html::{TAIL, escape, head};

/// The page.
pub(super) fn page(report: &Report) -> String {
    let mut page = head("Strategies compared");
    page.push_str("<section>\n<h1>Strategies compared</h1>\n");
    if report.scored > 0 {
        let drawn = if report.scored < FEWEST {
            ""
        } else {
            ", and where they would lie if the prompts were drawn anew"
        };
        page.push_str(&["<h2>Scores", drawn, "</h2>\n"].concat());
        page.push_str(&chart::scores(report));
        if let Some(prices) = chart::prices(report) {
            page.push_str("<h2>What a score costs</h2>\n");
            page.push_str(&prices);
        }
        if let Some(latencies) = chart::latencies(report) {
            page.push_str("<h2>How long a score takes</h2>\n");
            page.push_str(&latencies);
        }
    }
    page.push_str("<h2>All numbers</h2>\n<table>\n<tr><th></th>");
    let (titles, cells) = table::cells(report);
    for title in titles {
        page.push_str(&["<th class=\"n\">", title, "</th>"].concat());
    }
    page.push_str("</tr>\n");
    let is_numbered = !Names::within(report, chart::COLUMNS).cut.is_empty();
    for (number, (row, cells)) in (1..).zip(report.rows.iter().zip(cells)) {
        let number = if is_numbered { format!("{number} ") } else { String::new() };
        page.push_str(&["<tr><td>", &number, &escape(&row.name), "</td>"].concat());
        for cell in cells {
            page.push_str(&["<td class=\"n\">", &escape(&cell), "</td>"].concat());
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</table>\n");
    for note in table::notes(report) {
        page.push_str(&["<p class=\"how\">", &escape(&note), "</p>\n"].concat());
    }
    page.push_str("</section>\n");
    page.push_str(TAIL);
    page
}
