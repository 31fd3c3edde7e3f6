//! Order statistics over what was measured: medians and percentiles. Pure; knows nothing of what the numbers mean.
//!
//! Percentiles are exact (nearest rank over every sample), not read off a histogram. `measure`, `ratios`, `latency` and
//! `overload` call it.

use serde::Serialize;

/// Three percentiles of a set of latencies, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Percentiles {
    /// Half of the samples were at most this.
    pub p50_us: u32,
    /// 99 % of the samples were at most this.
    pub p99_us: u32,
    /// 99.9 % of the samples were at most this.
    pub p999_us: u32,
}

impl Percentiles {
    /// Sorts the samples; `None` when there are none.
    pub(crate) fn of(mut samples_us: Vec<u32>) -> Option<Self> {
        samples_us.sort_unstable();
        let rank = |per_mille: usize| {
            let position = (samples_us.len() * per_mille).div_ceil(1_000).saturating_sub(1);
            samples_us.get(position).copied()
        };
        Some(Self { p50_us: rank(500)?, p99_us: rank(990)?, p999_us: rank(999)? })
    }
}

/// The middle value, or the mean of the two middle values; `None` when there are none.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *values.get(values.len() / 2 - 1)?;
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples_at_the_nearest_rank() {
        let thousand: Vec<u32> = (1..=1_000).rev().collect();
        let expected = Percentiles { p50_us: 500, p99_us: 990, p999_us: 999 };
        assert_eq!(Percentiles::of(thousand), Some(expected));
        let one = Percentiles { p50_us: 8, p99_us: 8, p999_us: 8 };
        assert_eq!(Percentiles::of(vec![8]), Some(one));
        let three = Percentiles { p50_us: 2, p99_us: 3, p999_us: 3 };
        assert_eq!(Percentiles::of(vec![3, 1, 2]), Some(three));
        assert_eq!(Percentiles::of(Vec::new()), None);
    }

    #[test]
    fn a_median_is_the_middle_or_the_mean_of_the_two_middles() {
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median([]), None);
    }
}
