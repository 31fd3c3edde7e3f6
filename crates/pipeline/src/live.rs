//! The live feed: which deliveries were owed or settled, for whoever watches a hook now.
//!
//! Best effort, and bounded: a listener that is slow is told how many it missed, and the delivery log is the truth. Publishing
//! costs one load while nobody listens. The recorder publishes what it knows to be committed; `web` listens.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::delivery_key::DeliveryKey;
use model::ids::HookNumber;
use model::limits::LIVE_STREAMS;
use store::ledger::{Batch, EventResult, Recorded};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::broadcast::{self, Receiver, Sender};

/// What a hook's feed holds for its slowest listener.
const HELD: usize = 1_024;
/// The most that a listener is given at once.
const AT_ONCE: usize = 64;

/// Who listens, and to which hooks.
#[derive(Debug, Default)]
pub struct Feed {
    listeners: AtomicUsize,
    hooks: Mutex<Hooks>,
}

#[derive(Debug, Default)]
struct Hooks {
    /// Those that somebody listens to.
    open: HashMap<HookNumber, Sender<DeliveryKey>>,
    /// Nobody listens any more: the process stops.
    is_closed: bool,
}

/// Somebody who listens to a hook.
#[derive(Debug)]
pub struct Listener {
    feed: Arc<Feed>,
    hook: HookNumber,
    /// `None` only while it is dropped.
    receiver: Option<Receiver<DeliveryKey>>,
}

/// What a listener hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Something happened to these deliveries, each named once.
    Deliveries(Vec<DeliveryKey>),
    /// So much happened that the listener was too slow for.
    Missed(u64),
}

impl Feed {
    /// Listens to a hook from now on. `None` where there are [`LIVE_STREAMS`] listeners already, or the process stops.
    pub fn listen(self: &Arc<Self>, hook: HookNumber) -> Option<Listener> {
        let mut hooks = self.hooks();
        if hooks.is_closed || self.listeners.load(Ordering::Relaxed) >= LIVE_STREAMS {
            return None;
        }
        let sender = hooks.open.entry(hook).or_insert_with(|| broadcast::channel(HELD).0);
        let receiver = Some(sender.subscribe());
        // Changed under the lock only.
        self.listeners.fetch_add(1, Ordering::Relaxed);
        Some(Listener { feed: Arc::clone(self), hook, receiver })
    }

    /// Ends every listening, for the process stops.
    pub fn close(&self) {
        let mut hooks = self.hooks();
        hooks.is_closed = true;
        hooks.open.clear();
    }

    /// Tells of what a batch owed and settled that is known to be committed.
    pub(crate) fn committed(&self, batch: &Batch, recorded: &Recorded) {
        if self.listeners.load(Ordering::Relaxed) == 0 {
            return;
        }
        let owed = recorded.events.iter().filter_map(|result| match result {
            EventResult::Recorded(recorded) => Some(recorded),
            EventResult::Duplicate | EventResult::Moved | EventResult::Refused(_) => None,
        });
        let owed = owed.flat_map(|recorded| &recorded.owed).map(|owed| owed.key);
        self.publish(batch.settlements.iter().map(|settlement| settlement.key).chain(owed));
    }

    /// Tells of deliveries to which something happened.
    pub fn publish(&self, keys: impl IntoIterator<Item = DeliveryKey>) {
        if self.listeners.load(Ordering::Relaxed) == 0 {
            return;
        }
        let hooks = self.hooks();
        for key in keys {
            if let Some(sender) = hooks.open.get(&key.hook) {
                // Who went away meanwhile misses nothing.
                drop(sender.send(key));
            }
        }
    }

    fn hooks(&self) -> MutexGuard<'_, Hooks> {
        self.hooks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener {
    /// Waits for the next that happens to the hook's deliveries; `None` at the end of the process.
    pub async fn next(&mut self) -> Option<Heard> {
        let receiver = self.receiver.as_mut()?;
        let mut keys = match receiver.recv().await {
            Ok(key) => vec![key],
            Err(RecvError::Lagged(count)) => return Some(Heard::Missed(count)),
            Err(RecvError::Closed) => return None,
        };
        while keys.len() < AT_ONCE {
            match receiver.try_recv() {
                Ok(key) if keys.contains(&key) => {}
                Ok(key) => keys.push(key),
                // The next call says so.
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                Err(TryRecvError::Lagged(count)) => {
                    // What was heard before is told with what was missed: both lead to the list.
                    let heard = u64::try_from(keys.len()).unwrap_or(u64::MAX);
                    return Some(Heard::Missed(count.saturating_add(heard)));
                }
            }
        }
        Some(Heard::Deliveries(keys))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut hooks = self.feed.hooks();
        self.receiver = None;
        if hooks.open.get(&self.hook).is_some_and(|sender| sender.receiver_count() == 0) {
            hooks.open.remove(&self.hook);
        }
        self.feed.listeners.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use model::ids::{Day, ProjectId, Seq};
    use webhook::Kind;

    use super::*;

    fn key(hook: u32, seq: u64) -> DeliveryKey {
        let (project, hook) = (ProjectId::new(1).unwrap(), HookNumber::new(hook).unwrap());
        DeliveryKey { project, hook, day: Day(1), seq: Seq::new(seq).unwrap(), kind: Kind::EventCreated }
    }

    #[tokio::test]
    async fn a_listener_hears_of_its_own_hook_and_each_delivery_once_at_a_time() {
        let feed = Arc::<Feed>::default();
        feed.publish([key(1, 1)]);
        let mut listener = feed.listen(key(1, 1).hook).unwrap();
        feed.publish([key(1, 2), key(2, 3), key(1, 4), key(1, 2)]);
        assert_eq!(listener.next().await, Some(Heard::Deliveries(vec![key(1, 2), key(1, 4)])));
    }

    #[tokio::test]
    async fn a_slow_listener_is_told_how_many_it_missed() {
        let feed = Arc::<Feed>::default();
        let mut listener = feed.listen(key(1, 1).hook).unwrap();
        let held = u64::try_from(HELD).unwrap();
        feed.publish((1..=held + 5).map(|seq| key(1, seq)));
        assert_eq!(listener.next().await, Some(Heard::Missed(5)));
        let Some(Heard::Deliveries(keys)) = listener.next().await else { panic!("the rest is there") };
        assert_eq!((keys.len(), keys[0]), (AT_ONCE, key(1, 6)));
    }

    #[tokio::test]
    async fn there_are_so_many_listeners_and_no_more_and_nothing_is_kept_of_those_that_left() {
        let feed = Arc::<Feed>::default();
        let listeners: Vec<_> = (0..LIVE_STREAMS).map(|_| feed.listen(key(1, 1).hook).unwrap()).collect();
        assert!(feed.listen(key(2, 1).hook).is_none());
        drop(listeners);
        assert!(feed.hooks().open.is_empty());
        assert!(feed.listen(key(2, 1).hook).is_some());
    }

    #[tokio::test]
    async fn a_feed_that_is_closed_ends_for_those_that_listen_and_begins_for_nobody() {
        let feed = Arc::<Feed>::default();
        let mut listener = feed.listen(key(1, 1).hook).unwrap();
        feed.publish([key(1, 1)]);
        feed.close();
        assert_eq!(listener.next().await, Some(Heard::Deliveries(vec![key(1, 1)])));
        assert_eq!(listener.next().await, None);
        assert!(feed.listen(key(1, 1).hook).is_none());
    }
}
