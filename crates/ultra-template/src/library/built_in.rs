//! The patterns that come with Ultra.

/// Includes the files of patterns by their names.
macro_rules! patterns {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../patterns/", $name, ".toml")))),*]
    };
}

/// Name and text of the file, in the order in which people read them: the core, special tasks, comparisons.
const BUILT_IN: &[(&str, &str)] = patterns![
    "gut",
    "confidence",
    "critique",
    "fact_check",
    "perspective",
    "scenario",
    "stakeholder",
    "systems",
    "time",
    "innovation",
    "learning",
    "team",
    "documents",
    "improve",
    "comparative",
    "factual",
];

/// The built-in patterns: name and text of the file.
pub fn built_in() -> impl Iterator<Item = (&'static str, &'static str)> + Clone {
    BUILT_IN.iter().copied()
}

/// A text of the built-in set by its path: a pattern file such as `gut.toml`, or a part of one.
pub fn built_in_text(path: &str) -> Option<&'static str> {
    let name = path.strip_suffix(".toml");
    built_in().find(|(known, _)| Some(*known) == name).map(|(_, text)| text)
}
