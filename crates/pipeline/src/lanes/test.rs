//! A test delivery: made, sent at once, and answered to whoever asked with what the receiver said.
//!
//! It goes the way of any other, past the queue: a row in the ledger first, the lane's connections, the log. It goes through
//! an open circuit too, and counts as its probe; otherwise it says nothing of the receiver's standing. A hook has one at a
//! time, on a socket of the process's budget: who asks for many must not take those of deliveries.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use model::delivery_key::{DeliveryId, DeliveryKey};
use model::ids::HookNumber;
use model::loops::Hop;
use store::ledger::{NewTest, NextState, Settlement};

use super::send::{self, Attempting};
use super::{Body, Item, Lane, Lanes};
use crate::directory::HookEntry;
use crate::egress::Attempt;

/// A test that was sent, or could not be: the attempt says.
#[derive(Debug, Clone)]
pub struct Tested {
    /// The delivery, as the log has it.
    pub delivery: DeliveryId,
    /// What came of it.
    pub attempt: Attempt,
}

/// Why nothing was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TestError {
    /// The hook is disabled, or deleted: it never fires.
    #[error("the hook does not fire")]
    NotFiring,
    /// What is stored to sign with is damaged.
    #[error("the hook's stored secret or headers are damaged: nothing can be sent")]
    Unsigned,
    /// A test of this hook is under way.
    #[error("another test of the hook is still running")]
    Testing,
    /// The ledger could not be written, too much waits in memory, or no socket is free.
    #[error("there is no room for a test now: try again")]
    Unavailable,
}

impl Lanes {
    /// Sends a test with this body.
    pub(crate) async fn test(&self, hook: HookNumber, body: Bytes) -> Result<Tested, TestError> {
        let entry = self.shared.firing(hook).ok_or(TestError::NotFiring)?;
        if entry.signers.is_none() {
            return Err(TestError::Unsigned);
        }
        let held = self.shared.budget.take(body.len()).ok_or(TestError::Unavailable)?;
        if self.shared.is_stopping() || self.shared.work.store_is_away() {
            return Err(TestError::Unavailable);
        }
        let socket = self.shared.sockets.another().ok_or(TestError::Unavailable)?;
        let (shared, lane) = (Arc::clone(&self.shared), self.lane(hook));
        if !lane.begin_test() {
            return Err(TestError::Testing);
        }
        // A task of its own: what is leased is settled even where nobody waits for the answer any more. A stop waits for it.
        self.shared.workers.send_modify(|workers| *workers += 1);
        let testing = async move {
            let tested = shared.make_test(&lane, &entry, Body::stored(body, held)).await;
            drop(socket);
            lane.end_test();
            shared.workers.send_modify(|workers| *workers -= 1);
            tested
        };
        tokio::spawn(testing).await.unwrap_or(Err(TestError::Unavailable))
    }

    /// A test was leased, and whoever asked for it is told.
    pub(crate) fn lease_test(&self, key: DeliveryKey) {
        self.lane(key.hook).lease_key(key);
    }

    /// Whoever asked for a test is gone: it is sent like any other delivery.
    pub(crate) fn give_back_test(&self, key: DeliveryKey) {
        self.give_back(&self.lane(key.hook), vec![key]);
    }
}

impl super::Shared {
    async fn make_test(
        self: &Arc<Self>,
        lane: &Arc<Lane>,
        hook: &Arc<HookEntry>,
        body: Body,
    ) -> Result<Tested, TestError> {
        let received = self.clock.now();
        let test = NewTest { project: hook.hook.project, hook: lane.hook(), received, body: body.bytes() };
        let key = tokio::select! {
            key = self.work.owe_test(test) => key,
            () = self.stopped() => None,
        };
        let key = key.ok_or(TestError::Unavailable)?;
        let item = Item { key, body, sent: 0, tried: 0, since: received, received, hop: Hop(0) };
        let sent = AssertUnwindSafe(self.send_test(lane, hook, &item)).catch_unwind().await;
        sent.unwrap_or_else(|_| {
            let settlement = send::panicked(&item, self.clock.now());
            lane.let_go(&[key], || self.work.settle(settlement));
            Err(TestError::Unavailable)
        })
    }

    async fn send_test(self: &Arc<Self>, lane: &Arc<Lane>, hook: &HookEntry, item: &Item) -> Result<Tested, TestError> {
        let key = item.key;
        let started = self.clock.now();
        let delivery = DeliveryId::new(item.received, key.seq, key.hook, key.kind);
        let (Ok(delivery), Some(signers)) = (delivery, &hook.signers) else {
            lane.let_go(&[key], || self.work.settle(send::cancelled(key)));
            return Err(TestError::Unavailable);
        };
        let probes = lane.begin_probe_by_hand(started);
        let attempt = send::attempt(lane, self, Attempting { hook, signers, item, started }).await;
        let next = if attempt.outcome.is_success() { NextState::Delivered } else { NextState::Failed };
        let seen = send::seen(&attempt, self.clock.now());
        let settlement = Settlement { key, attempts: send::rows(started, attempt.clone()), next };
        lane.let_go(&[key], || self.work.settle(settlement));
        if probes {
            self.obey(lane, lane.ended(&seen, |standing| self.work.stand(lane.hook(), standing)));
        }
        Ok(Tested { delivery, attempt })
    }
}
