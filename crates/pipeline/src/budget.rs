//! Byte budgets: what may be held in memory at once, over all requests or all lanes.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A number of bytes that many holders share.
#[derive(Debug, Clone)]
pub struct Budget {
    /// One permit for each byte.
    bytes: Arc<Semaphore>,
    limit_bytes: usize,
}

/// Bytes taken from a budget; given back when dropped.
#[derive(Debug)]
pub struct Held {
    bytes: Arc<Semaphore>,
    permit: OwnedSemaphorePermit,
}

impl Budget {
    /// A budget of so many bytes.
    pub fn new(limit_bytes: usize) -> Budget {
        Budget { bytes: Arc::new(Semaphore::new(limit_bytes)), limit_bytes }
    }

    /// Takes `bytes`, or nothing where they are not there.
    pub fn take(&self, bytes: usize) -> Option<Held> {
        let permit = Arc::clone(&self.bytes).try_acquire_many_owned(u32::try_from(bytes).ok()?).ok()?;
        Some(Held { bytes: Arc::clone(&self.bytes), permit })
    }

    /// Waits for `bytes`, before everybody who asks later; at most for the whole budget.
    pub async fn wait_for(&self, bytes: usize) -> Option<Held> {
        let bytes = u32::try_from(bytes.min(self.limit_bytes)).ok()?;
        let permit = Arc::clone(&self.bytes).acquire_many_owned(bytes).await.ok()?;
        Some(Held { bytes: Arc::clone(&self.bytes), permit })
    }

    /// How many bytes there are in all.
    pub fn limit_bytes(&self) -> usize {
        self.limit_bytes
    }

    /// How many bytes are held now.
    pub fn held_bytes(&self) -> usize {
        self.limit_bytes.saturating_sub(self.bytes.available_permits())
    }
}

impl Held {
    /// Takes `bytes` more. False, and nothing taken, where they are not there.
    pub fn grow(&mut self, bytes: usize) -> bool {
        let more =
            u32::try_from(bytes).ok().and_then(|bytes| Arc::clone(&self.bytes).try_acquire_many_owned(bytes).ok());
        more.map(|more| self.permit.merge(more)).is_some()
    }

    /// Gives back all but `bytes`.
    pub fn shrink_to(&mut self, bytes: usize) {
        drop(self.permit.split(self.bytes().saturating_sub(bytes)));
    }

    /// Takes `bytes` out of these; nothing where there are fewer.
    pub fn split(&mut self, bytes: usize) -> Option<Held> {
        Some(Held { bytes: Arc::clone(&self.bytes), permit: self.permit.split(bytes)? })
    }

    /// How many bytes this holds.
    pub fn bytes(&self) -> usize {
        self.permit.num_permits()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn a_budget_gives_no_more_than_it_has_and_takes_back_what_is_dropped() {
        let budget = Budget::new(100);
        let mut first = budget.take(60).unwrap();
        assert!(budget.take(41).is_none());
        assert!(!first.grow(41));
        assert!(first.grow(40));
        first.shrink_to(10);
        let second = budget.take(90).unwrap();
        assert_eq!(budget.held_bytes(), 100);
        drop((first, second));
        assert_eq!(budget.held_bytes(), 0);
    }
    #[test]
    fn what_is_split_off_is_given_back_by_itself() {
        let budget = Budget::new(100);
        let mut held = budget.take(60).unwrap();
        let part = held.split(45).unwrap();
        assert!(held.split(16).is_none());
        assert_eq!((held.bytes(), part.bytes(), budget.held_bytes()), (15, 45, 60));
        drop(held);
        assert_eq!(budget.held_bytes(), 45);
    }

    #[tokio::test]
    async fn who_waits_is_served_before_whoever_asks_later() {
        let budget = Budget::new(100);
        let mut held = budget.take(90).unwrap();
        let mut waiting = std::pin::pin!(budget.wait_for(50));
        assert!(waiting.as_mut().now_or_never().is_none());
        held.shrink_to(60);
        assert!(budget.take(10).is_none(), "what is free is kept for the one who waits");
        held.shrink_to(50);
        drop(held);
        assert_eq!(waiting.await.unwrap().bytes(), 50);
        assert_eq!(budget.wait_for(1_000).await.unwrap().bytes(), 100, "nobody gets more than there is");
    }
}
