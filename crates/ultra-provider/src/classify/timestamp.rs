//! Times as RFC 3339 writes them: `2026-11-22T15:04:05.5Z`.

use std::time::{Duration, SystemTime};

/// The time that `text` names, from 1970 on; fractions of seconds are dropped.
pub(super) fn read(text: &str) -> Option<SystemTime> {
    let (date, rest) = (text.get(..10)?, text.get(10..)?);
    let time = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, rest) = (time.get(..8)?, time.get(8..)?);
    let [year, month, day] = numbers(date, "-")?;
    let [hour, minute, second] = numbers(clock, ":")?;
    let last = match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=last).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset(rest)?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds.try_into().ok()?))
}

/// Three numbers of fixed width.
fn numbers(text: &str, between: &str) -> Option<[i64; 3]> {
    let mut parts = text.split(between);
    let mut next = || {
        let part = parts.next()?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let found = [next()?, next()?, next()?];
    parts.next().is_none().then_some(found)
}

/// What follows the seconds: a fraction, then `Z` or how far local time is ahead.
fn offset(text: &str) -> Option<i64> {
    let zone = match text.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => text,
    };
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, zone) =
        zone.strip_prefix('+').map(|zone| (1, zone)).or_else(|| Some((-1, zone.strip_prefix('-')?)))?;
    let [hours, minutes, _] = numbers(&format!("{zone}:0"), ":")?;
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

/// Days since 1970, after Howard Hinnant's `days_from_civil`.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    #[test]
    fn a_time_is_the_same_as_an_http_date() {
        for (text, date) in [
            ("2026-11-22T15:04:05Z", "Sun, 22 Nov 2026 15:04:05 GMT"),
            ("2026-11-22T15:04:05.123456z", "Sun, 22 Nov 2026 15:04:05 GMT"),
            ("2026-11-22 16:34:05+01:30", "Sun, 22 Nov 2026 15:04:05 GMT"),
            ("2026-11-22T10:04:05-05:00", "Sun, 22 Nov 2026 15:04:05 GMT"),
            ("2024-02-29T23:59:59Z", "Thu, 29 Feb 2024 23:59:59 GMT"),
            ("2000-03-01T00:00:00Z", "Wed, 01 Mar 2000 00:00:00 GMT"),
            ("1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ] {
            assert_eq!(super::read(text), httpdate::parse_http_date(date).ok(), "{text}");
        }
        let last = super::read("9999-12-31T23:59:60Z").expect("a time");
        assert!(last > SystemTime::UNIX_EPOCH + Duration::from_secs(253_000_000_000));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "soon",
            "2026-11-22",
            "2026-11-22T15:04:05",
            "2026-13-22T15:04:05Z",
            "2025-02-29T15:04:05Z",
            "2026-11-22T24:04:05Z",
            "2026-11-22T15:04:05+1",
            "2026-11-22T15:04:05+01:00:00",
            "1969-12-31T23:59:59Z",
            "2026-11-2éT15:04:05Z",
            "+026-11-22T15:04:05Z",
            "2026-11-22T15:04:05.Q",
        ] {
            assert_eq!(super::read(text), None, "{text}");
        }
    }
}
