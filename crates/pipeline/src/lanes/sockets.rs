//! The sockets to receivers that a process may have in use at once.
//!
//! Half of them are kept for lanes' first ones, so that hooks whose receivers are slow and want many cannot keep the others
//! from having one.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The sockets that are not in use.
pub(super) struct Sockets {
    /// For the first worker of each lane.
    first: Arc<Semaphore>,
    /// For whoever comes.
    others: Arc<Semaphore>,
}

/// The right to one socket; given back when dropped.
pub(super) struct Socket {
    _permit: OwnedSemaphorePermit,
}

impl Sockets {
    pub(super) fn new(count: usize) -> Sockets {
        let first = count / 2;
        Sockets { first: Arc::new(Semaphore::new(first)), others: Arc::new(Semaphore::new(count - first)) }
    }

    /// One for a lane that has none: waits for it.
    pub(super) async fn first(&self) -> Option<Socket> {
        let at_once = Arc::clone(&self.first).try_acquire_owned().ok();
        match at_once.map(|permit| Socket { _permit: permit }).or_else(|| self.another()) {
            Some(socket) => Some(socket),
            None => Arc::clone(&self.first).acquire_owned().await.ok().map(|permit| Socket { _permit: permit }),
        }
    }

    /// One more for a lane that has one, if any is free.
    pub(super) fn another(&self) -> Option<Socket> {
        Arc::clone(&self.others).try_acquire_owned().ok().map(|permit| Socket { _permit: permit })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn half_of_the_sockets_are_kept_for_first_ones() {
        let sockets = Sockets::new(4);
        let greedy: Vec<_> = std::iter::from_fn(|| sockets.another()).collect();
        assert_eq!(greedy.len(), 2);
        let first = |sockets: &Sockets| sockets.first().now_or_never().flatten();
        let (one, other) = (first(&sockets), first(&sockets));
        assert!(one.is_some() && other.is_some());
        assert!(first(&sockets).is_none(), "it waits");
        drop(greedy);
        assert!(first(&sockets).is_some(), "a first one may have any");
    }
}
