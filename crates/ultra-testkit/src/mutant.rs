//! Ways to be broken on purpose. A check that stays green beside its mutant proves nothing.
//!
//! A mutant is a defect of the driver, of the server's patience or of what the observer sees: the state machine
//! and the programs stay as they are, and so does the check that has to turn red.

/// One defect, named by what it does, with the promises that must notice it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mutant {
    /// The end of one call in twenty is lost.
    DropsAFinish,
    /// The end of one call in twenty is told twice.
    FinishesTwice,
    /// One launch in twenty is sent twice.
    LaunchesTwice,
    /// A failure is repeated by the driver itself, behind the machine's back.
    RetriesInSecret,
    /// Only three attempts, as the SDKs make.
    GivesUpEarly,
    /// Failures of a sick target are reported as those of a healthy one, so no breaker opens.
    HidesSickness,
    /// What a server says about when to come back is not passed on, and a refusal looks like any failure.
    ForgetsTheGate,
    /// Every target is entered under one number, so one that stalls holds the slots of all.
    MixesTargets,
    /// Attempts run a second beyond their timeouts.
    IgnoresTimeouts,
    /// A wrong key is reported as the fault of one record.
    BlamesTheRecord,
    /// The order to drain arrives a second late.
    HearsSignalsLate,
    /// An attempt that was cancelled runs to its end.
    IgnoresCancel,
    /// Tokens and cost of answers are not reported.
    ForgetsTheBill,
    /// Failures that may have been billed are reported as free.
    CallsItFree,
    /// The journal loses its last record between two runs.
    LosesTheJournalsTail,
    /// Records get another text when they are asked again.
    ChangesTheRecords,
    /// A line of stdout is seen twice.
    RepeatsALine,
    /// A line of stdout is not seen.
    MissesALine,
    /// The last line of stdout is seen without its end.
    TearsALine,
    /// The reader never goes away.
    KeepsReading,
    /// The authority of a peer that nobody trusts is trusted.
    TrustsEverybody,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Self; 21] = [
        Self::DropsAFinish,
        Self::FinishesTwice,
        Self::LaunchesTwice,
        Self::RetriesInSecret,
        Self::GivesUpEarly,
        Self::HidesSickness,
        Self::ForgetsTheGate,
        Self::MixesTargets,
        Self::IgnoresTimeouts,
        Self::BlamesTheRecord,
        Self::HearsSignalsLate,
        Self::IgnoresCancel,
        Self::ForgetsTheBill,
        Self::CallsItFree,
        Self::LosesTheJournalsTail,
        Self::ChangesTheRecords,
        Self::RepeatsALine,
        Self::MissesALine,
        Self::TearsALine,
        Self::KeepsReading,
        Self::TrustsEverybody,
    ];

    /// The promise whose check has to notice.
    pub fn promise(self) -> &'static str {
        match self {
            Self::DropsAFinish
            | Self::FinishesTwice
            | Self::LaunchesTwice
            | Self::MissesALine
            | Self::RepeatsALine => "P1",
            Self::LosesTheJournalsTail => "P2",
            Self::ChangesTheRecords => "P3",
            Self::RetriesInSecret | Self::GivesUpEarly => "P6",
            Self::HidesSickness => "P7",
            Self::ForgetsTheGate => "P8",
            Self::MixesTargets => "P9",
            Self::IgnoresTimeouts => "P10",
            Self::BlamesTheRecord => "P11",
            Self::HearsSignalsLate | Self::IgnoresCancel => "P12",
            Self::KeepsReading => "P13",
            Self::TrustsEverybody => "P22",
            Self::TearsALine => "P14",
            Self::ForgetsTheBill | Self::CallsItFree => "P23",
        }
    }
}
