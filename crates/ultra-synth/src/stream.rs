//! What the stream says about prompts: which are complete, and which have a synthesis already.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ultra_core::id::ContentHash;
use ultra_core::ndjson::{Fault, Line};
use ultra_core::record::{ErrorRecord, Object, Prompt, Request, Response, Synthesis, Type, Verdict};
use ultra_template::group::{Group, Groups, Key, Outcome};

use crate::about::is_about;
use crate::candidate::Case;

/// Syntheses that are remembered, so that a prompt that has one is left alone.
const SEEN: usize = 1 << 16;

/// Prompts whose verdicts are remembered.
const JUDGED: usize = 1 << 12;

/// The prompts of a stream. Only those that wait for an answer are held.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    groups: Groups,
    /// Complete groups that wait for the line after them.
    ripe: Vec<Key>,
    /// Prompts by the hash of their id, with the sources of their syntheses.
    seen: BTreeMap<u64, Vec<u64>>,
    seen_order: VecDeque<u64>,
    /// What earlier strategies judged, by the hash of the prompt's id.
    judged: BTreeMap<u64, Vec<Verdict>>,
    judged_order: VecDeque<u64>,
    /// Prompts that nobody has asked anybody about yet.
    unasked: BTreeSet<String>,
}

/// What a line does to the prompts that are ripe.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ripeness {
    /// They wait: the line belongs to what another tool made of them.
    Wait,
    /// They are picked before the line is passed on.
    Pick,
}

impl Stream {
    /// Whether a prompt is ripe.
    pub(crate) fn has_ripe(&self) -> bool {
        !self.ripe.is_empty()
    }

    /// Says what a line means for the prompts that are ripe.
    ///
    /// What another strategy made of a prompt stands right behind the line that completed it. So a complete prompt
    /// is picked when a line comes that is not of that kind.
    pub(crate) fn ripeness(&self, line: &Line<'_>) -> Ripeness {
        match line.known() {
            Some(Type::Verdict | Type::Synthesis) => {
                let prompt =
                    line.decode_as::<Object>().ok().and_then(|object| object.get("prompt_id")?.read().ok());
                match prompt {
                    Some::<String>(prompt) if self.ripe.iter().any(|key| key.prompt_id == prompt) => {
                        Ripeness::Wait
                    }
                    _ => Ripeness::Pick,
                }
            }
            _ => Ripeness::Pick,
        }
    }

    /// Takes a line in; gives back the synthesis that it holds, if it does.
    ///
    /// # Errors
    /// When the line is not the record that it says it is.
    pub(crate) fn take(&mut self, line: &Line<'_>) -> Result<Option<Synthesis>, Fault> {
        let mut found = None;
        let complete = match line.known() {
            Some(Type::Prompt) => {
                let prompt: Prompt = line.decode()?;
                self.unasked.insert(prompt.id.clone());
                self.groups.prompt(prompt);
                None
            }
            Some(Type::Request) => {
                let request: Request = line.decode()?;
                self.unasked.remove(&request.prompt_id);
                self.groups.request(request)
            }
            Some(Type::Response) => {
                let response: Response = line.decode()?;
                self.unasked.remove(&response.prompt_id);
                self.groups.response(response)
            }
            Some(Type::Error) => {
                let error: ErrorRecord = line.decode()?;
                if let Some(prompt) = &error.prompt_id {
                    self.unasked.remove(prompt);
                }
                self.groups.error(error)
            }
            Some(Type::Verdict) => {
                self.judge(line.decode()?);
                None
            }
            Some(Type::Synthesis) => {
                let synthesis = line.decode()?;
                self.see(&synthesis);
                found = Some(synthesis);
                None
            }
            _ => None,
        };
        if let Some(complete) = complete.filter(|complete| complete.last)
            && !self.ripe.contains(&complete.key)
        {
            self.ripe.push(complete.key);
        }
        Ok(found)
    }

    /// Takes the ripe prompts out.
    pub(crate) fn pick(&mut self) -> Vec<Group> {
        let ripe = std::mem::take(&mut self.ripe);
        ripe.iter().filter_map(|key| self.groups.close(key)).collect()
    }

    /// Whether the stream holds a synthesis of this group: one of its prompt that names one of its answers as a
    /// source, or none at all.
    pub(crate) fn has_synthesis(&self, group: &Group) -> bool {
        let Some(sources) = self.seen.get(&hash(&group.prompt_id)) else { return false };
        let own = own(group);
        sources.is_empty() || own.is_empty() || sources.iter().any(|source| own.contains(source))
    }

    /// What earlier strategies judged of the candidates of this case, the oldest first.
    pub(crate) fn verdicts(&self, case: &Case) -> Vec<Verdict> {
        let judged = self.judged.get(&hash(&case.group.prompt_id));
        judged.into_iter().flatten().filter(|verdict| is_about(verdict, case)).cloned().collect()
    }

    /// What is left at the end: groups that are not complete, and prompts that nobody was asked about.
    pub(crate) fn finish(&mut self) -> (Vec<Group>, Vec<String>) {
        let unasked = std::mem::take(&mut self.unasked);
        let unasked = unasked.into_iter().filter(|prompt| !self.seen.contains_key(&hash(prompt)));
        (std::mem::take(&mut self.groups).finish(), unasked.collect())
    }

    fn judge(&mut self, verdict: Verdict) {
        let prompt = hash(&verdict.prompt_id);
        let judged = self.judged.entry(prompt).or_insert_with(|| {
            self.judged_order.push_back(prompt);
            Vec::new()
        });
        judged.push(verdict);
        if self.judged_order.len() > JUDGED {
            self.judged_order.pop_front().map(|oldest| self.judged.remove(&oldest));
        }
    }

    fn see(&mut self, synthesis: &Synthesis) {
        self.unasked.remove(&synthesis.prompt_id);
        let prompt = hash(&synthesis.prompt_id);
        let sources = self.seen.entry(prompt).or_insert_with(|| {
            self.seen_order.push_back(prompt);
            Vec::new()
        });
        sources.extend(synthesis.sources.iter().map(|source| hash(source)));
        if self.seen_order.len() > SEEN {
            self.seen_order.pop_front().map(|oldest| self.seen.remove(&oldest));
        }
    }
}

/// The answers of a group, by the hash of their id.
fn own(group: &Group) -> BTreeSet<u64> {
    let calls = group.stages().flat_map(|stage| &stage.calls);
    let answered = calls.filter_map(|call| match &call.outcome {
        Outcome::Answered(response) => Some(hash(&response.id)),
        _ => None,
    });
    answered.collect()
}

fn hash(id: &str) -> u64 {
    ContentHash::new("ultra synth seen v1").field(id).number()
}
