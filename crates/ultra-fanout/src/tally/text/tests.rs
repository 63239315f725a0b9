use super::{millis, short};

#[test]
fn long_numbers_are_shortened_to_six_characters_at_most() {
    for (count, text) in [
        (0, "0"),
        (99_999, "99999"),
        (100_000, "100k"),
        (999_499, "999k"),
        (999_500, "1.00M"),
        (1_234_567, "1.23M"),
        (12_345_678, "12.3M"),
        (99_960_000, "100M"),
        (u64::MAX, "18.4E"),
    ] {
        assert_eq!(short(count), text, "{count}");
    }
}

#[test]
fn times_are_written_as_people_say_them() {
    for (time, text) in [
        (0, "0ms"),
        (999, "999ms"),
        (1_000, "1.00s"),
        (9_994, "9.99s"),
        (9_995, "10.0s"),
        (99_949, "99.9s"),
        (99_950, "1m39s"),
        (3_723_000, "62m03s"),
    ] {
        assert_eq!(millis(time), text, "{time}");
    }
}
