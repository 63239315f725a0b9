//! The numbers in words: the one line, and the table.

use std::collections::BTreeMap;

use ultra_core::tool::many;
use ultra_provider::dispatch::Counts;

use super::numbers::Numbers;
use super::table::{Align, Table};

/// The line at the end of a run.
pub(super) fn line(requests: u64, total: &Numbers, counts: Counts) -> String {
    let mut parts = vec![records(requests, total), calls(total, counts)];
    parts.push(format!("tokens {} in, {} out", total.tokens_in, total.tokens_out));
    if total.cost_usd() > 0.0 {
        let mut cost = format!("{:.4} USD", total.cost_usd());
        if total.unpriced > 0 {
            cost = format!("{cost} and {} without a price", many(total.unpriced, "answer"));
        }
        parts.push(cost);
    }
    parts.join("; ")
}

fn records(requests: u64, total: &Numbers) -> String {
    let mut records = vec![many(requests, "request"), many(total.responses, "response")];
    if total.failed() > 0 {
        let kinds: Vec<_> = total.errors.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        records.push(format!("{} ({})", many(total.failed(), "error"), kinds.join(", ")));
    }
    records.join(", ")
}

fn calls(total: &Numbers, counts: Counts) -> String {
    let mut calls = vec![many(total.calls, "call")];
    let mut some = |count: u64, what: &str| {
        if count > 0 {
            calls.push(format!("{count} {what}"));
        }
    };
    some(counts.retries(), if counts.retries() == 1 { "retry" } else { "retries" });
    some(counts.hedges, if counts.hedges == 1 { "hedge" } else { "hedges" });
    some(total.unreached, "not connected");
    some(total.cached, "from the cache");
    some(total.shared, "shared with an identical call");
    some(total.journaled, "from the journal");
    some(total.skipped(), "skipped by the budget");
    some(total.unasked, "not asked");
    some(total.unfinished, "cut off");
    some(total.possibly_paid, "possibly paid without an answer");
    calls.join(", ")
}

/// The table: a row for each target, and their sum when there are several. `in` and `out` are tokens; times are
/// those of whole answers.
pub(super) fn table(targets: &BTreeMap<String, Numbers>, total: &Numbers) -> String {
    let right = |name| (name, Align::Right);
    let mut table = Table::new(&[
        ("target", Align::Left),
        right("calls"),
        right("done"),
        right("failed"),
        right("in"),
        right("out"),
        right("USD"),
        right("p50"),
        right("p95"),
        right("p99"),
    ]);
    for (name, at) in targets {
        table.row(row(name, at));
    }
    if targets.len() > 1 {
        table.row(row("total", total));
    }
    table.lines()
}

fn row(name: &str, at: &Numbers) -> [String; 10] {
    let time = |percent| at.whole.at(percent).map_or_else(|| "-".to_owned(), millis);
    [
        name.to_owned(),
        short(at.calls),
        short(at.responses),
        short(at.failed()),
        short(at.tokens_in),
        short(at.tokens_out),
        cost(at),
        time(50),
        time(95),
        time(99),
    ]
}

/// What is known of the cost; `?` where nothing is, `+` where some answers have no price.
fn cost(at: &Numbers) -> String {
    match (at.unpriced, at.cost_usd() > 0.0) {
        (0, false) => "-".to_owned(),
        (0, true) => format!("{:.4}", at.cost_usd()),
        (_, false) => "?".to_owned(),
        (_, true) => format!("{:.4}+", at.cost_usd()),
    }
}

/// A number in at most 6 characters: exact up to 99999, then 123k, 1.23M and so on.
pub(crate) fn short(count: u64) -> String {
    if count < 100_000 {
        return count.to_string();
    }
    let (unit, name) = [(1e3, "k"), (1e6, "M"), (1e9, "G"), (1e12, "T"), (1e15, "P"), (1e18, "E")]
        .into_iter()
        .rev()
        .find(|(unit, _)| count as f64 >= *unit * 0.9995)
        .unwrap_or((1.0, ""));
    let value = count as f64 / unit;
    let digits = if value < 9.995 { 2 } else { usize::from(value < 99.95) };
    format!("{value:.digits$}{name}")
}

/// Milliseconds as people read them: `850ms`, `1.25s`, `12.3s`, `5m03s`.
fn millis(time: u64) -> String {
    let seconds = time as f64 / 1e3;
    match time {
        0..1_000 => format!("{time}ms"),
        1_000..9_995 => format!("{seconds:.2}s"),
        9_995..99_950 => format!("{seconds:.1}s"),
        _ => format!("{}m{:02}s", time / 60_000, time / 1_000 % 60),
    }
}

#[cfg(test)]
mod tests;
