//! One prompt to several, each with some of the documents.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ultra_core::failure::Failure;
use ultra_core::id::{ContentHash, Ids};
use ultra_core::record::{Document, Json, Object, Params, Prompt, Record as _};

use super::args::Division;
use super::shelf::Shelf;

/// The field of a prompt that says of which one it is a part.
pub(super) const PART_OF: &str = "part_of";

/// Of which prompt another is a part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PartOf {
    /// The prompt that was divided; its text is that of its parts.
    pub(super) id: String,
    /// Number of the part, from 0.
    pub(super) index: u64,
    /// How many parts there are.
    pub(super) count: u64,
    /// The parameters that the prompt came with, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) params: Option<Params>,
    /// Of which prompt that one is a part, where it is one.
    #[serde(rename = "part_of", skip_serializing_if = "Option::is_none")]
    pub(super) above: Option<Json>,
}

impl PartOf {
    /// Reads it from a prompt; the field may be somebody else's.
    pub(super) fn of(prompt: &Prompt) -> Option<Self> {
        prompt.extra.get(PART_OF)?.read().ok()
    }
}

/// The parts of a prompt on the documents at `places`; none when there are no documents with text.
///
/// # Errors
/// When something has no JSON form, which what was read always has.
pub(super) fn divide(
    division: Division,
    (prompt, params): (&Prompt, Option<&Params>),
    (shelf, places): (&Shelf, &[usize]),
    ids: &mut Ids,
) -> Result<Vec<Prompt>, Failure> {
    let groups = groups(division, shelf, places);
    let count = groups.len() as u64;
    let mut extra = prompt.extra.clone();
    let above = extra.take(PART_OF);
    let mut parts = Vec::with_capacity(groups.len());
    for (index, group) in groups.into_iter().enumerate() {
        let mut content = ContentHash::new("ultra prompt part v1").field(&prompt.id);
        for id in &group {
            content.add(id);
        }
        let part_of = PartOf {
            id: prompt.id.clone(),
            index: index as u64,
            count,
            params: params.cloned(),
            above: above.clone(),
        };
        let part_of = Json::of(&part_of)
            .map_err(|cause| Failure::internal(format!("a part of a prompt has no JSON form: {cause}")))?;
        let mut extra: Object = extra.clone();
        extra.push(PART_OF.to_owned(), part_of);
        let id = ids.give(Prompt::PREFIX, &content);
        parts.push(Prompt { id, documents: Some(group), extra, ..prompt.clone() });
    }
    Ok(parts)
}

/// The ids of the documents of each part.
fn groups(division: Division, shelf: &Shelf, places: &[usize]) -> Vec<Vec<String>> {
    let mut groups: Vec<Vec<String>> = Vec::new();
    let mut known: BTreeMap<[&str; 3], usize> = BTreeMap::new();
    for document in places.iter().filter_map(|place| shelf.at(*place)) {
        if document.text.trim().is_empty() {
            tracing::warn!("the document {} has no text; nothing is asked about it", document.id);
            continue;
        }
        let whole = whole(document).filter(|_| division == Division::Each);
        if let Some(at) = whole.and_then(|whole| known.get(&whole).copied()) {
            groups[at].push(document.id.clone());
            continue;
        }
        known.extend(whole.map(|whole| (whole, groups.len())));
        groups.push(vec![document.id.clone()]);
    }
    groups
}

/// What the parts of one document have in common; nothing for a document that is whole.
fn whole(document: &Document) -> Option<[&str; 3]> {
    let source = &document.source;
    let place = source.url.as_deref().or(source.path.as_deref()).unwrap_or_default();
    document.part.as_ref().map(|_| [place, document.name.as_str(), source.blake3.as_str()])
}
