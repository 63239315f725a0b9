//! One prompt after the other is merged here: strategies are driven down the ladder, and their calls are made.
//!
//! The desk owns the calls: it reads replies in the form that was asked for, asks once more when a reply has another,
//! counts calls against their limit, and lets go of those that nobody wants any more.

mod words;

use std::collections::{BTreeMap, VecDeque};

use ultra_core::failure::Failure;
use ultra_core::id::ContentHash;
use ultra_core::kind::ErrorKind;
use ultra_core::record::{ErrorRecord, Message, Verdict};
use ultra_core::tool::Tool as _;
use ultra_provider::Call;
use ultra_provider::dispatch::{Finished, Ticket};

use crate::Synth;
use crate::aggregate::vote::Unmet;
use crate::bill::Bill;
use crate::calls::Calls;
use crate::candidate::Case;
use crate::draft::{Draft, Said};
use crate::form::{Reply, said};
use crate::found::{Found, Judgement, Miss};
use crate::ladder::{Ladder, Rung, Slip};
use crate::made::Made;
use crate::page::Format;
use crate::patterns::Patterns;
use crate::setting::Plan;
use crate::strategy::{Ask, By, Core, Move, Strategy, View, pure};
use crate::tally::Tally;
use crate::tool::nobody;
use crate::visible::visible;
use words::{named, no_inputs, once_more};

/// Degraded prompts that are spoken about.
const WARNINGS: u64 = 10;

/// The prompts that are being merged.
#[derive(Debug)]
pub(crate) struct Desk {
    plan: Plan,
    patterns: Patterns,
    open: BTreeMap<u64, Work>,
    asked: BTreeMap<Ticket, Asked>,
    /// Results that wait for an earlier prompt.
    held: BTreeMap<u64, Outcome>,
    ready: VecDeque<Outcome>,
    begun: u64,
    given: u64,
    pub(crate) tally: Tally,
}

/// One prompt, as it comes to the desk.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) case: Case,
    /// What earlier strategies judged of its answers.
    pub(crate) before: Vec<Verdict>,
    /// Lines that come out in front of what is made of it.
    pub(crate) lines: Vec<Vec<u8>>,
}

/// One prompt on its way down the ladder.
#[derive(Debug)]
struct Work {
    case: Case,
    before: Vec<Verdict>,
    lines: Vec<Vec<u8>>,
    ladder: Ladder,
    core: Option<Core>,
    bill: Bill,
    /// What rungs judged that did not hold, each strategy once.
    missed: Vec<Judgement>,
}

impl Work {
    /// Keeps what a rung judged in vain.
    fn keep(&mut self, judgement: Option<Box<Judgement>>) {
        let Some(judgement) = judgement.map(|judgement| *judgement) else { return };
        let before = self.missed.pop_if(|before| before.strategy == judgement.strategy);
        self.missed.push(before.into_iter().fold(judgement, Judgement::after));
    }
}

/// A call under way.
#[derive(Debug)]
struct Asked {
    /// The prompt that wants it.
    number: Option<u64>,
    ask: Ask,
    /// It repeats one whose reply had another form.
    again: bool,
    /// When it began, in milliseconds on the chain of calls that led to it.
    since: u64,
    /// What came of the reply.
    said: Said,
}

/// What became of a prompt, and the lines that come out in front of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Number of the prompt.
    pub(crate) number: u64,
    pub(crate) lines: Vec<Vec<u8>>,
    pub(crate) what: What,
}

/// What became of a prompt.
#[derive(Debug)]
pub(crate) enum What {
    Made(Box<Made>),
    Failed(Box<ErrorRecord>),
}

impl Desk {
    /// A desk without work.
    pub(crate) fn new(plan: Plan, patterns: Patterns, tally: Tally) -> Self {
        Self {
            plan,
            patterns,
            open: BTreeMap::new(),
            asked: BTreeMap::new(),
            held: BTreeMap::new(),
            ready: VecDeque::new(),
            begun: 0,
            given: 0,
            tally,
        }
    }

    /// Prompts that wait for a reply.
    pub(crate) fn busy(&self) -> usize {
        self.open.len()
    }

    /// Whether one more prompt can be begun, with so many `jobs`: results that wait for their turn count too.
    pub(crate) fn has_room(&self, jobs: usize) -> bool {
        self.open.len() < jobs && self.open.len() + self.held.len() < 4 * jobs
    }

    /// The targets whose vote has a weight of its own.
    pub(crate) fn weighted(&self) -> Unmet {
        Unmet::new(&self.plan.vote.weights)
    }

    /// The strategy.
    pub(crate) fn strategy(&self) -> Strategy {
        self.plan.strategy
    }

    /// The form that the pattern of a prompt gives to the answer.
    pub(crate) fn form(&mut self, case: &Case) -> Option<Format> {
        self.patterns.of(case).map(|pattern| pattern.ultra.format.into())
    }

    /// The same for the prompt with this number, while it is open.
    pub(crate) fn form_of(&mut self, number: u64) -> Option<Format> {
        let work = self.open.get(&number)?;
        self.patterns.of(&work.case).map(|pattern| pattern.ultra.format.into())
    }

    /// The prompt that wants this call.
    pub(crate) fn number(&self, ticket: Ticket) -> Option<u64> {
        self.asked.get(&ticket)?.number
    }

    /// Whether the result of this prompt, were it there, would come out next.
    pub(crate) fn is_next(&self, number: u64) -> bool {
        !self.plan.in_order || number == self.given
    }

    /// Takes in a piece of a reply. Gives back what there is of it, when the reply is to be the result.
    pub(crate) fn told(&mut self, ticket: Ticket, attempt: u32, piece: &str) -> Option<Draft<'_>> {
        let asked = self.asked.get_mut(&ticket).filter(|asked| asked.ask.is_result)?;
        asked.said.take(attempt, piece);
        self.draft(ticket, &self.asked[&ticket])
    }

    /// What there is of the text that would come out next.
    pub(crate) fn next_draft(&self) -> Option<Draft<'_>> {
        let drafts = self.asked.iter().filter_map(|(ticket, asked)| self.draft(*ticket, asked));
        drafts.filter(|draft| draft.is_next && !draft.text.is_empty()).min_by_key(|draft| draft.number)
    }

    fn draft<'a>(&'a self, call: Ticket, asked: &'a Asked) -> Option<Draft<'a>> {
        let number = asked.number.filter(|_| asked.ask.is_result)?;
        Some(Draft {
            number,
            is_next: self.is_next(number),
            case: &self.open.get(&number)?.case,
            call,
            request_id: &asked.said.request_id,
            target: &asked.ask.target,
            sample: asked.ask.sample,
            attempt: asked.said.attempt,
            text: &asked.said.text,
            piece: asked.said.piece(),
        })
    }

    /// The next result.
    pub(crate) fn take(&mut self) -> Option<Outcome> {
        self.ready.pop_front()
    }

    /// Begins with a prompt.
    ///
    /// # Errors
    /// A usage failure when a judge is needed and nobody is named.
    pub(crate) fn begin(&mut self, job: Job, calls: &mut Calls) -> Result<(), Failure> {
        let Job { case, before, lines } = job;
        let number = self.begun;
        self.begun += 1;
        let (count, wanted) = (case.candidates.len(), self.plan.min_answers);
        let fallback = case.fallback.as_ref().map(|fallback| Slip::of(ErrorKind::NoInputs, fallback));
        let strategy = self.plan.strategy;
        let mut work = Work {
            ladder: Ladder::new(strategy, self.plan.judges.len(), count),
            core: Core::new(strategy).filter(|_| count > 1),
            case,
            before,
            lines,
            bill: Bill::default(),
            missed: Vec::new(),
        };
        if count < wanted {
            let record = no_inputs(&work.case, wanted);
            self.finish(number, work.lines, What::Failed(Box::new(record)));
            return Ok(());
        }
        let fallback = fallback.or_else(|| keep_top(&mut work, self.plan.top?));
        if strategy.needs_judge() && self.plan.judges.is_empty() && work.core.is_some() {
            return Err(nobody(strategy));
        }
        match fallback {
            Some(slip) if self.plan.strict => {
                self.refuse(number, work, &slip);
                return Ok(());
            }
            Some(slip) => work.ladder.note(slip),
            None => {}
        }
        self.climb(number, work, calls);
        Ok(())
    }

    /// Says that nobody was asked about a prompt.
    pub(crate) fn unasked(&mut self, prompt_id: &str) -> ErrorRecord {
        let message =
            format!("prompt `{prompt_id}` has no request and no answer; pass it through ultra-fanout first");
        let mut record = ErrorRecord::new(Synth::NAME, ErrorKind::NoInputs, message);
        record.prompt_id = Some(prompt_id.to_owned());
        self.tally.failed();
        record
    }

    /// A call is over.
    pub(crate) fn answered(&mut self, done: &Finished, calls: &mut Calls) {
        let Some(Asked { number, ask, again, since, .. }) = self.asked.remove(&done.ticket) else { return };
        let work = number.and_then(|number| Some((number, self.open.remove(&number)?)));
        for wasted in &done.wasted {
            self.tally.paid(wasted.usage.as_ref(), wasted.cost_usd);
        }
        if let Ok(answer) = &done.result
            && done.attempts > 0
        {
            self.tally.paid(answer.usage.as_ref(), answer.cost_usd);
        }
        let heard = said(done);
        self.tally.call(&ask.target, heard.as_ref().map_or_else(|slip| slip.kind, |_| "ok"));
        let Some((number, mut work)) = work else { return };
        let end = work.bill.hear(since, done);
        let reply = match heard {
            Err(slip) => Err(slip),
            Ok((text, mock)) => match ask.form.read(&text) {
                Ok((text, json)) => Ok(Reply { text, json, target: ask.target.clone(), mock }),
                // Another reply would be held against the same schema.
                Err((kind, why)) if !again && kind != ErrorKind::TooLarge && self.may_call(&work, 1) => {
                    let call = self.call(&mut work, &ask, &once_more(&text, &why));
                    let said = Said::nothing(&call.request_id);
                    let asked = Asked { number: Some(number), ask, again: true, since: end, said };
                    self.asked.insert(calls.submit(call, None), asked);
                    self.open.insert(number, work);
                    return;
                }
                Err((kind, why)) => Err(Slip::of(kind, why)),
            },
        };
        let reply = reply.map_err(|slip| named(slip, &ask.target));
        let made = self.play(&mut work, |core, view| core.hear(view, ask.slot, reply));
        self.follow(number, work, made, calls);
    }

    /// What was not finished: how many prompts that are, and the lines that came in for them.
    pub(crate) fn let_go(&mut self) -> (usize, Vec<Vec<u8>>) {
        self.ready.extend(std::mem::take(&mut self.held).into_values());
        let open = std::mem::take(&mut self.open);
        (open.len(), open.into_values().flat_map(|work| work.lines).collect())
    }

    /// Goes down the ladder until a rung holds or models are asked.
    fn climb(&mut self, number: u64, mut work: Work, calls: &mut Calls) {
        loop {
            let rung = work.ladder.rung();
            if rung.asks() {
                let judges = match rung {
                    Rung::Judge(judge) => self.plan.judges[judge].clone(),
                    _ => String::new(),
                };
                let by = match rung {
                    Rung::Judge(number) => By::Judge { number, name: &judges },
                    _ => By::Members,
                };
                let made = self.play(&mut work, |core, view| core.begin(view, by));
                return self.follow(number, work, made, calls);
            }
            let view = View { case: &work.case, plan: &self.plan, pattern: None, before: &work.before };
            let tried = match (rung, &work.core) {
                (Rung::Partial, Some(core)) => core.salvage(&view).map(Ok),
                _ => pure::rung(rung, &view),
            };
            match tried {
                None => work.ladder.skip(),
                Some(Ok(found)) => return self.give(number, work, found),
                // What is not agreed on is not accepted, and is left to the next strategy.
                Some(Err(Miss { judgement: Some(judgement), .. }))
                    if self.plan.accept.is_some() && !self.plan.strategy.asks() =>
                {
                    return self.give(number, work, Found::verdict(*judgement));
                }
                Some(Err(miss)) => {
                    work.keep(miss.judgement);
                    if self.plan.strict {
                        return self.refuse(number, work, &miss.slip);
                    }
                    work.ladder.slip(miss.slip);
                }
            }
        }
    }

    /// Does what a strategy wants.
    fn follow(&mut self, number: u64, mut work: Work, made: Move, calls: &mut Calls) {
        let made = match made {
            Move::Ask(asks) if !self.may_call(&work, asks.len()) => {
                let most = self.plan.max_calls.unwrap_or_default();
                let message = format!("{} more calls, and --max-calls {most} is the limit", asks.len());
                Move::failed(Slip::of(ErrorKind::Budget, message))
            }
            made => made,
        };
        match made {
            Move::Ask(asks) => {
                for ask in asks {
                    let call = self.call(&mut work, &ask, &[]);
                    let said = Said::nothing(&call.request_id);
                    let since = work.bill.now();
                    let asked = Asked { number: Some(number), ask, again: false, since, said };
                    self.asked.insert(calls.submit(call, None), asked);
                }
                self.open.insert(number, work);
            }
            Move::Done(found) => {
                self.withdraw(number, calls);
                self.give(number, work, *found);
            }
            Move::Failed(Miss { slip, judgement }) => {
                work.keep(judgement);
                self.withdraw(number, calls);
                let slip = Slip { message: format!("{}: {}", work.ladder.rung(), slip.message), ..slip };
                if self.plan.strict {
                    return self.refuse(number, work, &slip);
                }
                work.ladder.slip(slip);
                self.climb(number, work, calls);
            }
        }
    }

    /// Lets a strategy act.
    fn play(&mut self, work: &mut Work, act: impl FnOnce(&mut Core, &View<'_>) -> Move) -> Move {
        let Work { case, core, before, .. } = work;
        let pattern = if self.plan.strategy == Strategy::Fuse { self.patterns.of(case) } else { None };
        let view = View { case, plan: &self.plan, pattern, before };
        match core {
            Some(core) => act(core, &view),
            None => Move::failed(Slip::of(ErrorKind::Internal, "the strategy asks nobody")),
        }
    }

    fn may_call(&self, work: &Work, count: usize) -> bool {
        self.plan.max_calls.is_none_or(|most| work.bill.calls + count as u64 <= most)
    }

    fn call(&self, work: &mut Work, ask: &Ask, more: &[Message]) -> Call {
        work.bill.calls += 1;
        let messages: Vec<Message> = ask.messages.iter().chain(more).cloned().collect();
        let mut content = ContentHash::new("ultra synth request v1");
        for message in &messages {
            content.add(message.role.as_str());
            content.add(message.content.text().as_bytes());
        }
        Call {
            request_id: content.id("req"),
            target: ask.target.clone(),
            sample: ask.sample,
            messages: messages.into(),
            params: self.plan.params.clone(),
            output_schema: ask.form.output_schema(),
        }
    }

    /// Nobody wants what is still asked for this prompt.
    fn withdraw(&mut self, number: u64, calls: &mut Calls) {
        for (ticket, asked) in &mut self.asked {
            if asked.number == Some(number) {
                asked.number = None;
                calls.withdraw(*ticket);
            }
        }
    }

    fn give(&mut self, number: u64, work: Work, found: Found) {
        let Work { case, ladder, bill, missed, lines, .. } = work;
        let long = case.candidates.iter().filter(|candidate| candidate.text.len() > self.plan.limit);
        let long = long.filter(|_| bill.calls > 0);
        let shortened = long.map(|candidate| candidate.id.clone()).collect();
        let made = Made::new(&self.plan, case, ladder, found, missed);
        let made = Made { bill, shortened, ..made };
        self.finish(number, lines, What::Made(Box::new(made)));
    }

    fn refuse(&mut self, number: u64, work: Work, slip: &Slip) {
        let prompt = &work.case.group.prompt_id;
        let message = format!("prompt `{prompt}` is not merged, because of --strict: {slip}");
        let mut record = ErrorRecord::new(Synth::NAME, slip.error, message);
        record.prompt_id = Some(prompt.clone());
        self.finish(number, work.lines, What::Failed(Box::new(record)));
    }

    /// Gives a result out, or holds it back until those before it are there.
    fn finish(&mut self, number: u64, lines: Vec<Vec<u8>>, what: What) {
        match &what {
            What::Made(made) => {
                if let Some(reason) = made.ladder.reason() {
                    self.warn(made, &reason);
                }
                self.tally.made(made);
            }
            What::Failed(_) => self.tally.failed(),
        }
        let outcome = Outcome { number, lines, what };
        if !self.plan.in_order {
            self.ready.push_back(outcome);
            return;
        }
        self.held.insert(number, outcome);
        while let Some(outcome) = self.held.remove(&self.given) {
            self.given += 1;
            self.ready.push_back(outcome);
        }
    }

    /// Says that a prompt had to go down the ladder, but not endlessly: the records say it of each.
    fn warn(&self, made: &Made, reason: &str) {
        let (prompt, reason) = (visible(&made.case.group.prompt_id), visible(reason));
        let (done, rung) = (if made.has_answer() { "merged" } else { "judged" }, made.ladder.rung());
        let entrant = self.plan.entrant.as_ref();
        let of = entrant.map(|name| format!("strategy `{}`: ", visible(name))).unwrap_or_default();
        match self.tally.degraded {
            0..WARNINGS => tracing::warn!("{of}prompt `{prompt}` is {done} by {rung}, because: {reason}"),
            WARNINGS if entrant.is_some() => tracing::warn!("{of}more prompts are degraded"),
            WARNINGS => tracing::warn!("more prompts are degraded; their records say why"),
            _ => {}
        }
    }
}

/// Keeps the answers that an earlier strategy ranked first; a slip when there was none.
fn keep_top(work: &mut Work, top: usize) -> Option<Slip> {
    if work.case.candidates.len() <= top {
        return None;
    }
    let ranked = work.before.iter().rev().find(|verdict| verdict.ranking.len() > 1);
    let Some(ranked) = ranked else {
        let message = format!("no ranking to take the first {top} answers of; all are used");
        return Some(Slip::of(ErrorKind::NoInputs, message));
    };
    let ids: Vec<&str> = ranked.ranking.iter().take(top).map(|rank| rank.response_id.as_str()).collect();
    work.case.keep(&ids);
    if work.case.candidates.len() == 1 {
        work.core = None;
        work.ladder = Ladder::new(Strategy::Concat, 0, 1);
    }
    None
}
