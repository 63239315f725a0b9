//! The ledger of one process: what was submitted, sent, answered and finished, and the first promise broken.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use ultra_pace::{
    Action, AttemptId, Class, Config, Counts, Health, Note, Outcome, Spent, TargetId, Verdict, Why,
};

use super::story::End;

/// How late an attempt may end that was told to stop.
pub(super) const STOPPING: Duration = Duration::from_millis(50);

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The seed of the world, once it is known.
    pub seed: u64,
    /// When, on the clock of the world.
    pub at: Duration,
    /// What was seen.
    pub what: String,
    /// What led to it: events, and the actions that each caused.
    pub before: Vec<String>,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {} at {:?}: {}", self.seed, self.at, self.what)
    }
}

type Checked = Result<(), String>;

/// An attempt that was launched.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    target: TargetId,
    /// Its number in the order of launches to its target.
    turn: u64,
    /// When it must have ended by itself.
    latest: Duration,
    cancelled: Option<Duration>,
}

#[derive(Clone, Debug)]
struct Call {
    target: TargetId,
    submitted: Duration,
    deadline: Duration,
    launches: u32,
    running: BTreeSet<u32>,
    possibly_paid: u32,
    answered: bool,
    withdrawn: bool,
    /// Until when the server told this call to wait.
    told: Duration,
    end: Option<Verdict>,
}

/// A pause that a target asked for.
#[derive(Clone, Copy, Debug)]
struct Pause {
    until: Duration,
    turn: u64,
}

#[derive(Clone, Debug, Default)]
struct Target {
    in_flight: usize,
    turns: u64,
    closed: bool,
    pauses: Vec<Pause>,
    /// What the attempts that ended came to, by their turn; what is missing is in flight.
    ends: BTreeMap<u64, Came>,
    /// Until when refusals speak for their records only, because sending less did not make them fewer.
    unpaced: Duration,
}

/// What an attempt says of whether refusals of its target come in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    Answered,
    Refused,
    /// Nothing.
    Silent,
}

impl Target {
    /// Whether the attempt of this turn was refused right after another one that was, in the order of launch, and
    /// nothing that was launched later has been answered: then the target means all, and not this call.
    fn refuses_all(&self, turn: u64) -> bool {
        let before = self.ends.range(..turn).rev().find(|(_, end)| **end != Came::Silent);
        // Whatever was launched in between and has no entry is in flight, and may be answered yet.
        let between = before.map_or(0, |(last, _)| turn - last - 1);
        let silent = before.map_or(0, |(last, _)| self.ends.range(last + 1..turn).count() as u64);
        before.is_some_and(|(_, end)| *end == Came::Refused)
            && between == silent
            && self.ends.range(turn + 1..).all(|(_, end)| *end != Came::Answered)
    }
}

/// How long that lasts.
const UNPACED: Duration = Duration::from_mins(1);

/// The ledger.
#[derive(Debug)]
pub(super) struct Book {
    config: Config,
    lag: Duration,
    calls: BTreeMap<u64, Call>,
    attempts: BTreeMap<AttemptId, Attempt>,
    targets: BTreeMap<TargetId, Target>,
    in_flight: usize,
    open: usize,
    stopped: bool,
    spent: Spent,
    counts: Counts,
    pub(super) ends: BTreeMap<u64, End>,
}

impl Book {
    pub(super) fn new(config: &Config, lag: Duration) -> Self {
        Self {
            config: config.clone(),
            lag,
            calls: BTreeMap::new(),
            attempts: BTreeMap::new(),
            targets: BTreeMap::new(),
            in_flight: 0,
            open: 0,
            stopped: false,
            spent: Spent::default(),
            counts: Counts::default(),
            ends: BTreeMap::new(),
        }
    }

    pub(super) fn submitted(&mut self, now: Duration, id: u64, target: TargetId, allowed: Option<Duration>) {
        let deadline = now.saturating_add(allowed.unwrap_or(self.config.deadline));
        self.open += 1;
        self.counts.submitted += 1;
        let call = Call {
            target,
            submitted: now,
            deadline,
            launches: 0,
            running: BTreeSet::new(),
            possibly_paid: 0,
            answered: false,
            withdrawn: false,
            told: Duration::ZERO,
            end: None,
        };
        self.calls.insert(id, call);
    }

    /// The signal arrived: from now on nothing may be launched.
    pub(super) fn stopped(&mut self) {
        self.stopped = true;
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Where the call of an attempt goes.
    pub(super) fn target_of(&self, id: AttemptId) -> Option<TargetId> {
        Some(self.calls.get(&id.call.0)?.target)
    }

    pub(super) fn withdrawn(&mut self, id: u64) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.withdrawn = true;
        }
    }

    /// An attempt has ended, as the server knows it.
    pub(super) fn ended(&mut self, now: Duration, id: AttemptId, outcome: Outcome, spent: Spent) -> Checked {
        let attempt = self.attempts.remove(&id).ok_or("an attempt ended that was not launched")?;
        let late = attempt.cancelled.map_or(attempt.latest, |at| at + STOPPING);
        if now > late.saturating_add(self.lag) {
            return Err(format!("attempt {id} ended at {now:?} and had until {late:?}"));
        }
        self.spent.tokens += spent.tokens;
        self.spent.micro_usd += spent.micro_usd;
        self.in_flight -= 1;
        let target = self.targets.entry(attempt.target).or_default();
        target.in_flight -= 1;
        let call = self.calls.get_mut(&id.call.0).ok_or("an attempt of no call")?;
        call.running.remove(&id.n);
        let counts = call.end.is_none();
        match outcome {
            Outcome::Success => {
                call.answered |= counts;
                target.ends.insert(attempt.turn, Came::Answered);
                target.pauses.retain(|pause| pause.turn > attempt.turn);
            }
            Outcome::Stopped => {
                target.ends.insert(attempt.turn, Came::Silent);
                call.possibly_paid += u32::from(counts);
                self.counts.possibly_paid += u64::from(counts);
            }
            Outcome::Failure { class, health, retry_after } => {
                let is_refusal = class == Class::Throttled && health == Health::Up;
                let end = if is_refusal { Came::Refused } else { Came::Silent };
                target.ends.insert(attempt.turn, end);
                let unsure = counts && class == Class::Unsure;
                call.possibly_paid += u32::from(unsure);
                self.counts.possibly_paid += u64::from(unsure);
                target.closed |= class == Class::FatalTarget;
                if let Some(wait) = retry_after.filter(|_| class.is_transient()) {
                    let until = now.saturating_add(wait);
                    call.told = call.told.max(until);
                    // A 429 that stands alone among answers speaks for its record only.
                    let is_alone = class == Class::Throttled
                        && !(is_refusal && target.refuses_all(attempt.turn) && now >= target.unpaced);
                    if !is_alone {
                        target.pauses.push(Pause { until, turn: attempt.turn });
                    }
                }
            }
        }
        Ok(())
    }

    /// One action of the machine.
    pub(super) fn acted(&mut self, now: Duration, action: &Action) -> Checked {
        match *action {
            Action::Launch { attempt, target, timeout, hedge } => {
                self.launched(now, attempt, target, timeout, hedge)
            }
            Action::Cancel { attempt } => {
                let running =
                    self.attempts.get_mut(&attempt).ok_or("an attempt is cancelled that does not run")?;
                match running.cancelled.replace(now) {
                    Some(_) => Err(format!("attempt {attempt} is cancelled twice")),
                    None => Ok(()),
                }
            }
            Action::Finish { call, verdict, attempts, possibly_paid } => {
                self.finished(now, call.0, verdict, attempts, possibly_paid)
            }
            Action::Note { target, note: Note::Unpaced } => {
                let target = self.targets.entry(target).or_default();
                target.unpaced = now.saturating_add(UNPACED);
                target.pauses.clear();
                Ok(())
            }
            Action::Note { .. } => Ok(()),
        }
    }

    fn launched(
        &mut self,
        now: Duration,
        id: AttemptId,
        at: TargetId,
        timeout: Duration,
        hedge: bool,
    ) -> Checked {
        let call = self.calls.get_mut(&id.call.0).ok_or("a call is tried that was never submitted")?;
        let target = self.targets.entry(at).or_default();
        target.pauses.retain(|pause| pause.until > now);
        let config = &self.config;
        let run_deadline = config.run_deadline.unwrap_or(Duration::MAX);
        let reasons = [
            (self.stopped, "after the order to stop"),
            (call.end.is_some(), "for a call that is over"),
            (call.withdrawn, "for a call that was withdrawn"),
            (call.target != at, "to another target"),
            (target.closed, "to a closed target"),
            (id.n != call.launches + 1, "with a number out of turn"),
            (!hedge && !call.running.is_empty(), "beside another attempt"),
            (hedge && (call.running.len() != 1 || !config.hedge), "as a hedge of nothing"),
            (call.deadline <= now || run_deadline <= now, "after the deadline"),
            (now.saturating_add(timeout) > call.deadline.min(run_deadline), "with time beyond the deadline"),
            (timeout > config.attempt_timeout, "with more time than an attempt may take"),
            (target.in_flight >= config.per_target.max(1), "above the limit of the target"),
            (self.in_flight >= config.total.max(1), "above the limit in all"),
            (!hedge && now < call.told, "before the time that its refusal told"),
            (!target.pauses.is_empty(), "while its target has asked for a pause"),
            (config.max_calls.is_some_and(|most| self.counts.attempts >= most), "beyond the budget of calls"),
            (config.max_tokens.is_some_and(|most| self.spent.tokens >= most), "beyond the budget of tokens"),
            (
                config.max_micro_usd.is_some_and(|most| self.spent.micro_usd >= most),
                "beyond the budget of money",
            ),
            (call.possibly_paid >= config.unsure_attempts.max(1), "though it may have been paid too often"),
        ];
        if let Some((_, why)) = reasons.iter().find(|(broken, _)| *broken) {
            return Err(format!("attempt {id} is launched {why}"));
        }
        call.launches += 1;
        call.running.insert(id.n);
        target.turns += 1;
        target.in_flight += 1;
        self.in_flight += 1;
        self.counts.attempts += 1;
        let latest = now.saturating_add(timeout);
        self.attempts.insert(id, Attempt { target: at, turn: target.turns, latest, cancelled: None });
        Ok(())
    }

    fn finished(
        &mut self,
        now: Duration,
        id: u64,
        verdict: Verdict,
        attempts: u32,
        possibly_paid: u32,
    ) -> Checked {
        let call = self.calls.get_mut(&id).ok_or("a call ends that was never submitted")?;
        if let Some(before) = call.end.replace(verdict) {
            return Err(format!("call {id} ends as {verdict:?} and had ended as {before:?}"));
        }
        // What still runs is the loser of a hedge: stopped, and maybe paid.
        let losers = u32::try_from(call.running.len()).unwrap_or(u32::MAX);
        call.possibly_paid += losers;
        self.counts.possibly_paid += u64::from(losers);
        self.open -= 1;
        match verdict {
            Verdict::Succeeded => self.counts.succeeded += 1,
            Verdict::Failed(_) => self.counts.failed += 1,
            Verdict::Cancelled => self.counts.cancelled += 1,
        }
        let run_deadline = self.config.run_deadline.unwrap_or(Duration::MAX);
        let latest = call.deadline.min(run_deadline.max(call.submitted));
        let latest = latest.saturating_add(self.lag + STOPPING);
        self.ends.insert(id, End { target: call.target, at: now, verdict, attempts: call.launches });
        let wrong = [
            ((verdict == Verdict::Succeeded) != call.answered, "against what its attempts came to"),
            (now > latest, "after its deadline"),
            (call.launches != attempts, "with another number of attempts than were launched"),
            (call.possibly_paid != possibly_paid, "with another number of attempts that may be paid"),
            (
                matches!(verdict, Verdict::Failed(Why::Deadline)) && now + self.config.cap < call.deadline,
                "long before its deadline, for its deadline",
            ),
            (
                verdict == Verdict::Cancelled && !call.withdrawn && !self.stopped,
                "as cancelled, though nobody stopped it",
            ),
        ];
        match wrong.iter().find(|(broken, _)| *broken) {
            Some((_, why)) => Err(format!(
                "call {id} ends {why}: {verdict:?}, {attempts} attempts, {possibly_paid} maybe paid, by the ledger {} and {}",
                call.launches, call.possibly_paid
            )),
            None => Ok(()),
        }
    }

    /// After each step: the machine counts as the ledger does.
    pub(super) fn agrees(&self, counts: Counts, load: usize, in_flight: usize) -> Checked {
        let ours = &self.counts;
        let pairs = [
            ("calls open", self.open as u64, load as u64),
            ("attempts in flight", self.in_flight as u64, in_flight as u64),
            ("calls submitted", ours.submitted, counts.submitted),
            ("calls answered", ours.succeeded, counts.succeeded),
            ("calls failed", ours.failed, counts.failed),
            ("calls cancelled", ours.cancelled, counts.cancelled),
            ("attempts", ours.attempts, counts.attempts),
            ("attempts that may be paid", ours.possibly_paid, counts.possibly_paid),
        ];
        match pairs.iter().find(|(_, ledger, machine)| ledger != machine) {
            Some((what, ledger, machine)) => {
                Err(format!("{what}: {ledger} in the ledger, {machine} counted"))
            }
            None => Ok(()),
        }
    }

    /// At the end: every call has ended.
    pub(super) fn is_complete(&self) -> Checked {
        match self.calls.iter().find(|(_, call)| call.end.is_none()) {
            Some((id, _)) => Err(format!("call {id} never ends, and {} others", self.open - 1)),
            None => Ok(()),
        }
    }
}
