//! One lane: its queue, how much it may hold, and when it turns to the ledger.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use model::delivery_key::DeliveryKey;
use model::ids::{HookNumber, Millis};
use model::limits::{BATCH_EVENTS, HOOK_CONCURRENCY, LANE_DELIVERIES, LANE_SECONDS};
use model::loops::Hop;
use store::ledger::{ClaimOrder, Claimed, NextState, Settlement};
use tokio::sync::Notify;

use super::Body;
use crate::egress::Connections;

/// A lane that is new, or whose last attempt succeeded, holds at least a full batch.
const CAPACITY_HEALTHY: usize = BATCH_EVENTS;
/// A lane that fails holds at least this.
const CAPACITY_FAILING: usize = 4 * HOOK_CONCURRENCY;
/// A lane holds what it would send in this time at its recent pace.
const PACE_WINDOW: Duration = Duration::from_secs(LANE_SECONDS);
/// One claim in so many is by age alone.
const CLAIMS_BY_PRIORITY: u32 = 4;

/// A hook's deliveries in memory.
pub(crate) struct Lane {
    hook: HookNumber,
    state: Mutex<State>,
    room: Notify,
    /// The lane's own connections.
    pub(crate) connections: Connections,
}

/// A leased delivery on its way.
#[derive(Clone)]
pub(crate) struct Item {
    pub(crate) key: DeliveryKey,
    pub(crate) body: Body,
    /// Attempts in its log that went out or may have.
    pub(crate) sent: u32,
    /// Of these, those since it was owed or last sent again.
    pub(crate) tried: u32,
    /// When its event was received.
    pub(crate) received: Millis,
    /// How many webhooks led to its event.
    pub(crate) hop: Hop,
}

struct State {
    queue: VecDeque<Item>,
    /// What this process may send: in the queue, on the wire, or claimed and on its way here.
    leased: HashSet<DeliveryKey>,
    reserved: usize,
    workers: usize,
    failing: Failing,
    mode: Mode,
    claims: u32,
    pace: Pace,
}

/// Whether a claim brought as much as it asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClaimAnswer {
    /// There may be more.
    Full,
    /// That was all.
    Short,
}

/// Whether the last attempt failed, and how many in a row ended before a byte was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failing {
    No,
    Yes { never_went_out: u32 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// New deliveries are born leased.
    Memory,
    /// New deliveries wait in the ledger.
    Ledger { claiming: bool, spilled: bool },
}

/// Attempts in the last whole window and in the present one.
struct Pace {
    begun: Instant,
    present: usize,
    last: usize,
}

impl Lane {
    /// An empty lane.
    pub(crate) fn new(hook: HookNumber) -> Lane {
        let state = State {
            queue: VecDeque::new(),
            leased: HashSet::new(),
            reserved: 0,
            workers: 0,
            failing: Failing::No,
            mode: Mode::Memory,
            claims: 0,
            pace: Pace { begun: Instant::now(), present: 0, last: 0 },
        };
        Lane { hook, state: Mutex::new(state), room: Notify::new(), connections: Connections::new(HOOK_CONCURRENCY) }
    }

    /// Whose lane it is.
    pub(crate) fn hook(&self) -> HookNumber {
        self.hook
    }

    /// Keeps a place. False where there is none: the lane is in ledger mode from then on.
    pub(crate) fn reserve(&self) -> bool {
        self.with(|state| {
            let has_room = state.keep(1) == 1;
            if !has_room {
                state.spill();
            }
            has_room
        })
    }

    /// Keeps up to so many places, for what may never come.
    pub(crate) fn reserve_some(&self, wanted: usize) -> usize {
        self.with(|state| state.keep(wanted))
    }

    /// Gives places back.
    pub(crate) fn release(&self, places: usize) {
        self.with(|state| state.reserved = state.reserved.saturating_sub(places));
        self.room.notify_one();
    }

    /// Something of this hook waits in the ledger.
    pub(crate) fn spill(&self) {
        self.with(State::spill);
    }

    /// Takes a delivery for which a place was kept.
    pub(crate) fn push(&self, item: Item) {
        self.with(|state| {
            state.reserved = state.reserved.saturating_sub(1);
            state.leased.insert(item.key);
            state.queue.push_back(item);
        });
    }

    /// Deliveries were leased by a claim: called by the recorder before it answers.
    pub(crate) fn lease(&self, claimed: &[Claimed]) {
        self.with(|state| state.leased.extend(claimed.iter().map(|claimed| claimed.key)));
    }

    /// Whether a delivery is this lane's to send.
    pub(crate) fn holds(&self, key: &DeliveryKey) -> bool {
        self.with(|state| state.leased.contains(key))
    }

    /// Lets deliveries go while `hand_on` gives the recorder their outcomes, or gives them back: whoever looks here first
    /// and then there finds them in one place at least.
    pub(crate) fn let_go(&self, keys: &[DeliveryKey], hand_on: impl FnOnce()) {
        self.with(|state| {
            hand_on();
            for key in keys {
                state.leased.remove(key);
            }
        });
    }

    /// Takes a claimed delivery.
    pub(crate) fn push_claimed(&self, item: Item) {
        self.with(|state| state.queue.push_back(item));
    }

    /// The first delivery for another worker, where one is wanted.
    pub(crate) fn next_for_new_worker(&self, concurrency: usize) -> Option<Item> {
        self.with(|state| {
            if state.workers >= concurrency {
                return None;
            }
            let item = state.queue.pop_front()?;
            state.workers += 1;
            Some(item)
        })
    }

    /// The next delivery for a worker that has ended one; `None` ends the worker.
    pub(crate) fn next_for_worker(&self) -> Option<Item> {
        let (next, room) = self.with(|state| {
            let next = state.queue.pop_front();
            if next.is_none() {
                state.workers -= 1;
            }
            (next, state.held() * 2 <= state.capacity())
        });
        if room {
            self.room.notify_one();
        }
        next
    }

    /// What an attempt's end says about the endpoint.
    pub(crate) fn ended(&self, settlement: &Settlement) {
        self.with(|state| {
            state.pace.count();
            state.failing = match (settlement.next, state.failing) {
                (NextState::Delivered, _) => Failing::No,
                (NextState::Waiting { .. }, Failing::Yes { never_went_out }) => {
                    Failing::Yes { never_went_out: never_went_out.saturating_add(1) }
                }
                (NextState::Waiting { .. }, Failing::No) => Failing::Yes { never_went_out: 1 },
                (NextState::Failed, _) => Failing::Yes { never_went_out: 0 },
                (NextState::Cancelled, failing) => failing,
            };
        });
    }

    /// How many attempts in a row have ended before a byte was written.
    pub(crate) fn never_went_out(&self) -> u32 {
        self.with(|state| match state.failing {
            Failing::No => 0,
            Failing::Yes { never_went_out } => never_went_out,
        })
    }

    /// How much to claim, and in which order; `None` where the lane does not want any now, or claims already. Ends with
    /// [`Lane::end_claiming`].
    pub(crate) fn begin_claiming(&self) -> Option<(usize, ClaimOrder)> {
        self.with(|state| match state.mode {
            Mode::Ledger { claiming: false, .. } => state.next_claim(),
            Mode::Ledger { claiming: true, .. } | Mode::Memory => None,
        })
    }

    /// A claim has been answered, and everything it brought is here. A short answer with nothing spilled since it began ends
    /// ledger mode, and the claiming with it.
    pub(crate) fn leaves_ledger_mode(&self, answer: ClaimAnswer) -> bool {
        self.with(|state| {
            let leaves = answer == ClaimAnswer::Short && matches!(state.mode, Mode::Ledger { spilled: false, .. });
            if leaves {
                state.mode = Mode::Memory;
            }
            leaves
        })
    }

    /// The next claim of whoever claims for this lane; `None` where it has no room after all.
    pub(crate) fn claim_on(&self) -> Option<(usize, ClaimOrder)> {
        self.with(|state| match state.mode {
            Mode::Ledger { .. } => state.next_claim(),
            Mode::Memory => None,
        })
    }

    /// Nobody claims for this lane any more.
    pub(crate) fn end_claiming(&self) {
        self.with(|state| {
            if let Mode::Ledger { claiming, .. } = &mut state.mode {
                *claiming = false;
            }
        });
    }

    /// Waits until half of the lane is free.
    pub(crate) async fn wait_for_room(&self) {
        loop {
            let freed = self.room.notified();
            if self.with(|state| state.held() * 2 <= state.capacity()) {
                return;
            }
            freed.await;
        }
    }

    /// Takes everything that no worker has.
    pub(crate) fn empty(&self) -> Vec<Item> {
        let items = self.with(|state| state.queue.drain(..).collect());
        self.room.notify_one();
        items
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn held(&self) -> usize {
        self.queue.len() + self.reserved + self.workers
    }

    fn capacity(&self) -> usize {
        let least = if self.failing == Failing::No { CAPACITY_HEALTHY } else { CAPACITY_FAILING };
        self.pace.last.max(self.pace.present).clamp(least, LANE_DELIVERIES)
    }

    fn next_claim(&mut self) -> Option<(usize, ClaimOrder)> {
        let room = self.capacity().saturating_sub(self.held());
        if room == 0 {
            return None;
        }
        self.mode = Mode::Ledger { claiming: true, spilled: false };
        self.claims = self.claims.wrapping_add(1);
        let by_age = self.claims.is_multiple_of(CLAIMS_BY_PRIORITY);
        Some((room, if by_age { ClaimOrder::Age } else { ClaimOrder::Priority }))
    }

    /// Reserves up to so many places: those there are.
    fn keep(&mut self, wanted: usize) -> usize {
        let room = if self.mode == Mode::Memory { self.capacity().saturating_sub(self.held()) } else { 0 };
        let kept = room.min(wanted);
        self.reserved += kept;
        kept
    }

    fn spill(&mut self) {
        self.mode = match self.mode {
            Mode::Memory => Mode::Ledger { claiming: false, spilled: true },
            Mode::Ledger { claiming, .. } => Mode::Ledger { claiming, spilled: true },
        };
    }
}

impl Pace {
    fn count(&mut self) {
        let age = self.begun.elapsed();
        if age >= PACE_WINDOW {
            self.last = if age < PACE_WINDOW * 2 { self.present } else { 0 };
            self.present = 0;
            self.begun = Instant::now();
        }
        self.present += 1;
    }
}
