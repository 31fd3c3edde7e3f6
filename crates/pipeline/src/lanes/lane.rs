//! One lane: its queue, how much it may hold, and when it turns to the ledger.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use model::delivery_key::DeliveryKey;
use model::hook::WhenOpen;
use model::ids::{HookNumber, Millis};
use model::limits::{BATCH_EVENTS, HOOK_CONCURRENCY, HOOK_CONCURRENCY_MOST, LANE_BYTES, LANE_DELIVERIES, LANE_SECONDS};
use model::loops::Hop;
use model::standing::{Change, Seen, Standing};
use store::ledger::{ClaimOrder, Claimed};
use tokio::sync::Notify;

use super::receiver::Receiver;
use super::{Body, LaneReadings};
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
    /// When it was owed, or last sent again.
    pub(crate) since: Millis,
    /// When its event was received.
    pub(crate) received: Millis,
    /// How many webhooks led to its event.
    pub(crate) hop: Hop,
}

struct State {
    queue: VecDeque<Item>,
    /// Of the bodies in the queue, each by itself though hooks may share it.
    queued_bytes: usize,
    /// What this process may send: in the queue, on the wire, or claimed and on its way here.
    leased: HashSet<DeliveryKey>,
    reserved: usize,
    workers: usize,
    /// A test is on the wire.
    tests: bool,
    receiver: Receiver,
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

/// Whether a lane has one worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alone {
    Yes,
    No,
}

/// What an attempt's end means for the lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ended {
    /// What changed.
    pub(crate) change: Change,
    /// Whether there may be room for another worker.
    pub(crate) more_workers: bool,
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
    /// An empty lane, whose receiver stands like this now.
    pub(crate) fn new(hook: HookNumber, standing: Standing, now: Millis) -> Lane {
        let state = State {
            queue: VecDeque::new(),
            queued_bytes: 0,
            leased: HashSet::new(),
            reserved: 0,
            workers: 0,
            tests: false,
            receiver: Receiver::new(standing, now),
            mode: Mode::Memory,
            claims: 0,
            pace: Pace { begun: Instant::now(), present: 0, last: 0 },
        };
        Lane {
            hook,
            state: Mutex::new(state),
            room: Notify::new(),
            connections: Connections::new(HOOK_CONCURRENCY_MOST),
        }
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
            state.push(item);
        });
    }

    /// Deliveries were leased by a claim: called by the recorder before it answers.
    pub(crate) fn lease(&self, claimed: &[Claimed]) {
        self.with(|state| state.leased.extend(claimed.iter().map(|claimed| claimed.key)));
    }

    /// One delivery was leased to whoever sends it past the queue.
    pub(crate) fn lease_key(&self, key: DeliveryKey) {
        self.with(|state| state.leased.insert(key));
    }

    /// A test begins, unless another is under way. Ends with [`Lane::end_test`].
    pub(crate) fn begin_test(&self) -> bool {
        self.with(|state| !std::mem::replace(&mut state.tests, true))
    }

    /// The test has ended.
    pub(crate) fn end_test(&self) {
        self.with(|state| state.tests = false);
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
        self.with(|state| state.push(item));
    }

    /// The first delivery for another worker, where one is wanted, and whether that one is the only one.
    pub(crate) fn next_for_new_worker(&self, concurrency: usize) -> Option<(Item, Alone)> {
        self.with(|state| {
            if state.queue.is_empty() {
                return None;
            }
            let is_probe = state.receiver.take_probe();
            if !is_probe && state.workers >= state.receiver.slots(concurrency) {
                return None;
            }
            let item = state.pop()?;
            state.workers += 1;
            Some((item, if state.workers == 1 { Alone::Yes } else { Alone::No }))
        })
    }

    /// There is no socket for another worker: its delivery waits for those that there are. How many that is: the last one may
    /// have ended meanwhile.
    pub(crate) fn put_back(&self, item: Item) -> usize {
        self.with(|state| {
            state.workers -= 1;
            state.queued_bytes += item.body.len();
            state.queue.push_front(item);
            state.workers
        })
    }

    /// The next delivery for a worker that has ended one; `None` ends the worker.
    pub(crate) fn next_for_worker(&self, concurrency: usize) -> Option<Item> {
        let (next, room) = self.with(|state| {
            let is_wanted = state.workers <= state.receiver.slots(concurrency);
            let next = if is_wanted { state.pop() } else { None };
            if next.is_none() {
                state.workers -= 1;
            }
            (next, state.is_half_empty())
        });
        if room {
            self.room.notify_one();
        }
        next
    }

    /// What an attempt's end says about the receiver; `hand_on` gets the standing where it is to be written at once. Under the
    /// lane's lock, as with every standing that is handed on: a later one never comes before an earlier one.
    pub(crate) fn ended(&self, seen: &Seen, hand_on: impl FnOnce(Standing)) -> Ended {
        self.with(|state| {
            state.pace.count();
            let more_workers = seen.outcome.is_success() && state.receiver.is_recovering();
            let (change, write) = state.receiver.note(seen);
            write.map(hand_on);
            Ended { change, more_workers }
        })
    }

    /// How the receiver stands.
    pub(crate) fn standing(&self) -> Standing {
        self.with(|state| state.receiver.standing())
    }

    /// Looks at the time: pauses end, and what is to be written of the standing is handed on.
    pub(crate) fn look(&self, now: Millis, hand_on: impl FnOnce(Standing)) {
        self.with(|state| state.receiver.look(now).map(hand_on));
    }

    /// Hands on what has not been written of the standing.
    pub(crate) fn hand_on_unwritten(&self, hand_on: impl FnOnce(Standing)) {
        self.with(|state| state.receiver.unwritten().map(hand_on));
    }

    /// The receiver starts anew: its hook was disabled, or enabled. `withdraw` takes back what was handed on and not written.
    pub(crate) fn forget_receiver(&self, now: Millis, withdraw: impl FnOnce()) {
        self.with(|state| {
            state.receiver.forget(now);
            withdraw();
        });
    }

    /// A probe's claim found nothing though something was due: the store's row may say something else of the receiver. It is
    /// right about the circuit: other processes and people have changed it.
    pub(crate) fn reconcile(&self, stored: Option<Standing>, now: Millis) {
        self.with(|state| state.receiver.reconcile(stored, now));
    }

    /// Whether what is owed to the hook now is skipped.
    pub(crate) fn skips(&self, when_open: WhenOpen) -> bool {
        self.with(|state| state.receiver.skips(when_open))
    }

    /// A claim for a probe was answered.
    pub(crate) fn probed(&self, claimed: &[Claimed], now: Millis) {
        self.with(|state| match claimed.is_empty() {
            true => state.receiver.found_no_candidate(),
            false => state.receiver.begin_probe(now),
        });
    }

    /// A test goes out. True where the circuit is open and the test counts as its probe.
    pub(crate) fn begin_probe_by_hand(&self, now: Millis) -> bool {
        self.with(|state| state.receiver.begin_probe_by_hand(now))
    }

    /// Nothing waits in the ledger that a probe could send.
    pub(crate) fn found_no_candidate(&self) {
        self.with(|state| state.receiver.found_no_candidate());
    }

    /// Takes everything that no worker has, where nothing is attempted now.
    pub(crate) fn empty_if_shut(&self) -> Vec<Item> {
        if self.with(|state| state.receiver.is_shut()) { self.empty() } else { Vec::new() }
    }

    /// How much to claim, and in which order; `None` where the lane does not want any now, or claims already. Ends with
    /// [`Lane::end_claiming`].
    pub(crate) fn begin_claiming(&self, now: Millis) -> Option<(usize, ClaimOrder)> {
        self.with(|state| match state.mode {
            Mode::Ledger { claiming: false, .. } if state.receiver.is_open() => state.next_probe(now),
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
            if self.with(|state| state.is_half_empty()) {
                return;
            }
            freed.await;
        }
    }

    /// Whether the bodies that wait here are as much as one lane may hold.
    pub(crate) fn is_heavy(&self) -> bool {
        self.with(|state| state.queued_bytes >= LANE_BYTES)
    }

    /// What is in it now.
    pub(crate) fn readings(&self) -> LaneReadings {
        self.with(|state| LaneReadings {
            lanes: 1,
            in_ledger_mode: usize::from(state.mode != Mode::Memory),
            deliveries: state.leased.len(),
            open_circuits: usize::from(state.receiver.is_open()),
            paused: usize::from(state.receiver.is_shut() && !state.receiver.is_open()),
            failing: usize::from(state.receiver.is_failing()),
        })
    }

    /// Takes everything that no worker has.
    pub(crate) fn empty(&self) -> Vec<Item> {
        let items = self.with(|state| {
            state.queued_bytes = 0;
            state.queue.drain(..).collect()
        });
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

    fn is_half_empty(&self) -> bool {
        self.held() * 2 <= self.capacity() && self.queued_bytes * 2 <= LANE_BYTES
    }

    fn push(&mut self, item: Item) {
        self.queued_bytes += item.body.len();
        self.queue.push_back(item);
    }

    fn pop(&mut self) -> Option<Item> {
        let item = self.queue.pop_front()?;
        self.queued_bytes = self.queued_bytes.saturating_sub(item.body.len());
        Some(item)
    }

    fn capacity(&self) -> usize {
        let least = if self.receiver.is_failing() { CAPACITY_FAILING } else { CAPACITY_HEALTHY };
        self.pace.last.max(self.pace.present).clamp(least, LANE_DELIVERIES)
    }

    /// A claim for the probe that is due, unless an attempt is still on the wire. What waits beside it stays in the ledger.
    fn next_probe(&mut self, now: Millis) -> Option<(usize, ClaimOrder)> {
        if self.workers > 0 {
            return None;
        }
        let probes = self.receiver.due_probe(now)?;
        self.mode = Mode::Ledger { claiming: true, spilled: true };
        Some((1, ClaimOrder::Probe { probes }))
    }

    fn next_claim(&mut self) -> Option<(usize, ClaimOrder)> {
        if self.receiver.is_shut() {
            return None;
        }
        let room = self.capacity().saturating_sub(self.held());
        if room == 0 || self.queued_bytes >= LANE_BYTES {
            return None;
        }
        self.mode = Mode::Ledger { claiming: true, spilled: false };
        self.claims = self.claims.wrapping_add(1);
        let by_age = self.claims.is_multiple_of(CLAIMS_BY_PRIORITY);
        Some((room, if by_age { ClaimOrder::Age } else { ClaimOrder::Priority }))
    }

    /// Reserves up to so many places: those there are.
    fn keep(&mut self, wanted: usize) -> usize {
        let has_room = self.mode == Mode::Memory && !self.receiver.is_shut() && self.queued_bytes < LANE_BYTES;
        let room = if has_room { self.capacity().saturating_sub(self.held()) } else { 0 };
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
