//! What the processes of one host share of a target: send rate, pause and breaker.
//!
//! While a target is treated like any other, nothing is shared and a step costs one small read. Once something
//! is known of it, each step is made under the lock of the host's file: what others wrote is taken over, the
//! machine steps, and what changed is written back. So two runs never take the same place in the queue.

use std::collections::BTreeMap;
use std::time::Duration;

use ultra_core::target::Route;
use ultra_pace::{Action, Event, Machine, Shared, TargetId};

use super::drive::Dice;
use crate::host::{Book, Host, Lane, Moment};

/// The lane of a target; nothing where there is nothing to share.
pub(super) fn lane_of(route: &Route) -> Option<Lane> {
    match route {
        Route::Http { provider, model } => {
            let key = provider.key().ok().flatten();
            Some(Lane::new(&provider.base_url, key.as_ref(), model))
        }
        Route::Mock { .. } | Route::Exec { .. } => None,
    }
}

/// The lanes of a run.
#[derive(Debug)]
pub(super) struct Lanes {
    wanted: bool,
    host: Option<Host>,
    known: BTreeMap<TargetId, Option<Known>>,
    /// Whether something is known of a target.
    live: bool,
    /// When the file was looked at.
    looked: Duration,
}

/// How often the file is looked at while nothing is known.
const LOOK: Duration = Duration::from_millis(1);

/// A lane, and what is known of it.
#[derive(Debug, Clone, Copy)]
struct Known {
    lane: Lane,
    shared: Shared,
}

impl Lanes {
    /// Lanes that are shared if that is `wanted` and there is a place for it.
    pub(super) fn new(wanted: bool) -> Self {
        Self { wanted, host: None, known: BTreeMap::new(), live: false, looked: Duration::ZERO }
    }

    /// Whether the target was enlisted.
    pub(super) fn knows(&self, target: TargetId) -> bool {
        self.known.contains_key(&target)
    }

    /// Shares the lane of a target from now on.
    pub(super) fn enlist(&mut self, target: TargetId, lane: Option<Lane>) {
        let lane = lane.filter(|_| self.wanted);
        if lane.is_some() && self.host.is_none() {
            self.host = Host::of_user();
            self.wanted = self.host.is_some();
        }
        // What others know is worth a look before the first call.
        self.live |= lane.is_some();
        self.known.insert(target, lane.map(|lane| Known { lane, shared: Shared::default() }));
    }

    /// Lets the machine step with what all runs on this host know.
    pub(super) fn step(
        &mut self,
        machine: &mut Machine<Dice>,
        now: Duration,
        event: Event,
        actions: &mut Vec<Action>,
    ) {
        let Some(host) = &mut self.host else { return machine.step(now, event, actions) };
        let look = self.live || now >= self.looked + LOOK;
        if look {
            self.looked = now;
        }
        if !(self.live || look && host.changed()) {
            machine.step(now, event, actions);
            let learned = self.known.iter().any(|(target, known)| {
                known.is_some_and(|known| {
                    is_told(&machine.share(*target)) && known.shared != machine.share(*target)
                })
            });
            if learned {
                let moment = Moment::now(now);
                let known = &mut self.known;
                // When the lock cannot be had, the next step tries again.
                self.live = host.with(moment, |book| write(book, known, machine)).unwrap_or(true);
            }
            return;
        }
        let moment = Moment::now(now);
        let known = &mut self.known;
        let mut stepped = false;
        let live = host.with(moment, |book| {
            for (target, known) in
                known.iter_mut().filter_map(|(target, known)| Some((target, known.as_mut()?)))
            {
                if let Some(shared) = book.get(known.lane).filter(|shared| *shared != machine.share(*target))
                {
                    machine.adopt(*target, shared);
                    known.shared = shared;
                }
            }
            machine.step(now, event, actions);
            stepped = true;
            write(book, known, machine)
        });
        if !stepped {
            machine.step(now, event, actions);
        }
        self.live = live.unwrap_or(true);
    }
}

/// Writes what the machine knows and the book does not; true while something is known of a target.
fn write(
    book: &mut Book<'_>,
    known: &mut BTreeMap<TargetId, Option<Known>>,
    machine: &Machine<Dice>,
) -> bool {
    let mut live = false;
    for (target, known) in known.iter_mut().filter_map(|(target, known)| Some((target, known.as_mut()?))) {
        let shared = machine.share(*target);
        if shared != known.shared {
            // A full book is no reason to stop: this lane is then not shared.
            book.set(known.lane, shared);
            known.shared = shared;
        }
        live |= is_told(&shared);
    }
    live
}

/// Whether a target is treated otherwise than one of which nothing is known.
fn is_told(shared: &Shared) -> bool {
    *shared != Shared::default()
}
