//! Goes on with the replays that run, at their pace: each second a slice of each.
//!
//! The store remembers how far a replay came, and moves that with the deliveries: this task may die between any two slices,
//! and the next process goes on. Started by the supervisor.

use std::sync::Arc;
use std::time::Duration;

use model::clock::StoreClock;
use model::ids::ReplayId;
use model::limits::REPLAY_DELIVERIES_PER_SECOND;
use store::deliveries::ReplayState;
use store::{Store, StoreError};

use crate::lanes::Lanes;
use crate::metrics::Metrics;

/// How often each replay sends again what it may send in that time.
const PAUSE: Duration = Duration::from_secs(1);

/// Slices of one replay in that time: a slice looks at a bounded number of deliveries and may find none that it takes.
const SLICES: usize = 64;

/// Everything that replays need.
pub(crate) struct Replaying {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) lanes: Arc<Lanes>,
    pub(crate) clock: Arc<StoreClock>,
    pub(crate) metrics: Arc<Metrics>,
}

impl Replaying {
    /// Goes on with all replays, second by second.
    pub(crate) async fn replay_forever(self) {
        loop {
            if let Err(error) = self.step().await {
                tracing::warn!(error = %error, "replays could not be looked up: trying again");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// One second's part of every replay that runs.
    pub(crate) async fn step(&self) -> Result<(), StoreError> {
        for (hook, replay) in self.store.running_replays().await? {
            // A receiver that is away gets what a probe needs: more would only wait, and expire where too much does.
            let most = if self.lanes.is_closed_to(hook) { 1 } else { REPLAY_DELIVERIES_PER_SECOND };
            if let Err(error) = self.go_on_with(replay, most).await {
                tracing::warn!(replay.id = %replay, error = %error, "a replay could not go on: trying again");
            }
        }
        Ok(())
    }

    async fn go_on_with(&self, replay: ReplayId, most: usize) -> Result<(), StoreError> {
        let mut left = most;
        for _ in 0..SLICES {
            let Some(slice) = self.store.replay_slice(replay, left, self.clock.now()).await? else { return Ok(()) };
            left = left.saturating_sub(slice.sent_again);
            self.metrics.replayed.add(slice.sent_again);
            if slice.sent_again > 0 {
                self.lanes.claim_due(vec![slice.replay.hook]);
            }
            match slice.replay.state {
                ReplayState::Running => {}
                ReplayState::Done | ReplayState::Stopped => {
                    let (state, deliveries) = (slice.replay.state.as_str(), slice.replay.sent_again);
                    tracing::info!(replay.id = %replay, hook.number = %slice.replay.hook, state, deliveries, "a replay ended");
                    return Ok(());
                }
            }
            if left == 0 {
                return Ok(());
            }
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}
