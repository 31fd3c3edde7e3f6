//! The two ways in which a payload writes the same moment.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use protocol::event::Micros;

use super::json::push_display;

const MICROS_PER_SECOND: u64 = 1_000_000;

/// A moment as `2024-01-01T00:00:00.000Z`, cut (not rounded) to the millisecond.
pub fn iso_millis(moment: Micros) -> String {
    let mut out = Vec::with_capacity(24);
    push_iso_millis(&mut out, moment);
    String::from_utf8(out).unwrap_or_default()
}

/// Appends a moment as [`iso_millis`] writes it. Moments outside the years 0 to 9999 are written as the nearest within, because
/// the format has no others; normalisation lets none through.
pub fn push_iso_millis(out: &mut Vec<u8>, moment: Micros) {
    let moment = civil(moment);
    let millis = moment.subsec_nanosecond() / 1_000_000;
    for (value, digits, end) in [
        (i32::from(moment.year()), 4, b'-'),
        (i32::from(moment.month()), 2, b'-'),
        (i32::from(moment.day()), 2, b'T'),
        (i32::from(moment.hour()), 2, b':'),
        (i32::from(moment.minute()), 2, b':'),
        (i32::from(moment.second()), 2, b'.'),
        (millis, 3, b'Z'),
    ] {
        push_padded(out, value.unsigned_abs(), digits);
        out.push(end);
    }
}

/// Appends a moment as Unix seconds, the shortest number that is exact to the microsecond, as Python writes a float: `.0` where
/// the second is whole.
pub(super) fn push_unix_seconds(out: &mut Vec<u8>, moment: Micros) {
    if moment < 0 {
        out.push(b'-');
    }
    let micros = moment.unsigned_abs();
    push_display(out, micros / MICROS_PER_SECOND);
    out.push(b'.');
    let (mut fraction, mut digits) = (micros % MICROS_PER_SECOND, 6);
    while digits > 1 && fraction.is_multiple_of(10) {
        (fraction, digits) = (fraction / 10, digits - 1);
    }
    push_padded(out, u32::try_from(fraction).unwrap_or_default(), digits);
}

fn civil(moment: Micros) -> DateTime {
    let first = DateTime::constant(0, 1, 1, 0, 0, 0, 0);
    let limit = if moment < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Offset::UTC.to_datetime(Timestamp::from_microsecond(moment).unwrap_or(limit)).max(first)
}

/// Appends the lowest `digits` decimal digits, with leading zeros.
fn push_padded(out: &mut Vec<u8>, value: u32, digits: u32) {
    for power in (0..digits).rev() {
        let digit = value / 10_u32.pow(power) % 10;
        out.push(b"0123456789"[digit as usize]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds(moment: Micros) -> String {
        let mut out = Vec::new();
        push_unix_seconds(&mut out, moment);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_datetime_is_cut_to_milliseconds() {
        for (moment, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_704_067_200_000_000, "2024-01-01T00:00:00.000Z"),
            (1_709_210_096_789_999, "2024-02-29T12:34:56.789Z"),
            (1_704_067_199_999_999, "2023-12-31T23:59:59.999Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (i64::MAX, "9999-12-30T22:00:00.999Z"),
            (i64::MIN, "0000-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(iso_millis(moment), expected);
        }
    }

    #[test]
    fn a_timestamp_is_a_float_with_as_many_digits_as_it_needs() {
        for (moment, expected) in [
            (0, "0.0"),
            (1_704_067_200_000_000, "1704067200.0"),
            (1_704_067_200_500_000, "1704067200.5"),
            (1_704_067_200_000_001, "1704067200.000001"),
            (1_704_067_200_123_450, "1704067200.12345"),
            (-1_500_000, "-1.5"),
            (i64::MIN, "-9223372036854.775808"),
        ] {
            assert_eq!(seconds(moment), expected);
        }
    }

    proptest! {
        /// Of moments between 1970 and 2200 the text is the very one that Python's and Rust's shortest float printing gives.
        #[test]
        fn a_timestamp_is_written_as_a_float_printer_would(moment in 0..7_258_118_400_000_000_i64) {
            let float = moment as f64 / 1e6;
            prop_assert_eq!(seconds(moment), format!("{float:?}"));
        }
    }
}
