//! Names of lanes, and the room for them.

use std::fs;

use ultra_core::secret::Secret;

use super::super::page::SLOTS;
use super::{Lane, get, home, host, paused, second, set};

#[test]
fn a_lane_is_a_place_a_key_and_a_model() {
    let key = |text: &str| Some(Secret::new(text.to_owned()));
    let lane = |place: &str, key: Option<Secret>, model: &str| Lane::new(place, key.as_ref(), model);
    let one = lane("https://a/v1", key("sk-1"), "m");
    assert_eq!(one, lane("https://a/v1", key("sk-1"), "m"));
    let others = [
        lane("https://b/v1", key("sk-1"), "m"),
        lane("https://a/v1", key("sk-2"), "m"),
        lane("https://a/v1", None, "m"),
        lane("https://a/v1", key("sk-1"), "n"),
        lane("https://a/v1m", key("sk-1"), ""),
    ];
    assert!(others.iter().all(|other| *other != one));
}

#[test]
fn neither_key_nor_name_stands_in_the_file() {
    let dir = home();
    let key = Secret::new("sk-0123456789".to_owned());
    let lane = Lane::new("https://api.example/v1", Some(&key), "some-model");
    set(&mut host(&dir), second(1), lane, paused(9));
    let bytes = fs::read(dir.path().join("limits")).expect("reads");
    for text in ["sk-0123456789", "0123456789", "api.example", "some-model"] {
        assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()), "{text}");
    }
}

#[test]
fn a_full_file_keeps_its_lanes_until_they_are_old() {
    let dir = home();
    let (mut one, mut other) = (host(&dir), host(&dir));
    let last = SLOTS as u64;
    for lane in 1..=last {
        assert!(set(&mut one, second(lane), Lane(lane), paused(1000 + lane)), "{lane}");
    }
    assert!(!set(&mut one, second(300), Lane(last + 1), paused(1)));
    assert!(set(&mut one, second(300), Lane(last), paused(2)), "those who have a place keep it");
    assert_eq!(get(&mut other, second(300), Lane(1)), Some(paused(1001)));

    let day = 86_400;
    assert!(set(&mut one, second(day + 2), Lane(last + 1), paused(day + 9)), "the first was given up");
    assert_eq!(get(&mut other, second(day + 2), Lane(last + 1)), Some(paused(day + 9)));
    assert_eq!(get(&mut other, second(day + 2), Lane(1)), None);
    assert_eq!(get(&mut other, second(day + 2), Lane(3)), Some(paused(1003)));
}
