//! How the API writes times, and reads them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use model::ids::Millis;

/// A day, in milliseconds.
pub(super) const DAY_MILLIS: i64 = 86_400_000;

/// The latest time that can be given in seconds: the end of the year 9999.
const TIME_MAX_S: f64 = 253_402_300_799.0;

/// ISO 8601 in UTC, to the millisecond: `2018-11-06T21:20:08.143Z`. A time beyond the calendar's end is its end.
pub(super) fn iso(time: Millis) -> String {
    let timestamp = Timestamp::from_millisecond(time.0);
    let timestamp = timestamp.unwrap_or(if time.0 < 0 { Timestamp::MIN } else { Timestamp::MAX });
    format!("{timestamp:.3}")
}

/// Reads ISO 8601. Without an offset it is UTC; a date alone is its first moment.
pub(super) fn moment(text: &str) -> Option<Millis> {
    let text = text.trim();
    let with_offset = text.parse::<Timestamp>().ok();
    let timestamp = with_offset.or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
    });
    timestamp.map(|timestamp| Millis(timestamp.as_millisecond()))
}

/// Reads ISO 8601, or seconds since 1970 with decimals.
pub(super) fn moment_or_seconds(text: &str) -> Option<Millis> {
    moment(text).or_else(|| seconds(text))
}

/// Reads seconds since 1970, decimals allowed.
pub(super) fn seconds(text: &str) -> Option<Millis> {
    let seconds = text.trim().parse::<f64>().ok().filter(|seconds| (0.0..=TIME_MAX_S).contains(seconds))?;
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds up to the year 9999 are far below 2^53")]
    let millis = (seconds * 1_000.0).floor() as i64;
    Some(Millis(millis))
}

/// A length of time in milliseconds: `90s`, `30m`, `24h`, `14d`, `2w`.
pub(super) fn period(text: &str) -> Option<i64> {
    let unit = text.chars().last()?;
    let digits = &text[..text.len() - unit.len_utf8()];
    let unit_millis = match unit {
        's' => 1_000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => DAY_MILLIS,
        'w' => 7 * DAY_MILLIS,
        _ => return None,
    };
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse::<i64>().ok().filter(|_| is_number)?.checked_mul(unit_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_and_without_an_offset() {
        for (text, millis) in [
            ("2018-11-06T21:20:08.143Z", Some(1_541_539_208_143)),
            ("2018-11-06T22:20:08.143999+01:00", Some(1_541_539_208_143)),
            (" 2018-11-06T21:20:08 ", Some(1_541_539_208_000)),
            ("2018-11-06", Some(1_541_462_400_000)),
            ("2018-11-31", None),
            ("1541539208", None),
            ("", None),
        ] {
            assert_eq!(moment(text), millis.map(Millis), "{text}");
        }
    }

    #[test]
    fn seconds_are_a_time_too() {
        for (text, millis) in [
            ("1541539208", Some(1_541_539_208_000)),
            (" 1541539208.1439", Some(1_541_539_208_143)),
            ("2018-11-06", Some(1_541_462_400_000)),
            ("0", Some(0)),
            ("-1", None),
            ("1e300", None),
            ("nan", None),
            ("", None),
        ] {
            assert_eq!(moment_or_seconds(text), millis.map(Millis), "{text}");
        }
    }

    #[test]
    fn times_have_three_decimals_and_a_z() {
        assert_eq!(iso(Millis(1_541_539_208_143)), "2018-11-06T21:20:08.143Z");
        assert_eq!(iso(Millis(0)), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso(Millis(-1)), "1969-12-31T23:59:59.999Z");
        assert!(iso(Millis(i64::MAX)).starts_with("9999-12-3"));
    }
}
