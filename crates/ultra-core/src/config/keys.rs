//! The keys that a configuration file may hold: every section, every key, in one table.
//!
//! A tool reads the keys outside all sections and its own section; it knows the others only to refuse
//! misspellings. A test compares this table with the flags of the tools.

/// `(section, keys)`; the first section is the one outside all tables.
pub const SECTIONS: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "mock",
            "seed",
            "emit",
            "order",
            "strict",
            "lines",
            "max-line",
            "mem",
            "progress",
            "quiet",
            "log-format",
            "metrics",
        ],
    ),
    (
        "ingest",
        &[
            "chunk-tokens",
            "encoding",
            "lossy",
            "name",
            "glob",
            "hidden",
            "no-ignore",
            "follow",
            "max-bytes",
            "doc-seconds",
            "doc-memory",
        ],
    ),
    (
        "pattern",
        &[
            "target",
            "temperature",
            "max-output-tokens",
            "ultra",
            "judge",
            "min-responses",
            "documents",
            "top-k",
            "context-tokens",
        ],
    ),
    (
        "fanout",
        &[
            "target",
            "temperature",
            "max-output-tokens",
            "concurrency",
            "total",
            "attempts",
            "timeout",
            "deadline",
            "cache",
            "journal",
            "retry-errors",
            "durability",
            "journal-repair",
            "unsafe-fs",
            "limits",
            "stream",
            "max-usd",
            "max-calls",
            "max-tokens",
            "quorum",
            "until-decided",
            "fallback",
            "hedge",
            "run-deadline",
            "summary",
            "requests-per-minute",
            "tokens-per-minute",
        ],
    ),
    ("cache", &["path", "ttl"]),
    (
        "synth",
        &[
            "ultra",
            "min-answers",
            "show",
            "stream",
            "max-calls",
            "max-answer",
            "max-output-tokens",
            "temperature",
            "concurrency",
            "attempts",
            "timeout",
            "deadline",
        ],
    ),
];

/// The keys of `[providers.NAME]`.
pub(super) const PROVIDER: &[&str] = &["dialect", "base-url", "key-env", "key-file", "version"];

/// The keys of `[prices."PROVIDER:MODEL"]`.
pub(super) const PRICE: &[&str] = &["in", "cached", "out", "date"];

/// The keys of `[limits."PROVIDER:MODEL"]`.
pub(super) const LIMIT: &[&str] = &["requests-per-minute", "tokens-per-minute", "concurrency"];

/// The tables that are not sections of a tool.
pub(super) const TABLES: &[&str] = &["providers", "aliases", "profiles", "prices", "limits", "fallbacks"];

/// The known name that is nearest to `wrong`, if one is near.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.into_iter().map(|name| (distance(wrong, name), name)).min()?;
    (near.0 <= 1 + wrong.len() / 4).then_some(near.1)
}

/// Edit distance (Levenshtein) between two short names.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
