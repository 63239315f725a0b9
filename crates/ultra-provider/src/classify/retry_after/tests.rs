use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::{Said, wait};

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"));
    }
    headers
}

#[track_caller]
fn check(pairs: &[(&'static str, &str)], expected: Option<u64>) {
    let found = wait(&headers(pairs), 429, &Said::default());
    assert_eq!(found, expected.map(Duration::from_millis), "{pairs:?}");
}

#[test]
fn seconds_milliseconds_and_dates_are_read() {
    check(&[("retry-after", "20")], Some(20_000));
    check(&[("retry-after", " 1.5 ")], Some(1500));
    check(&[("retry-after-ms", "1500"), ("retry-after", "60")], Some(1500));
    check(&[("retry-after-ms", "abc"), ("retry-after", "60")], Some(60_000));
    check(&[("retry-after", "5"), ("retry-after", "9"), ("retry-after", "7")], Some(9000));
    check(&[("retry-after", "99999")], Some(99_999_000));
}

#[test]
fn a_date_counts_from_the_date_of_the_reply() {
    let date = ("date", "Sun, 22 Nov 2026 12:00:00 GMT");
    check(&[date, ("retry-after", "Sun, 22 Nov 2026 12:00:30 GMT")], Some(30_000));
    check(&[date, ("retry-after", "Sunday, 22-Nov-26 12:00:30 GMT")], Some(30_000));
    check(&[date, ("retry-after", "Sun, 22 Nov 2026 11:59:00 GMT")], None);
    check(&[date, ("retry-after", "Mon, 22 Nov 2026 12:00:30 GMT")], None);
    check(&[date, ("retry-after", "Sun, 22 Nov 100000 12:00:30 GMT")], None);
    check(&[("retry-after", "Sun, 22 Nov 2026 12:00:30 GMT")], None);
}

#[test]
fn what_is_no_wait_is_ignored() {
    for value in
        ["0", "0.0", "", "abc", "nan", "inf", "-10", "1e3", ".", "99999999999999999999999999999999999"]
    {
        check(&[("retry-after", value)], None);
        check(&[("retry-after-ms", value)], None);
    }
}

#[test]
fn the_body_is_asked_last() {
    let said = |message: &str| Said { message: Some(message.into()), ..Said::default() };
    for (message, expected) in [
        ("Please try again in 5.289s.", Some(5289)),
        ("Please try again in 640ms. Visit …", Some(640)),
        ("Try again in 1m2.5s", Some(62_500)),
        ("Try again in a while", None),
        ("try again in 99999999999999999999999999h", None),
        ("try again in ", None),
    ] {
        let found = wait(&headers(&[]), 429, &said(message));
        assert_eq!(found, expected.map(Duration::from_millis), "{message}");
        assert_eq!(
            wait(&headers(&[("retry-after", "2")]), 429, &said(message)),
            Some(Duration::from_secs(2))
        );
        assert_eq!(wait(&headers(&[]), 500, &said(message)), None);
    }
    let gemini = Said { delay: Some("46.2s".into()), ..Said::default() };
    assert_eq!(wait(&headers(&[]), 429, &gemini), Some(Duration::from_millis(46_200)));
}
