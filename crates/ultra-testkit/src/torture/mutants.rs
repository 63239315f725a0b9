//! Every defect must turn the check of its promise red, and the check must be green without it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::{
    Ground, Row, budget, caught, conservation, faults, keys, kill, limits, outage, reader, signals, tls,
};
use crate::mutant::Mutant;
use crate::sync::lock;

type Check = fn(&Ground) -> Vec<Row>;

/// The checks by name.
const CHECKS: [(&str, Check); 13] = [
    ("worlds", conservation::simulated),
    ("lines", conservation::on_sockets),
    ("attempts", faults::simulated),
    ("outage", outage::simulated),
    ("stall", outage::stalled),
    ("limits", limits::simulated),
    ("keys", keys::simulated),
    ("signals", signals::once),
    ("budget", budget::on_sockets),
    ("kill", kill::on_sockets),
    ("reader", reader::leaves),
    ("idle reader", reader::leaves_while_idle),
    ("tls", tls::verified),
];

/// The checks that have to notice a defect.
fn noticed_by(mutant: Mutant) -> &'static [&'static str] {
    match mutant {
        Mutant::DropsAFinish
        | Mutant::FinishesTwice
        | Mutant::LaunchesTwice
        | Mutant::IgnoresTimeouts
        | Mutant::IgnoresCancel => &["worlds"],
        Mutant::RetriesInSecret | Mutant::GivesUpEarly => &["attempts"],
        Mutant::HidesSickness => &["outage"],
        Mutant::ForgetsTheGate => &["limits"],
        Mutant::MixesTargets => &["stall"],
        Mutant::BlamesTheRecord => &["keys"],
        Mutant::HearsSignalsLate => &["worlds", "signals"],
        Mutant::ForgetsTheBill | Mutant::CallsItFree => &["worlds", "budget"],
        Mutant::LosesTheJournalsTail | Mutant::ChangesTheRecords => &["kill"],
        Mutant::RepeatsALine | Mutant::MissesALine | Mutant::TearsALine => &["lines"],
        Mutant::KeepsReading => &["reader", "idle reader"],
        Mutant::TrustsEverybody => &["tls"],
    }
}

/// A check, with a defect or without.
type Trial = (&'static str, Option<Mutant>);

/// All of them, as slices. Each check is run once without a defect.
pub(super) fn all(ground: &Ground) -> Vec<Row> {
    let ground = Ground { full: false, seeds: None, ..ground.clone() };
    let healthy = CHECKS.iter().map(|(name, _)| (*name, None));
    let defects = Mutant::ALL.into_iter();
    let broken = defects.flat_map(|mutant| noticed_by(mutant).iter().map(move |name| (*name, Some(mutant))));
    let trials: Vec<Trial> = healthy.chain(broken).collect();
    let red = try_all(&ground, &trials);
    let first =
        |name: &str| trials.iter().position(|trial| *trial == (name, None)).and_then(|at| red[at].clone());
    let judge = |((name, mutant), noticed): (&Trial, &Option<String>)| {
        let mutant = (*mutant)?;
        let what = format!("{} {mutant:?}: `{name}` is red with it and green without", mutant.promise());
        let with = if noticed.is_some() { "red" } else { "green" };
        let without = first(name).map_or_else(|| "green".to_owned(), |why| format!("red: {why}"));
        Some(Row::exactly(what, "red/green".to_owned(), format!("{with}/{without}")))
    };
    trials.iter().zip(&red).filter_map(judge).collect()
}

/// What was red in each trial; most of them sleep, so there are more threads than cores.
fn try_all(ground: &Ground, trials: &[Trial]) -> Vec<Option<String>> {
    let (next, red) = (AtomicUsize::new(0), Mutex::new(vec![None; trials.len()]));
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some((name, mutant)) = trials.get(at) else { return };
                    let ground = Ground { mutant: *mutant, ..ground.clone() };
                    let check = CHECKS.iter().find(|(known, _)| known == name).map(|(_, check)| check);
                    let rows = check.map(|check| caught(name, || check(&ground))).unwrap_or_default();
                    let failed = rows.into_iter().find(|row| !row.ok);
                    lock(&red)[at] = failed.map(|row| format!("{}: {}", row.what, row.measured));
                }
            });
        }
    });
    red.into_inner().unwrap_or_default()
}
