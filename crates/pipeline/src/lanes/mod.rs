//! Lanes: one hook's deliveries in this process's memory, and the workers that send them.
//!
//! A lane holds a bounded number of leased deliveries. What does not fit stays in the ledger, and a lane that has spilled is
//! in ledger mode: all its new deliveries are born unleased and it claims what is due, until a claim comes back short and
//! nothing was spilled since it began. A slow hook has its own lane, connections and workers, so it hurts only itself.

mod body;
mod claim;
mod lane;
mod send;

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, RwLock};

use futures_util::FutureExt;
use model::clock::StoreClock;
use model::delivery_key::DeliveryKey;
use model::ids::{HookNumber, IssueId};
use store::Store;
use store::ledger::{BatchEvent, Claimed, NewEvent, OwedRow};
use tokio::sync::watch;

pub(crate) use body::Body;
pub(crate) use lane::{Item, Lane};

use crate::budget::Budget;
use crate::directory::{DirectoryHandle, HookEntry};
use crate::egress::Egress;
use crate::work::Work;

/// Places that a lane keeps for the alerts of one batch. What finds none waits in the ledger and is claimed at once.
const ALERT_PLACES: usize = 8;

/// All lanes of this process.
pub struct Lanes {
    lanes: RwLock<HashMap<HookNumber, Arc<Lane>>>,
    shared: Arc<Shared>,
}

/// What every lane's workers use.
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) directory: Arc<DirectoryHandle>,
    pub(crate) egress: Arc<Egress>,
    pub(crate) work: Arc<Work>,
    pub(crate) clock: Arc<StoreClock>,
    pub(crate) budget: Budget,
    random: fn(&mut [u8]),
    stopping: watch::Sender<Stopping>,
    workers: watch::Sender<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopping {
    No,
    /// No attempt starts, and nothing is claimed.
    Yes,
    /// Nor is anybody waited for.
    Over,
}

/// What lanes are made from.
pub(crate) struct Parts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) directory: Arc<DirectoryHandle>,
    pub(crate) egress: Arc<Egress>,
    pub(crate) work: Arc<Work>,
    pub(crate) clock: Arc<StoreClock>,
    pub(crate) budget: Budget,
    /// Random bytes: spread retries.
    pub(crate) random: fn(&mut [u8]),
}

impl Lanes {
    /// No lanes yet: each is made when its hook is first owed something.
    pub(crate) fn new(parts: Parts) -> Lanes {
        let Parts { store, directory, egress, work, clock, budget, random } = parts;
        let (stopping, workers) = (watch::Sender::new(Stopping::No), watch::Sender::new(0));
        let shared = Shared { store, directory, egress, work, clock, budget, random, stopping, workers };
        Lanes { lanes: RwLock::default(), shared: Arc::new(shared) }
    }

    /// Keeps a place for an event in each lane that has room: its `event.created` may be born leased.
    pub(crate) fn reserve(&self, event: &NewEvent) -> Vec<HookNumber> {
        if self.shared.is_stopping() {
            return Vec::new();
        }
        event.candidates.created.iter().copied().filter(|hook| self.lane(*hook).reserve()).collect()
    }

    /// Keeps some places for alerts, which few events owe: for each project of the batch, in the lanes of the hooks that
    /// one of its events may alert.
    pub(crate) fn reserve_alerts(&self, events: &[BatchEvent]) -> Vec<(HookNumber, usize)> {
        let (mut projects, mut kept) = (Vec::new(), Vec::new());
        if self.shared.is_stopping() {
            return kept;
        }
        for event in events.iter().map(|item| &item.event) {
            let hooks = event.candidates.may_alert();
            if !hooks.is_empty() && !projects.contains(&event.project) {
                projects.push(event.project);
                kept.extend(hooks.iter().map(|hook| (*hook, self.lane(*hook).reserve_some(ALERT_PLACES))));
            }
        }
        kept
    }

    /// Gives places back that were not used.
    pub(crate) fn release(&self, hooks: &[HookNumber]) {
        for hook in hooks {
            self.lane(*hook).release(1);
        }
    }

    /// Gives places for alerts back that were not used.
    pub(crate) fn release_alerts(&self, places: impl IntoIterator<Item = (HookNumber, usize)>) {
        for (hook, places) in places {
            self.lane(hook).release(places);
        }
    }

    /// Takes over an event's deliveries that were born leased, after their commit.
    pub(crate) fn hand_over(&self, event: &NewEvent, issue: IssueId, leased: Vec<OwedRow>) {
        let mut created = None;
        let mut unheld = Vec::new();
        for OwedRow { key, alert, .. } in leased {
            let body = match alert {
                Some(bytes) => self.shared.budget.take(bytes.len()).map(|held| Body::stored(bytes, held)),
                // One body for all hooks.
                None => created.get_or_insert_with(|| self.created_body(event, issue)).clone(),
            };
            let lane = self.lane(key.hook);
            let Some(body) = body else {
                // More bodies than memory for them: they wait in the ledger, and come back by a claim.
                lane.release(1);
                lane.spill();
                unheld.push(key);
                continue;
            };
            lane.push(Item { key, body, sent: 0, tried: 0, received: event.received, hop: event.candidates.hop });
            self.start_workers(&lane);
        }
        if !unheld.is_empty() {
            self.shared.work.give_back(unheld);
        }
    }

    fn created_body(&self, event: &NewEvent, issue: IssueId) -> Option<Body> {
        self.shared.budget.take(event.value.len()).map(|held| Body::new(event, issue, held))
    }

    /// Wakes lanes whose hooks have due deliveries in the ledger. Called each second and at the doorbell.
    pub(crate) fn claim_due(self: &Arc<Self>, hooks: Vec<HookNumber>) {
        for hook in hooks {
            let lane = self.lane(hook);
            lane.spill();
            self.claim_if_wanted(&lane);
        }
    }

    /// Closes connections that have been idle or open for too long. Called each second.
    pub(crate) fn close_expired_connections(&self) {
        for lane in self.all() {
            lane.connections.close_expired();
        }
    }

    /// Stops starting attempts, gives back what has not been started, and returns when the last attempt has ended.
    pub(crate) async fn drain(&self) {
        self.shared.stopping.send_replace(Stopping::Yes);
        for lane in self.all() {
            self.give_back(&lane, lane.empty().into_iter().map(|item| item.key).collect());
        }
        self.idle().await;
    }

    /// Waits for no attempt any more.
    pub(crate) fn abandon(&self) {
        self.shared.stopping.send_replace(Stopping::Over);
    }

    /// Returns when no lane works, or nobody waits for those that do.
    pub(crate) async fn idle(&self) {
        let (mut workers, mut stopping) = (self.shared.workers.subscribe(), self.shared.stopping.subscribe());
        // The senders live in `shared`.
        tokio::select! {
            _ = workers.wait_for(|workers| *workers == 0) => {}
            _ = stopping.wait_for(|stopping| *stopping == Stopping::Over) => {}
        }
    }

    /// Deliveries were leased by a claim, whose answer is on its way.
    pub(crate) fn lease(&self, claimed: &[Claimed]) {
        if let Some(first) = claimed.first() {
            self.lane(first.key.hook).lease(claimed);
        }
    }

    /// Nobody waits for the answer of a claim any more.
    pub(crate) fn give_back_claimed(&self, claimed: &[Claimed]) {
        if let Some(first) = claimed.first() {
            self.give_back(&self.lane(first.key.hook), claimed.iter().map(|claimed| claimed.key).collect());
        }
    }

    /// Whether a lane has this delivery to send: in its queue, on the wire, or claimed and on its way.
    pub(crate) fn holds(&self, key: &DeliveryKey) -> bool {
        self.lane(key.hook).holds(key)
    }

    /// Gives back deliveries that the lane of their hook holds.
    fn give_back(&self, lane: &Lane, keys: Vec<DeliveryKey>) {
        lane.let_go(&keys, || self.shared.work.give_back(keys.iter().copied()));
    }

    fn lane(&self, hook: HookNumber) -> Arc<Lane> {
        let lanes = self.lanes.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(lane) = lanes.get(&hook) {
            return Arc::clone(lane);
        }
        drop(lanes);
        let mut lanes = self.lanes.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        Arc::clone(lanes.entry(hook).or_insert_with(|| Arc::new(Lane::new(hook))))
    }

    fn all(&self) -> Vec<Arc<Lane>> {
        self.lanes.read().unwrap_or_else(std::sync::PoisonError::into_inner).values().cloned().collect()
    }

    fn start_workers(&self, lane: &Arc<Lane>) {
        let concurrency = self.shared.concurrency(lane.hook());
        while let Some(first) = lane.next_for_new_worker(concurrency) {
            let (lane, shared) = (Arc::clone(lane), Arc::clone(&self.shared));
            shared.workers.send_modify(|workers| *workers += 1);
            tokio::spawn(work_off(lane, shared, first));
        }
    }
}

impl Shared {
    fn is_stopping(&self) -> bool {
        *self.stopping.borrow() != Stopping::No
    }

    async fn stopped(&self) {
        // The sender lives in `self`, so this ends only when the pipeline stops.
        drop(self.stopping.subscribe().wait_for(|stopping| *stopping != Stopping::No).await);
    }

    fn concurrency(&self, hook: HookNumber) -> usize {
        self.directory.current().hook(hook).map_or(1, |entry| entry.hook.settings.concurrency)
    }

    /// A random number.
    pub(crate) fn chance(&self) -> u32 {
        let mut bytes = [0; 4];
        (self.random)(&mut bytes);
        u32::from_ne_bytes(bytes)
    }

    /// The hook, if it still fires: looked up just before each attempt.
    pub(crate) fn firing(&self, hook: HookNumber) -> Option<Arc<HookEntry>> {
        self.directory.current().hook(hook).filter(|entry| entry.hook.active).cloned()
    }
}

/// One worker: sends one delivery after the other until the lane is empty.
async fn work_off(lane: Arc<Lane>, shared: Arc<Shared>, first: Item) {
    let mut next = Some(first);
    while let Some(item) = next {
        tokio::select! {
            () = shared.work.may_attempt() => {}
            () = shared.stopped() => {}
        }
        if shared.is_stopping() {
            lane.let_go(&[item.key], || shared.work.give_back([item.key]));
        } else {
            // A panic in an attempt must not cost the lane its worker.
            let attempt = AssertUnwindSafe(send::deliver(&lane, &shared, &item)).catch_unwind();
            match attempt.await {
                Ok(settlement) => {
                    lane.ended(&settlement);
                    lane.let_go(&[item.key], || shared.work.settle(settlement));
                }
                Err(_) => {
                    let settlement = send::panicked(&item, shared.clock.now());
                    lane.let_go(&[item.key], || shared.work.settle(settlement));
                }
            }
        }
        next = lane.next_for_worker();
    }
    shared.workers.send_modify(|workers| *workers -= 1);
}
