//! What stands above the text of a document, so that an answer can say where it has something from.

use std::borrow::Cow;

use ultra_core::record::{Document, Part};
use ultra_core::tokens::{self, Quarters};

/// Bytes of the two marked lines around a document, and of the empty lines between and after them.
const FRAME: Quarters = 96;

/// The lines above a document: a key and what it says.
pub(super) fn lines(document: &Document) -> Vec<(&'static str, Cow<'_, str>)> {
    let part = document.part.as_ref();
    let lines = [
        ("name", Some(Cow::from(document.name.as_str()))),
        ("source", source(document).map(Cow::from)),
        ("page", part.and_then(pages).map(Cow::from)),
        ("part", part.map(|part| format!("{} of {}", part.index.saturating_add(1), part.count).into())),
        ("heading", part.and_then(|part| part.heading.as_deref()).map(Cow::from)),
    ];
    lines.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}

/// Everything in a document that somebody else wrote and that is shown.
pub fn texts(document: &Document) -> impl Iterator<Item = &str> + Clone {
    let heading = document.part.as_ref().and_then(|part| part.heading.as_deref());
    let shown = [Some(document.text.as_str()), Some(document.name.as_str()), heading, source(document)];
    shown.into_iter().flatten()
}

/// Estimated tokens of a document as it is shown, the lines around it included; never 0.
pub fn tokens(document: &Document) -> u64 {
    (room(document) + quarters(&document.text)).div_ceil(4)
}

/// Quarters of a token that stand around the text of a document.
pub(crate) fn room(document: &Document) -> Quarters {
    let lines = lines(document);
    let lines = lines.iter().map(|(key, value)| {
        let end = value.char_indices().nth(super::HEADER).map_or(value.len(), |(end, _)| end);
        key.len() as Quarters + 3 + quarters(&value[..end])
    });
    FRAME + lines.sum::<Quarters>()
}

/// What a text costs, in quarters of a token.
pub(crate) fn quarters(text: &str) -> Quarters {
    if text.is_ascii() { text.len() as Quarters } else { text.chars().map(tokens::quarters).sum() }
}

/// The path or address, where it says more than the name.
fn source(document: &Document) -> Option<&str> {
    let source = document.source.url.as_deref().or(document.source.path.as_deref());
    source.filter(|source| !matches!(*source, "" | "-") && *source != document.name)
}

/// The pages of a part, from 1, where the record tells them.
fn pages(part: &Part) -> Option<String> {
    let first = part.page?;
    Some(match part.last_page.filter(|last| *last > first) {
        Some(last) => format!("{first} to {last}"),
        None => first.to_string(),
    })
}
