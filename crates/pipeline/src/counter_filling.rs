//! Fills counters that a rule asked for after there were events: reads these back, the newest first, and counts them.
//!
//! Small slices, so that neither the writer nor this process is held up; the store remembers how far it came. Called by the
//! supervisor, which starts it again whenever the directory moves.

use std::sync::Arc;
use std::time::Duration;

use model::clock::StoreClock;
use model::ids::Millis;
use model::rules::bucket_start;
use store::counting::{CountedEvent, CounterToFill, EventToCount, FilledSlice};
use store::{Store, StoreError};

use crate::directory::{DirectoryHandle, ProjectEntry};

/// Events that one slice reads: some milliseconds of one core.
const SLICE_EVENTS: usize = 64;

/// How long a failure is left alone.
const RETRY_PAUSE: Duration = Duration::from_secs(5);

/// Everything that filling needs.
pub(crate) struct CounterFilling {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) directory: Arc<DirectoryHandle>,
    pub(crate) clock: Arc<StoreClock>,
}

impl CounterFilling {
    /// Fills what there is to fill, then waits for the next change of the directory; after a failure not for long.
    pub(crate) async fn fill_forever(self) {
        let mut moves = self.directory.moves();
        loop {
            let filled = self.fill_all().await;
            if let Err(error) = &filled {
                tracing::warn!(error = %error, "counters could not be filled with earlier events: trying again");
            }
            tokio::select! {
                changed = moves.changed() => if changed.is_err() {
                    return;
                },
                () = tokio::time::sleep(RETRY_PAUSE), if filled.is_err() => {}
            }
        }
    }

    /// Fills every counter that is not full.
    pub(crate) async fn fill_all(&self) -> Result<(), StoreError> {
        for mut counter in self.store.counters_to_fill().await? {
            // A counter of a rule that this process has not heard of yet has its turn when it has.
            while let Some(next) = self.fill_slice(counter).await? {
                counter = next;
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }

    /// Fills one slice; `None` where the counter is full, or cannot be filled now.
    async fn fill_slice(&self, counter: CounterToFill) -> Result<Option<CounterToFill>, StoreError> {
        let directory = self.directory.current();
        let Some(project) = directory.project(counter.project) else { return Ok(None) };
        if !project.matcher.has_counter(counter.key) {
            return Ok(None);
        }
        let since = Millis(self.clock.now().0.saturating_sub(counter.reach_seconds.saturating_mul(1_000)));
        let events = self.store.events_to_count(counter.project, counter.below, SLICE_EVENTS).await?;
        let goes_on = events.more && events.items.iter().all(|event| event.received >= since);
        let next_below = events.items.last().filter(|_| goes_on).map(|event| event.seq);
        let counted = events.items.iter().filter(|event| event.received >= since);
        let counted = counted.filter_map(|event| counted_event(project, counter, event)).collect();
        self.store.fill_counters(FilledSlice { counter, counted, next_below }).await?;
        Ok(next_below.map(|below| CounterToFill { below, ..counter }))
    }
}

/// What an event adds to a counter; nothing where it does not count, or has no user to count.
fn counted_event(project: &ProjectEntry, counter: CounterToFill, event: &EventToCount) -> Option<CountedEvent> {
    let (hits, user) = match project.counters_of_stored(&event.value, event.received) {
        Ok(found) => found,
        Err(error) => {
            tracing::error!(event.seq = %event.seq, error = %error, "a stored event could not be counted");
            return None;
        }
    };
    let hit = hits.into_iter().find(|hit| hit.key == counter.key)?;
    let bucket_s = bucket_start(event.received, hit.bucket_seconds);
    match (hit.counts_users, user) {
        (true, None) => None,
        (true, user) => Some(CountedEvent { issue: event.issue, bucket_s, user }),
        (false, _) => Some(CountedEvent { issue: event.issue, bucket_s, user: None }),
    }
}
