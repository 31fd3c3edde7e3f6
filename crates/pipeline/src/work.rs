//! What waits for the next transaction beside events: outcomes, standings, tests, leases given back, leases wanted.
//!
//! Also the gate before each attempt: none starts while too many outcomes wait to be written or the store is away, so that
//! nothing is sent whose outcome could not be kept.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use model::delivery_key::DeliveryKey;
use model::ids::HookNumber;
use model::limits::UNWRITTEN_OUTCOMES;
use model::standing::Standing;
use store::ledger::{Batch, Claim, Claimed, NewTest, Settlement};
use tokio::sync::{Notify, oneshot};

use crate::metrics::Metrics;

/// Shared by the recorder and all lanes.
#[derive(Debug, Default)]
pub(crate) struct Work {
    waiting: Mutex<Waiting>,
    /// Rung when anything is put in.
    pub(crate) bell: Notify,
    /// Rung when attempts may start again.
    open: Notify,
    store_is_away: AtomicBool,
    /// What is counted where only this is at hand.
    pub(crate) metrics: Arc<Metrics>,
}

/// What the next transaction takes.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    /// Attempts that ended.
    pub(crate) settlements: Vec<Settlement>,
    /// How receivers stand: the last word on each.
    pub(crate) standings: HashMap<HookNumber, Standing>,
    /// Hooks whose receivers are gone.
    pub(crate) gone: Vec<HookNumber>,
    /// Tests that somebody asked for, and who is told.
    pub(crate) tests: Vec<(NewTest, oneshot::Sender<DeliveryKey>)>,
    /// Leases that are not wanted any more.
    pub(crate) give_backs: Vec<DeliveryKey>,
    /// Leases that nobody seems to hold: given back, if the recorder finds them nowhere either.
    pub(crate) suspects: Vec<DeliveryKey>,
    /// Leases that are wanted, and who is told.
    pub(crate) claims: Vec<(Claim, oneshot::Sender<Vec<Claimed>>)>,
}

impl Waiting {
    /// Whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.settlements.is_empty()
            && self.standings.is_empty()
            && self.gone.is_empty()
            && self.tests.is_empty()
            && self.give_backs.is_empty()
            && self.suspects.is_empty()
            && self.claims.is_empty()
    }
}

impl Work {
    /// An attempt has ended.
    pub(crate) fn settle(&self, settlement: Settlement) {
        self.with(|waiting| waiting.settlements.push(settlement));
        self.bell.notify_one();
    }

    /// A receiver stands like this now.
    pub(crate) fn stand(&self, hook: HookNumber, standing: Standing) {
        self.with(|waiting| waiting.standings.insert(hook, standing));
        self.bell.notify_one();
    }

    /// What was said of a receiver and not written yet does not count any more.
    pub(crate) fn withdraw_standing(&self, hook: HookNumber) {
        self.with(|waiting| waiting.standings.remove(&hook));
    }

    /// A hook's receiver is gone.
    pub(crate) fn gone(&self, hook: HookNumber) {
        self.with(|waiting| waiting.gone.push(hook));
        self.bell.notify_one();
    }

    /// Asks for a test delivery. `None` where it could not be written.
    pub(crate) async fn owe_test(&self, test: NewTest) -> Option<DeliveryKey> {
        let (answer, answered) = oneshot::channel();
        self.with(|waiting| waiting.tests.push((test, answer)));
        self.bell.notify_one();
        answered.await.ok()
    }

    /// Leases are not wanted any more.
    pub(crate) fn give_back(&self, keys: impl IntoIterator<Item = DeliveryKey>) {
        self.with(|waiting| waiting.give_backs.extend(keys));
        self.bell.notify_one();
    }

    /// Leases that no lane held in two looks; those of earlier looks are found again if they are still there.
    pub(crate) fn suspect(&self, keys: Vec<DeliveryKey>) {
        self.with(|waiting| waiting.suspects = keys);
        self.bell.notify_one();
    }

    /// How many outcomes wait to be written.
    pub(crate) fn waiting_outcomes(&self) -> usize {
        self.with(|waiting| waiting.settlements.len())
    }

    /// The deliveries whose outcomes wait to be written, or that wait to be given back.
    pub(crate) fn leaving(&self) -> HashSet<DeliveryKey> {
        self.with(|waiting| {
            let settled = waiting.settlements.iter().map(|settlement| settlement.key);
            settled.chain(waiting.give_backs.iter().copied()).collect()
        })
    }

    /// Asks for leases. `None` where the pipeline stopped before it could answer.
    pub(crate) async fn claim(&self, claim: Claim) -> Option<Vec<Claimed>> {
        let (answer, answered) = oneshot::channel();
        self.with(|waiting| waiting.claims.push((claim, answer)));
        self.bell.notify_one();
        answered.await.ok()
    }

    /// Waits until an attempt may start.
    pub(crate) async fn may_attempt(&self) {
        loop {
            let opened = self.open.notified();
            if self.is_open() {
                return;
            }
            opened.await;
        }
    }

    /// Takes everything that waits.
    pub(crate) fn take(&self) -> Waiting {
        self.with(std::mem::take)
    }

    /// Puts in again what of a batch could not be written and nobody waits for, before what is newer.
    pub(crate) fn put_back(&self, batch: Batch) {
        let Batch { mut settlements, standings, gone, mut give_backs, .. } = batch;
        self.with(|waiting| {
            settlements.append(&mut waiting.settlements);
            waiting.settlements = settlements;
            give_backs.append(&mut waiting.give_backs);
            waiting.give_backs = give_backs;
            waiting.gone.extend(gone);
            for (hook, standing) in standings {
                waiting.standings.entry(hook).or_insert(standing);
            }
        });
    }

    /// The store takes no writes: no attempt starts.
    pub(crate) fn store_went_away(&self) {
        self.store_is_away.store(true, Ordering::Release);
    }

    /// The store takes writes again.
    pub(crate) fn store_came_back(&self) {
        self.store_is_away.store(false, Ordering::Release);
        self.open_gate();
    }

    /// Whether the store is known not to take writes.
    pub(crate) fn store_is_away(&self) -> bool {
        self.store_is_away.load(Ordering::Acquire)
    }

    /// Called after outcomes were written.
    pub(crate) fn open_gate(&self) {
        if self.is_open() {
            self.open.notify_waiters();
        }
    }

    /// Whether nothing waits for the next transaction.
    #[cfg(test)]
    pub(crate) fn is_idle(&self) -> bool {
        self.with(|waiting| waiting.is_empty())
    }

    fn is_open(&self) -> bool {
        !self.store_is_away() && self.with(|waiting| waiting.settlements.len() < UNWRITTEN_OUTCOMES)
    }

    fn with<T>(&self, change: impl FnOnce(&mut Waiting) -> T) -> T {
        // A poisoned lock means that a push panicked: the list itself is whole.
        change(&mut self.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}
