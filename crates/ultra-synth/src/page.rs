//! What comes out: records for a program, or the answers for people, in a form of their choice.

mod format;
mod forms;
pub(crate) mod html;
mod sheet;
pub(crate) mod wrap;

use std::collections::VecDeque;

use ultra_core::failure::Failure;
use ultra_core::id::Ids;
use ultra_core::ndjson::{Fault, Line, Output};
use ultra_core::record::{ErrorRecord, Synthesis};
use ultra_core::tool::Context;
use ultra_template::group::Group;

use crate::args::{Show, SynthArgs};
use crate::candidate::Case;
use crate::made::Made;
use crate::visible::visible;
pub use format::Format;
use sheet::Sheet;

/// The width of text for people, in columns; less on a narrower terminal.
const WIDTH: usize = 80;
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
    ids: Ids,
    /// Syntheses that other runs made.
    waiting: VecDeque<Synthesis>,
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
            ids: Ids::default(),
            waiting: VecDeque::new(),
            answers: 0,
            told: 0,
        })
    }

    /// Whether people are written to.
    pub(crate) fn is_text(&self) -> bool {
        self.show != Show::Records
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

    /// Whether the pattern of a prompt may say which form it takes.
    pub(crate) fn wants_form(&self) -> bool {
        self.is_text() && self.format.is_none()
    }

    /// Takes the form that the pattern of the first prompt asks for.
    pub(crate) fn take_form(&mut self, form: Option<Format>) {
        self.format = self.format.or(form);
    }

    /// Gives out what was made of one prompt.
    pub(crate) fn made(&mut self, made: &Made) -> Result<(), Failure> {
        if self.is_text() {
            let sheet = Sheet::of(made, &mut self.ids);
            return self.put(&sheet);
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
    pub(crate) fn left_alone(&mut self, group: Group) -> Result<(), Failure> {
        let place = self.waiting.iter().position(|synthesis| synthesis.prompt_id == group.prompt_id);
        let Some(synthesis) = place.and_then(|place| self.waiting.remove(place)) else { return Ok(()) };
        let case = Case::of(group);
        self.put(&Sheet::found(&synthesis, Some(&case)))
    }

    /// Writes what still waits, and the end of the page.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
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
        self.answers += 1;
        let is_first = self.answers == 1;
        let format = *self.format.get_or_insert(Format::Md);
        let text = match format {
            Format::Text => forms::text(sheet, self.show, self.width),
            Format::Md => forms::md(sheet, self.show, self.person),
            Format::Json => forms::json(sheet, self.show),
            Format::Html => forms::html(sheet, self.show),
        };
        match format {
            Format::Html if is_first => {
                let title = sheet.question.as_deref().unwrap_or(sheet.prompt_id);
                self.output.text(&html::head(title.lines().next().unwrap_or_default()))?;
            }
            Format::Text if !is_first && self.show == Show::All => {
                self.output.text(&format!("\n{}\n\n", "═".repeat(self.width)))?;
            }
            Format::Text | Format::Md if !is_first => self.output.text("\n---\n\n")?,
            _ => {}
        }
        self.output.text(&text)
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
