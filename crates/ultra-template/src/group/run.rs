//! One group: the panel, the stages that were asked, and how each call ended.

use std::collections::BTreeMap;
use std::sync::Arc;

use ultra_core::kind::ErrorKind;
use ultra_core::record::{ErrorRecord, PatternRef, Prompt, Request, Response, Role};
use ultra_core::target;

/// A member of the panel: one sample of one target. Its number is its place in the panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// The target, without the number of samples.
    pub target: String,
    /// Number of the sample in the first stage, from 0.
    pub sample: u32,
}

/// The number of the judge of a stage, who is no member of the panel.
pub const JUDGE: usize = usize::MAX;

/// One call of a stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The member that is asked, by its number in the panel, or [`JUDGE`].
    pub member: usize,
    /// The request that asks.
    pub request_id: String,
    /// The target, without the number of samples.
    pub target: String,
    /// Number of the sample within the request, from 0.
    pub sample: u32,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It has not ended.
    Open,
    /// With an answer.
    Answered(Box<Response>),
    /// With a failure.
    Failed {
        /// What kind of failure.
        kind: ErrorKind,
        /// The message of the error record.
        message: String,
    },
}

impl Outcome {
    /// Whether nobody heard what the member would have said, since it was not asked, not waited for, or the stream
    /// or the budget ended before. A member that failed has had its say.
    pub fn is_unheard(&self) -> bool {
        matches!(self, Self::Open | Self::Failed { kind: ErrorKind::Cancelled | ErrorKind::Budget, .. })
    }
}

/// One stage of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct StageRun {
    /// Name of the stage.
    pub name: String,
    /// Number of the stage, from 0.
    pub index: u32,
    /// How many requests the stage has.
    pub expected: u32,
    /// Whether it speaks to one judge.
    pub judge: bool,
    /// Whether it yields remarks on answers, which never stand in for one.
    pub review: bool,
    /// The requests that were seen.
    pub requests: Vec<Request>,
    /// Their calls, by member.
    pub calls: Vec<Call>,
}

/// A usable answer. An empty text is not one.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The member that gave it, by its number in the panel.
    pub member: usize,
    /// What it said.
    pub text: &'a str,
    /// The whole record.
    pub response: &'a Response,
}

/// The answers that a group ends with.
#[derive(Debug)]
pub struct Answers<'a> {
    /// The answers, by member.
    pub answers: Vec<Answer<'a>>,
    /// The stage that gave them; `None` when no stage gave any.
    pub stage: Option<&'a StageRun>,
    /// True when they are not those of the last stage of the pattern.
    pub fallback: bool,
}

/// The stages of one prompt under one pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// The prompt.
    pub prompt_id: String,
    /// The prompt record, when it was in the stream shortly before its requests.
    pub prompt: Option<Arc<Prompt>>,
    /// The pattern that made the requests.
    pub pattern: Option<PatternRef>,
    /// How many stages come before the synthesis.
    pub of: u32,
    panel: BTreeMap<usize, Seat>,
    stages: BTreeMap<u32, StageRun>,
}

impl StageRun {
    /// Whether every request was seen and every call has ended.
    pub fn is_complete(&self) -> bool {
        self.requests.len() >= self.expected as usize
            && !self.calls.is_empty()
            && self.calls.iter().all(|call| call.outcome != Outcome::Open)
    }

    /// Whether any call has ended.
    pub fn has_begun(&self) -> bool {
        self.calls.iter().any(|call| call.outcome != Outcome::Open)
    }

    /// The usable answers, by member.
    pub fn answers(&self) -> Vec<Answer<'_>> {
        let answered = self.calls.iter().filter_map(|call| match &call.outcome {
            Outcome::Answered(response) if !response.text.trim().is_empty() => {
                Some(Answer { member: call.member, text: &response.text, response })
            }
            _ => None,
        });
        answered.collect()
    }

    /// The calls that have not ended.
    pub fn missing(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| call.outcome == Outcome::Open)
    }

    fn answer_call(&mut self, response: &Response) -> Option<&mut Call> {
        self.calls.iter_mut().find(|call| {
            call.request_id == response.request_id
                && call.target == response.target
                && call.sample == response.sample
        })
    }
}

impl Group {
    pub(super) fn new(request: &Request, prompt: Option<Arc<Prompt>>) -> Self {
        Self {
            prompt_id: request.prompt_id.clone(),
            prompt,
            pattern: request.pattern.clone(),
            of: request.stage.as_ref().map_or(1, |stage| stage.of),
            panel: BTreeMap::new(),
            stages: BTreeMap::new(),
        }
    }

    pub(super) fn unasked(prompt_id: &str, prompt: Option<Arc<Prompt>>) -> Self {
        Self {
            prompt_id: prompt_id.to_owned(),
            prompt,
            pattern: None,
            of: 0,
            panel: BTreeMap::new(),
            stages: BTreeMap::new(),
        }
    }

    /// The stages that were asked, in order.
    pub fn stages(&self) -> impl Iterator<Item = &StageRun> {
        self.stages.values()
    }

    /// The stage with number `index`.
    pub fn stage(&self, index: u32) -> Option<&StageRun> {
        self.stages.get(&index)
    }

    /// The member with number `member`.
    pub fn seat(&self, member: usize) -> Option<&Seat> {
        self.panel.get(&member)
    }

    /// The members of the panel with their numbers.
    pub fn panel(&self) -> impl Iterator<Item = (usize, &Seat)> {
        self.panel.iter().map(|(member, seat)| (*member, seat))
    }

    /// What the group ends with: the answers of the last stage, or of the latest stage that has any.
    pub fn answers(&self) -> Answers<'_> {
        let mut fallback = false;
        for index in (0..self.of).rev() {
            let Some(stage) = self.stages.get(&index) else {
                fallback = true;
                continue;
            };
            if stage.review {
                continue;
            }
            let answers = stage.answers();
            if !answers.is_empty() {
                return Answers { answers, stage: Some(stage), fallback };
            }
            fallback = true;
        }
        Answers { answers: Vec::new(), stage: None, fallback: false }
    }

    /// The first-stage request that `member` got; another member's when it got none, as when it is a judge.
    pub fn first_request(&self, member: Option<usize>) -> Option<&Request> {
        let first = self.stages.values().next()?;
        let own = first.calls.iter().find(|call| Some(call.member) == member);
        let of_member =
            own.and_then(|call| first.requests.iter().find(|request| request.id == call.request_id));
        of_member.or(first.requests.first())
    }

    /// The question as it was put to the panel: the last user message of the first stage.
    pub fn question(&self) -> Option<String> {
        let request = self.first_request(None)?;
        let asked = request.messages.iter().rfind(|message| message.role == Role::User)?;
        Some(asked.content.text().into_owned())
    }

    pub(super) fn add(&mut self, request: Request) -> u32 {
        let place = request.stage.as_ref();
        let (name, index, expected) = match place {
            Some(stage) => (stage.name.clone(), stage.index, stage.requests),
            None => ("answer".to_owned(), 0, 1),
        };
        let (judge, review) = place.map_or((false, false), |stage| (stage.judge, stage.review));
        let member = |at: usize| match place {
            _ if judge => Some(JUDGE),
            Some(stage) => stage.members.get(at).copied().or(stage.member).map(|member| member as usize),
            None => None,
        };
        // A number of samples that is not one leaves a request without calls; whoever asks reports it.
        let asked = target::calls(&request).unwrap_or_default();
        self.stages.entry(index).or_insert_with(|| StageRun {
            judge,
            review,
            ..StageRun::new(name, index, expected)
        });
        let members: Vec<_> = (0..asked.len()).map(member).collect();
        for (call, member) in asked.into_iter().zip(members) {
            let seat = Seat { target: call.target, sample: call.sample };
            self.sit(index, member, seat, &request.id, Outcome::Open);
        }
        if let Some(stage) = self.stages.get_mut(&index) {
            stage.requests.push(request);
        }
        index
    }

    /// The number of the stage called `name`, which is added when it is new. For answers without requests.
    pub(super) fn stage_named(&mut self, name: &str) -> u32 {
        if let Some(stage) = self.stages.values().find(|stage| stage.name == name) {
            return stage.index;
        }
        let index = self.of;
        self.of += 1;
        self.stages.insert(index, StageRun::new(name.to_owned(), index, 0));
        index
    }

    pub(super) fn answer(&mut self, index: u32, response: Response) {
        let Some(stage) = self.stages.get_mut(&index) else { return };
        if let Some(call) = stage.answer_call(&response) {
            // The first answer stands; an answer outdoes a failure.
            if !matches!(call.outcome, Outcome::Answered(_)) {
                call.outcome = Outcome::Answered(Box::new(response));
            }
            return;
        }
        let seat = Seat { target: response.target.clone(), sample: response.sample };
        let request_id = response.request_id.clone();
        self.sit(index, None, seat, &request_id, Outcome::Answered(Box::new(response)));
    }

    /// Adds a call to a stage: for `member`, or for the member with this seat that has no call in the stage yet,
    /// or for a new one.
    fn sit(&mut self, index: u32, member: Option<usize>, seat: Seat, request_id: &str, outcome: Outcome) {
        let Some(stage) = self.stages.get_mut(&index) else { return };
        let is_free = |member: usize| !stage.calls.iter().any(|call| call.member == member);
        let known = self.panel.iter().find(|(member, other)| **other == seat && is_free(**member));
        let next = self.panel.last_key_value().map_or(0, |(last, _)| last + 1);
        let member = member.or(known.map(|(member, _)| *member)).unwrap_or(next);
        let Seat { target, sample } = seat.clone();
        if member != JUDGE {
            self.panel.entry(member).or_insert(seat);
        }
        stage.calls.push(Call { member, request_id: request_id.to_owned(), target, sample, outcome });
        stage.calls.sort_by_key(|call| call.member);
    }

    pub(super) fn fail(&mut self, index: u32, error: &ErrorRecord) {
        let Some(stage) = self.stages.get_mut(&index) else { return };
        for call in &mut stage.calls {
            let is_meant = error.request_id.as_deref() == Some(&call.request_id)
                && error.target.as_ref().is_none_or(|target| *target == call.target)
                && error.sample.is_none_or(|sample| sample == call.sample);
            if is_meant && call.outcome == Outcome::Open {
                call.outcome = Outcome::Failed { kind: error.kind, message: error.message.clone() };
            }
        }
    }
}

impl StageRun {
    fn new(name: String, index: u32, expected: u32) -> Self {
        Self { name, index, expected, judge: false, review: false, requests: Vec::new(), calls: Vec::new() }
    }
}
