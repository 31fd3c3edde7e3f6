//! Timestamps: reading them in the shapes that SDKs send, and writing Unix seconds.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::Micros;
use crate::json::{Kind, Value};

const MICROS_PER_SECOND: i64 = 1_000_000;

/// 9999-12-31T23:59:59Z: the last second that four digits of a year can write.
const MAX_UNIX_SECONDS: f64 = 253_402_300_799.0;

/// Reads a timestamp: an RFC 3339 text, UTC where it names no zone, or Unix seconds, rounded to microseconds.
/// None for anything else, and for times before 1970 or after 9999.
pub fn parse_timestamp(value: Value<'_, '_>) -> Option<Micros> {
    let micros = match value.kind() {
        Kind::String => parse_text(&value.text()?)?,
        Kind::Number => {
            let seconds: f64 = value.number()?.parse().ok()?;
            if seconds.abs() > MAX_UNIX_SECONDS {
                return None;
            }
            (seconds * MICROS_PER_SECOND as f64).round() as Micros
        }
        _ => return None,
    };
    (micros >= 0).then_some(micros)
}

/// Writes Unix seconds with as many decimals as needed, one at least: `1704067200.0`.
pub fn write_unix_seconds(out: &mut Vec<u8>, time: Micros) {
    let time = time.max(0);
    let mut buffer = itoa::Buffer::new();
    out.extend_from_slice(buffer.format(time / MICROS_PER_SECOND).as_bytes());
    out.push(b'.');
    let fraction = time % MICROS_PER_SECOND + MICROS_PER_SECOND;
    let digits = buffer.format(fraction).trim_end_matches('0');
    let decimals = digits.get(1..).filter(|decimals| !decimals.is_empty()).unwrap_or("0");
    out.extend_from_slice(decimals.as_bytes());
}

/// The time as RFC 3339 text in UTC, for messages.
pub(crate) fn rfc3339(time: Micros) -> String {
    Timestamp::from_microsecond(time).map(|time| time.to_string()).unwrap_or_default()
}

fn parse_text(text: &str) -> Option<Micros> {
    let time = match text.parse::<Timestamp>() {
        Ok(time) => time,
        Err(_) => TimeZone::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok()?,
    };
    Some(time.as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Tape;

    fn read(json: &str) -> Option<Micros> {
        let mut tape = Tape::new();
        parse_timestamp(tape.parse(json.as_bytes()).unwrap().root())
    }

    #[test]
    fn timestamps_are_read_in_every_documented_shape() {
        let noon = 1_704_110_400_000_000;
        for (json, expected) in [
            ("\"2024-01-01T12:00:00Z\"", Some(noon)),
            ("\"2024-01-01T12:00:00\"", Some(noon)),
            ("\"2024-01-01 12:00:00\"", Some(noon)),
            ("\"2024-01-01T13:00:00+01:00\"", Some(noon)),
            ("\"2024-01-01T12:00:00.123456Z\"", Some(noon + 123_456)),
            ("\"2024-01-01T12:00:00.123456789Z\"", Some(noon + 123_456)),
            ("1704110400", Some(noon)),
            ("1704110400.0", Some(noon)),
            ("1704110400.1234567", Some(noon + 123_457)),
            ("1795418085.334537", Some(1_795_418_085_334_537)),
            ("1.7041104e9", Some(noon)),
            ("-1", None),
            ("1e300", None),
            ("\"yesterday\"", None),
            ("\"\"", None),
            ("true", None),
            ("null", None),
            ("[]", None),
        ] {
            assert_eq!(read(json), expected, "{json}");
        }
    }

    #[test]
    fn unix_seconds_have_the_decimals_they_need_and_one_at_least() {
        for (time, text) in [
            (0, "0.0"),
            (1_704_067_200_000_000, "1704067200.0"),
            (1_500_000, "1.5"),
            (1_000_001, "1.000001"),
            (-1, "0.0"),
        ] {
            let mut out = Vec::new();
            write_unix_seconds(&mut out, time);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }
}
