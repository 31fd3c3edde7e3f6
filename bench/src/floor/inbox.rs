//! Where the floor's requests meet its writer: events wait here for a transaction, and settled deliveries ride along with them.
//!
//! It is bounded by what the load has in flight: a connection has one event here at most, and a settled delivery comes from an event
//! that was answered. The request handler and the lane put, the writer takes.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::decode::Decoded;

/// The product's own limit on events in one transaction.
const NATURAL_BATCH_EVENTS_MAX: usize = 512;

/// How long a batch that must be full waits for its last events; in a steady load only the end of a run waits this long.
const LINGER: Duration = Duration::from_millis(20);

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// How many events one transaction takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Batch {
    /// This many: the mean that the server showed, so that both pay for equally many commits.
    Events(u16),
    /// Whatever waits when the last commit returned, at most 512.
    WhatWaits,
}

/// One event that is owed a commit, and then an answer.
pub(super) struct Owed {
    pub(super) event: Decoded,
    /// Unix time of receipt, ms.
    pub(super) received_ms: i64,
    committed: oneshot::Sender<()>,
}

/// What one transaction takes.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) events: Vec<Owed>,
    /// Deliveries that were answered with 2xx.
    pub(super) settled: Vec<Settled>,
}

/// The part of a delivery's key that differs between the floor's deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settled {
    /// The UTC day of receipt.
    pub(super) day: i64,
    /// The event's number.
    pub(super) seq: i64,
}

/// The meeting place.
pub(super) struct Inbox {
    batch: Batch,
    waiting: Mutex<Waiting>,
    ring: Condvar,
}

#[derive(Default)]
struct Waiting {
    work: Taken,
    events_taken: u64,
    batches_taken: u64,
}

impl Owed {
    /// The event, and what resolves once it is committed.
    pub(super) fn new(event: Decoded, received_ms: i64) -> (Self, oneshot::Receiver<()>) {
        let (committed, when_committed) = oneshot::channel();
        (Self { event, received_ms, committed }, when_committed)
    }

    /// The UTC day of receipt.
    pub(super) fn day(&self) -> i64 {
        self.received_ms / DAY_MS
    }

    /// Lets the request be answered, and gives back the event.
    pub(super) fn commit(self) -> Decoded {
        // A client that hung up waits for no answer; its event is recorded all the same.
        let _hung_up = self.committed.send(());
        self.event
    }
}

impl Inbox {
    pub(super) fn new(batch: Batch) -> Self {
        Self { batch, waiting: Mutex::default(), ring: Condvar::new() }
    }

    /// Puts an event up for the next transaction.
    pub(super) fn put(&self, owed: Owed) {
        let mut waiting = self.lock();
        waiting.work.events.push(owed);
        let rings = self.is_enough(&waiting);
        drop(waiting);
        if rings {
            self.ring.notify_one();
        }
    }

    /// Puts a delivered event up for the next transaction.
    pub(super) fn settle(&self, delivered: Settled) {
        let mut waiting = self.lock();
        waiting.work.settled.push(delivered);
        let rings = self.is_enough(&waiting);
        drop(waiting);
        if rings {
            self.ring.notify_one();
        }
    }

    /// Waits for a batch; returns an empty one now and then.
    pub(super) fn take(&self) -> Taken {
        let deadline = Instant::now() + LINGER;
        let mut waiting = self.lock();
        while !self.is_enough(&waiting) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            (waiting, _) = self.ring.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner);
        }
        let most = match self.batch {
            Batch::Events(events) => usize::from(events),
            Batch::WhatWaits => NATURAL_BATCH_EVENTS_MAX,
        };
        let count = most.min(waiting.work.events.len());
        let later = waiting.work.events.split_off(count);
        let taken = Taken {
            events: std::mem::replace(&mut waiting.work.events, later),
            settled: std::mem::take(&mut waiting.work.settled),
        };
        waiting.events_taken += taken.events.len() as u64;
        waiting.batches_taken += u64::from(!taken.events.is_empty());
        taken
    }

    /// Events and batches taken so far, batches without an event not counted.
    pub(super) fn taken(&self) -> (u64, u64) {
        let waiting = self.lock();
        (waiting.events_taken, waiting.batches_taken)
    }

    fn is_enough(&self, waiting: &Waiting) -> bool {
        match self.batch {
            Batch::Events(events) => waiting.work.events.len() >= usize::from(events),
            Batch::WhatWaits => !waiting.work.events.is_empty() || !waiting.work.settled.is_empty(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::event::EventId;

    fn put(inbox: &Inbox, index: u32) -> oneshot::Receiver<()> {
        let event = Decoded { id: EventId::new(1, index), compressed: Vec::new(), payload: Bytes::new() };
        let (owed, committed) = Owed::new(event, 0);
        inbox.put(owed);
        committed
    }

    #[test]
    fn a_full_batch_takes_its_number_of_events_in_order_and_every_settled_delivery() {
        let inbox = Inbox::new(Batch::Events(2));
        let mut answers: Vec<_> = (0..3).map(|index| put(&inbox, index)).collect();
        let settled: Vec<_> = (0..5).map(|seq| Settled { day: 1, seq }).collect();
        settled.iter().for_each(|delivered| inbox.settle(*delivered));
        let taken = inbox.take();
        assert_eq!(taken.settled, settled);
        let indexes: Vec<_> = taken.events.into_iter().map(|owed| owed.commit().id.index().unwrap()).collect();
        assert_eq!(indexes, [0, 1]);
        assert_eq!(answers[1].try_recv(), Ok(()));
        assert!(answers[2].try_recv().is_err());
        assert_eq!(inbox.take().events.len(), 1);
        assert_eq!(inbox.taken(), (3, 2));
    }

    #[test]
    fn what_waits_is_taken_at_once() {
        let inbox = Inbox::new(Batch::WhatWaits);
        let _answer = put(&inbox, 0);
        assert_eq!(inbox.take().events.len(), 1);
        inbox.settle(Settled { day: 1, seq: 7 });
        assert_eq!(inbox.take().settled, [Settled { day: 1, seq: 7 }]);
        assert_eq!(inbox.taken(), (1, 1));
    }
}
