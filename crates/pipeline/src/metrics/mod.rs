//! What the pipeline counts about itself, for whoever watches it.
//!
//! Recording never is a reason for an event to wait: no lock, no allocation. Refuses to know how figures are shown: `web` writes the
//! text. Most is counted where one place sees all of it, when a transaction has committed; `wiring` hands the figures over. What is
//! no count but a state of the present, such as the length of a queue, is read when somebody asks, by `gauges`.

mod histogram;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use model::attempt::Outcome;
use model::delivery::DeliveryState;
use model::ids::Millis;
use model::limits::BATCH_EVENTS;
use store::ledger::{Backlog, Batch, EventResult, NextState, Recorded, Settlement, Swept};
use webhook::Kind;

pub use histogram::{Counter, Distribution, Histogram};

/// Up to a full batch, doubling.
const BATCH_EVENTS_BOUNDS: [u64; 10] = [1, 2, 4, 8, 16, 32, 64, 128, 256, BATCH_EVENTS as u64];
/// From a commit on a fast disk to the longest that a request waits for one.
const COMMIT_MICROS_BOUNDS: [u64; 14] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
    10_000_000,
];
/// From a receiver beside us to the longest timeout that a hook may have.
const ATTEMPT_MICROS_BOUNDS: [u64; 14] = [
    1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
    10_000_000, 30_000_000,
];
/// From a free lane to the age at which a delivery expires.
const WAIT_MICROS_BOUNDS: [u64; 13] = [
    1_000,
    5_000,
    10_000,
    50_000,
    100_000,
    500_000,
    1_000_000,
    5_000_000,
    30_000_000,
    300_000_000,
    3_600_000_000,
    21_600_000_000,
    86_400_000_000,
];

/// The states in which a delivery stays.
pub const SETTLED: [DeliveryState; 5] = [
    DeliveryState::Delivered,
    DeliveryState::Failed,
    DeliveryState::Expired,
    DeliveryState::Cancelled,
    DeliveryState::Skipped,
];

/// Every figure of the pipeline.
#[derive(Debug)]
pub struct Metrics {
    /// Events in each committed transaction that had any.
    pub record_batch_events: Histogram,
    /// How long each call of the store's record took, whatever came of it, in microseconds.
    pub record_commit_micros: Histogram,
    /// What became of events.
    pub events: EventCounts,
    /// Deliveries that are owed, by kind, in the order of [`Kind::ALL`].
    pub owed: [Counter; Kind::ALL.len()],
    /// Attempts that were written to the log, in the order of [`Outcome::ALL`].
    pub attempts: [Counter; Outcome::ALL.len()],
    /// How long attempts took whose end was seen, in microseconds.
    pub attempt_micros: Histogram,
    /// How long deliveries waited, from their event's receipt, for an attempt before which none had gone out, in microseconds.
    pub first_attempt_wait_micros: Histogram,
    /// Deliveries that came to stay in a state, in the order of [`SETTLED`].
    pub settled: [Counter; SETTLED.len()],
    /// Hooks that were disabled because their receivers are gone.
    pub hooks_gone: Counter,
    /// Deliveries that replays have sent again.
    pub replayed: Counter,
    /// What waited in the ledger when upkeep last walked through it.
    backlog: Mutex<Backlog>,
    /// What happened to leases.
    pub leases: LeaseCounts,
    /// What retention has deleted.
    pub deleted: DeletedCounts,
}

/// What became of events.
#[derive(Debug, Default)]
pub struct EventCounts {
    /// Recorded.
    pub recorded: Counter,
    /// Known already.
    pub duplicate: Counter,
    /// Matched again, because their project had changed.
    pub rematched: Counter,
    /// Refused by the store, one by one.
    pub refused: Counter,
    /// Recorded, and owing nothing because webhooks have led to them too often.
    pub loops_ended: Counter,
}

/// What happened to leases.
#[derive(Debug, Default)]
pub struct LeaseCounts {
    /// Taken by a claim.
    pub claimed: Counter,
    /// Given back by this process, lost ones included.
    pub given_back: Counter,
    /// Found to be this process's, and nowhere in it.
    pub lost: Counter,
    /// Freed because their process is dead.
    pub freed: Counter,
}

/// What retention has deleted.
#[derive(Debug, Default)]
pub struct DeletedCounts {
    /// Events.
    pub events: Counter,
    /// Deliveries, with their attempts.
    pub deliveries: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        Metrics {
            record_batch_events: Histogram::new(&BATCH_EVENTS_BOUNDS),
            record_commit_micros: Histogram::new(&COMMIT_MICROS_BOUNDS),
            events: EventCounts::default(),
            owed: Default::default(),
            attempts: Default::default(),
            attempt_micros: Histogram::new(&ATTEMPT_MICROS_BOUNDS),
            first_attempt_wait_micros: Histogram::new(&WAIT_MICROS_BOUNDS),
            settled: Default::default(),
            hooks_gone: Counter::default(),
            replayed: Counter::default(),
            backlog: Mutex::default(),
            leases: LeaseCounts::default(),
            deleted: DeletedCounts::default(),
        }
    }
}

impl Metrics {
    /// A transaction has committed.
    pub(crate) fn committed(&self, batch: &Batch, recorded: &Recorded) {
        if !batch.events.is_empty() {
            self.record_batch_events.observe(batch.events.len() as u64);
        }
        for result in &recorded.events {
            match result {
                EventResult::Recorded(event) => {
                    self.events.recorded.add(1);
                    for owed in &event.owed {
                        count(&self.owed, &Kind::ALL, &owed.key.kind, 1);
                    }
                    let skipped = event.owed.iter().filter(|owed| batch.skip.contains(&owed.key.hook)).count();
                    count(&self.settled, &SETTLED, &DeliveryState::Skipped, skipped);
                }
                EventResult::Duplicate => self.events.duplicate.add(1),
                EventResult::Moved => self.events.rematched.add(1),
                EventResult::Refused(_) => self.events.refused.add(1),
            }
        }
        for test in &recorded.tests {
            count(&self.owed, &Kind::ALL, &test.kind, 1);
        }
        for settlement in &batch.settlements {
            self.settlement(settlement);
        }
        self.hooks_gone.add(batch.gone.len());
        self.leases.given_back.add(batch.give_backs.len());
        self.leases.claimed.add(recorded.claimed.iter().map(Vec::len).sum());
    }

    /// An attempt begins of a delivery whose event was received so long ago; so many went out before.
    pub(crate) fn attempt_begins(&self, sent: u32, received: Millis, now: Millis) {
        if sent == 0 {
            let waited = u64::try_from(now.0.saturating_sub(received.0)).unwrap_or(0);
            self.first_attempt_wait_micros.observe_micros(Duration::from_millis(waited));
        }
    }

    /// A slice of upkeep has committed.
    pub(crate) fn swept(&self, swept: &Swept) {
        if let Some(backlog) = swept.backlog {
            *self.backlog.lock().unwrap_or_else(PoisonError::into_inner) = backlog;
        }
        self.deleted.events.add(swept.events);
        self.deleted.deliveries.add(swept.deliveries);
        count(&self.settled, &SETTLED, &DeliveryState::Expired, swept.expired);
        count(&self.settled, &SETTLED, &DeliveryState::Cancelled, swept.cancelled);
    }

    /// What waited in the ledger when upkeep last walked through it, which it does each minute.
    pub fn backlog(&self) -> Backlog {
        *self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settlement(&self, settlement: &Settlement) {
        for attempt in &settlement.attempts {
            count(&self.attempts, &Outcome::ALL, &attempt.outcome, 1);
        }
        // The first of two stands for a stale connection: it has the whole time too.
        if let Some(attempt) = settlement.attempts.last()
            && !matches!(attempt.outcome, Outcome::Interrupted(_))
        {
            self.attempt_micros.observe(attempt.duration_us);
        }
        let state = match settlement.next {
            NextState::Delivered => DeliveryState::Delivered,
            NextState::Failed => DeliveryState::Failed,
            NextState::Expired => DeliveryState::Expired,
            NextState::Cancelled => DeliveryState::Cancelled,
            NextState::Waiting { .. } => return,
        };
        count(&self.settled, &SETTLED, &state, 1);
    }
}

/// Counts under a name of a list that both sides have.
fn count<T: PartialEq>(counters: &[Counter], names: &[T], name: &T, by: usize) {
    if let Some(counter) = names.iter().position(|known| known == name).and_then(|place| counters.get(place)) {
        counter.add(by);
    }
}

#[cfg(test)]
mod tests {
    use model::attempt::{Interrupted, Unreachable};
    use model::delivery::Priority;
    use model::delivery_key::DeliveryKey;
    use model::ids::{Day, HookNumber, IssueId, ProcessId, ProjectId, Seq};
    use store::ledger::{AttemptRow, Claimed, OwedRow, RecordedEvent};

    use super::*;

    const NOW: Millis = Millis(1_768_478_400_000);

    #[test]
    fn bounds_rise_and_the_last_is_the_limit_of_what_is_counted() {
        assert!(BATCH_EVENTS_BOUNDS.is_sorted_by(|low, high| low * 2 == *high));
        let rise = |bounds: &[u64]| bounds.is_sorted_by(|low, high| low < high);
        assert!(rise(&COMMIT_MICROS_BOUNDS) && rise(&ATTEMPT_MICROS_BOUNDS) && rise(&WAIT_MICROS_BOUNDS));
        for (bounds, most_seconds) in [
            (&COMMIT_MICROS_BOUNDS[..], model::limits::RECORD_WAIT_SECONDS),
            (&ATTEMPT_MICROS_BOUNDS, model::limits::ATTEMPT_TIMEOUT_MOST_SECONDS),
            (&WAIT_MICROS_BOUNDS, model::limits::MAX_AGE_SECONDS),
        ] {
            assert_eq!(bounds.last(), Some(&(most_seconds * 1_000_000)));
        }
    }

    fn key(kind: Kind, seq: u64) -> DeliveryKey {
        let (project, hook) = (ProjectId::new(1).unwrap(), HookNumber::new(1).unwrap());
        DeliveryKey { project, hook, day: Day(20_468), seq: Seq::new(seq).unwrap(), kind }
    }

    fn ended(seq: u64, outcomes: &[Outcome], next: NextState) -> Settlement {
        let row = |outcome: &Outcome| AttemptRow {
            outcome: *outcome,
            duration_us: 2_000,
            ..AttemptRow::interrupted(NOW, Interrupted::Panicked)
        };
        Settlement { key: key(Kind::EventCreated, seq), attempts: outcomes.iter().map(row).collect(), next }
    }

    fn batch(settlements: Vec<Settlement>) -> Batch {
        let owner = ProcessId::new(1).unwrap();
        Batch { settlements, ..Batch::empty(owner, NOW) }
    }

    fn shown<const NAMES: usize>(counters: &[Counter; NAMES]) -> [u64; NAMES] {
        std::array::from_fn(|place| counters[place].get())
    }

    #[test]
    fn attempts_and_deliveries_are_counted_as_they_were_settled() {
        let metrics = Metrics::default();
        let reset = Outcome::Unreachable(Unreachable::Reset);
        let settlements = vec![
            ended(1, &[Outcome::Succeeded], NextState::Delivered),
            ended(2, &[reset, Outcome::Succeeded], NextState::Delivered),
            ended(3, &[Outcome::HttpError], NextState::Failed),
            ended(4, &[Outcome::Unreachable(Unreachable::Dns)], NextState::Waiting { due: NOW }),
            ended(5, &[], NextState::Cancelled),
            ended(6, &[Outcome::Interrupted(Interrupted::Panicked)], NextState::Failed),
        ];
        metrics.committed(&batch(settlements), &Recorded::default());
        metrics.swept(&Swept { expired: 7, cancelled: 2, events: 11, deliveries: 5, ..Swept::default() });
        // Delivered, failed, expired, cancelled, skipped.
        assert_eq!(shown(&metrics.settled), [2, 2, 7, 3, 0]);
        assert_eq!(metrics.backlog(), Backlog::default());
        let backlog = Backlog { waiting: 9, oldest: Some(NOW) };
        metrics.swept(&Swept { backlog: Some(backlog), ..Swept::default() });
        metrics.swept(&Swept::default());
        assert_eq!(metrics.backlog(), backlog, "the last walk counts");
        let by_outcome = Outcome::ALL.iter().zip(shown(&metrics.attempts)).filter(|(_, count)| *count > 0);
        let by_outcome: Vec<_> = by_outcome.map(|(outcome, count)| (outcome.to_string(), count)).collect();
        let named = |name: &str, count| (name.to_owned(), count);
        let expected = [
            named("succeeded", 2),
            named("http_error", 1),
            named("unreachable (dns)", 1),
            named("unreachable (reset)", 1),
            named("interrupted (panicked)", 1),
        ];
        assert_eq!(by_outcome, expected);
        let took = metrics.attempt_micros.distribution();
        assert_eq!((took.count, took.sum), (4, 8_000), "one for each that has an end");
        assert_eq!((metrics.deleted.events.get(), metrics.deleted.deliveries.get()), (11, 5));
    }

    #[test]
    fn events_what_they_owe_and_leases_are_counted_when_they_are_committed() {
        let metrics = Metrics::default();
        let owed = |kind| OwedRow { key: key(kind, 9), priority: Priority::FirstOfIssue, leased: true, alert: None };
        let issue = IssueId::new(1).unwrap();
        let owed = vec![owed(Kind::EventCreated), owed(Kind::EventAlert), owed(Kind::EventCreated)];
        let recorded = RecordedEvent { seq: Seq::new(9).unwrap(), issue, owed };
        let claimed = Claimed { key: key(Kind::EventCreated, 3), received: NOW, sent: 0, tried: 0, since: NOW };
        let recorded = Recorded {
            events: vec![EventResult::Recorded(recorded), EventResult::Duplicate, EventResult::Moved],
            tests: vec![key(Kind::Test, 10)],
            claimed: vec![vec![claimed; 3], vec![], vec![claimed]],
        };
        let hook = key(Kind::EventAlert, 8).hook;
        let batch = Batch { give_backs: vec![key(Kind::EventAlert, 8)], gone: vec![hook], ..batch(vec![]) };
        metrics.committed(&batch, &recorded);
        let skipping = Batch { skip: vec![hook], ..batch.clone() };
        assert_eq!((shown(&metrics.settled)[4], metrics.hooks_gone.get()), (0, 1));
        metrics.committed(&skipping, &Recorded { tests: vec![], claimed: vec![], ..recorded });
        assert_eq!(shown(&metrics.settled)[4], 3, "what is owed to a hook that skips");
        assert_eq!(shown(&metrics.owed), [4, 2, 1]);
        let EventCounts { recorded, duplicate, rematched, refused, loops_ended: _ } = &metrics.events;
        assert_eq!([recorded, duplicate, rematched, refused].map(Counter::get), [2, 2, 2, 0]);
        assert_eq!([&metrics.leases.claimed, &metrics.leases.given_back].map(Counter::get), [4, 2]);
    }

    #[test]
    fn a_delivery_waits_from_its_receipt_for_the_first_that_goes_out() {
        let metrics = Metrics::default();
        metrics.attempt_begins(0, NOW, Millis(NOW.0 + 3));
        metrics.attempt_begins(1, NOW, Millis(NOW.0 + 60_000));
        // A clock that was set back is no reason for a wait of centuries.
        metrics.attempt_begins(0, NOW, Millis(NOW.0 - 5));
        let waited = metrics.first_attempt_wait_micros.distribution();
        assert_eq!((waited.count, waited.sum), (2, 3_000));
    }
}
