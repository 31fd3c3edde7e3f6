//! A moment as somebody writes it: a date and time, how long ago it was, or seconds since 1970.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use model::ids::Millis;

/// The latest time that can be given in seconds: the end of the year 9999.
const SECONDS_MAX: f64 = 253_402_300_799.0;

/// A moment, once it is known what time it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    At(Millis),
    /// So many milliseconds before now.
    Ago(i64),
}

/// A text that is no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a time such as 2026-01-05T14:00:00Z, 2026-01-05 (UTC), 2h, 3d or 1767621600 (seconds since 1970)")]
pub(super) struct BadWhen;

impl When {
    /// The moment as the API reads it.
    pub(super) fn text(self, now: Millis) -> String {
        let millis = match self {
            When::At(moment) => moment.0,
            When::Ago(before) => now.0.saturating_sub(before),
        };
        let timestamp = Timestamp::from_millisecond(millis);
        timestamp.unwrap_or(if millis < 0 { Timestamp::MIN } else { Timestamp::MAX }).to_string()
    }
}

impl FromStr for When {
    type Err = BadWhen;

    fn from_str(text: &str) -> Result<Self, BadWhen> {
        let text = text.trim();
        moment(text).or_else(|| ago(text)).or_else(|| seconds(text)).ok_or(BadWhen)
    }
}

/// With an offset, or UTC; a date alone is its first moment.
fn moment(text: &str) -> Option<When> {
    let with_offset = text.parse::<Timestamp>().ok();
    let timestamp = with_offset.or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
    });
    timestamp.map(|timestamp| When::At(Millis(timestamp.as_millisecond())))
}

fn ago(text: &str) -> Option<When> {
    let text = text.strip_suffix(" ago").unwrap_or(text).trim_end();
    let unit = text.chars().last()?;
    let unit_millis = match unit {
        's' => 1_000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        'w' => 7 * 86_400_000,
        _ => return None,
    };
    let digits = text.strip_suffix(unit).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse::<i64>().ok()?.checked_mul(unit_millis).map(When::Ago)
}

fn seconds(text: &str) -> Option<When> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.0..=SECONDS_MAX).contains(seconds))?;
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds up to the year 9999 are far below 2^53")]
    let millis = (seconds * 1_000.0).floor() as i64;
    Some(When::At(Millis(millis)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_767_621_600_000);

    #[test]
    fn a_moment_may_be_written_as_a_date_as_an_age_or_in_seconds() {
        for (text, expected) in [
            ("2026-01-05T14:00:00Z", "2026-01-05T14:00:00Z"),
            ("2026-01-05T15:00:00+01:00", "2026-01-05T14:00:00Z"),
            ("2026-01-05 14:00", "2026-01-05T14:00:00Z"),
            ("2026-01-05", "2026-01-05T00:00:00Z"),
            ("90s", "2026-01-05T13:58:30Z"),
            ("2h", "2026-01-05T12:00:00Z"),
            ("2h ago", "2026-01-05T12:00:00Z"),
            (" 3d ", "2026-01-02T14:00:00Z"),
            ("1w", "2025-12-29T14:00:00Z"),
            ("1767621600", "2026-01-05T14:00:00Z"),
            ("1767621600.5", "2026-01-05T14:00:00.5Z"),
        ] {
            assert_eq!(text.parse::<When>().unwrap().text(NOW), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in ["", "h", "yesterday", "-2h", "2y", "1.5h", "99999999999999999999d", "1e99", "2026-13-01"] {
            assert_eq!(text.parse::<When>(), Err(BadWhen), "{text}");
        }
    }
}
