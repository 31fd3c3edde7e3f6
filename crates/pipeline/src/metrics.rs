//! What the pipeline counts about itself, for whoever watches it.
//!
//! Recording is two relaxed atomic additions: no lock, no allocation, and never a reason for an event to wait. Refuses to know how
//! figures are shown: `web` writes the text. The recorder counts; `wiring` hands the figures over.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use model::limits::BATCH_EVENTS;

/// Up to a full batch, doubling.
const BATCH_EVENTS_BOUNDS: [u64; 10] = [1, 2, 4, 8, 16, 32, 64, 128, 256, BATCH_EVENTS as u64];
/// From a commit on a fast disk to the longest that a request waits for one.
const COMMIT_MICROS_BOUNDS: [u64; 14] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
    10_000_000,
];

/// Every figure of the pipeline.
#[derive(Debug)]
pub struct Metrics {
    /// Events in each committed transaction that had any.
    pub record_batch_events: Histogram,
    /// How long each call of the store's record took, whatever came of it, in microseconds.
    pub record_commit_micros: Histogram,
}

/// How often values of each size were seen, and their sum.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    /// One for each bound, and one for what is larger than all of them.
    buckets: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// A histogram at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// Each bound with how many values were not above it.
    pub up_to: Vec<(u64, u64)>,
    /// How many values there were.
    pub count: u64,
    /// Their sum.
    pub sum: u64,
}

impl Default for Metrics {
    fn default() -> Self {
        Metrics {
            record_batch_events: Histogram::new(&BATCH_EVENTS_BOUNDS),
            record_commit_micros: Histogram::new(&COMMIT_MICROS_BOUNDS),
        }
    }
}

impl Histogram {
    /// An empty one; the bounds rise.
    pub fn new(bounds: &'static [u64]) -> Self {
        let buckets = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Histogram { bounds, buckets, sum: AtomicU64::new(0) }
    }

    /// Counts a value.
    pub fn observe(&self, value: u64) {
        let place = self.bounds.partition_point(|bound| *bound < value);
        self.buckets[place].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// Counts a time, in microseconds.
    pub fn observe_micros(&self, time: Duration) {
        self.observe(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }

    /// What was counted so far. The count is that of the buckets, so the two always agree; the sum may lack a value that is being
    /// counted just now.
    pub fn distribution(&self) -> Distribution {
        let mut count = 0;
        let mut counts = self.buckets.iter().map(|bucket| {
            count += bucket.load(Ordering::Relaxed);
            count
        });
        let up_to = self.bounds.iter().copied().zip(counts.by_ref()).collect();
        let count = counts.last().unwrap_or_default();
        Distribution { up_to, count, sum: self.sum.load(Ordering::Relaxed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_counts_in_the_first_bucket_that_holds_it_and_in_all_above() {
        let histogram = Histogram::new(&[1, 10, 100]);
        for value in [0, 1, 2, 10, 11, 100, 101, 5_000] {
            histogram.observe(value);
        }
        let expected = Distribution { up_to: vec![(1, 2), (10, 4), (100, 6)], count: 8, sum: 5_225 };
        assert_eq!(histogram.distribution(), expected);
    }

    #[test]
    fn bounds_rise_and_the_last_is_the_limit_of_what_is_counted() {
        assert!(BATCH_EVENTS_BOUNDS.is_sorted_by(|low, high| low * 2 == *high));
        assert!(COMMIT_MICROS_BOUNDS.is_sorted_by(|low, high| low < high));
        assert_eq!(COMMIT_MICROS_BOUNDS.last(), Some(&(model::limits::RECORD_WAIT_SECONDS * 1_000_000)));
    }
}
