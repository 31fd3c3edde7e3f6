//! Claims: what waits in the ledger comes back into a lane, as fast as the lane has room and there is memory for bodies.
//!
//! Memory is taken first, then leases, then bodies are read into that memory, slice by slice; what finds none goes back. A
//! claim that ran out of memory waits for it in line with the other lanes', so nobody claims again and again in vain.

use std::sync::Arc;

use model::limits::LANE_DELIVERIES;
use model::loops::Hop;
use store::ledger::{Claim, ClaimOrder, Claimed, StoredBody};

use super::lane::ClaimAnswer;
use super::{Body, Item, Lane, Lanes, Shared, send};
use crate::budget::Held;

/// Memory for the first bodies of a claim, and the most that one read takes, unless a single body is longer.
const SLICE_BYTES: usize = 256 * 1024;
/// Bodies that one read brings.
const SLICE_DELIVERIES: usize = 128;

/// How much a lane's next claim asks for.
struct Appetite {
    deliveries: usize,
    bytes: usize,
}

/// What came of claimed deliveries.
enum TakenIn {
    /// All of them are in the lane.
    All,
    /// There was memory for so many; the next one needs so much.
    Some { count: usize, next_bytes: usize },
    /// The store could not be read.
    Unreadable,
}

impl Lanes {
    /// Starts a claim, unless one is under way or the lane wants none.
    pub(super) fn claim_if_wanted(self: &Arc<Self>, lane: &Arc<Lane>) {
        // A claim counts as a worker, and from before it looks whether the process stops: a stop waits for what it brings.
        self.shared.workers.send_modify(|workers| *workers += 1);
        let (lanes, lane) = (Arc::clone(self), Arc::clone(lane));
        tokio::spawn(async move {
            if !lanes.shared.is_stopping() {
                lanes.claim(&lane).await;
            }
            lanes.shared.workers.send_modify(|workers| *workers -= 1);
        });
    }

    /// Claims until the lane is full or the ledger has no more for it.
    async fn claim(&self, lane: &Arc<Lane>) {
        let mut appetite = Appetite { deliveries: LANE_DELIVERIES, bytes: SLICE_BYTES };
        let Some(mut next) = lane.begin_claiming(self.shared.clock.now()) else { return };
        loop {
            // Else what the workers give back would be claimed again and again.
            if !self.shared.can_sign(lane.hook()) {
                break;
            }
            let (room, order) = next;
            let Some(held) = self.shared.memory(appetite.bytes).await else { break };
            let limit = room.min(appetite.deliveries);
            let claim = Claim { hook: lane.hook(), limit, order };
            let claimed = self.shared.work.claim(claim).await.unwrap_or_default();
            if let ClaimOrder::Probe { .. } = order {
                lane.probed(&claimed, self.shared.clock.now());
                if claimed.is_empty() {
                    self.reconcile(lane).await;
                }
            }
            let answer = if claimed.len() < limit { ClaimAnswer::Short } else { ClaimAnswer::Full };
            match self.take_in(lane, &claimed, held).await {
                TakenIn::All if lane.leaves_ledger_mode(answer) => return,
                TakenIn::All => {
                    appetite = Appetite { deliveries: appetite.deliveries.saturating_mul(2), bytes: SLICE_BYTES };
                }
                TakenIn::Some { count, next_bytes } => {
                    appetite = Appetite { deliveries: count.max(1), bytes: next_bytes.max(SLICE_BYTES) };
                }
                // They are due, so the next look at the ledger wakes the lane.
                TakenIn::Unreadable => break,
            }
            tokio::select! {
                // First, because a stop makes room.
                biased;
                () = self.shared.stopped() => break,
                () = lane.wait_for_room() => {}
            }
            let Some(more) = lane.claim_on() else { break };
            next = more;
        }
        lane.end_claiming();
    }

    /// A probe's claim brought nothing: either nothing is due any more, or the store's row is not what the lane thinks it is.
    async fn reconcile(&self, lane: &Lane) {
        match self.shared.store.standings().await {
            Ok(standings) => {
                let stored = standings.into_iter().find(|(hook, _)| *hook == lane.hook()).map(|(_, standing)| standing);
                lane.reconcile(stored, self.shared.clock.now());
            }
            Err(error) => tracing::warn!(error = %error, "how receivers stand could not be read"),
        }
    }

    /// Reads bodies into the memory that is held and what more there is; gives back the leases of those that find none.
    async fn take_in(&self, lane: &Arc<Lane>, claimed: &[Claimed], mut held: Held) -> TakenIn {
        let mut rest = claimed;
        loop {
            let keys: Vec<_> = rest.iter().take(SLICE_DELIVERIES).map(|claimed| claimed.key).collect();
            if keys.is_empty() {
                return TakenIn::All;
            }
            let bodies = match self.shared.store.bodies(keys, held.bytes()).await {
                Ok(bodies) => bodies,
                Err(error) => {
                    tracing::warn!(error = %error, "bodies of deliveries could not be read");
                    self.give_back(lane, rest.iter().map(|claimed| claimed.key).collect());
                    return TakenIn::Unreadable;
                }
            };
            for body in bodies.found {
                let Some((next, after)) = rest.split_first() else { break };
                self.take_one_in(lane, *next, body.map(|stored| (stored, &mut held)));
                rest = after;
            }
            self.shared.start_workers(lane);
            let next_bytes = bodies.next_bytes.unwrap_or_default();
            let wanted = next_bytes.max(SLICE_BYTES).saturating_sub(held.bytes());
            if !rest.is_empty() && (lane.is_heavy() || !held.grow(wanted)) {
                self.give_back(lane, rest.iter().map(|claimed| claimed.key).collect());
                return TakenIn::Some { count: claimed.len() - rest.len(), next_bytes };
            }
        }
    }

    fn take_one_in(&self, lane: &Lane, claimed: Claimed, found: Option<(StoredBody, &mut Held)>) {
        let Claimed { key, received, sent, tried, since } = claimed;
        let Some((stored, held)) = found else {
            // Its event is gone, and with it what could be sent.
            lane.let_go(&[key], || self.shared.work.settle(send::cancelled(key)));
            return;
        };
        match held.split(stored.bytes.len()) {
            Some(held) => {
                let body = Body::stored(stored.bytes, held);
                lane.push_claimed(Item { key, body, sent, tried, since, received, hop: Hop(stored.hop) });
            }
            None => self.give_back(lane, vec![key]),
        }
    }
}

impl Shared {
    /// Memory for bodies, in the order of asking; `None` once the pipeline stops.
    async fn memory(&self, bytes: usize) -> Option<Held> {
        tokio::select! {
            biased;
            () = self.stopped() => None,
            held = self.budget.wait_for(bytes) => held,
        }
    }
}
