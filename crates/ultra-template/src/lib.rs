//! Pattern files, templates and stage planning. Pure: nothing here opens a file or a socket.
//!
//! A pattern is a file: stages in which several models answer a question, read each other and revise, and an
//! instruction for the one model that merges what they end with. [`Pattern::parse`] reads such a file and refuses
//! it when a template could fail later. [`plan`] makes requests from prompts, from finished stages, and for the
//! synthesis; [`group`] tells which stage of which prompt is finished; [`fence`] keeps data apart from
//! instructions, [`select`] finds the excerpts that matter; [`library`] finds a pattern by name;
//! [`foreign`] reads those of other programs;
//! [`mod@file`] documents the file itself.

mod engine;
mod fault;
pub mod fence;
pub mod file;
pub mod foreign;
pub mod group;
pub mod library;
mod pattern;
mod placeholder;
pub mod plan;
pub mod root;
pub mod select;
pub mod suggest;
mod value;

pub use fault::{Fault, Faults};
pub use pattern::{Audience, Format, Gives, Kind, Models, Pattern, Stage, Step, Ultra, Variable, WhenEmpty};

/// The neutral name of a member of the panel: `Answer A`, …, `Answer Z`, `Answer AA`, …
pub fn label(member: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = member + 1;
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(b'A' + u8::try_from(rest % 26).unwrap_or_default()));
        rest /= 26;
    }
    letters.iter().rev().fold("Answer ".to_owned(), |mut label, letter| {
        label.push(*letter);
        label
    })
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn labels_count_like_columns_of_a_sheet() {
        let labels: Vec<_> = [0, 1, 25, 26, 51, 52, 701, 702].map(label).to_vec();
        let letters: Vec<_> = labels.iter().map(|label| label.trim_start_matches("Answer ")).collect();
        assert_eq!(letters, ["A", "B", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]);
    }
}
