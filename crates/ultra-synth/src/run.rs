//! The life of a run: lines come in, prompts get complete, judges answer, the end comes.

use std::time::Duration;

use ultra_core::failure::Failure;
use ultra_core::ndjson::{Item, Line};
use ultra_core::shutdown::Why;
use ultra_core::tool::{Summary, many};
use ultra_provider::dispatch::{Event, Feed, Finished, Ticket};
use ultra_template::group::Group;

use crate::aggregate::vote::Unmet;
use crate::calls::Calls;
use crate::candidate::Case;
use crate::desk::{Desk, Job, Outcome, What};
use crate::form::said;
use crate::page::Page;
use crate::reader::{Block, Read, Reader};
use crate::stream::{Ripeness, Stream};

/// How long a complete prompt waits for the line after it, which may be a synthesis that another tool made.
const QUIET: Duration = Duration::from_millis(100);

/// Waits for calls alone.
const NO_FEED: Option<&mut Feed<()>> = None;

/// Whether a wait for quiet is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quiet {
    /// It is not.
    Free,
    /// It is, and nothing was read since it began.
    Holds,
    /// It is, but something was read.
    Broken,
}

/// How much is under way at a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Prompts whose judge is asked at the same time.
    pub(crate) concurrency: usize,
    /// Each prompt is merged before anything more is read.
    pub(crate) at_once: bool,
}

/// One run over one stream.
pub(crate) struct Run<'a> {
    stream: Stream,
    desk: Desk,
    page: Page<'a>,
    calls: Calls,
    reader: Reader,
    load: Load,
    quiet: Quiet,
    /// The line that completed a prompt and those that belong to it, until it is known what becomes of the prompt.
    kept: Vec<Vec<u8>>,
    /// Targets with a weight that are in no panel so far.
    unmet: Unmet,
}

impl<'a> Run<'a> {
    pub(crate) fn new(desk: Desk, page: Page<'a>, calls: Calls, reader: Reader, load: Load) -> Self {
        Self {
            unmet: desk.weighted(),
            stream: Stream::default(),
            desk,
            page,
            calls,
            reader,
            load,
            quiet: Quiet::Free,
            kept: Vec::new(),
        }
    }

    /// Runs to the end of the stream.
    pub(crate) fn run(mut self) -> Result<Summary, Failure> {
        if let Err(failure) = self.go() {
            // Half a text must not be taken for a whole one. Where that cannot be said, the failure still is.
            let _ = self.page.let_flow_go();
            return Err(failure);
        }
        self.summary()
    }

    fn go(&mut self) -> Result<(), Failure> {
        let mut reading = true;
        while reading || self.desk.busy() > 0 {
            let has_room = self.has_room();
            let feed = (reading && has_room).then_some(&mut self.reader.feed);
            let page = &mut self.page;
            match self.calls.next(feed, || page.flush())? {
                Event::Finished(done) => self.answered(&done)?,
                Event::Fed(Read::Block(block)) => self.block(block)?,
                Event::Fed(Read::Quiet) => self.quiet()?,
                Event::Fed(Read::Failed(failure)) => return Err(failure),
                Event::Fed(Read::End) => {
                    reading = false;
                    self.end()?;
                }
                Event::Closed | Event::Idle => reading = false,
                Event::Stop(why) => return Err(self.stop(why)?),
                Event::Text { ticket, attempt, text } => self.told(ticket, attempt, &text)?,
                // Judges are asked without journal or alarms; what happens to them is in the log.
                Event::Launching(_) | Event::Note { .. } | Event::Alarm(_) => {}
            }
        }
        self.page.finish()
    }

    /// Whether one more prompt can be begun.
    fn has_room(&self) -> bool {
        let jobs = self.load.concurrency;
        self.desk.has_room(jobs) && self.page.has_room(jobs)
    }

    fn block(&mut self, block: Block) -> Result<(), Failure> {
        if self.quiet == Quiet::Holds {
            self.quiet = Quiet::Broken;
        }
        block.items(|item| match item {
            Item::Line(line) => self.line(&line),
            Item::Fault(fault) => {
                self.pick()?;
                self.page.fault(fault)
            }
        })?;
        if self.stream.has_ripe() && self.quiet == Quiet::Free {
            self.quiet = Quiet::Holds;
            self.reader.quiet_after(QUIET)?;
        }
        Ok(())
    }

    fn line(&mut self, line: &Line<'_>) -> Result<(), Failure> {
        if self.stream.has_ripe() && self.stream.ripeness(line) == Ripeness::Pick {
            self.pick()?;
        }
        match self.stream.take(line) {
            Ok(found) => {
                // Whoever reads this stream must not take a prompt for left alone that is being judged here. So
                // the line that completes it goes out with what is made of it.
                if self.stream.has_ripe() {
                    self.kept.push(line.bytes.to_vec());
                } else {
                    self.page.pass(line)?;
                }
                found.map_or(Ok(()), |synthesis| self.page.found(synthesis))
            }
            Err(fault) => self.page.fault(fault),
        }
    }

    /// Nothing came for a while: what is ripe will not get a synthesis from anybody else.
    fn quiet(&mut self) -> Result<(), Failure> {
        let was = std::mem::replace(&mut self.quiet, Quiet::Free);
        if was == Quiet::Holds {
            return self.pick();
        }
        if self.stream.has_ripe() {
            self.quiet = Quiet::Holds;
            self.reader.quiet_after(QUIET)?;
        }
        Ok(())
    }

    fn pick(&mut self) -> Result<(), Failure> {
        let mut kept = std::mem::take(&mut self.kept);
        for group in self.stream.pick() {
            self.begin(group, std::mem::take(&mut kept))?;
        }
        self.pass_kept(&kept)
    }

    fn pass_kept(&mut self, lines: &[Vec<u8>]) -> Result<(), Failure> {
        lines.iter().try_for_each(|line| self.page.pass_kept(line))
    }

    fn answered(&mut self, done: &Finished) -> Result<(), Failure> {
        if said(done).is_err()
            && let Some(number) = self.desk.number(done.ticket)
        {
            self.page.broke_off(number)?;
        }
        self.desk.answered(done, &mut self.calls);
        self.give()?;
        // What waited may be shown now. All calls under way are looked at, so only where something may come of it.
        if !self.page.is_free() {
            return Ok(());
        }
        self.desk.next_draft().map_or(Ok(()), |draft| self.page.draft(&draft))
    }

    /// A piece of a reply came.
    fn told(&mut self, ticket: Ticket, attempt: u32, piece: &str) -> Result<(), Failure> {
        if self.page.wants_form()
            && let Some(number) = self.desk.number(ticket).filter(|number| self.desk.is_next(*number))
        {
            self.page.take_form(self.desk.form_of(number));
        }
        self.desk.told(ticket, attempt, piece).map_or(Ok(()), |draft| self.page.draft(&draft))
    }

    /// Writes what is done.
    fn give(&mut self) -> Result<(), Failure> {
        while let Some(Outcome { number, lines, what }) = self.desk.take() {
            self.pass_kept(&lines)?;
            match what {
                What::Made(made) => {
                    if self.page.wants_form() {
                        self.page.take_form(self.desk.form(&made.case));
                    }
                    self.page.made(number, &made)?;
                }
                What::Failed(record) => self.page.failed(number, *record)?,
            }
        }
        Ok(())
    }

    fn begin(&mut self, group: Group, lines: Vec<Vec<u8>>) -> Result<(), Failure> {
        let case = Case::of(group);
        let before = self.stream.verdicts(&case);
        if !self.unmet.is_empty() {
            let calls = case.group.stages().flat_map(|stage| &stage.calls);
            calls.for_each(|call| self.unmet.meet(&call.target));
        }
        let strategy = self.desk.strategy();
        let is_judged = strategy.only_judges()
            && before.iter().any(|verdict| {
                let of = verdict.extra.get("instead_of").and_then(|of| of.read::<String>().ok());
                of.as_deref().unwrap_or(&verdict.strategy) == strategy.as_str()
            });
        if is_judged || self.stream.has_synthesis(&case.group) {
            self.desk.tally.left_alone += 1;
            self.pass_kept(&lines)?;
            return self.page.left_alone(&case);
        }
        self.desk.begin(Job { case, before, lines }, &mut self.calls)?;
        self.give()?;
        while self.desk.busy() > 0 && (self.load.at_once || !self.has_room()) {
            if !self.wait()? {
                break;
            }
        }
        Ok(())
    }

    /// Waits for one judge; false when there is nothing to wait for, or the run is to stop.
    fn wait(&mut self) -> Result<bool, Failure> {
        let page = &mut self.page;
        match self.calls.next(NO_FEED, || page.flush())? {
            Event::Finished(done) => self.answered(&done).map(|()| true),
            Event::Stop(Why::ReaderGone) => Err(Failure::reader_gone()),
            Event::Stop(Why::Signal(_)) => Err(self.interrupted()?),
            Event::Text { ticket, attempt, text } => self.told(ticket, attempt, &text).map(|()| true),
            Event::Fed(()) | Event::Launching(_) | Event::Note { .. } | Event::Alarm(_) => Ok(true),
            Event::Idle | Event::Closed => Ok(false),
        }
    }

    /// The end of the stream: what is incomplete is merged from what there is.
    fn end(&mut self) -> Result<(), Failure> {
        self.pick()?;
        let (groups, unasked) = self.stream.finish();
        for group in groups {
            self.begin(group, Vec::new())?;
        }
        for prompt in unasked {
            let record = self.desk.unasked(&prompt);
            self.page.error(record)?;
        }
        Ok(())
    }

    fn stop(&mut self, why: Why) -> Result<Failure, Failure> {
        match why {
            Why::ReaderGone => Ok(Failure::reader_gone()),
            Why::Signal(_) => self.interrupted(),
        }
    }

    /// After a signal nothing new is asked. What is answered in time still counts; what is not is left for the
    /// next run, and not degraded.
    fn interrupted(&mut self) -> Result<Failure, Failure> {
        loop {
            let page = &mut self.page;
            match self.calls.next(NO_FEED, || page.flush())? {
                Event::Finished(done) if done.result.is_ok() => self.answered(&done)?,
                Event::Text { ticket, attempt, text } => self.told(ticket, attempt, &text)?,
                Event::Idle | Event::Stop(Why::ReaderGone) => break,
                _ => {}
            }
        }
        let (open, lines) = self.desk.let_go();
        self.give()?;
        self.pass_kept(&lines)?;
        let kept = std::mem::take(&mut self.kept);
        self.pass_kept(&kept)?;
        self.page.finish()?;
        Ok(Failure::stopped(format!("stopped; {} not merged", many(open as u64, "prompt"))))
    }

    fn summary(self) -> Result<Summary, Failure> {
        let Self { desk: Desk { tally, .. }, page, unmet, .. } = self;
        if tally.failed > 0 && tally.made == 0 && tally.left_alone == 0 {
            return Err(Failure::nothing_usable(format!(
                "{}, and no synthesis; the error records say why",
                many(tally.failed, "prompt")
            )));
        }
        if page.told() > 0 {
            return Err(Failure::strict(tally.line()));
        }
        if tally.made + tally.left_alone + tally.failed == 0 {
            tracing::warn!("the stream holds no answers; nothing was merged");
        }
        if let Some(told) = unmet.told() {
            tracing::warn!("{told}");
        }
        let summary = Summary::new(tally.line());
        Ok(if page.is_text() || tally.asked() { summary.of_calls() } else { summary })
    }
}
