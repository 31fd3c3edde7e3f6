//! Windows of time and the buckets in which they are counted.

use std::time::Duration;

use crate::ids::Millis;

/// A span that a frequency condition counts over, or compares with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Interval {
    /// `1m`
    Minute,
    /// `5m`
    FiveMinutes,
    /// `15m`
    FifteenMinutes,
    /// `1h`
    Hour,
    /// `1d`
    Day,
    /// `1w`
    Week,
    /// `30d`
    Month,
}

/// A window as buckets: from the first to the last, both included, as the seconds in which they begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketWindow {
    /// The start of the first bucket, in seconds.
    pub first_s: i64,
    /// The start of the last bucket, in seconds.
    pub last_s: i64,
}

impl Interval {
    /// All of them, the shortest first.
    pub const ALL: [Interval; 7] = [
        Interval::Minute,
        Interval::FiveMinutes,
        Interval::FifteenMinutes,
        Interval::Hour,
        Interval::Day,
        Interval::Week,
        Interval::Month,
    ];

    /// Sentry's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Interval::Minute => "1m",
            Interval::FiveMinutes => "5m",
            Interval::FifteenMinutes => "15m",
            Interval::Hour => "1h",
            Interval::Day => "1d",
            Interval::Week => "1w",
            Interval::Month => "30d",
        }
    }

    /// The interval of this name.
    pub fn named(name: &str) -> Option<Interval> {
        Interval::ALL.into_iter().find(|interval| interval.as_str() == name)
    }

    /// For people: `one minute`, `5 minutes`.
    pub fn words(self) -> &'static str {
        match self {
            Interval::Minute => "one minute",
            Interval::FiveMinutes => "5 minutes",
            Interval::FifteenMinutes => "15 minutes",
            Interval::Hour => "one hour",
            Interval::Day => "one day",
            Interval::Week => "one week",
            Interval::Month => "30 days",
        }
    }

    /// Its length in seconds.
    pub fn seconds(self) -> i64 {
        match self {
            Interval::Minute => 60,
            Interval::FiveMinutes => 300,
            Interval::FifteenMinutes => 900,
            Interval::Hour => 3_600,
            Interval::Day => 86_400,
            Interval::Week => 7 * 86_400,
            Interval::Month => 30 * 86_400,
        }
    }

    /// Its length.
    pub fn duration(self) -> Duration {
        Duration::from_secs(self.seconds().unsigned_abs())
    }

    /// The length of the buckets in which it is counted, in seconds: at least 12 of them make the interval.
    pub fn bucket_seconds(self) -> i64 {
        match self {
            Interval::Minute | Interval::FiveMinutes => 5,
            Interval::FifteenMinutes | Interval::Hour => 60,
            Interval::Day => 900,
            Interval::Week => 3_600,
            Interval::Month => 21_600,
        }
    }

    /// The window that ends at `moment`: the bucket that holds it, and as many before it as make the interval.
    pub fn ending(self, moment: Millis) -> BucketWindow {
        let last_s = bucket_start(moment, self.bucket_seconds());
        BucketWindow { first_s: last_s - self.seconds(), last_s }
    }

    /// The same window, so much earlier.
    pub fn ending_before(self, moment: Millis, earlier: Interval) -> BucketWindow {
        self.ending(Millis(moment.0.saturating_sub(earlier.seconds() * 1_000)))
    }
}

/// The second in which the bucket that holds a moment begins.
pub fn bucket_start(moment: Millis, bucket_seconds: i64) -> i64 {
    let second = moment.0.div_euclid(1_000);
    second - second.rem_euclid(bucket_seconds.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_the_present_bucket_and_those_before_it_that_make_its_length() {
        let moment = Millis(1_704_067_203_999);
        for (interval, bucket, buckets) in [
            (Interval::Minute, 5, 12),
            (Interval::FiveMinutes, 5, 60),
            (Interval::FifteenMinutes, 60, 15),
            (Interval::Hour, 60, 60),
            (Interval::Day, 900, 96),
            (Interval::Week, 3_600, 168),
            (Interval::Month, 21_600, 120),
        ] {
            let window = interval.ending(moment);
            assert_eq!(interval.bucket_seconds(), bucket);
            assert_eq!(window.last_s, 1_704_067_203 - 1_704_067_203 % bucket, "{interval:?}");
            assert_eq!((window.last_s - window.first_s) / bucket, buckets, "{interval:?}");
            assert_eq!(Interval::named(interval.as_str()), Some(interval));
        }
    }

    #[test]
    fn an_earlier_window_has_the_same_length() {
        let moment = Millis(1_704_067_203_999);
        let (now, before) =
            (Interval::Minute.ending(moment), Interval::Minute.ending_before(moment, Interval::FiveMinutes));
        assert_eq!((now.first_s - before.first_s, now.last_s - before.last_s), (300, 300));
    }

    #[test]
    fn buckets_before_1970_begin_before_their_moments() {
        assert_eq!(bucket_start(Millis(-1), 60), -60);
        assert_eq!(bucket_start(Millis(0), 60), 0);
    }
}
