//! The look for leases that nobody holds: of a commit whose outcome was unknown, or of a bug.
//!
//! It only suspects: a delivery that no lane holds may be about to be handed over. What is suspected in two looks in a row
//! goes to the recorder, which gives back what it finds nowhere either. Called by the supervisor.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use model::delivery_key::DeliveryKey;
use model::ids::ProcessId;
use store::{Store, StoreError};

use crate::lanes::Lanes;
use crate::work::Work;

/// Between looks.
const PAUSE: Duration = Duration::from_secs(60);
/// Leases that are read at once.
const PAGE_LEASES: usize = 512;
/// Suspects that are remembered from one look to the next; more wait for their turn.
const SUSPECTS: usize = 4096;

/// The leases of this process, looked at again and again.
pub(crate) struct LostLeases {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) lanes: Arc<Lanes>,
    pub(crate) work: Arc<Work>,
    pub(crate) owner: ProcessId,
    /// What no lane held in the last look.
    pub(crate) suspects: HashSet<DeliveryKey>,
}

impl LostLeases {
    /// Looks each minute.
    pub(crate) async fn look_forever(mut self) {
        loop {
            tokio::time::sleep(PAUSE).await;
            if let Err(error) = self.look().await {
                tracing::warn!(error = %error, "the leases of this process could not be read");
            }
        }
    }

    /// One look. One that fails does not count.
    pub(crate) async fn look(&mut self) -> Result<(), StoreError> {
        let (mut suspects, mut again, mut after) = (HashSet::new(), Vec::new(), None);
        loop {
            let page = self.store.leases(self.owner, after, PAGE_LEASES).await?;
            for key in page.iter().filter(|key| !self.lanes.holds(key)) {
                if self.suspects.contains(key) {
                    again.push(*key);
                } else if suspects.len() < SUSPECTS {
                    suspects.insert(*key);
                }
            }
            after = page.last().copied();
            if page.len() < PAGE_LEASES {
                break;
            }
        }
        self.suspects = suspects;
        if !again.is_empty() {
            self.work.suspect(again);
        }
        Ok(())
    }
}
