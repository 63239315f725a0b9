//! What comes out: records for a program, or text for a person.

use ultra_core::failure::Failure;
use ultra_core::id::Ids;
use ultra_core::ndjson::{Fault, Line, Output};
use ultra_core::record::{ErrorRecord, Synthesis};
use ultra_core::tool::Context;
use ultra_template::label;

use crate::args::Show;
use crate::made::Made;
use crate::visible::visible;

/// The page that a run writes.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    output: &'a mut Output,
    /// `Text`, `All` or `Records`.
    show: Show,
    /// A person reads it on a terminal.
    person: bool,
    strict: bool,
    ids: Ids,
    answers: u64,
    /// Error records that were told and not written.
    told: u64,
}

impl<'a> Page<'a> {
    pub(crate) fn new(show: Show, context: &Context, output: &'a mut Output) -> Self {
        let show = match show {
            Show::Auto if context.person_reads => Show::Text,
            Show::Auto => Show::Records,
            chosen => chosen,
        };
        let (person, strict) = (context.person_reads, context.strict);
        Self { output, show, person, strict, ids: Ids::default(), answers: 0, told: 0 }
    }

    /// Whether text comes out.
    pub(crate) fn is_text(&self) -> bool {
        self.show != Show::Records
    }

    /// Copies a line that came in.
    pub(crate) fn pass(&mut self, line: &Line<'_>) -> Result<(), Failure> {
        if self.is_text() { Ok(()) } else { self.output.pass(line) }
    }

    /// Copies a line that was kept.
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

    /// Gives out what was made of one prompt.
    pub(crate) fn made(&mut self, made: &Made) -> Result<(), Failure> {
        self.answers += 1;
        if !self.is_text() {
            if let Some(verdict) = made.verdict(&mut self.ids) {
                self.output.put(&verdict)?;
            }
            return made.synthesis(&mut self.ids).map_or(Ok(()), |synthesis| self.output.put(&synthesis));
        }
        let mut text = self.break_between();
        if self.show == Show::All {
            for (place, candidate) in made.case.candidates.iter().enumerate() {
                let sample =
                    if candidate.sample > 0 { format!(" #{}", candidate.sample + 1) } else { String::new() };
                let heading = format!("## {}: {}{sample}", label(place), candidate.target);
                self.add(&mut text, &heading);
                self.add(&mut text, candidate.text.trim_end());
            }
            self.add(&mut text, "## Synthesis");
        }
        self.tell(text, &made.text())
    }

    /// Shows a person the synthesis that another run made.
    pub(crate) fn found(&mut self, synthesis: &Synthesis) -> Result<(), Failure> {
        if !self.is_text() {
            return Ok(());
        }
        self.answers += 1;
        let text = self.break_between();
        self.tell(text, &synthesis.text)
    }

    /// What stands between one synthesis and the next.
    fn break_between(&self) -> String {
        if self.answers > 1 { "\n---\n\n".to_owned() } else { String::new() }
    }

    /// Writes `answer` after `text`.
    fn tell(&mut self, mut text: String, answer: &str) -> Result<(), Failure> {
        if self.person {
            text.push_str(&visible(answer));
        } else {
            text.push_str(answer);
        }
        if !text.ends_with('\n') {
            text.push('\n');
        }
        self.output.text(&text)
    }

    /// Adds a paragraph.
    fn add(&self, text: &mut String, part: &str) {
        if self.person {
            text.push_str(&visible(part));
        } else {
            text.push_str(part);
        }
        text.push_str("\n\n");
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
