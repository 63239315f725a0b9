//! Every defect must turn the check of its promise red, and the check must be green without it.

use super::{Ground, Row, budget, conservation, faults, keys, kill, limits, outage, reader, signals};
use crate::mutant::Mutant;

type Check = fn(&Ground) -> Vec<Row>;

/// The checks that have to notice a defect.
fn checks(mutant: Mutant) -> &'static [Check] {
    match mutant {
        Mutant::DropsAFinish
        | Mutant::FinishesTwice
        | Mutant::LaunchesTwice
        | Mutant::IgnoresTimeouts
        | Mutant::IgnoresCancel => &[conservation::simulated],
        Mutant::RetriesInSecret | Mutant::GivesUpEarly => &[faults::simulated],
        Mutant::HidesSickness => &[outage::simulated],
        Mutant::ForgetsTheGate => &[limits::simulated],
        Mutant::MixesTargets => &[outage::stalled],
        Mutant::BlamesTheRecord => &[keys::simulated],
        Mutant::HearsSignalsLate => &[conservation::simulated, signals::once],
        Mutant::ForgetsTheBill | Mutant::CallsItFree => &[conservation::simulated, budget::on_sockets],
        Mutant::LosesTheJournalsTail | Mutant::ChangesTheRecords => &[kill::on_sockets],
        Mutant::RepeatsALine | Mutant::MissesALine | Mutant::TearsALine => &[conservation::on_sockets],
        Mutant::KeepsReading => &[reader::leaves],
    }
}

/// All of them. Each check runs once without a defect.
pub(super) fn all(ground: &Ground) -> Vec<Row> {
    let ground = Ground { full: false, ..ground.clone() };
    let mut healthy: Vec<(Check, bool)> = Vec::new();
    let mut rows = Vec::new();
    for mutant in Mutant::ALL {
        for check in checks(mutant) {
            let known = healthy
                .iter()
                .find(|(known, _)| std::ptr::fn_addr_eq(*known, *check))
                .map(|(_, green)| *green);
            let green = known.unwrap_or_else(|| {
                let green = check(&ground).iter().all(|row| row.ok);
                healthy.push((*check, green));
                green
            });
            let red = check(&ground.with(mutant)).iter().any(|row| !row.ok);
            let what = format!("{} {mutant:?}: the check is red with it, green without", mutant.promise());
            let colours = |red: bool, green: bool| {
                format!("{}/{}", if red { "red" } else { "green" }, if green { "green" } else { "red" })
            };
            rows.push(Row::exactly(what, colours(true, true), colours(red, green)));
        }
    }
    rows
}
