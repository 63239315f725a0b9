//! Answers whose request has not been seen.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use ultra_core::record::{ErrorRecord, Prompt, Response};

use super::run::Group;

/// How a call ended.
#[derive(Debug)]
pub(super) enum End {
    Answer(Box<Response>),
    Failure(Box<ErrorRecord>),
}

impl End {
    fn request_id(&self) -> &str {
        match self {
            Self::Answer(response) => &response.request_id,
            Self::Failure(error) => error.request_id.as_deref().unwrap_or_default(),
        }
    }

    fn prompt_id(&self) -> Option<&str> {
        match self {
            Self::Answer(response) => Some(&response.prompt_id),
            Self::Failure(error) => error.prompt_id.as_deref(),
        }
    }
}

/// Ends of calls in the order of their arrival, found by request.
#[derive(Debug)]
pub(super) struct Parked {
    ends: BTreeMap<u64, End>,
    by_request: BTreeMap<String, VecDeque<u64>>,
    limit: usize,
    arrived: u64,
}

impl Default for Parked {
    fn default() -> Self {
        Self::new(usize::MAX)
    }
}

impl Parked {
    pub(super) fn new(limit: usize) -> Self {
        Self { ends: BTreeMap::new(), by_request: BTreeMap::new(), limit, arrived: 0 }
    }

    pub(super) fn add(&mut self, end: End) {
        self.by_request.entry(end.request_id().to_owned()).or_default().push_back(self.arrived);
        self.ends.insert(self.arrived, end);
        self.arrived += 1;
        if self.ends.len() > self.limit {
            self.forget_oldest();
        }
    }

    pub(super) fn take(&mut self, request_id: &str) -> Vec<End> {
        let arrivals = self.by_request.remove(request_id).unwrap_or_default();
        arrivals.iter().filter_map(|arrival| self.ends.remove(arrival)).collect()
    }

    /// One group for each prompt, in the order of arrival.
    pub(super) fn into_groups(self, prompt: impl Fn(&str) -> Option<Arc<Prompt>>) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for end in self.ends.into_values() {
            let Some(id) = end.prompt_id() else { continue };
            let at = groups.iter().position(|group| group.prompt_id == id).unwrap_or_else(|| {
                groups.push(Group::unasked(id, prompt(id)));
                groups.len() - 1
            });
            match end {
                End::Answer(response) => {
                    let stage = groups[at].stage_named(&response.stage);
                    groups[at].answer(stage, *response);
                }
                End::Failure(error) => {
                    let stage = groups[at].stage_named(error.stage.as_deref().unwrap_or("answer"));
                    groups[at].fail(stage, &error);
                }
            }
        }
        groups
    }

    fn forget_oldest(&mut self) {
        let Some((arrival, end)) = self.ends.pop_first() else { return };
        if let Some(arrivals) = self.by_request.get_mut(end.request_id()) {
            arrivals.retain(|other| *other != arrival);
            if arrivals.is_empty() {
                self.by_request.remove(end.request_id());
            }
        }
    }
}
