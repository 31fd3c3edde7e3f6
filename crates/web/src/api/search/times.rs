//! Times in searches: `-24h` (since then), `+2w` (before then), `>=2024-05-01`, `24h` as a period.

use model::ids::Millis;
use store::issues::Bound;

use super::super::time::{self, DAY_MILLIS, period};

/// What a time looks like, for complaints.
pub(in super::super) const EXPECTED: &str = "a time such as -24h, +2w or >=2024-05-01T12:00:00";

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

/// A date, or a time in UTC where it names no zone.
pub(in super::super) fn moment(text: &str) -> Option<Moment> {
    let from = time::moment(text)?.0;
    let is_day = text.trim().len() == "2024-05-01".len();
    Some(Moment { from, to: if is_day { from + DAY_MILLIS - 1 } else { from } })
}
