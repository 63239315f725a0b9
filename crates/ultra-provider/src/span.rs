//! Durations as people write them: `200ms`, `1.5s`, `10m`, `2h`.

use std::time::Duration;

/// Reads a number with a unit: `ms`, `s`, `m` or `h`.
///
/// # Errors
/// What is expected, when `text` is not that.
pub fn parse(text: &str) -> Result<Duration, String> {
    let expected = || "expected a number with a unit, such as 200ms, 1.5s, 10m or 2h".to_owned();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(expected)?;
    let (number, unit) = text.split_at(digits);
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(expected()),
    };
    let number: f64 = number.parse().map_err(|_| expected())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| "too long".to_owned())
}

/// Reads a duration in which something can be done.
///
/// # Errors
/// What is expected, when `text` is not that.
pub fn positive(text: &str) -> Result<Duration, String> {
    parse(text).and_then(|time| if time.is_zero() { Err("must not be zero".into()) } else { Ok(time) })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::parse;

    #[test]
    fn a_duration_needs_its_unit() {
        for (text, millis) in
            [("200ms", 200), ("1.5s", 1_500), ("10m", 600_000), ("2h", 7_200_000), ("0s", 0)]
        {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "5", "s", "1d", "-1s", "1e3s", "1.2.3s", "99999999999999999999999h"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
