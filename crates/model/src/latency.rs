//! How long attempts took, counted in buckets that grow: percentiles of any number of attempts from a few counts.

use std::time::Duration;

/// How many buckets there are.
pub const BUCKETS: usize = 64;
/// The end of the first bucket, in microseconds: what is shorter is not told apart.
const FIRST_END_US: f64 = 500.0;
/// Each bucket ends at so many times the end of the one before: what it stands for is right within a tenth.
const GROWTH: f64 = 1.2;

/// The bucket of a duration; the last one has no end.
pub fn bucket(duration: Duration) -> u8 {
    let micros = duration.as_secs_f64() * 1e6;
    if micros < FIRST_END_US {
        return 0;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is at least zero, and cut")]
    let index = ((micros / FIRST_END_US).ln() / GROWTH.ln()).floor() as usize + 1;
    u8::try_from(index.min(BUCKETS - 1)).unwrap_or(u8::MAX)
}

/// What the attempts of a bucket took, in milliseconds: its middle.
pub fn typical_ms(bucket: u8) -> f64 {
    if bucket == 0 {
        return FIRST_END_US / 2_000.0;
    }
    FIRST_END_US / 1_000.0 * GROWTH.powf(f64::from(bucket) - 0.5)
}

/// The duration in milliseconds that so many of a hundred attempts did not exceed; `None` where there was none. Counts by bucket, in
/// any order.
pub fn percentile_ms(counts: &[(u8, u64)], percent: u64) -> Option<f64> {
    let all: u64 = counts.iter().map(|(_, count)| *count).sum();
    if all == 0 {
        return None;
    }
    let rank = (all.saturating_mul(percent)).div_ceil(100).max(1);
    let mut sorted: Vec<_> = counts.to_vec();
    sorted.sort_unstable();
    let mut seen = 0;
    let found = sorted.iter().find(|(_, count)| {
        seen += count;
        seen >= rank
    });
    found.map(|(bucket, _)| typical_ms(*bucket))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_ends_are_in_the_first_and_the_last_bucket() {
        assert_eq!(bucket(Duration::ZERO), 0);
        assert_eq!(bucket(Duration::from_micros(499)), 0);
        assert_eq!(bucket(Duration::from_micros(501)), 1);
        assert!(usize::from(bucket(Duration::from_secs(30))) < BUCKETS - 1);
        assert_eq!(usize::from(bucket(Duration::from_secs(86_400))), BUCKETS - 1);
    }

    #[test]
    fn percentiles_are_those_of_sorted_attempts() {
        let counts = [(9, 98), (20, 1), (30, 1)];
        assert_eq!(percentile_ms(&counts, 50), Some(typical_ms(9)));
        assert_eq!(percentile_ms(&counts, 99), Some(typical_ms(20)));
        assert_eq!(percentile_ms(&counts, 100), Some(typical_ms(30)));
        assert_eq!(percentile_ms(&[], 50), None);
    }

    proptest! {
        #[test]
        fn a_bucket_stands_for_what_is_in_it_within_a_tenth(micros in 500_u64..30_000_000) {
            let (real, shown) = (micros as f64 / 1_000.0, typical_ms(bucket(Duration::from_micros(micros))));
            prop_assert!((shown / real - 1.0).abs() <= 0.1, "{real} {shown}");
        }

        #[test]
        fn longer_is_never_in_a_lower_bucket(one in 0_u64..60_000_000, more in 0_u64..60_000_000) {
            prop_assert!(bucket(Duration::from_micros(one)) <= bucket(Duration::from_micros(one + more)));
        }
    }
}
