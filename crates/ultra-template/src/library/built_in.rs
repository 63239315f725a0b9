//! The patterns that come with Ultra, and the texts that they share.

/// Includes texts by their paths in the directory of the built-in patterns.
macro_rules! texts {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../patterns/", $path)))),*]
    };
}

/// The files of the patterns, in the order in which people read them: the core, special tasks, comparisons, panels.
const PATTERNS: &[(&str, &str)] = texts![
    "gut.toml",
    "confidence.toml",
    "critique.toml",
    "fact_check.toml",
    "perspective.toml",
    "scenario.toml",
    "stakeholder.toml",
    "systems.toml",
    "time.toml",
    "innovation.toml",
    "learning.toml",
    "team.toml",
    "documents.toml",
    "improve.toml",
    "comparative.toml",
    "factual.toml",
    "council.toml",
    "moa.toml",
    "self-moa.toml",
    "debate.toml",
    "fusion.toml",
];

/// What they extend and include.
const PARTS: &[(&str, &str)] = texts![
    "base.toml",
    "partials/analyses.j2",
    "partials/answers.j2",
    "partials/candidates.j2",
    "partials/cite.j2",
    "partials/closing.j2",
    "partials/debate.j2",
    "partials/form.j2",
    "partials/layer.j2",
    "partials/merge.j2",
    "partials/notes.j2",
    "partials/read.j2",
    "partials/report.j2",
    "partials/reread.j2",
    "partials/revised.j2",
    "partials/standing.j2",
];

/// The built-in patterns: name and text of the file.
pub fn built_in() -> impl Iterator<Item = (&'static str, &'static str)> + Clone {
    PATTERNS.iter().map(|(path, text)| (path.strip_suffix(".toml").unwrap_or(path), *text))
}

/// A text of the built-in set by its path: the file of a pattern, such as `gut.toml`, or a part of one.
pub fn built_in_text(path: &str) -> Option<&'static str> {
    PATTERNS.iter().chain(PARTS).find(|(known, _)| *known == path).map(|(_, text)| *text)
}

/// What the built-in patterns extend and include: path and text.
#[cfg(test)]
pub(super) fn parts() -> impl Iterator<Item = (&'static str, &'static str)> + Clone {
    PARTS.iter().copied()
}
