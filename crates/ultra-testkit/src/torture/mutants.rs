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

/// All of them, as slices. Each check is run once without a defect.
pub(super) fn all(ground: &Ground) -> Vec<Row> {
    let ground = Ground { full: false, seeds: None, ..ground.clone() };
    let healthy: Vec<(&str, Option<Mutant>)> = CHECKS.iter().map(|(name, _)| (*name, None)).collect();
    let defects = Mutant::ALL.into_iter();
    let broken = defects.flat_map(|mutant| noticed_by(mutant).iter().map(move |name| (*name, Some(mutant))));
    let trials: Vec<_> = healthy.into_iter().chain(broken).collect();
    let colours = try_all(&ground, &trials);
    let green =
        |name: &str| trials.iter().position(|trial| *trial == (name, None)).is_some_and(|at| colours[at]);
    let judge = |((name, mutant), held): (&(&str, Option<Mutant>), &bool)| {
        let mutant = (*mutant)?;
        let what = format!("{} {mutant:?}: `{name}` is red with it and green without", mutant.promise());
        let shown = |good: bool| if good { "green" } else { "red" };
        Some(Row::exactly(what, "red/green".to_owned(), format!("{}/{}", shown(*held), shown(green(name)))))
    };
    trials.iter().zip(&colours).filter_map(judge).collect()
}

/// Whether each trial is green; most of them sleep, so there are more threads than cores.
fn try_all(ground: &Ground, trials: &[(&str, Option<Mutant>)]) -> Vec<bool> {
    let (next, colours) = (AtomicUsize::new(0), Mutex::new(vec![false; trials.len()]));
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while let Some((name, mutant)) = trials.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let ground = Ground { mutant: *mutant, ..ground.clone() };
                    let check = CHECKS.iter().find(|(known, _)| known == name).map(|(_, check)| check);
                    let rows = check.map(|check| caught(name, || check(&ground))).unwrap_or_default();
                    let at = trials.iter().position(|trial| *trial == (*name, *mutant)).unwrap_or_default();
                    lock(&colours)[at] = !rows.is_empty() && rows.iter().all(|row| row.ok);
                }
            });
        }
    });
    colours.into_inner().unwrap_or_default()
}
