//! The names under which people know a pattern: its own, its title and aliases, and names of systems that asked
//! models in stages before. A name that could mean several patterns is refused with the choices.

use serde::Deserialize;
use ultra_core::kind::ErrorKind;

use super::built_in::built_in;
use crate::fault::Fault;

/// Names that are neither the name nor the title nor an alias of a built-in pattern, and the patterns that do what
/// they stood for. One pattern is taken; of several the user chooses. Written as [`plain`] writes them.
const OTHER_NAMES: &[(&str, &[&str])] = &[
    ("advocate", &["critique", "debate"]),
    ("analysis", &["confidence", "perspective", "critique"]),
    ("analytical", &["systems", "perspective", "confidence"]),
    ("code_review", &["critique", "improve"]),
    ("collaborative", &["team"]),
    ("collaborative_feather", &["team"]),
    ("comprehensive", &["perspective", "systems", "fusion"]),
    ("concise", &["gut", "self-moa"]),
    ("consensus", &["confidence", "council", "fusion"]),
    ("contextual", &["stakeholder", "systems", "perspective"]),
    ("creative", &["innovation", "perspective"]),
    ("depth", &["perspective", "systems", "confidence"]),
    ("devil_s_advocate", &["critique", "debate"]),
    ("documentation", &["documents", "learning"]),
    ("educational", &["learning"]),
    ("educational_feather", &["learning"]),
    ("empirical", &["fact_check", "factual", "documents"]),
    ("evaluation", &["critique", "comparative", "improve"]),
    ("evaluative", &["critique", "comparative", "improve"]),
    ("explanatory", &["learning", "systems"]),
    ("fact_check_confidence", &["fact_check", "confidence"]),
    ("fast", &["gut"]),
    ("feedback", &["improve", "critique"]),
    ("feedback_feather", &["improve"]),
    ("general", &["gut"]),
    ("intelligence_multiplier", &["fusion", "moa", "council"]),
    ("investigative", &["fact_check", "documents", "systems"]),
    ("meta_prompt", &["gut", "critique", "confidence"]),
    ("other", &["gut"]),
    ("philosophical", &["perspective", "debate"]),
    ("procedural", &["learning", "team", "improve"]),
    ("reflective", &["gut", "critique", "improve"]),
    ("security_audit", &["critique", "fact_check", "scenario"]),
    ("speculative", &["scenario", "innovation", "time"]),
    ("standard", &["gut"]),
    ("structured", &["confidence", "systems", "documents"]),
    ("synthesis", &["documents", "fusion", "moa"]),
    ("synthesis_feather", &["documents"]),
    ("technical", &["systems", "perspective", "critique"]),
    ("thorough", &["confidence"]),
    ("ultra_prompt", &["gut", "critique", "confidence"]),
];

/// A name that stood for a file of the user's own.
const OWN: &str = "custom";

/// The keys of a pattern file that say how people call it.
#[derive(Deserialize)]
struct Head {
    title: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
}

/// The built-in pattern that people mean by `name`, if they mean one.
///
/// # Errors
/// When the name could mean several patterns, with the choices.
pub(super) fn meant(name: &str) -> Result<Option<&'static str>, Fault> {
    let wanted = plain(name);
    if wanted.is_empty() {
        return Ok(None);
    }
    let known = built_in().find(|(known, text)| plain(known) == wanted || called(text, &wanted));
    if let Some((known, _)) = known {
        return Ok(Some(known));
    }
    let shown = name.escape_debug();
    match OTHER_NAMES.iter().find(|(other, _)| *other == wanted) {
        Some((_, [one])) => Ok(Some(one)),
        Some((_, choices)) => {
            let choices: Vec<_> = choices.iter().map(|choice| format!("`{choice}`")).collect();
            let fault = fault(format!("`{shown}` can mean several patterns"));
            Err(fault.hint(format!("name the one you mean: {}", choices.join(", "))))
        }
        None if wanted == OWN => {
            Err(fault(format!("`{shown}` is no pattern")).hint("name a file of your own with --pattern FILE"))
        }
        None => Ok(None),
    }
}

/// Names of other systems: each as `meant` finds it, with the patterns that it can mean.
pub fn other_names() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    OTHER_NAMES.iter().copied()
}

/// Whether the pattern file names itself so in its title or aliases.
fn called(text: &str, wanted: &str) -> bool {
    let Ok(head) = toml::from_str::<Head>(text) else { return false };
    head.title.iter().chain(&head.aliases).any(|name| plain(name) == wanted)
}

/// A name without case, punctuation, and the word analysis at its end.
fn plain(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut words: Vec<_> = words.map(str::to_lowercase).collect();
    if words.len() > 1 && words.last().is_some_and(|last| last == "analysis") {
        words.pop();
    }
    words.join("_")
}

fn fault(message: String) -> Fault {
    Fault::new(ErrorKind::TemplatePattern, "", message)
}

#[cfg(test)]
mod tests;
