//! The documents that came so far, and what of them a prompt gets to see.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use ultra_core::failure::Failure;
use ultra_core::record::{Document, Json, Prompt};
use ultra_template::select::{Choice, Excerpts, Limits, Note, Rule};

/// Documents in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    documents: Vec<Document>,
    /// The places of the documents, by id; of two with one id the first counts.
    places: BTreeMap<String, usize>,
    excerpts: Option<Excerpts>,
}

/// The documents of one prompt.
#[derive(Debug)]
pub(super) struct Laid<'a> {
    /// What is shown.
    pub(super) documents: Vec<Cow<'a, Document>>,
    /// How many excerpts are not.
    pub(super) left_out: usize,
    /// The field `documents` of the request, when there was a choice.
    pub(super) note: Option<Json>,
}

impl Shelf {
    /// An empty shelf from which everything is shown, or what the limits allow.
    pub(super) fn new(limits: Option<Limits>) -> Self {
        Self { excerpts: limits.map(Excerpts::new), ..Self::default() }
    }

    pub(super) fn add(&mut self, document: Document) {
        if let Some(excerpts) = &mut self.excerpts {
            excerpts.add(&document);
        }
        self.places.entry(document.id.clone()).or_insert(self.documents.len());
        self.documents.push(document);
    }

    pub(super) fn len(&self) -> usize {
        self.documents.len()
    }

    /// The ids of all documents, if there are any.
    pub(super) fn ids(&self) -> Option<Vec<String>> {
        let ids = || self.documents.iter().map(|document| document.id.clone()).collect();
        (!self.documents.is_empty()).then(ids)
    }

    /// The places of the documents of a prompt: those that it names, or all.
    ///
    /// # Errors
    /// The id of a document that did not come.
    pub(super) fn of(&self, prompt: &Prompt) -> Result<Vec<usize>, String> {
        match &prompt.documents {
            Some(ids) => {
                ids.iter().map(|id| self.places.get(id).copied().ok_or_else(|| id.clone())).collect()
            }
            None => Ok((0..self.documents.len()).collect()),
        }
    }

    pub(super) fn at(&self, place: usize) -> Option<&Document> {
        self.documents.get(place)
    }

    /// What of the documents at `places` a prompt gets to see; `unanswered` are parts of it that have no answer.
    ///
    /// # Errors
    /// When the note has no JSON form, which it always has.
    pub(super) fn lay(
        &self,
        prompt: &Prompt,
        places: &[usize],
        unanswered: &[String],
    ) -> Result<Laid<'_>, Failure> {
        let Some(excerpts) = self.excerpts.as_ref().filter(|_| !places.is_empty()) else {
            let documents = places.iter().filter_map(|place| self.at(*place)).map(Cow::Borrowed);
            return Ok(Laid { documents: documents.collect(), left_out: 0, note: None });
        };
        let choice = excerpts.choose(&prompt.text, places);
        tell(&prompt.id, &choice);
        let note = Said { note: excerpts.note(&choice, &self.documents), unanswered };
        let note = Json::of(&note)
            .map_err(|cause| Failure::internal(format!("a choice of documents has no JSON form: {cause}")))?;
        if choice.left_out() > 0 {
            tracing::info!("prompt {}: documents {}", prompt.id, note.text());
        }
        Ok(Laid {
            documents: excerpts.shown(&choice, &self.documents),
            left_out: choice.left_out() + unanswered.len(),
            note: Some(note),
        })
    }
}

/// What a request says about its documents.
#[derive(Serialize)]
struct Said<'a> {
    #[serde(flatten)]
    note: Note<'a>,
    /// Prompts that were parts of this one and have no answer.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    unanswered: &'a [String],
}

/// Says what a person would not expect of a choice.
fn tell(prompt_id: &str, choice: &Choice) {
    let (shown, left_out) = (choice.shown(), choice.left_out());
    if shown == 0 && left_out > 0 {
        tracing::warn!("prompt {prompt_id}: none of {left_out} excerpts fits; it is asked without documents");
    } else if choice.rule == Rule::First {
        tracing::warn!(
            "prompt {prompt_id}: no excerpt shares a word with it; the first {shown} of {} are shown",
            shown + left_out
        );
    }
}
