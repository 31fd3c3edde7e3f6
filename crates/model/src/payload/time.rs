//! A moment as text: the payload's `datetime`, and every date of the API.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use protocol::event::Micros;

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
    use super::*;

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
}
