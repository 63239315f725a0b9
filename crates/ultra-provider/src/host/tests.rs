use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use ultra_pace::Shared;

use super::place::Home;
use super::{Host, Lane, Moment};

mod damage;
mod lanes;
mod place;
mod processes;
mod times;

/// A boot of its own.
const BOOT: u64 = 7;

const LANE: Lane = Lane(1);

fn home() -> TempDir {
    TempDir::new().expect("a directory")
}

fn host(dir: &TempDir) -> Host {
    at(dir.path(), BOOT)
}

fn at(dir: &Path, boot: u64) -> Host {
    Host::at(Home::Directory(dir.to_owned()), boot).expect("a file")
}

/// A moment of a run that was started when the host had been up for 1,000 s.
fn second(run: u64) -> Moment {
    Moment { run: Duration::from_secs(run), boot: Duration::from_secs(1000 + run) }
}

fn paused(until: u64) -> Shared {
    Shared { gate: Duration::from_secs(until), ..Shared::default() }
}

fn get(host: &mut Host, now: Moment, lane: Lane) -> Option<Shared> {
    host.with(now, |book| book.get(lane)).expect("the lock")
}

fn set(host: &mut Host, now: Moment, lane: Lane, shared: Shared) -> bool {
    host.with(now, |book| book.set(lane, shared)).expect("the lock")
}

#[test]
fn one_learns_what_another_has_found_out() {
    let dir = home();
    let (mut one, mut other) = (host(&dir), host(&dir));
    assert!(one.changed(), "nobody has looked yet");
    assert_eq!(get(&mut one, second(1), LANE), None);
    assert_eq!(get(&mut other, second(1), LANE), None);
    assert!(!one.changed() && !other.changed());

    let all = Shared {
        gate: Duration::from_millis(2_500),
        next_request: Duration::from_nanos(2_000_000_001),
        next_tokens: Duration::from_secs(3),
        rate: Some(0.7),
        cut: Duration::from_secs(1),
        broken_until: Duration::from_secs(4),
        broken_times: 5,
    };
    assert!(set(&mut one, second(2), LANE, all));
    assert!(other.changed() && !one.changed(), "only the other has something to read");
    assert_eq!(get(&mut other, second(2), LANE), Some(all));
    assert!(!other.changed());
}

#[test]
fn what_is_known_already_is_no_news() {
    let dir = home();
    let (mut one, mut other) = (host(&dir), host(&dir));
    set(&mut one, second(2), LANE, paused(9));
    get(&mut other, second(2), LANE);
    assert!(set(&mut one, second(3), LANE, paused(9)));
    assert!(set(&mut one, second(3), Lane(2), Shared::default()), "nothing is known, and nothing to say");
    assert!(!other.changed());
    set(&mut one, second(700), LANE, paused(9));
    assert!(other.changed(), "it is said again before it would be taken for old");
}

#[test]
fn a_removed_file_is_replaced_and_noticed_by_all() {
    let dir = home();
    let (mut one, mut other) = (host(&dir), host(&dir));
    set(&mut one, second(1), LANE, paused(9));
    get(&mut other, second(1), LANE);
    fs::remove_file(dir.path().join("limits")).expect("removes");
    assert!(set(&mut one, second(2), LANE, paused(8)));
    assert!((0..super::LOOK).any(|_| other.changed()), "looked at from time to time");
    assert_eq!(get(&mut other, second(2), LANE), Some(paused(8)));
    assert_eq!(get(&mut host(&dir), second(2), LANE), Some(paused(8)));
}

#[test]
fn a_file_that_fails_ends_the_sharing_and_not_the_run() {
    let dir = home();
    let mut host = host(&dir);
    set(&mut host, second(1), LANE, paused(9));
    host.file = File::open(dir.path().join("limits")).expect("opens, to be read only");
    assert_eq!(host.with(second(2), |book| book.set(LANE, paused(8))), None);
    assert_eq!(host.with(second(3), |book| book.get(LANE)), None);
    assert!(!host.changed());
}
