//! Whatever stands in the file, a value is right or not there.

use std::fs;

use super::super::page::SLOTS;
use super::super::record::{Header, RECORD};
use super::{BOOT, LANE, Lane, at, get, home, host, paused, second, set};

#[test]
fn a_damaged_byte_never_makes_a_wrong_value() {
    let dir = home();
    let path = dir.path().join("limits");
    let mut writer = host(&dir);
    set(&mut writer, second(1), LANE, paused(8));
    set(&mut writer, second(1), Lane(2), paused(9));
    let whole = fs::read(&path).expect("reads");
    assert_eq!(whole.len(), Header::BYTES + 2 * RECORD);
    for at in 0..whole.len() {
        for flip in [1, 0x80, 0xFF] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            fs::write(&path, &bytes).expect("writes");
            let mut reader = host(&dir);
            let found = [(LANE, paused(8)), (Lane(2), paused(9))].map(|(lane, right)| {
                get(&mut reader, second(2), lane).inspect(|found| assert_eq!(*found, right))
            });
            let expected = usize::from(at >= Header::BYTES);
            assert_eq!(found.iter().flatten().count(), expected, "byte {at}");
            // The writer has seen the file whole, and finds out too.
            let known = get(&mut writer, second(2), LANE);
            assert!(known.is_none_or(|known| known == paused(8)), "byte {at}");
            assert!(set(&mut reader, second(2), LANE, paused(7)));
            assert_eq!(get(&mut writer, second(2), LANE), Some(paused(7)), "byte {at}");
        }
    }
}

#[test]
fn a_file_cut_anywhere_or_filled_with_anything_is_begun_anew() {
    let dir = home();
    let path = dir.path().join("limits");
    set(&mut host(&dir), second(1), LANE, paused(8));
    let whole = fs::read(&path).expect("reads");
    let cut = (0..whole.len()).map(|length| whole[..length].to_vec());
    let long = vec![0xAA; 3 * SLOTS * RECORD];
    for bytes in cut.chain([long, vec![0; 5000], b"{}\n".to_vec()]) {
        fs::write(&path, &bytes).expect("writes");
        let mut host = host(&dir);
        assert_eq!(get(&mut host, second(2), LANE), None, "{} bytes", bytes.len());
        assert!(set(&mut host, second(2), LANE, paused(7)));
        assert_eq!(get(&mut host, second(2), LANE), Some(paused(7)), "{} bytes", bytes.len());
    }
}

#[test]
fn another_boot_knows_nothing_of_the_last() {
    let dir = home();
    set(&mut host(&dir), second(1), LANE, paused(8));
    let mut after = at(dir.path(), BOOT + 1);
    assert_eq!(get(&mut after, second(1), LANE), None);
    set(&mut after, second(1), Lane(2), paused(8));
    assert_eq!(get(&mut at(dir.path(), BOOT + 1), second(1), Lane(2)), Some(paused(8)));
}
