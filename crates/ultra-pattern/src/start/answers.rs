//! The answers in a stream, as documents for the next question.

use std::collections::BTreeMap;

use ultra_core::failure::Failure;
use ultra_core::id::{ContentHash, Ids, blake3_hex};
use ultra_core::ndjson::{Fault, Line};
use ultra_core::record::{
    Document, Json, Message, Object, Params, Prompt, Record as _, Request, Response, Role, Source, Synthesis,
    Type,
};
use ultra_core::tokens;

use super::divide::{PART_OF, PartOf};

/// Characters of a question that name an answer whose documents are not known.
const NAME: usize = 80;

/// What the stream says about prompts and their answers.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// The documents without their text.
    documents: BTreeMap<String, Document>,
    /// Prompts in the order in which they came.
    asked: Vec<Asked>,
    places: BTreeMap<String, usize>,
    /// The stages of requests.
    stages: BTreeMap<String, u32>,
    ids: Ids,
}

/// A prompt, and what was said to it.
#[derive(Debug)]
struct Asked {
    prompt: Prompt,
    history: Vec<Message>,
    /// The answers of the latest stage that has any.
    answers: Vec<Response>,
    stage: u32,
    synthesis: Option<Synthesis>,
}

/// A prompt that was divided, and what its parts ended with.
#[derive(Debug)]
pub(super) struct Together {
    /// The prompt as it was before.
    pub(super) prompt: Prompt,
    /// Turns of the conversation before it.
    pub(super) history: Vec<Message>,
    /// Parameters of the calls.
    pub(super) params: Option<Params>,
    /// The answers.
    pub(super) documents: Vec<Document>,
    /// Parts without an answer, by id.
    pub(super) unanswered: Vec<String>,
    /// Parts that are not in the stream.
    pub(super) missing: u64,
}

impl Answers {
    /// Takes a line in.
    ///
    /// # Errors
    /// When the line is not the record that it says it is.
    pub(super) fn take(&mut self, line: &Line<'_>) -> Result<(), Fault> {
        match line.known() {
            Some(Type::Document) => {
                let document: Document = line.decode()?;
                let known = Document { text: String::new(), ..document };
                self.documents.entry(known.id.clone()).or_insert(known);
            }
            Some(Type::Prompt) => self.prompt(line.decode()?),
            Some(Type::Request) => self.request(line.decode()?),
            Some(Type::Response) => self.response(line.decode()?),
            Some(Type::Synthesis) => {
                let synthesis: Synthesis = line.decode()?;
                if let Some(asked) = self.asked(&synthesis.prompt_id).filter(|_| is_usable(&synthesis.text)) {
                    asked.synthesis = Some(synthesis);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn prompt(&mut self, prompt: Prompt) {
        if self.places.contains_key(&prompt.id) {
            return;
        }
        self.places.insert(prompt.id.clone(), self.asked.len());
        self.asked.push(Asked {
            prompt,
            history: Vec::new(),
            answers: Vec::new(),
            stage: 0,
            synthesis: None,
        });
    }

    fn request(&mut self, request: Request) {
        let stage = request.stage.as_ref().map_or(0, |stage| stage.index);
        self.stages.insert(request.id, stage);
        if let Some(asked) = self.asked(&request.prompt_id).filter(|_| stage == 0) {
            asked.history = request.messages.to_vec();
            asked.history.pop();
            asked.history.retain(|message| message.role != Role::System);
        }
    }

    fn response(&mut self, response: Response) {
        let stage = self.stages.get(&response.request_id).copied().unwrap_or_default();
        let Some(asked) = self.asked(&response.prompt_id).filter(|_| is_usable(&response.text)) else {
            return;
        };
        if stage > asked.stage {
            asked.answers.clear();
        }
        let is_known = |other: &Response| {
            (&other.request_id, &other.target, other.sample)
                == (&response.request_id, &response.target, response.sample)
        };
        if (stage >= asked.stage || asked.answers.is_empty()) && !asked.answers.iter().any(is_known) {
            asked.stage = stage;
            asked.answers.push(response);
        }
    }

    fn asked(&mut self, prompt_id: &str) -> Option<&mut Asked> {
        self.places.get(prompt_id).map(|place| &mut self.asked[*place])
    }

    /// All answers, by prompt.
    ///
    /// # Errors
    /// When something has no JSON form, which what was read always has.
    pub(super) fn all(mut self) -> Result<Vec<Document>, Failure> {
        let mut documents = Vec::new();
        for asked in std::mem::take(&mut self.asked) {
            documents.extend(self.documents_of(&asked)?);
        }
        Ok(documents)
    }

    /// The prompts that were divided, each with the answers of its parts in their order.
    ///
    /// # Errors
    /// As for [`Answers::all`].
    pub(super) fn together(mut self) -> Result<Vec<Together>, Failure> {
        let mut wholes: Vec<(PartOf, BTreeMap<u64, Asked>)> = Vec::new();
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        for asked in std::mem::take(&mut self.asked) {
            let Some(part_of) = PartOf::of(&asked.prompt) else { continue };
            let at = *known.entry(part_of.id.clone()).or_insert(wholes.len());
            let index = part_of.index;
            if at == wholes.len() {
                wholes.push((part_of, BTreeMap::new()));
            }
            wholes[at].1.entry(index).or_insert(asked);
        }
        wholes.into_iter().map(|(whole, parts)| self.whole(whole, parts)).collect()
    }

    fn whole(&mut self, whole: PartOf, parts: BTreeMap<u64, Asked>) -> Result<Together, Failure> {
        let missing = whole.count.saturating_sub(parts.len() as u64);
        let mut documents = Vec::new();
        let mut unanswered = Vec::new();
        for asked in parts.values() {
            let answers = self.documents_of(asked)?;
            if answers.is_empty() {
                unanswered.push(asked.prompt.id.clone());
            }
            documents.extend(answers);
        }
        let Some(Asked { mut prompt, history, .. }) = parts.into_values().next() else {
            return Err(Failure::internal("a divided prompt has no part"));
        };
        prompt.id = whole.id;
        prompt.extra.take(PART_OF);
        if let Some(above) = whole.above {
            prompt.extra.push(PART_OF.to_owned(), above);
        }
        prompt.documents = Some(documents.iter().map(|document: &Document| document.id.clone()).collect());
        Ok(Together { prompt, history, params: whole.params, documents, unanswered, missing })
    }

    /// What a prompt ended with, as documents.
    fn documents_of(&mut self, asked: &Asked) -> Result<Vec<Document>, Failure> {
        if let Some(synthesis) = &asked.synthesis {
            return Ok(vec![self.document(asked, "Answer", (&synthesis.id, &synthesis.text))?]);
        }
        let mut documents = Vec::with_capacity(asked.answers.len());
        for (member, answer) in asked.answers.iter().enumerate() {
            let label = match asked.answers.len() {
                1 => "Answer".to_owned(),
                _ => ultra_template::label(member),
            };
            documents.push(self.document(asked, &label, (&answer.id, &answer.text))?);
        }
        Ok(documents)
    }

    fn document(
        &mut self,
        asked: &Asked,
        label: &str,
        (id, text): (&str, &str),
    ) -> Result<Document, Failure> {
        let named = asked.prompt.documents.as_deref().unwrap_or_default();
        let origin = named.first().and_then(|id| self.documents.get(id));
        let name = match origin {
            Some(origin) => format!("{label} about {}", origin.name),
            None => format!("{label} to: {}", first_characters(&asked.prompt.text)),
        };
        let fact = |key: &str, value: &str| Ok::<_, serde_json::Error>((key.to_owned(), Json::of(&value)?));
        let meta = [fact("prompt_id", &asked.prompt.id), fact("answer_id", id)];
        let meta: Object = meta
            .into_iter()
            .collect::<Result<_, _>>()
            .map_err(|cause| Failure::internal(format!("an id has no JSON form: {cause}")))?;
        let content = ContentHash::new("ultra answer as document v1").field(&asked.prompt.id).field(id);
        Ok(Document {
            id: self.ids.give(Document::PREFIX, &content),
            name,
            media_type: "text/markdown".to_owned(),
            text: text.to_owned(),
            tokens: tokens::estimate(text),
            source: Source {
                path: origin.and_then(|origin| origin.source.path.clone()),
                url: origin.and_then(|origin| origin.source.url.clone()),
                bytes: text.len() as u64,
                blake3: blake3_hex(text.as_bytes()),
                extra: Object::default(),
            },
            // Where one part alone was read, the answer is about that part.
            part: origin.filter(|_| named.len() == 1).and_then(|origin| origin.part.clone()),
            meta,
            trust: "untrusted".to_owned(),
            warnings: Vec::new(),
            extra: Object::default(),
        })
    }
}

fn is_usable(text: &str) -> bool {
    !text.trim().is_empty()
}

fn first_characters(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut shown: String = line.chars().take(NAME).collect();
    if shown.len() < line.len() {
        shown.push('…');
    }
    shown
}
