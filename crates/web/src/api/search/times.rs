//! Times in searches: `-24h` (since then), `+2w` (before then), `>=2024-05-01`, `24h` as a period.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use model::ids::Millis;
use store::issues::Bound;

/// What a time looks like, for complaints.
pub(in super::super) const EXPECTED: &str = "a time such as -24h, +2w or >=2024-05-01T12:00:00";

const DAY_MILLIS: i64 = 86_400_000;

/// A time as it was written, which may stand for a whole day; or a number.
#[derive(Clone, Copy)]
pub(in super::super) struct Moment {
    /// Its first millisecond.
    pub(in super::super) from: i64,
    /// Its last one.
    pub(in super::super) to: i64,
}

/// Where a time must lie.
pub(in super::super) fn read(text: &str, now: Millis) -> Option<Bound> {
    if let Some(age) = text.strip_prefix('-') {
        return Some(Bound { least: now.0.saturating_sub(period(age)?), most: i64::MAX });
    }
    if let Some(age) = text.strip_prefix('+') {
        return Some(Bound { least: i64::MIN, most: now.0.saturating_sub(period(age)?) });
    }
    let written = text.trim_start_matches(['>', '<', '=']);
    bound(&text[..text.len() - written.len()], moment(written)?)
}

/// Where something must lie that compares so with a moment.
pub(in super::super) fn bound(comparison: &str, moment: Moment) -> Option<Bound> {
    let (least, most) = match comparison {
        "" | "=" => (moment.from, moment.to),
        ">" => (moment.to.saturating_add(1), i64::MAX),
        ">=" => (moment.from, i64::MAX),
        "<" => (i64::MIN, moment.from.saturating_sub(1)),
        "<=" => (i64::MIN, moment.to),
        _ => return None,
    };
    Some(Bound { least, most })
}

/// A length of time in milliseconds: `90s`, `30m`, `24h`, `14d`, `2w`.
pub(in super::super) fn period(text: &str) -> Option<i64> {
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

/// A date, or a time in UTC where it names no zone.
pub(in super::super) fn moment(text: &str) -> Option<Moment> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(Moment { from: time.as_millisecond(), to: time.as_millisecond() });
    }
    let start = |time: DateTime| Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond());
    if text.len() == "2024-05-01".len() {
        let from = start(text.parse::<Date>().ok()?.at(0, 0, 0, 0))?;
        return Some(Moment { from, to: from + DAY_MILLIS - 1 });
    }
    let from = start(text.parse().ok()?)?;
    Some(Moment { from, to: from })
}
