//! Which stage of which prompt is complete, and who answered.
//!
//! Feed every `prompt`, `request`, `response` and `error` of the stream to [`Groups`]; it says when a stage has
//! everything that it waits for. Close a group when you are done with it: only open groups are held.
//!
//! ```
//! use ultra_core::record::{Request, Response};
//! use ultra_template::group::Groups;
//! # fn main() -> Result<(), serde_json::Error> {
//! let request: Request = serde_json::from_str(
//!     r#"{"id":"r","prompt_id":"p","messages":[{"role":"user","content":"q"}],"targets":["mock:a"],
//!         "stage":{"name":"answer","index":0,"of":1,"requests":1}}"#,
//! )?;
//! let response: Response = serde_json::from_str(
//!     r#"{"id":"s","request_id":"r","prompt_id":"p","target":"mock:a","sample":0,"stage":"answer",
//!         "model":"a","text":"An answer.","finish_reason":"stop","attempts":1}"#,
//! )?;
//! let mut groups = Groups::default();
//! assert!(groups.request(request).is_none());
//! let complete = groups.response(response).expect("the only answer is here");
//! assert!(complete.last);
//! let group = groups.close(&complete.key).expect("open until now");
//! assert_eq!(group.answers().answers[0].text, "An answer.");
//! # Ok(())
//! # }
//! ```

mod parked;
mod run;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use ultra_core::id::ContentHash;
use ultra_core::record::{ErrorRecord, Prompt, Request, Response};

use parked::{End, Parked};
pub use run::{Answer, Answers, Call, Group, JUDGE, Outcome, Seat, StageRun};

/// Prompts that are kept while no request has named them yet.
const PROMPTS: usize = 1024;
/// Requests of closed groups that are remembered, so that a late answer opens nothing.
const CLOSED: usize = 1 << 16;

/// One prompt under one pattern: the stages of a group share it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The prompt.
    pub prompt_id: String,
    /// BLAKE3 of the pattern file; `None` for requests that no pattern made.
    pub pattern: Option<String>,
    /// The request, where it is the only one of its prompt: two prompts may well have one id.
    pub request: Option<String>,
}

impl Key {
    /// The group that `request` belongs to.
    pub fn of(request: &Request) -> Self {
        let is_alone = request.pattern.is_none()
            && request.stage.as_ref().is_none_or(|stage| stage.of == 1 && stage.requests == 1);
        Self {
            prompt_id: request.prompt_id.clone(),
            request: is_alone.then(|| request.id.clone()),
            pattern: request.pattern.as_ref().map(|pattern| pattern.blake3.clone()),
        }
    }
}

/// A stage that has all of its requests, each with an answer or a failure of every target and sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complete {
    /// The group.
    pub key: Key,
    /// Number of the stage.
    pub stage: u32,
    /// Whether it is the last stage before the synthesis.
    pub last: bool,
    /// Whether a tool further up has promised to make the stage after this one.
    pub followed: bool,
}

/// The open groups of a stream.
#[derive(Debug, Default)]
pub struct Groups {
    open: BTreeMap<Key, (u64, Group)>,
    requests: BTreeMap<String, (Key, u32)>,
    prompts: VecDeque<Arc<Prompt>>,
    parked: Parked,
    closed: BTreeSet<u64>,
    closed_order: VecDeque<u64>,
    opened: u64,
}

impl Groups {
    /// Groups that hold at most `limit` answers whose request has not been seen; the oldest goes first.
    ///
    /// The default holds them all, since a stream may consist of answers alone; see [`Groups::finish`].
    pub fn parking(limit: usize) -> Self {
        Self { parked: Parked::new(limit), ..Self::default() }
    }

    /// Remembers a prompt for the requests that follow it.
    pub fn prompt(&mut self, prompt: Prompt) {
        if self.prompts.len() == PROMPTS {
            self.prompts.pop_front();
        }
        self.prompts.push_back(Arc::new(prompt));
    }

    /// Adds a request. Answers may have come before it, so it can complete its stage.
    ///
    /// A request that was seen before, or that belongs to a closed group, changes nothing.
    pub fn request(&mut self, request: Request) -> Option<Complete> {
        if self.requests.contains_key(&request.id) || self.is_closed(&request.id) {
            return None;
        }
        let key = Key::of(&request);
        let id = request.id.clone();
        if !self.open.contains_key(&key) {
            self.opened += 1;
            let at = self.prompts.iter().rposition(|prompt| prompt.id == request.prompt_id);
            let prompt = at.and_then(|at| self.prompts.remove(at));
            self.open.insert(key.clone(), (self.opened, Group::new(&request, prompt)));
        }
        let (_, group) = self.open.get_mut(&key)?;
        let index = group.add(request);
        self.requests.insert(id.clone(), (key.clone(), index));
        for end in self.parked.take(&id) {
            match end {
                End::Answer(response) => group.answer(index, *response),
                End::Failure(error) => group.fail(index, &error),
            }
        }
        complete(key, group, index)
    }

    /// Adds an answer.
    pub fn response(&mut self, response: Response) -> Option<Complete> {
        let Some((key, index)) = self.requests.get(&response.request_id).cloned() else {
            if !self.is_closed(&response.request_id) {
                self.parked.add(End::Answer(Box::new(response)));
            }
            return None;
        };
        let (_, group) = self.open.get_mut(&key)?;
        group.answer(index, response);
        complete(key, group, index)
    }

    /// Adds a failure. One that names no request ends no call and changes nothing; one that names no target
    /// ends every call of its request that is still open.
    pub fn error(&mut self, error: ErrorRecord) -> Option<Complete> {
        let id = error.request_id.clone()?;
        let Some((key, index)) = self.requests.get(&id).cloned() else {
            if !self.is_closed(&id) {
                self.parked.add(End::Failure(Box::new(error)));
            }
            return None;
        };
        let (_, group) = self.open.get_mut(&key)?;
        group.fail(index, &error);
        complete(key, group, index)
    }

    /// An open group.
    pub fn get(&self, key: &Key) -> Option<&Group> {
        self.open.get(key).map(|(_, group)| group)
    }

    /// Takes a group out; what still comes for it is ignored.
    pub fn close(&mut self, key: &Key) -> Option<Group> {
        let (_, group) = self.open.remove(key)?;
        for request in group.stages().flat_map(|stage| &stage.requests) {
            self.requests.remove(&request.id);
            let hash = short(&request.id);
            if self.closed.insert(hash) {
                self.closed_order.push_back(hash);
            }
        }
        while self.closed_order.len() > CLOSED {
            self.closed_order.pop_front().map(|hash| self.closed.remove(&hash));
        }
        Some(group)
    }

    /// Takes out what is left at the end of the stream, in the order in which it was opened.
    ///
    /// Answers without a request come last, as groups of their own without a pattern, one for each prompt: a
    /// stream of answers alone can still be merged.
    pub fn finish(self) -> Vec<Group> {
        let mut open: Vec<_> = self.open.into_values().collect();
        open.sort_by_key(|(opened, _)| *opened);
        let mut groups: Vec<_> = open.into_iter().map(|(_, group)| group).collect();
        let parked = self.parked.into_groups(|id| {
            let at = self.prompts.iter().rposition(|prompt| prompt.id == id);
            at.map(|at| Arc::clone(&self.prompts[at]))
        });
        groups.extend(parked);
        groups
    }

    fn is_closed(&self, request_id: &str) -> bool {
        self.closed.contains(&short(request_id))
    }
}

fn short(request_id: &str) -> u64 {
    ContentHash::new("ultra closed request v1").field(request_id).number()
}

fn complete(key: Key, group: &Group, index: u32) -> Option<Complete> {
    let stage = group.stage(index)?;
    stage.is_complete().then(|| Complete {
        key,
        stage: index,
        last: index + 1 >= group.of,
        followed: stage
            .requests
            .iter()
            .any(|request| request.stage.as_ref().is_some_and(|stage| stage.followed)),
    })
}

#[cfg(test)]
mod tests;
