//! How the API writes times.

use jiff::Timestamp;
use model::ids::Millis;

/// ISO 8601 in UTC, to the millisecond: `2018-11-06T21:20:08.143Z`. A time beyond the calendar's end is its end.
pub(super) fn iso(time: Millis) -> String {
    let timestamp = Timestamp::from_millisecond(time.0);
    let timestamp = timestamp.unwrap_or(if time.0 < 0 { Timestamp::MIN } else { Timestamp::MAX });
    format!("{timestamp:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_decimals_and_a_z() {
        assert_eq!(iso(Millis(1_541_539_208_143)), "2018-11-06T21:20:08.143Z");
        assert_eq!(iso(Millis(0)), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso(Millis(-1)), "1969-12-31T23:59:59.999Z");
        assert!(iso(Millis(i64::MAX)).starts_with("9999-12-3"));
    }
}
