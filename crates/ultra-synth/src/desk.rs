//! One prompt after the other is merged here: the ladder is climbed down, and judges are asked.

use std::collections::BTreeMap;

use ultra_core::failure::Failure;
use ultra_core::id::ContentHash;
use ultra_core::kind::ErrorKind;
use ultra_core::record::{ErrorRecord, Json, Usage};
use ultra_provider::Call;
use ultra_provider::dispatch::{Dispatcher, Finished, Ticket};
use ultra_template::group::Group;

use crate::brief::{Style, brief};
use crate::candidate::Case;
use crate::concat::concat;
use crate::judged::judged;
use crate::ladder::{Ladder, Rung, Slip};
use crate::made::{Made, add_usage};
use crate::medoid::{Medoid, medoid};
use crate::page::Page;
use crate::patterns::Patterns;
use crate::setting::Plan;
use crate::similar::Matrix;
use crate::tally::Tally;
use crate::visible::visible;

/// Degraded prompts that are spoken about.
const WARNINGS: u64 = 10;

/// The prompts that are being merged.
#[derive(Debug)]
pub(crate) struct Desk {
    plan: Plan,
    patterns: Patterns,
    asked: BTreeMap<Ticket, Work>,
    /// Results that wait for an earlier prompt.
    held: BTreeMap<u64, Outcome>,
    begun: u64,
    given: u64,
    pub(crate) tally: Tally,
}

/// One prompt on its way down the ladder.
#[derive(Debug)]
struct Work {
    number: u64,
    case: Case,
    ladder: Ladder,
    usage: Option<Usage>,
    cost_usd: Option<f64>,
    shortened: Vec<String>,
}

/// What became of a prompt.
#[derive(Debug)]
enum Outcome {
    Made(Box<Made>),
    Failed(Box<ErrorRecord>),
}

/// Where the text of a synthesis comes from.
enum Text {
    /// A judge wrote it.
    Written { text: String, target: String, mock: bool },
    /// The candidates were compared.
    Compared(Medoid),
    /// It is that of the candidates themselves.
    Own,
}

impl Desk {
    /// A desk without work.
    pub(crate) fn new(plan: Plan, patterns: Patterns, tally: Tally) -> Self {
        Self { plan, patterns, asked: BTreeMap::new(), held: BTreeMap::new(), begun: 0, given: 0, tally }
    }

    /// Prompts whose judge has not answered.
    pub(crate) fn busy(&self) -> usize {
        self.asked.len()
    }

    /// Whether one more prompt can be begun, with so many `jobs`: results that wait for their turn count too.
    pub(crate) fn has_room(&self, jobs: usize) -> bool {
        self.asked.len() < jobs && self.asked.len() + self.held.len() < 4 * jobs
    }

    /// Begins with a prompt.
    pub(crate) fn begin(
        &mut self,
        group: Group,
        calls: &mut Dispatcher,
        page: &mut Page<'_>,
    ) -> Result<(), Failure> {
        let case = Case::of(group);
        let number = self.begun;
        self.begun += 1;
        let (count, wanted) = (case.candidates.len(), self.plan.min_answers);
        if count < wanted {
            let record = no_inputs(page.tool(), &case, wanted);
            return self.finish(number, Outcome::Failed(Box::new(record)), page);
        }
        let mut ladder = Ladder::new(self.plan.strategy, self.plan.judges.len(), count);
        if let Some(fallback) = &case.fallback {
            let slip = Slip::of(ErrorKind::NoInputs, fallback);
            if self.plan.strict {
                return self.refuse(number, &case, ErrorKind::NoInputs, &slip, page);
            }
            ladder.note(slip);
        }
        let work = Work { number, case, ladder, usage: None, cost_usd: None, shortened: Vec::new() };
        self.climb(work, calls, page)
    }

    /// Says that nobody was asked about a prompt.
    pub(crate) fn unasked(&mut self, prompt_id: &str, page: &mut Page<'_>) -> Result<(), Failure> {
        let message =
            format!("prompt `{prompt_id}` has no request and no answer; pass it through ultra-fanout first");
        let mut record = ErrorRecord::new(page.tool(), ErrorKind::NoInputs, message);
        record.prompt_id = Some(prompt_id.to_owned());
        self.tally.failed();
        page.error(record)
    }

    /// A judge is done.
    pub(crate) fn answered(
        &mut self,
        done: &Finished,
        calls: &mut Dispatcher,
        page: &mut Page<'_>,
    ) -> Result<(), Failure> {
        let Some(mut work) = self.asked.remove(&done.ticket) else { return Ok(()) };
        let target = done.call.target.clone();
        if let Ok(answer) = &done.result {
            work.usage = add_usage(work.usage.take(), answer.usage.clone());
            work.cost_usd = match (work.cost_usd, answer.cost_usd) {
                (None, None) => None,
                (one, other) => Some(one.unwrap_or_default() + other.unwrap_or_default()),
            };
            self.tally.paid(answer.usage.as_ref(), answer.cost_usd);
        }
        match judged(done) {
            Ok((text, mock)) => {
                self.tally.call(&target, "ok");
                self.give(work, Text::Written { text, target, mock }, page)
            }
            Err((kind, message)) => {
                self.tally.call(&target, kind.as_str());
                let who = if message.starts_with(&target) { String::new() } else { format!("{target}: ") };
                let slip = Slip::of(kind, format!("{}: {who}{message}", work.ladder.rung()));
                if self.plan.strict {
                    return self.refuse(work.number, &work.case, kind, &slip, page);
                }
                work.ladder.slip(slip);
                self.climb(work, calls, page)
            }
        }
    }

    /// Gives out what is done, and lets go of what is not; how many prompts that are.
    pub(crate) fn let_go(&mut self, page: &mut Page<'_>) -> Result<usize, Failure> {
        for outcome in std::mem::take(&mut self.held).into_values() {
            self.put(outcome, page)?;
        }
        Ok(std::mem::take(&mut self.asked).len())
    }

    /// Goes down the ladder until a rung holds or a judge is asked.
    fn climb(&mut self, mut work: Work, calls: &mut Dispatcher, page: &mut Page<'_>) -> Result<(), Failure> {
        match work.ladder.rung() {
            Rung::Judge(judge) => {
                let call = self.call(&mut work, judge);
                match call {
                    Ok(call) => {
                        self.asked.insert(calls.submit(call, None), work);
                        Ok(())
                    }
                    Err(slip) if self.plan.strict => {
                        self.refuse(work.number, &work.case, ErrorKind::TemplatePattern, &slip, page)
                    }
                    Err(slip) => {
                        work.ladder.slip(slip);
                        self.climb(work, calls, page)
                    }
                }
            }
            Rung::Single | Rung::Concat => self.give(work, Text::Own, page),
            Rung::Medoid => {
                let found = medoid(&Matrix::lexical(&work.case.texts()));
                if found.winner.is_none() {
                    let message = "no two answers have anything in common, none is most like the others";
                    let slip = Slip { kind: "no_agreement", message: message.into() };
                    if self.plan.strict {
                        return self.refuse(work.number, &work.case, ErrorKind::NoInputs, &slip, page);
                    }
                    work.ladder.slip(slip);
                }
                self.give(work, Text::Compared(found), page)
            }
        }
    }

    fn give(&mut self, work: Work, text: Text, page: &mut Page<'_>) -> Result<(), Failure> {
        let Work { number, case, ladder, usage, cost_usd, shortened } = work;
        let mut made = Made {
            strategy: self.plan.strategy,
            text: String::new(),
            target: None,
            usage,
            cost_usd,
            mock: false,
            medoid: None,
            shortened: Vec::new(),
            ladder,
            case,
        };
        match text {
            Text::Written { text, target, mock } => {
                made = Made { text, target: Some(target), mock, shortened, ..made };
            }
            Text::Compared(found) => {
                made.text = match found.winner {
                    Some(place) => made.case.candidates[place].text.clone(),
                    None => concat(&made.case.texts()),
                };
                made.medoid = Some(found);
            }
            Text::Own => {
                made.text = match made.case.texts().as_slice() {
                    [only] if made.ladder.rung() == Rung::Single => (*only).to_owned(),
                    texts => concat(texts),
                };
            }
        }
        self.finish(number, Outcome::Made(Box::new(made)), page)
    }

    /// The call of judge number `judge`.
    fn call(&mut self, work: &mut Work, judge: usize) -> Result<Call, Slip> {
        let Plan { seed, limit, .. } = self.plan;
        let style = Style { pattern: self.patterns.of(&work.case), seed, judge, limit };
        let written = match brief(&work.case, &style) {
            Err(fault) if style.pattern.is_some() => {
                tracing::warn!("{fault}; the built-in instruction is used");
                brief(&work.case, &Style { pattern: None, ..style })
            }
            written => written,
        };
        let brief = written.map_err(|fault| Slip::of(fault.kind, fault.to_string()))?;
        work.shortened = brief.shortened;
        let mut content = ContentHash::new("ultra synth request v1");
        for message in &brief.messages {
            content.add(message.role.as_str());
            content.add(message.content.text().as_bytes());
        }
        Ok(Call {
            request_id: content.id("req"),
            target: self.plan.judges[judge].clone(),
            sample: 0,
            messages: brief.messages,
            params: self.plan.params.clone(),
            output_schema: schema(&work.case),
        })
    }

    fn refuse(
        &mut self,
        number: u64,
        case: &Case,
        kind: ErrorKind,
        slip: &Slip,
        page: &mut Page<'_>,
    ) -> Result<(), Failure> {
        let message = format!("prompt `{}` is not merged, because of --strict: {slip}", case.group.prompt_id);
        let mut record = ErrorRecord::new(page.tool(), kind, message);
        record.prompt_id = Some(case.group.prompt_id.clone());
        self.finish(number, Outcome::Failed(Box::new(record)), page)
    }

    /// Says that a prompt had to go down the ladder, but not endlessly: the records say it of each.
    fn warn(&self, prompt_id: &str, rung: Rung, reason: &str) {
        let (prompt, reason) = (visible(prompt_id), visible(reason));
        match self.tally.degraded {
            0..WARNINGS => tracing::warn!("prompt `{prompt}` is merged by {rung}, because: {reason}"),
            WARNINGS => tracing::warn!("more prompts are degraded; their records say why"),
            _ => {}
        }
    }

    /// Gives a result out, or holds it back until those before it are there.
    fn finish(&mut self, number: u64, outcome: Outcome, page: &mut Page<'_>) -> Result<(), Failure> {
        if !self.plan.in_order {
            return self.put(outcome, page);
        }
        self.held.insert(number, outcome);
        while let Some(outcome) = self.held.remove(&self.given) {
            self.given += 1;
            self.put(outcome, page)?;
        }
        Ok(())
    }

    fn put(&mut self, outcome: Outcome, page: &mut Page<'_>) -> Result<(), Failure> {
        match outcome {
            Outcome::Made(made) => {
                self.tally.made(&made);
                if let Some(reason) = made.ladder.reason() {
                    self.warn(&made.case.group.prompt_id, made.ladder.rung(), &reason);
                }
                page.made(&made)
            }
            Outcome::Failed(record) => {
                self.tally.failed();
                page.error(*record)
            }
        }
    }
}

fn no_inputs(tool: &str, case: &Case, wanted: usize) -> ErrorRecord {
    let count = case.candidates.len();
    let why: Vec<_> = case
        .missing
        .iter()
        .map(|gone| format!("{}: {}", gone.target, gone.kind.as_deref().unwrap_or("no answer came")))
        .collect();
    let why = if why.is_empty() { String::new() } else { format!(" ({})", why.join(", ")) };
    let prompt = &case.group.prompt_id;
    let message = if count == 0 {
        format!("prompt `{prompt}`: no answer to merge{why}")
    } else {
        format!("prompt `{prompt}`: {count} of at least {wanted} answers{why}")
    };
    let mut record = ErrorRecord::new(tool, ErrorKind::NoInputs, message);
    record.prompt_id = Some(prompt.clone());
    record
}

/// The schema that the answers of the last stage had to match, when it was one for all.
fn schema(case: &Case) -> Option<Json> {
    let requests = &case.group.stage(case.stage?)?.requests;
    let first = requests.first()?.output_schema.as_ref()?;
    requests.iter().all(|request| request.output_schema.as_ref() == Some(first)).then(|| first.clone())
}
