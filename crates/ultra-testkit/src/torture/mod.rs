//! The promises of the dispatcher as experiments: each gives rows of what was wanted and what was measured.
//!
//! An experiment takes a [`Ground`]: where the programs are, which seeds to take, how large to be, and maybe a
//! [`Mutant`] that has to make it fail. Verdicts come from the ledgers of the servers, from stdout and from the
//! journal, never from what a program says of itself, unless it is that what is on trial.

mod budget;
mod conservation;
mod fanout;
mod faults;
mod keys;
mod kill;
mod limits;
mod mutants;
mod outage;
mod reader;
mod row;
mod seen;
mod signals;
mod tls;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

pub use self::row::{Row, table};
use crate::mutant::Mutant;

/// Where and how an experiment is run.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The directory with the programs.
    pub programs: PathBuf,
    /// The first seed.
    pub from: u64,
    /// How many seeds, where an experiment has seeds; otherwise it chooses.
    pub seeds: Option<u64>,
    /// Whether to be as large as the figures say, or a slice that a test can afford.
    pub full: bool,
    /// The defect that must turn rows red.
    pub mutant: Option<Mutant>,
}

impl Ground {
    /// A small ground without a defect.
    pub fn slice(programs: impl Into<PathBuf>) -> Self {
        Self { programs: programs.into(), from: 0, seeds: None, full: false, mutant: None }
    }

    fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    /// The seeds to take: those asked for, or as many as the figure wants.
    fn seeds(&self, full: u64, slice: u64) -> std::ops::Range<u64> {
        let count = self.seeds.unwrap_or(if self.full { full } else { slice });
        self.from..self.from + count
    }

    /// One size or the other.
    fn size<T>(&self, full: T, slice: T) -> T {
        if self.full { full } else { slice }
    }
}

/// A group of experiments that are run together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Campaign {
    /// One end for each call, whatever fails.
    Conservation,
    /// Killed at any time and run again.
    Kill,
    /// Faults without a pattern.
    Faults,
    /// A target that is dead for minutes.
    Outage,
    /// Limits of the send rate.
    Limits,
    /// Wrong keys, spent quotas, unknown models.
    Keys,
    /// Budgets and bills.
    Budget,
    /// A reader that leaves.
    Reader,
    /// Signals at random times.
    Signals,
    /// Peers that cannot be trusted.
    Tls,
    /// Every defect is noticed.
    Mutants,
}

impl Campaign {
    /// All, in the order of the figures.
    pub const ALL: [Self; 11] = [
        Self::Conservation,
        Self::Kill,
        Self::Faults,
        Self::Outage,
        Self::Limits,
        Self::Keys,
        Self::Budget,
        Self::Reader,
        Self::Signals,
        Self::Tls,
        Self::Mutants,
    ];

    /// The campaign of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|campaign| campaign.to_string() == name)
    }

    /// Runs it. A panic becomes a row that failed.
    pub fn run(self, ground: &Ground) -> Vec<Row> {
        let parts: &[fn(&Ground) -> Vec<Row>] = match self {
            Self::Conservation => &[conservation::simulated, conservation::on_sockets],
            Self::Kill => &[kill::on_sockets, kill::of_mocks, kill::other_inputs],
            Self::Faults => {
                &[faults::simulated, faults::beside_no_breaker, faults::on_sockets, faults::timeouts]
            }
            Self::Outage => &[outage::simulated, outage::stalled, outage::on_sockets],
            Self::Limits => &[limits::simulated, limits::on_sockets],
            Self::Keys => &[keys::simulated, keys::on_sockets],
            Self::Budget => &[budget::on_sockets],
            Self::Reader => &[reader::leaves, reader::leaves_while_idle],
            Self::Signals => &[signals::once, signals::twice],
            Self::Tls => &[tls::verified],
            Self::Mutants => &[mutants::all],
        };
        parts.iter().flat_map(|part| caught(&self.to_string(), || part(ground))).collect()
    }
}

impl fmt::Display for Campaign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format!("{self:?}").to_lowercase())
    }
}

fn caught(name: &str, rows: impl FnOnce() -> Vec<Row>) -> Vec<Row> {
    catch_unwind(AssertUnwindSafe(rows)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic");
        vec![Row::failed(&format!("{name} can be measured"), text)]
    })
}
