//! What comes out: records for a program, or the answers for people, in a form of their choice.

mod flow;
mod format;
mod forms;
pub(crate) mod html;
mod ink;
mod judged;
mod paper;
mod sheet;
pub(crate) mod wrap;

use std::collections::VecDeque;

use ultra_core::failure::Failure;
use ultra_core::id::Ids;
use ultra_core::ndjson::{Fault, Line, Output};
use ultra_core::record::{Delta, ErrorRecord, Json, Object, Synthesis};
use ultra_core::tool::Context;

use crate::args::{Show, SynthArgs};
use crate::candidate::Case;
use crate::draft::Draft;
use crate::made::Made;
use crate::visible::visible;
use flow::Flow;
pub use format::Format;
use paper::Paper;
use sheet::Sheet;

/// The width of text for people, in columns; less on a narrower terminal.
const WIDTH: usize = 80;
/// Records whose ids are remembered, so that an exact repeat gets another.
const IDS: usize = 1 << 16;
/// Syntheses of other runs that wait for the answers that they were made from.
const WAITING: usize = 64;

/// The page that a run writes.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    output: &'a mut Output,
    /// `Text`, `All` or `Records`.
    show: Show,
    /// The form that the user chose, or the pattern of the first prompt.
    format: Option<Format>,
    /// A person reads it on a terminal.
    person: bool,
    width: usize,
    strict: bool,
    /// What is written is shown at once.
    streams: bool,
    ids: Ids,
    /// Syntheses that other runs made.
    waiting: VecDeque<Synthesis>,
    /// The result that is being written.
    flow: Option<Flow>,
    /// Results that came while another one was being written.
    behind: VecDeque<String>,
    answers: u64,
    /// Error records that were told and not written.
    told: u64,
}

impl<'a> Page<'a> {
    /// A page without anything on it.
    ///
    /// # Errors
    /// A usage failure for a form that records do not have.
    pub(crate) fn new(args: &SynthArgs, context: &Context, output: &'a mut Output) -> Result<Self, Failure> {
        let show = match (args.show, args.format) {
            (Show::Records, Some(_)) => {
                return Err(Failure::usage("--show records writes NDJSON and has no other --format")
                    .hint("for people: --show text or --show all, with --format text, md, json or html"));
            }
            (Show::Auto, Some(_)) => Show::Text,
            (Show::Auto, None) if context.person_reads => Show::Text,
            (Show::Auto, None) => Show::Records,
            (chosen, _) => chosen,
        };
        let person = context.person_reads;
        let format = args.format.or(person.then_some(Format::Text));
        let terminal = if person { console::Term::stdout().size_checked() } else { None };
        let width = terminal.map_or(WIDTH, |(_, columns)| usize::from(columns).clamp(20, WIDTH));
        Ok(Self {
            output,
            show,
            format,
            person,
            width,
            strict: context.strict,
            streams: args.stream || (person && show != Show::Records),
            ids: Ids::remembering(IDS),
            waiting: VecDeque::new(),
            flow: None,
            behind: VecDeque::new(),
            answers: 0,
            told: 0,
        })
    }

    /// Whether people are written to.
    pub(crate) fn is_text(&self) -> bool {
        self.show != Show::Records
    }

    /// Whether a text is shown while it is written.
    pub(crate) fn streams(&self) -> bool {
        let can_flow = matches!(self.format, None | Some(Format::Text | Format::Md));
        self.streams && (can_flow || !self.is_text())
    }

    /// Copies a line that came in.
    pub(crate) fn pass(&mut self, line: &Line<'_>) -> Result<(), Failure> {
        if self.is_text() { Ok(()) } else { self.output.pass(line) }
    }

    /// Copies a line that came in and had to wait.
    pub(crate) fn pass_kept(&mut self, line: &[u8]) -> Result<(), Failure> {
        if self.is_text() { Ok(()) } else { self.output.pass_bytes(line) }
    }

    /// Says that a line is malformed.
    pub(crate) fn fault(&mut self, fault: Fault) -> Result<(), Failure> {
        if !self.is_text() {
            return self.output.fault(fault);
        }
        let tool = self.output.tool();
        self.error(fault.into_record(tool))
    }

    /// Says that something could not be made.
    pub(crate) fn error(&mut self, record: ErrorRecord) -> Result<(), Failure> {
        if !self.is_text() {
            return self.output.error(record);
        }
        if self.strict {
            return Err(Failure::strict(visible(&record.message)));
        }
        self.told += 1;
        tracing::error!("{}", visible(&record.message));
        Ok(())
    }

    /// Says that nothing could be made of the prompt with this number.
    pub(crate) fn failed(&mut self, number: u64, record: ErrorRecord) -> Result<(), Failure> {
        if self.flow.as_ref().is_some_and(|flow| flow.number == number) {
            self.let_flow_go()?;
        }
        self.error(record)
    }

    /// Whether the pattern of a prompt may say which form it takes.
    pub(crate) fn wants_form(&self) -> bool {
        self.is_text() && self.format.is_none()
    }

    /// Takes the form that the pattern of the first prompt asks for.
    pub(crate) fn take_form(&mut self, form: Option<Format>) {
        self.format = self.format.or(form);
    }

    /// Whether people are shown texts while they are written, and none is being shown. A record of each piece is
    /// there already.
    pub(crate) fn is_free(&self) -> bool {
        self.flow.is_none() && self.is_text() && self.streams()
    }

    /// Whether another result can wait for the one that is being written.
    pub(crate) fn has_room(&self, jobs: usize) -> bool {
        self.behind.len() < 4 * jobs
    }

    /// Shows what there is of a text: its last piece as a record, or to people the whole when it is its turn.
    pub(crate) fn draft(&mut self, draft: &Draft<'_>) -> Result<(), Failure> {
        if !self.streams() {
            return Ok(());
        }
        if !self.is_text() {
            return self.output.put(&delta(draft));
        }
        let paper = self.paper();
        if self.flow.is_none() && draft.is_next && paper.can_flow() {
            self.begin(&Sheet::begun(draft.case))?;
            self.flow = Some(Flow::new(draft.number, paper));
        }
        match self.flow.as_mut().filter(|flow| flow.number == draft.number) {
            Some(flow) => {
                let text = flow.take(draft);
                self.output.text(&text)
            }
            None => Ok(()),
        }
    }

    /// The writer of a text that is shown broke off.
    pub(crate) fn broke_off(&mut self, number: u64) -> Result<(), Failure> {
        match self.flow.as_mut().filter(|flow| flow.number == number) {
            Some(flow) => {
                let text = flow.break_off();
                self.output.text(&text)
            }
            None => Ok(()),
        }
    }

    /// The text that is being written will not be finished.
    pub(crate) fn let_flow_go(&mut self) -> Result<(), Failure> {
        if let Some(mut flow) = self.flow.take() {
            let text = flow.break_off();
            self.output.text(&text)?;
        }
        while let Some(text) = self.behind.pop_front() {
            self.write(&text)?;
        }
        Ok(())
    }

    /// Gives out what was made of the prompt with this number.
    pub(crate) fn made(&mut self, number: u64, made: &Made) -> Result<(), Failure> {
        if self.is_text() {
            let sheet = Sheet::of(made, &mut self.ids);
            return match self.flow.take_if(|flow| flow.number == number) {
                Some(flow) => {
                    let text = flow.finish(&sheet.text) + &self.paper().tail(&sheet);
                    self.output.text(&text)?;
                    self.let_flow_go()
                }
                None => self.put(&sheet),
            };
        }
        if let Some(verdict) = made.verdict(&mut self.ids) {
            self.output.put(&verdict)?;
        }
        made.synthesis(&mut self.ids).map_or(Ok(()), |synthesis| self.output.put(&synthesis))
    }

    /// Shows people the synthesis that another run made: at once, or beside its answers when they are known.
    pub(crate) fn found(&mut self, synthesis: Synthesis) -> Result<(), Failure> {
        if !self.is_text() {
            return Ok(());
        }
        self.waiting.push_back(synthesis);
        let at_once =
            self.show == Show::Text && matches!(self.format, None | Some(Format::Text | Format::Md));
        self.let_go(if at_once { 0 } else { WAITING })
    }

    /// The prompt of a synthesis that another run made.
    pub(crate) fn left_alone(&mut self, case: &Case) -> Result<(), Failure> {
        let place = self.waiting.iter().position(|synthesis| synthesis.prompt_id == case.group.prompt_id);
        let Some(synthesis) = place.and_then(|place| self.waiting.remove(place)) else { return Ok(()) };
        self.put(&Sheet::found(&synthesis, Some(case)))
    }

    /// Writes what still waits, and the end of the page.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        self.let_flow_go()?;
        self.let_go(0)?;
        if self.is_text() && self.format == Some(Format::Html) {
            if self.answers == 0 {
                self.output.text(&html::head("Nothing"))?;
            }
            self.output.text(html::TAIL)?;
        }
        self.flush()
    }

    /// Shows the syntheses that wait for their answers, but for the latest `room`.
    fn let_go(&mut self, room: usize) -> Result<(), Failure> {
        while self.waiting.len() > room
            && let Some(synthesis) = self.waiting.pop_front()
        {
            self.put(&Sheet::found(&synthesis, None))?;
        }
        Ok(())
    }

    fn put(&mut self, sheet: &Sheet<'_>) -> Result<(), Failure> {
        let text = self.paper().whole(sheet);
        if self.flow.is_some() {
            self.behind.push_back(text);
            return Ok(());
        }
        if self.format == Some(Format::Html) && self.answers == 0 {
            let title = sheet.question.as_deref().unwrap_or(sheet.prompt_id);
            self.output.text(&html::head(title.lines().next().unwrap_or_default()))?;
        }
        self.write(&text)
    }

    fn write(&mut self, text: &str) -> Result<(), Failure> {
        self.part()?;
        self.output.text(text)
    }

    /// Begins with a result that flows.
    fn begin(&mut self, sheet: &Sheet<'_>) -> Result<(), Failure> {
        let head = self.paper().head(sheet);
        self.write(&head)
    }

    /// Parts a result from the one before it.
    fn part(&mut self) -> Result<(), Failure> {
        self.answers += 1;
        let is_first = self.answers == 1;
        match self.paper().format {
            Format::Text if !is_first && self.show == Show::All => {
                self.output.text(&format!("\n{}\n\n", "═".repeat(self.width)))
            }
            Format::Text | Format::Md if !is_first => self.output.text("\n---\n\n"),
            _ => Ok(()),
        }
    }

    fn paper(&mut self) -> Paper {
        Paper {
            format: *self.format.get_or_insert(Format::Md),
            show: self.show,
            width: self.width,
            for_terminal: self.person,
        }
    }

    /// Writes out what was gathered.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.output.flush()
    }

    /// How many errors a person was told of.
    pub(crate) fn told(&self) -> u64 {
        self.told
    }
}

/// A piece of a text as a record.
fn delta(draft: &Draft<'_>) -> Delta {
    let mut extra = Object::default();
    if let Ok(prompt) = Json::of(&draft.case.group.prompt_id) {
        extra.push("prompt_id".into(), prompt);
    }
    Delta {
        request_id: draft.request_id.to_owned(),
        target: draft.target.to_owned(),
        sample: draft.sample,
        attempt: draft.attempt,
        text: draft.piece.to_owned(),
        extra,
    }
}
