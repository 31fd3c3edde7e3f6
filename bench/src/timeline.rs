//! When each event of a run was sent and when its webhook came: two times for each event, written by two threads without a lock.
//!
//! The load generator writes the first column, the receiver the second; both are in one process, so one clock serves both.
//! Counts what came twice and what nobody sent. Judges nothing: `measure` and `overload` read it.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Instant;

/// The times of a run's events, by index.
pub(crate) struct Timeline {
    epoch: Instant,
    sent_ns: Vec<AtomicU64>,
    arrived_ns: Vec<AtomicU64>,
    arrivals: AtomicU32,
    repeats: AtomicU32,
    strangers: AtomicU32,
}

/// How many webhooks came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrivals {
    /// Events whose webhook came at least once.
    pub(crate) events: u32,
    /// Webhooks that came again for an event whose webhook had come.
    pub(crate) repeats: u32,
    /// Webhooks whose event is none of this run's.
    pub(crate) strangers: u32,
}

impl Timeline {
    /// Room for `count` events, none of them sent.
    pub(crate) fn new(count: u32) -> Self {
        let column = || (0..count).map(|_| AtomicU64::new(0)).collect();
        Self {
            epoch: Instant::now(),
            sent_ns: column(),
            arrived_ns: column(),
            arrivals: AtomicU32::new(0),
            repeats: AtomicU32::new(0),
            strangers: AtomicU32::new(0),
        }
    }

    /// Notes when the event was sent, or was meant to be sent.
    pub(crate) fn sent(&self, index: u32, at: Instant) {
        if let Some(cell) = self.sent_ns.get(index as usize) {
            cell.store(self.since_epoch_ns(at), Relaxed);
        }
    }

    /// Notes that the webhook of an event came; `None` is a webhook whose event could not be told.
    pub(crate) fn arrived(&self, index: Option<u32>, at: Instant) {
        let cell = index.and_then(|index| self.arrived_ns.get(index as usize));
        let counter = match cell.map(|cell| cell.compare_exchange(0, self.since_epoch_ns(at), Relaxed, Relaxed)) {
            Some(Ok(_)) => &self.arrivals,
            Some(Err(_)) => &self.repeats,
            None => &self.strangers,
        };
        counter.fetch_add(1, Relaxed);
    }

    /// The counts so far.
    pub(crate) fn arrivals(&self) -> Arrivals {
        Arrivals {
            events: self.arrivals.load(Relaxed),
            repeats: self.repeats.load(Relaxed),
            strangers: self.strangers.load(Relaxed),
        }
    }

    /// Whether the webhook of the event came.
    pub(crate) fn has_arrived(&self, index: u32) -> bool {
        self.arrived_ns.get(index as usize).is_some_and(|cell| cell.load(Relaxed) != 0)
    }

    /// From sent to arrived, µs, for each event of the range that has both times.
    pub(crate) fn delivery_latencies_us(&self, range: std::ops::Range<u32>) -> Vec<u32> {
        let times = self.sent_ns.iter().zip(&self.arrived_ns).skip(range.start as usize).take(range.len());
        times
            .map(|(sent, arrived)| (sent.load(Relaxed), arrived.load(Relaxed)))
            .filter(|(sent, arrived)| *sent != 0 && *arrived != 0)
            .map(|(sent, arrived)| u32::try_from(arrived.saturating_sub(sent) / 1_000).unwrap_or(u32::MAX))
            .collect()
    }

    /// Zero stands for "not yet", so the first nanosecond counts as the second.
    fn since_epoch_ns(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.epoch).as_nanos()).unwrap_or(u64::MAX).max(1)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_delivery_is_timed_from_send_to_first_arrival() {
        let timeline = Timeline::new(3);
        let sent = timeline.epoch + Duration::from_millis(5);
        timeline.sent(0, sent);
        timeline.sent(1, sent);
        timeline.arrived(Some(0), sent + Duration::from_micros(250));
        timeline.arrived(Some(0), sent + Duration::from_micros(900));
        timeline.arrived(Some(3), sent);
        timeline.arrived(None, sent);
        assert_eq!(timeline.arrivals(), Arrivals { events: 1, repeats: 1, strangers: 2 });
        assert_eq!(timeline.delivery_latencies_us(0..3), [250]);
        assert!(timeline.delivery_latencies_us(1..3).is_empty());
        assert!(timeline.has_arrived(0) && !timeline.has_arrived(1));
    }
}
