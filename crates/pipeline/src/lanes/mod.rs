//! Lanes: one hook's deliveries in this process's memory, and the workers that send them.
//!
//! A lane holds a bounded number of leased deliveries. What does not fit stays in the ledger, and a lane that has spilled is
//! in ledger mode: all its new deliveries are born unleased and it claims what is due, until a claim comes back short and
//! nothing was spilled since it began. A slow hook has its own lane, connections and workers, so it hurts only itself; one
//! whose receiver fails again and again (`receiver` says when) gives back what it holds and sends nothing but probes.

mod body;
mod claim;
mod lane;
mod readings;
mod receiver;
mod send;
mod sockets;
mod test;
mod worker;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};

use model::clock::StoreClock;
use model::delivery_key::DeliveryKey;
use model::hook::WhenOpen;
use model::ids::{HookNumber, IssueId};
use model::limits::SOCKET_BUDGET;
use model::standing::Standing;
use store::Store;
use store::ledger::{BatchEvent, Claimed, NewEvent, OwedRow};
use tokio::sync::{Notify, watch};

use sockets::Sockets;

pub(crate) use body::Body;
pub(crate) use lane::{Item, Lane};
pub(crate) use readings::LaneReadings;
pub use test::{TestError, Tested};

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
    sockets: Sockets,
    random: fn(&mut [u8]),
    stopping: watch::Sender<Stopping>,
    workers: watch::Sender<usize>,
    /// Whether a circuit is open, or was when the lanes were last looked at.
    any_open: AtomicBool,
    /// Rung when the ledger is worth a look before its time.
    wake: Notify,
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
    /// Lanes of the hooks whose receivers' standing is known; others are made when their hook is first owed something.
    pub(crate) fn new(parts: Parts, standings: Vec<(HookNumber, Standing)>) -> Lanes {
        let Parts { store, directory, egress, work, clock, budget, random } = parts;
        let (stopping, workers) = (watch::Sender::new(Stopping::No), watch::Sender::new(0));
        let (sockets, wake, now) = (Sockets::new(SOCKET_BUDGET), Notify::new(), clock.now());
        let any_open = AtomicBool::new(true);
        let shared = Shared {
            store,
            directory,
            egress,
            work,
            clock,
            budget,
            sockets,
            random,
            stopping,
            workers,
            any_open,
            wake,
        };
        let lane = |(hook, standing)| (hook, Arc::new(Lane::new(hook, standing, now)));
        Lanes { lanes: RwLock::new(standings.into_iter().map(lane).collect()), shared: Arc::new(shared) }
    }

    /// Keeps a place for an event in each lane that has room: its `event.created` may be born leased.
    pub(crate) fn reserve(&self, event: &NewEvent) -> Vec<HookNumber> {
        if self.shared.is_stopping() {
            return Vec::new();
        }
        let wanting = event.candidates.created.iter().copied();
        wanting.filter(|hook| self.shared.can_sign(*hook) && self.lane(*hook).reserve()).collect()
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
                let signing = hooks.iter().copied().filter(|hook| self.shared.can_sign(*hook));
                kept.extend(signing.map(|hook| (hook, self.lane(hook).reserve_some(ALERT_PLACES))));
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
            let (received, hop) = (event.received, event.candidates.hop);
            lane.push(Item { key, body, sent: 0, tried: 0, since: received, received, hop });
            self.shared.start_workers(&lane);
        }
        if !unheld.is_empty() {
            self.shared.work.give_back(unheld);
        }
    }

    fn created_body(&self, event: &NewEvent, issue: IssueId) -> Option<Body> {
        self.shared.budget.take(event.value.len()).map(|held| Body::new(event, issue, held))
    }

    /// These hooks, and no others, have due deliveries in the ledger. Called each second and at the doorbell.
    pub(crate) fn look_at_ledger(self: &Arc<Self>, due: Vec<HookNumber>) {
        if self.shared.any_open.load(Ordering::Relaxed) {
            for lane in self.all().iter().filter(|lane| !due.contains(&lane.hook())) {
                lane.found_no_candidate();
            }
        }
        self.claim_due(due);
    }

    /// Wakes lanes whose hooks have due deliveries in the ledger.
    pub(crate) fn claim_due(self: &Arc<Self>, hooks: Vec<HookNumber>) {
        // What cannot be signed waits in the ledger; asking again each second is what finds out that it can be.
        for hook in hooks.into_iter().filter(|hook| self.shared.can_sign(*hook)) {
            let lane = self.lane(hook);
            lane.spill();
            self.claim_if_wanted(&lane);
        }
    }

    /// Of the hooks that these events may owe something, those whose circuit is open and who ask to skip then.
    pub(crate) fn skipping(&self, events: &[BatchEvent]) -> Vec<HookNumber> {
        let (mut skipping, mut looked) = (Vec::new(), HashSet::new());
        if !self.shared.any_open.load(Ordering::Relaxed) {
            return skipping;
        }
        for candidates in events.iter().map(|item| &item.event.candidates) {
            for hook in candidates.created.iter().chain(candidates.may_alert()) {
                if looked.insert(*hook) && self.shared.when_open(*hook) == WhenOpen::Skip {
                    skipping.extend(self.known(*hook).filter(|lane| lane.skips(WhenOpen::Skip)).map(|_| *hook));
                }
            }
        }
        skipping
    }

    /// What the time brings: connections that were idle or open for too long are closed, pauses end, standings are handed on
    /// to be written. Called each second.
    pub(crate) fn look(&self) {
        let (now, mut any_open) = (self.shared.clock.now(), false);
        for lane in self.all() {
            lane.connections.close_expired();
            match self.shared.firing(lane.hook()) {
                None => lane.forget_receiver(now, || {}),
                Some(_) => lane.look(now, |standing| self.shared.work.stand(lane.hook(), standing)),
            }
            any_open |= lane.standing().opened.is_some();
        }
        self.shared.any_open.store(any_open, Ordering::Relaxed);
    }

    /// Waits until the ledger is worth a look before its time.
    pub(crate) async fn woken(&self) {
        self.shared.wake.notified().await;
    }

    /// A hook was disabled or enabled: its receiver starts anew.
    pub(crate) fn forget_receiver(&self, hook: HookNumber) {
        if let Some(lane) = self.known(hook) {
            lane.forget_receiver(self.shared.clock.now(), || self.shared.work.withdraw_standing(hook));
        }
    }

    /// How the receiver of a hook stands, if this process has had to do with it.
    pub(crate) fn standing(&self, hook: HookNumber) -> Option<Standing> {
        self.known(hook).map(|lane| lane.standing())
    }

    /// Whether nothing but probes is sent to a hook now, or nothing at all.
    pub(crate) fn is_closed_to(&self, hook: HookNumber) -> bool {
        self.standing(hook).is_some_and(|standing| standing.is_closed_to(self.shared.clock.now()))
    }

    /// Stops starting attempts, gives back what has not been started, and returns when the last attempt has ended.
    pub(crate) async fn drain(&self) {
        self.shared.stopping.send_replace(Stopping::Yes);
        for lane in self.all() {
            self.give_back(&lane, lane.empty().into_iter().map(|item| item.key).collect());
        }
        self.idle().await;
        // After the last attempts have ended.
        for lane in self.all() {
            lane.hand_on_unwritten(|standing| self.shared.work.stand(lane.hook(), standing));
        }
    }

    /// How many lanes there are, and what is in them.
    pub(crate) fn readings(&self) -> LaneReadings {
        let lanes = self.all();
        let readings = lanes.iter().map(|lane| lane.readings());
        readings.fold(LaneReadings::default(), LaneReadings::plus)
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
        if let Some(lane) = self.known(hook) {
            return lane;
        }
        let make = || Arc::new(Lane::new(hook, Standing::default(), self.shared.clock.now()));
        let mut lanes = self.lanes.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        Arc::clone(lanes.entry(hook).or_insert_with(make))
    }

    /// The lane of a hook that was owed something before.
    fn known(&self, hook: HookNumber) -> Option<Arc<Lane>> {
        self.lanes.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(&hook).map(Arc::clone)
    }

    fn all(&self) -> Vec<Arc<Lane>> {
        self.lanes.read().unwrap_or_else(std::sync::PoisonError::into_inner).values().cloned().collect()
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

    fn when_open(&self, hook: HookNumber) -> WhenOpen {
        self.directory.current().hook(hook).map_or(WhenOpen::Wait, |entry| entry.hook.settings.when_open)
    }

    fn concurrency(&self, hook: HookNumber) -> usize {
        self.directory.current().hook(hook).map_or(1, |entry| entry.hook.settings.concurrency)
    }

    /// Whether there are secrets to sign with. A hook that the directory does not know is no matter of secrets.
    fn can_sign(&self, hook: HookNumber) -> bool {
        self.directory.current().hook(hook).is_none_or(|entry| entry.signers.is_some())
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
