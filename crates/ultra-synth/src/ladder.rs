//! The ladder of degradation: what is tried, in which order, and what has failed so far.
//!
//! Pure: it says what comes next; whoever drives it does the work and reports the failures.

use std::fmt;

use ultra_core::kind::ErrorKind;

use crate::strategy::Strategy;

/// One rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rung {
    /// The members of the panel are asked.
    Members,
    /// The judge with this number, from 0, is asked.
    Judge(usize),
    /// What a judge had written before it failed.
    Partial,
    /// The only answer is the result.
    Single,
    /// The winner of a ranking that an earlier strategy left.
    Rank,
    /// The answer that most answers give.
    Vote,
    /// The middle of the largest group of like answers.
    Cluster,
    /// The answer most like the others.
    Medoid,
    /// The answer with the best form.
    Best,
    /// All answers, one after the other.
    Concat,
}

/// Why a rung did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
    /// What kind of failure, in a word for programs.
    pub kind: &'static str,
    /// The kind of the error record, where a failure has to become one.
    pub error: ErrorKind,
    /// What happened, for people.
    pub message: String,
}

/// The rungs of one prompt, the best first.
#[derive(Debug, Clone)]
pub struct Ladder {
    rungs: Vec<Rung>,
    slips: Vec<Slip>,
}

/// The longest message of one failure in a reason, in characters.
const MESSAGE: usize = 200;

/// What stands below every strategy that asks models.
const WITHOUT_MODELS: [Rung; 5] = [Rung::Rank, Rung::Vote, Rung::Medoid, Rung::Best, Rung::Concat];

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Judge(number) => return write!(f, "judge:{}", number + 1),
            Self::Members => "members",
            Self::Partial => "partial",
            Self::Single => "single",
            Self::Rank => "rank",
            Self::Vote => "vote",
            Self::Cluster => "cluster",
            Self::Medoid => "medoid",
            Self::Best => "best",
            Self::Concat => "concat",
        })
    }
}

impl Rung {
    /// Whether models are asked.
    pub const fn asks(self) -> bool {
        matches!(self, Self::Members | Self::Judge(_))
    }
}

impl Slip {
    /// A failure of a call.
    pub fn of(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind: kind.as_str(), error: kind, message: message.into() }
    }
}

impl fmt::Display for Slip {
    /// The kind first, on one line, and bounded: messages hold words of providers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.kind)?;
        let line: String =
            self.message.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MESSAGE).collect();
        f.write_str(&line)?;
        if self.message.chars().nth(MESSAGE).is_some() { f.write_str("…") } else { Ok(()) }
    }
}

impl Ladder {
    /// The ladder of `strategy` for a prompt with `candidates` answers and so many `judges`.
    pub fn new(strategy: Strategy, judges: usize, candidates: usize) -> Self {
        let judges = (0..judges).map(Rung::Judge);
        let below = WITHOUT_MODELS.into_iter();
        let rungs = match strategy {
            _ if candidates == 1 => vec![Rung::Single],
            Strategy::Rank => std::iter::once(Rung::Members).chain(judges).chain(below).collect(),
            // Without a judge the model that gave the samples writes.
            Strategy::SelfMoa if judges.len() == 0 => {
                [Rung::Members, Rung::Partial].into_iter().chain(below).collect()
            }
            Strategy::Iterate | Strategy::SelfMoa => judges.chain([Rung::Partial]).chain(below).collect(),
            Strategy::Fuse | Strategy::Judge | Strategy::Pairwise | Strategy::Analyse | Strategy::Verify => {
                judges.chain(below).collect()
            }
            Strategy::Vote => vec![Rung::Vote, Rung::Medoid, Rung::Best, Rung::Concat],
            Strategy::Cluster => vec![Rung::Cluster, Rung::Medoid, Rung::Best, Rung::Concat],
            Strategy::Medoid => vec![Rung::Medoid, Rung::Best, Rung::Concat],
            Strategy::Best => vec![Rung::Best, Rung::Concat],
            Strategy::Concat => vec![Rung::Concat],
        };
        Self { rungs, slips: Vec::new() }
    }

    /// Notes that the answers themselves are not those that were hoped for; the first rung stays.
    pub fn note(&mut self, slip: Slip) {
        self.slips.push(slip);
    }

    /// What to try now. The last rung cannot fail.
    pub fn rung(&self) -> Rung {
        self.rungs.first().copied().unwrap_or(Rung::Concat)
    }

    /// The rung of now failed.
    pub fn slip(&mut self, slip: Slip) {
        self.skip();
        self.slips.push(slip);
    }

    /// The rung of now has nothing to stand on, which is no failure: nobody hoped for it.
    pub fn skip(&mut self) {
        if self.rungs.len() > 1 {
            self.rungs.remove(0);
        }
    }

    /// Whether something failed on the way here.
    pub fn is_degraded(&self) -> bool {
        !self.slips.is_empty()
    }

    /// What failed on the way here, the kind first.
    pub fn reason(&self) -> Option<String> {
        let slips: Vec<_> = self.slips.iter().map(ToString::to_string).collect();
        (!slips.is_empty()).then(|| slips.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use ultra_core::kind::ErrorKind;

    use super::{Ladder, Rung, Slip};
    use crate::strategy::Strategy;

    fn walk(mut ladder: Ladder) -> Vec<String> {
        let mut rungs = vec![ladder.rung().to_string()];
        while ladder.rung() != Rung::Concat && rungs.len() < 10 {
            ladder.slip(Slip::of(ErrorKind::Server, "down"));
            rungs.push(ladder.rung().to_string());
        }
        rungs
    }

    #[test]
    fn judges_come_first_then_what_needs_no_model() {
        assert_eq!(
            walk(Ladder::new(Strategy::Fuse, 2, 3)),
            ["judge:1", "judge:2", "rank", "vote", "medoid", "best", "concat"]
        );
        assert_eq!(
            walk(Ladder::new(Strategy::Rank, 1, 3)),
            ["members", "judge:1", "rank", "vote", "medoid", "best", "concat"]
        );
        assert_eq!(
            walk(Ladder::new(Strategy::Iterate, 1, 3)),
            ["judge:1", "partial", "rank", "vote", "medoid", "best", "concat"]
        );
        assert_eq!(walk(Ladder::new(Strategy::Medoid, 2, 3)), ["medoid", "best", "concat"]);
        assert_eq!(walk(Ladder::new(Strategy::Concat, 2, 3)), ["concat"]);
    }

    #[test]
    fn one_answer_needs_no_judge() {
        assert_eq!(Ladder::new(Strategy::Fuse, 2, 1).rung(), Rung::Single);
    }

    #[test]
    fn a_rung_that_nobody_hoped_for_is_left_without_a_reason() {
        let mut ladder = Ladder::new(Strategy::Vote, 0, 3);
        ladder.skip();
        assert_eq!((ladder.rung(), ladder.is_degraded()), (Rung::Medoid, false));
    }

    #[test]
    fn the_reason_names_every_failure_kind_first_and_is_bounded() {
        let mut ladder = Ladder::new(Strategy::Fuse, 2, 3);
        assert_eq!((ladder.is_degraded(), ladder.reason()), (false, None));
        ladder.slip(Slip::of(ErrorKind::Server, "judge:1 a:b:\nsaid \u{1b}[31mno"));
        ladder.slip(Slip::of(ErrorKind::TimeoutIdle, "x".repeat(5000)));
        let reason = ladder.reason().expect("has failed");
        assert!(reason.starts_with("server: judge:1 a:b: said  [31mno; timeout.idle: xxx"), "{reason}");
        assert!(reason.ends_with("x…") && reason.len() < 300);
    }
}
