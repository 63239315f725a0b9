//! The loss of power at any moment, a full disk, and a disk that fails.

use std::sync::Arc;
use std::time::Duration;

use ultra_core::failure::Exit;

use super::super::JournalOptions;
use super::disks::{Asked, Hand, Memory};
use super::{Durability, State, answer, fill, nth, served};

const SECTOR: usize = 512;
const CALLS: usize = 200;

/// Numbers that look random, from a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).expect("fits")
    }
}

/// What a disk may hold when power fails after `log`: all that was synced, and of the rest some sectors, in
/// any order, in a file of the old length, the new one, or one between.
fn after_power_loss(log: &[Asked], dice: &mut Dice) -> Vec<u8> {
    let synced = log.iter().rposition(|asked| *asked == Asked::Sync).map_or(0, |at| at + 1);
    let mut old = Vec::new();
    log[..synced].iter().for_each(|asked| asked.apply(&mut old));
    let mut new = old.clone();
    let mut pending = Vec::new();
    for asked in &log[synced..] {
        asked.apply(&mut new);
        if let Asked::Write { offset, bytes } = asked {
            pending.extend(offset / SECTOR..(offset + bytes.len()).div_ceil(SECTOR));
        }
    }
    let length = match dice.roll(3) {
        0 => old.len(),
        1 => new.len(),
        _ => old.len() + dice.roll((new.len().saturating_sub(old.len())).max(1)),
    };
    let likely = 1 + dice.roll(4);
    let mut left = old;
    left.resize(length, 0);
    for sector in pending {
        let range = sector * SECTOR..((sector + 1) * SECTOR).min(new.len()).min(length);
        if range.start < range.end && dice.roll(4) < likely {
            left[range.clone()].copy_from_slice(&new[range]);
        }
    }
    left
}

/// How many calls had been written and flushed, and how many of them synced, when `log` was all.
fn ended(log: &[Asked]) -> (usize, usize) {
    let (mut written, mut synced) = (0, 0);
    for asked in log {
        match asked {
            Asked::Write { bytes, .. } => {
                written += bytes
                    .split(|&byte| byte == b'\n')
                    .filter(|line| line.starts_with(br#"{"type":"done""#))
                    .count();
            }
            Asked::Sync => synced = written,
            Asked::Cut(_) => {}
        }
    }
    (written, synced)
}

/// A run of `CALLS` calls, a few flushed at a time; gives what was asked of the disk, and the most results
/// that were written and not synced when a flush returned.
fn run(durability: Durability, dice: &mut Dice) -> (Vec<Asked>, usize) {
    let (disk, clock) = (Memory::default(), Arc::new(Hand::default()));
    let options = JournalOptions { durability, ..JournalOptions::default() };
    let mut journal = disk.open_at(options, Arc::clone(&clock)).expect("opens");
    let (mut n, mut most) = (0, 0);
    while n < CALLS {
        for _ in 0..=dice.roll(12) {
            journal.intend(&nth(n));
            journal.done(&nth(n), &answer(n));
            n += 1;
        }
        journal.flush().expect("writes");
        let (written, synced) = ended(&disk.content().log);
        most = most.max(written - synced);
        clock.pass(dice.roll(30) as u64);
    }
    let log = disk.content().log.clone();
    (log, most)
}

#[test]
fn p4_after_power_loss_a_journal_opens_and_has_all_that_was_synced() {
    for seed in 1..=3 {
        let mut dice = Dice(seed);
        for durability in [Durability::None, Durability::Power, Durability::Record] {
            let (log, most) = run(durability, &mut dice);
            match durability {
                Durability::None => assert!(most >= CALLS),
                Durability::Power => assert!(most <= 64 + 13, "{most} results unsynced, seed {seed}"),
                Durability::Record => assert_eq!(most, 0),
            }
            for until in 0..=log.len() {
                let left = after_power_loss(&log[..until], &mut dice);
                check(&left, &log[..until], &format!("seed {seed}, {durability:?}, {until}"));
            }
        }
    }
}

fn check(left: &[u8], log: &[Asked], what: &str) {
    let disk = Memory::of(left);
    let opened = disk.open(JournalOptions::default());
    let journal = opened.unwrap_or_else(|failure| panic!("{what}: {failure}"));
    let (_, synced) = ended(log);
    for n in 0..CALLS {
        match served(&journal, n) {
            Some(entry) => assert_eq!(entry, answer(n), "{what}"),
            None => assert!(n >= synced, "{what}: call {n} of {synced} synced ones is lost"),
        }
    }
    drop(journal);
    let again =
        disk.open(JournalOptions::default()).unwrap_or_else(|failure| panic!("{what}, again: {failure}"));
    assert_eq!((again.recovered().cut, again.recovered().damaged), (0, 0), "{what}");
}

#[test]
fn what_is_flushed_goes_out_in_one_write() {
    let disk = Memory::default();
    let mut journal = disk.open(JournalOptions::default()).expect("opens");
    disk.content().log.clear();
    for n in 0..50 {
        journal.intend(&nth(n));
        journal.done(&nth(n), &answer(n));
    }
    assert!(disk.content().log.is_empty(), "nothing before the flush");
    journal.flush().expect("writes");
    assert_eq!(disk.content().log.len(), 1);
    journal.flush().expect("writes nothing");
    assert_eq!(disk.content().log.len(), 1);
}

#[test]
fn a_result_is_synced_within_200_ms_and_the_driver_is_told_when() {
    let (disk, clock) = (Memory::default(), Arc::new(Hand::default()));
    let mut journal = disk.open_at(JournalOptions::default(), Arc::clone(&clock)).expect("opens");
    clock.pass(1000);
    fill(&mut journal, 0..1);
    assert_eq!(journal.due(Duration::from_millis(1050)), Some(Duration::from_millis(150)));
    assert_ne!(disk.content().log.last(), Some(&Asked::Sync));
    clock.pass(200);
    journal.sync().expect("syncs");
    assert_eq!(disk.content().log.last(), Some(&Asked::Sync));
    assert_eq!(journal.due(Duration::from_millis(1200)), None);
}

#[test]
fn what_a_killed_run_left_unsynced_is_synced_by_the_next() {
    let disk = Memory::default();
    let mut journal = disk.open(JournalOptions::default()).expect("opens");
    fill(&mut journal, 0..3);
    let killed = Memory::of(&disk.content().bytes);
    let journal = killed.open(JournalOptions::default()).expect("opens");
    assert!(journal.due(Duration::ZERO).is_some());
    journal.close().expect("closes");
    let log = killed.content().log.clone();
    assert!(matches!(&log[..], [Asked::Sync, Asked::Write { .. }]), "{log:?}");
    killed.open(JournalOptions::default()).expect("opens").close().expect("closes");
    assert_eq!(killed.content().log, log, "once");
}

#[test]
fn f123_a_disk_that_is_full_at_any_byte_stops_the_journal_and_loses_nothing_written() {
    let whole = {
        let disk = Memory::default();
        fill(&mut disk.open(JournalOptions::default()).expect("opens"), 0..3);
        disk.content().bytes.len()
    };
    for room in super::super::line::header().len()..whole {
        let disk = Memory::default();
        disk.content().room = Some(room);
        let mut journal = disk.open(JournalOptions::default()).expect("opens");
        let mut written = 0;
        let failure = loop {
            journal.intend(&nth(written));
            journal.done(&nth(written), &answer(written));
            match journal.flush() {
                Ok(()) => written += 1,
                Err(failure) => break failure,
            }
        };
        assert_eq!(failure.exit(), Exit::Io);
        disk.content().room = None;
        let log = disk.content().log.len();
        journal.intend(&nth(9));
        assert!(journal.flush().is_err() && journal.sync().is_err(), "no further work");
        assert_eq!(served(&journal, written), Some(answer(written)), "what was bought can still be printed");
        drop(journal);
        assert_eq!(disk.content().log.len(), log, "not even when it is dropped");
        let journal = disk.open(JournalOptions::default()).expect("opens");
        assert!(journal.len() >= written, "{} of {written} at {room}", journal.len());
        (0..journal.len()).for_each(|n| assert_eq!(served(&journal, n), Some(answer(n))));
        assert_eq!(journal.state(&nth(9)), State::Unknown);
    }
}

#[test]
fn f124_a_sync_that_failed_is_not_tried_again() {
    let disk = Memory::default();
    let options = JournalOptions { durability: Durability::Record, ..JournalOptions::default() };
    let mut journal = disk.open(options).expect("opens");
    fill(&mut journal, 0..1);
    disk.content().sync_fails = true;
    journal.done(&nth(1), &answer(1));
    let failure = journal.flush().expect_err("is told");
    assert_eq!((failure.exit(), failure.to_string()), (Exit::Io, "cannot write the journal j: lost".into()));
    let log = disk.content().log.len();
    assert!(journal.flush().is_err() && journal.sync().is_err() && journal.due(Duration::MAX).is_none());
    assert!(journal.close().is_err());
    assert_eq!(disk.content().log.len(), log, "neither a sync nor a write follows");
}
