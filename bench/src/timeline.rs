//! When each event of a run was sent and when its webhooks came: a row for each event, written by two threads without a lock.
//!
//! The load generator writes the first column, the receiver one for each hook; both are in one process, so one clock serves both.
//! Counts what came twice and what nobody sent. Judges nothing: `measure`, `overload` and `isolation` read it.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Instant;

/// The times of a run's events, by index.
pub(crate) struct Timeline {
    epoch: Instant,
    sent_ns: Vec<AtomicU64>,
    hooks: u32,
    /// Row by row, a place for each hook.
    arrived_ns: Vec<AtomicU64>,
    arrivals: AtomicU32,
    repeats: AtomicU32,
    strangers: AtomicU32,
}

/// How many webhooks came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrivals {
    /// Webhooks that came, each counted once.
    pub(crate) webhooks: u32,
    /// Webhooks that came again.
    pub(crate) repeats: u32,
    /// Webhooks whose event or hook is none of this run's.
    pub(crate) strangers: u32,
}

impl Timeline {
    /// Room for `count` events of one webhook each, none of them sent.
    pub(crate) fn new(count: u32) -> Self {
        Self::with_hooks(count, 1)
    }

    /// Room for `count` events, each with a webhook for each of so many hooks.
    pub(crate) fn with_hooks(count: u32, hooks: u32) -> Self {
        let cells = |cells: u64| (0..cells).map(|_| AtomicU64::new(0)).collect();
        Self {
            epoch: Instant::now(),
            sent_ns: cells(count.into()),
            hooks,
            arrived_ns: cells(u64::from(count) * u64::from(hooks)),
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

    /// Notes that the webhook of an event came at a hook; `None` is one whose event or hook could not be told.
    pub(crate) fn arrived(&self, index: Option<u32>, hook: Option<u32>, at: Instant) {
        let cell = index.zip(hook).and_then(|(index, hook)| self.arrival(index, hook));
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
            webhooks: self.arrivals.load(Relaxed),
            repeats: self.repeats.load(Relaxed),
            strangers: self.strangers.load(Relaxed),
        }
    }

    /// Whether the event's webhook for the first hook came.
    pub(crate) fn has_arrived(&self, index: u32) -> bool {
        self.arrival(index, 0).is_some_and(|cell| cell.load(Relaxed) != 0)
    }

    /// From sent to arrived, µs, for each webhook of the range's events that has both times.
    pub(crate) fn delivery_latencies_us(&self, range: std::ops::Range<u32>) -> Vec<u32> {
        let rows = self.sent_ns.iter().zip(self.arrived_ns.chunks(self.hooks.max(1) as usize));
        rows.skip(range.start as usize)
            .take(range.len())
            .flat_map(|(sent, hooks)| hooks.iter().map(|arrived| (sent.load(Relaxed), arrived.load(Relaxed))))
            .filter(|(sent, arrived)| *sent != 0 && *arrived != 0)
            .map(|(sent, arrived)| u32::try_from(arrived.saturating_sub(sent) / 1_000).unwrap_or(u32::MAX))
            .collect()
    }

    fn arrival(&self, index: u32, hook: u32) -> Option<&AtomicU64> {
        let place = u64::from(index) * u64::from(self.hooks) + u64::from(hook);
        self.arrived_ns.get(usize::try_from(place).ok()?).filter(|_| hook < self.hooks)
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
        timeline.arrived(Some(0), Some(0), sent + Duration::from_micros(250));
        timeline.arrived(Some(0), Some(0), sent + Duration::from_micros(900));
        timeline.arrived(Some(3), Some(0), sent);
        timeline.arrived(None, Some(0), sent);
        assert_eq!(timeline.arrivals(), Arrivals { webhooks: 1, repeats: 1, strangers: 2 });
        assert_eq!(timeline.delivery_latencies_us(0..3), [250]);
        assert!(timeline.delivery_latencies_us(1..3).is_empty());
        assert!(timeline.has_arrived(0) && !timeline.has_arrived(1));
    }

    #[test]
    fn each_hook_of_an_event_is_timed_by_itself() {
        let timeline = Timeline::with_hooks(2, 3);
        let sent = timeline.epoch + Duration::from_millis(1);
        timeline.sent(0, sent);
        timeline.sent(1, sent + Duration::from_micros(100));
        timeline.arrived(Some(0), Some(2), sent + Duration::from_micros(300));
        timeline.arrived(Some(1), Some(0), sent + Duration::from_micros(300));
        timeline.arrived(Some(1), Some(2), sent + Duration::from_micros(500));
        // No such hook: it must not be taken for the next event's first.
        timeline.arrived(Some(0), Some(3), sent);
        timeline.arrived(Some(0), None, sent);
        assert_eq!(timeline.arrivals(), Arrivals { webhooks: 3, repeats: 0, strangers: 2 });
        assert_eq!(timeline.delivery_latencies_us(0..2), [300, 200, 400]);
        assert_eq!(timeline.delivery_latencies_us(1..2), [200, 400]);
    }
}
