//! How pages write figures and times.

use jiff::Timestamp;

/// A moment as the API writes it, with how long ago it was when the page was made.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    /// ISO 8601.
    pub(super) iso: String,
    /// `3 min ago`, `in 5 s`.
    pub(super) age: String,
}

impl Moment {
    /// The moment that the API wrote, seen at `now_ms`.
    pub(super) fn of(iso: &str, now_ms: i64) -> Moment {
        let age = iso.parse::<Timestamp>().map_or_else(|_| iso.to_owned(), |at| age(now_ms - at.as_millisecond()));
        Moment { iso: iso.to_owned(), age }
    }

    /// `2018-11-06 21:20:08 UTC`
    pub(super) fn full(&self) -> String {
        let cut = self.iso.get(..19).unwrap_or(&self.iso);
        format!("{} UTC", cut.replace('T', " "))
    }
}

fn age(millis: i64) -> String {
    let seconds = millis.abs() / 1_000;
    let (count, unit) = match seconds {
        0..60 => (seconds, "s"),
        60..3_600 => (seconds / 60, "min"),
        3_600..86_400 => (seconds / 3_600, "h"),
        _ => (seconds / 86_400, "d"),
    };
    match millis {
        _ if seconds < 5 => "just now".to_owned(),
        1.. => format!("{count} {unit} ago"),
        _ => format!("in {count} {unit}"),
    }
}

/// A count with a thin space between thousands: `12 345`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped
}

/// A length of time: `12 ms`, `1.20 s`, `13 s`, `2 min 5 s`, `3 h`.
pub(super) fn duration(millis: i64) -> String {
    match millis {
        ..1_000 => format!("{millis} ms"),
        1_000..10_000 => format!("{}.{:02} s", millis / 1_000, millis % 1_000 / 10),
        10_000..60_000 => format!("{} s", millis / 1_000),
        60_000..3_600_000 => two((millis / 60_000, "min"), (millis % 60_000 / 1_000, "s")),
        3_600_000..86_400_000 => two((millis / 3_600_000, "h"), (millis % 3_600_000 / 60_000, "min")),
        _ => two((millis / 86_400_000, "d"), (millis % 86_400_000 / 3_600_000, "h")),
    }
}

/// `1 d 2 h`, and `1 d` where there is no rest.
fn two((large, large_unit): (i64, &str), (small, small_unit): (i64, &str)) -> String {
    let rest = if small == 0 { String::new() } else { format!(" {small} {small_unit}") };
    format!("{large} {large_unit}{rest}")
}

/// How long something took, measured finely: `0.4 ms`, and from 10 ms on as [`duration`] says it.
pub(super) fn latency(millis: f64) -> String {
    if millis < 10.0 { format!("{millis:.1} ms") } else { duration(millis.round() as i64) }
}

/// `12 KiB`, `3.4 MiB`.
pub(super) fn bytes(number: u64) -> String {
    match number {
        ..1_024 => format!("{number} B"),
        1_024..1_048_576 => format!("{} KiB", number / 1_024),
        _ => format!("{}.{} MiB", number / 1_048_576, number % 1_048_576 * 10 / 1_048_576),
    }
}

/// How many of how many, as people say it: never `100 %` while one is missing, nor `0 %` while there is one.
pub(super) fn share(part: u64, whole: u64) -> Option<String> {
    if whole == 0 {
        return None;
    }
    let tenths = u128::from(part) * 1_000 / u128::from(whole);
    Some(match tenths {
        1_000 => "100 %".to_owned(),
        0 if part > 0 => "<0.1 %".to_owned(),
        990..1_000 | 1..10 => format!("{}.{} %", tenths / 10, tenths % 10),
        _ => format!("{} %", tenths / 10),
    })
}

/// The share and what it is of: `99.9 % of 12 345`, `2 of 3`; nothing where there was none.
pub(super) fn share_of(part: u64, whole: u64) -> Option<String> {
    let part = if whole < 100 { count(part) } else { share(part, whole)? };
    (whole > 0).then(|| format!("{part} of {}", count(whole)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_in_the_largest_unit_that_fits() {
        for (millis, said) in [
            (0, "just now"),
            (65_000, "1 min ago"),
            (7_200_000, "2 h ago"),
            (-30_000, "in 30 s"),
            (172_800_000, "2 d ago"),
        ] {
            assert_eq!(age(millis), said);
        }
    }

    #[test]
    fn figures_are_grouped_and_in_units_that_fit() {
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(share(9_999, 10_000).as_deref(), Some("99.9 %"));
        assert_eq!(share(1, 100_000).as_deref(), Some("<0.1 %"));
        assert_eq!(share(0, 5).as_deref(), Some("0 %"));
        assert_eq!(share(0, 0), None);
        assert_eq!((share_of(2, 3).as_deref(), share_of(0, 0)), (Some("2 of 3"), None));
        assert_eq!(share_of(9_999, 10_000).as_deref(), Some("99.9 % of 10\u{202f}000"));
        assert_eq!(duration(1_234), "1.23 s");
        assert_eq!((duration(125_000).as_str(), duration(86_400_000).as_str()), ("2 min 5 s", "1 d"));
        assert_eq!((latency(0.44).as_str(), latency(12.6).as_str()), ("0.4 ms", "13 ms"));
        assert_eq!(bytes(3_500_000), "3.3 MiB");
    }
}
