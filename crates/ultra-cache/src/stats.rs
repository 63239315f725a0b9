//! `ultra-cache stats`: says what is in the store.

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use ultra_core::failure::Failure;
use ultra_core::ndjson::Output;
use ultra_core::tool::{Context, Summary};
use ultra_store::{Cache, Options, StoreError};

use crate::args::Stats;
use crate::place::counted;

/// What is in the store, for programs.
#[derive(Debug, Serialize)]
struct Report<'a> {
    path: std::borrow::Cow<'a, str>,
    entries: u64,
    bytes: u64,
    /// Seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_s: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    newest_s: Option<u64>,
}

/// Prints text for a person, one JSON object for a program.
pub(crate) fn run(args: &Stats, context: &Context, output: &mut Output) -> Result<Summary, Failure> {
    let path = args.place.file()?;
    let found = Cache::new(Options::at(&path), Arc::clone(&context.clock)).stats();
    let found = found.map_err(|cause| unreadable(&path, cause))?;
    let entries = match found.entries {
        _ if !found.exists => "0 entries: no store yet".to_owned(),
        1 => "1 entry".to_owned(),
        entries => format!("{entries} entries"),
    };
    if context.person_reads && !args.json {
        let now_s = context.clock.unix_seconds();
        let age = |time_s: Option<u64>| time_s.map_or_else(|| "-".to_owned(), |at| age(now_s, at));
        output.text(&format!(
            "path     {}{}\nentries  {}\nsize     {}\noldest   {}\nnewest   {}\n",
            path.display(),
            if found.exists { "" } else { " (no store yet)" },
            found.entries,
            size(found.bytes),
            age(found.oldest_s),
            age(found.newest_s),
        ))?;
    } else {
        output.value(&Report {
            path: path.to_string_lossy(),
            entries: found.entries,
            bytes: found.bytes,
            oldest_s: found.oldest_s,
            newest_s: found.newest_s,
        })?;
    }
    Ok(Summary::new(entries))
}

fn unreadable(path: &Path, cause: StoreError) -> Failure {
    let cause = match cause {
        StoreError::Io(cause) => cause,
        cause => std::io::Error::other(cause),
    };
    Failure::io(format!("cannot read the cache {}", path.display()), cause)
}

/// `3 h ago`; the largest unit that is at least one.
fn age(now_s: u64, at_s: u64) -> String {
    let age_s = now_s.saturating_sub(at_s);
    let (count, unit) = match age_s {
        0..60 => (age_s, "s"),
        60..3600 => (age_s / 60, "min"),
        3600..86_400 => (age_s / 3600, "h"),
        86_400..172_800 => (1, "day"),
        _ => (age_s / 86_400, "days"),
    };
    format!("{count} {unit} ago")
}

/// `48.2 KiB`.
fn size(bytes: u64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    match units.iter().find(|(_, shift)| bytes >> shift > 0) {
        Some((unit, shift)) => format!("{:.1} {unit}", bytes as f64 / (1_u64 << shift) as f64),
        None => counted(bytes, "byte"),
    }
}

#[cfg(test)]
mod tests {
    use super::{age, size};

    #[test]
    fn ages_and_sizes_are_for_people() {
        assert_eq!(
            [age(100, 41), age(100, 200), age(7300, 0), age(90_000, 0), age(200_000, 0)],
            ["59 s ago", "0 s ago", "2 h ago", "1 day ago", "2 days ago"]
        );
        assert_eq!(
            [size(0), size(1), size(1023), size(49_357), size(3 << 30)],
            ["0 bytes", "1 byte", "1023 bytes", "48.2 KiB", "3.0 GiB"]
        );
    }
}
