//! Damage of every kind: nothing wrong is served, and no more is lost than was damaged.

use ultra_core::failure::Exit;

use super::super::JournalOptions;
use super::super::line;
use super::disks::Memory;
use super::{Durability, Journal, State, answer, fill, nth, served};

const REPAIR: JournalOptions =
    JournalOptions { durability: Durability::Power, repair: true, retry_errors: false, unsafe_fs: false };

/// The bytes of a journal of `calls` calls, closed or killed.
fn journal_of(calls: usize, closed: bool) -> Vec<u8> {
    let disk = Memory::default();
    let mut journal = disk.open(JournalOptions::default()).expect("opens");
    fill(&mut journal, 0..calls);
    let killed = disk.content().bytes.clone();
    journal.close().expect("closes");
    if closed { disk.content().bytes.clone() } else { killed }
}

/// Fails when a record is served that was not written; tells how many are.
fn check(journal: &Journal, calls: usize) -> usize {
    let mut found = 0;
    for n in 0..calls {
        match served(journal, n) {
            Some(entry) => {
                assert_eq!(entry, answer(n));
                found += 1;
            }
            None => assert_ne!(journal.state(&nth(n)), State::Done),
        }
    }
    assert_eq!(found, journal.len());
    found
}

#[test]
fn p4_a_journal_cut_at_any_byte_opens_and_has_all_records_before_the_cut() {
    let (calls, whole) = (5, journal_of(5, true));
    for length in 0..=whole.len() {
        let disk = Memory::of(&whole[..length]);
        let journal = disk.open(JournalOptions::default()).expect("opens");
        let ended = whole[..length].split_inclusive(|&byte| byte == b'\n');
        let ended = ended.filter(|line| line.starts_with(br#"{"type":"done""#) && line.ends_with(b"\n"));
        assert_eq!(check(&journal, calls), ended.count(), "cut at {length}");
        drop(journal);
        let mut journal = disk.open(JournalOptions::default()).expect("opens again");
        assert_eq!(journal.recovered().cut, 0, "the end is whole now");
        fill(&mut journal, 0..calls);
        drop(journal);
        assert_eq!(check(&disk.open(JournalOptions::default()).expect("opens"), calls), calls);
    }
}

#[test]
fn who_only_reads_changes_nothing_however_it_is_torn() {
    let (calls, whole) = (5, journal_of(5, false));
    for length in 0..=whole.len() {
        let disk = Memory::of(&whole[..length]);
        let written = Memory::of(&whole[..length]).open(JournalOptions::default()).expect("opens").len();
        let journal = disk.read().expect("opens");
        assert_eq!(check(&journal, calls), written, "cut at {length}");
        drop(journal);
        let content = disk.content();
        assert_eq!((&content.log[..], &content.bytes[..]), (&[][..], &whole[..length]), "cut at {length}");
    }
}

/// Flips each of `bits` of a journal; gives how many were opened, and the fewest records one of them had.
fn flip(whole: &[u8], calls: usize, bits: impl Iterator<Item = usize>) -> (usize, usize) {
    let (mut opened, mut fewest) = (0, usize::MAX);
    let mut bytes = whole.to_vec();
    for bit in bits {
        bytes[bit / 8] ^= 1 << (bit % 8);
        match Memory::of(&bytes).open(JournalOptions::default()) {
            Ok(journal) => {
                opened += 1;
                fewest = fewest.min(check(&journal, calls));
            }
            Err(failure) => assert!(matches!(failure.exit(), Exit::Io | Exit::Usage), "bit {bit}: {failure}"),
        }
        // Every bit of a byte comes to its turn, but not in each byte.
        if bit % 7 == 0
            && let Ok(journal) = Memory::of(&bytes).open(REPAIR)
        {
            assert!(check(&journal, calls) + 2 >= calls, "bit {bit}: one or two lines are lost");
        }
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    (opened, fewest)
}

#[test]
fn p4_no_flipped_bit_makes_a_closed_journal_serve_what_was_not_written() {
    let (calls, whole) = (3, journal_of(3, true));
    let (opened, fewest) = flip(&whole, calls, (0..whole.len() * 8).step_by(3));
    let mark = whole.split_inclusive(|&byte| byte == b'\n').next_back().expect("has a last line").len();
    assert!(opened <= (mark + 1) * 8 / 3 + 1, "only the last line can be taken for a torn one: {opened}");
    assert!(fewest >= calls - 1, "{fewest}");
}

#[test]
fn p4_no_flipped_bit_makes_a_killed_journal_serve_what_was_not_written() {
    let (calls, whole) = (4, journal_of(4, false));
    let (opened, fewest) = flip(&whole, calls, (0..whole.len() * 8).step_by(37));
    assert!(
        opened >= (whole.len() - line::header().len()) * 8 / 37,
        "nothing is known to have been on the disk"
    );
    assert!(fewest >= calls - 2, "{fewest}");
}

#[test]
#[ignore = "takes minutes: every bit of 20 KiB, twice"]
fn p4_no_flipped_bit_of_a_larger_journal_is_served() {
    let (calls, whole) = (55, journal_of(55, true));
    assert!(whole.len() > 20 << 10, "{}", whole.len());
    flip(&whole, calls, 0..whole.len() * 8);
    let whole = journal_of(calls, false);
    flip(&whole, calls, 0..whole.len() * 8);
}

/// A closed journal whose line number `number` is not what it was.
fn damaged(number: usize) -> Vec<u8> {
    let text = String::from_utf8(journal_of(6, true)).expect("is text");
    let mut lines: Vec<_> = text.split_inclusive('\n').map(str::to_owned).collect();
    lines[number - 1] = lines[number - 1].replace("answer", "ANSWER");
    lines.concat().into_bytes()
}

#[test]
fn f128_damage_before_the_last_sync_is_refused_and_repair_keeps_the_rest() {
    let bytes = damaged(5);
    let disk = Memory::of(&bytes);
    let failure = disk.open(JournalOptions::default()).expect_err("is refused");
    let place = bytes.split_inclusive(|&byte| byte == b'\n').take(4).map(<[u8]>::len).sum::<usize>();
    let said = format!("the journal j is damaged at line 5 (byte {place})");
    assert!(failure.to_string().starts_with(&said), "{failure}");
    assert_eq!(failure.exit(), Exit::Io);
    assert!(failure.hints()[0].contains("--journal-repair"), "{failure}");
    assert_eq!(disk.content().bytes, bytes, "and left as it was");

    let journal = disk.open(REPAIR).expect("is repaired");
    assert_eq!((check(&journal, 6), journal.recovered().damaged), (5, 1));
    assert_eq!(journal.state(&nth(1)), State::Intended, "its call may have been paid for");
    drop(journal);
    let repaired = disk.content().bytes.clone();
    assert_eq!(repaired[place], b'#');
    assert_eq!(repaired[place + 1..], bytes[place + 1..], "the damaged line can still be read");
    let mut journal = disk.open(JournalOptions::default()).expect("opens");
    assert_eq!(journal.recovered().damaged, 0);
    fill(&mut journal, 1..2);
    assert_eq!(check(&journal, 6), 6);
}

#[test]
fn f128_damage_after_the_last_sync_is_passed_over() {
    let bytes = journal_of(4, false);
    let first_answer = bytes.windows(8).position(|part| part == b"answer 0").expect("is there");
    let mut bytes = bytes;
    bytes[first_answer] = 0;
    let disk = Memory::of(&bytes);
    let journal = disk.open(JournalOptions::default()).expect("opens");
    assert_eq!((check(&journal, 4), journal.recovered().damaged), (3, 1));
    drop(journal);
    let journal = disk.open(JournalOptions::default()).expect("opens");
    assert_eq!((check(&journal, 4), journal.recovered().damaged), (3, 0), "the line is marked");
}

#[test]
fn f128_a_damaged_first_line_is_repaired_and_nothing_else_is_taken_for_one() {
    let mut bytes = journal_of(2, true);
    bytes[4] ^= 1;
    assert!(Memory::of(&bytes).open(JournalOptions::default()).is_err());
    let disk = Memory::of(&bytes);
    assert_eq!(check(&disk.open(REPAIR).expect("is repaired"), 2), 2);
    bytes[..10].fill(b'x');
    assert!(Memory::of(&bytes).open(REPAIR).is_err());
}

#[test]
fn a_line_moved_or_written_by_hand_does_not_count_without_its_sum() {
    let mut bytes = journal_of(1, false);
    bytes.extend_from_slice(br#"{"type":"done","key":"#);
    bytes.extend_from_slice(format!("\"{}\",\"response\":{{}}}}\n", nth(9)).as_bytes());
    let journal = Memory::of(&bytes).open(JournalOptions::default()).expect("opens");
    assert_eq!((journal.len(), journal.state(&nth(9))), (1, State::Unknown));
}

#[test]
fn two_journals_one_after_the_other_are_one() {
    let mut both = journal_of(2, true);
    let other = Memory::default();
    let mut journal = other.open(JournalOptions::default()).expect("opens");
    fill(&mut journal, 2..5);
    journal.close().expect("closes");
    both.extend_from_slice(&other.content().bytes);
    assert_eq!(check(&Memory::of(&both).open(JournalOptions::default()).expect("opens"), 5), 5);
}
