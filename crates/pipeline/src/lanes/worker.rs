//! Workers: each sends one delivery of a lane after the other, and obeys what an attempt's end means for the lane.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::FutureExt;
use model::standing::Change;
use webhook::Kind;

use super::lane::{Alone, Ended};
use super::send::{self, Delivered};
use super::sockets::Socket;
use super::{Item, Lane, Shared};

impl Shared {
    /// Starts as many workers as the lane wants and there are sockets for.
    pub(super) fn start_workers(self: &Arc<Self>, lane: &Arc<Lane>) {
        let concurrency = self.concurrency(lane.hook());
        while let Some((first, alone)) = lane.next_for_new_worker(concurrency) {
            let socket = match alone {
                // The first of a lane waits for one of those that are kept for it.
                Alone::Yes => None,
                Alone::No => match self.sockets.another() {
                    Some(socket) => Some(socket),
                    // Where nobody is left to take it, the next round starts the first worker of the lane.
                    None if lane.put_back(first) == 0 => continue,
                    None => break,
                },
            };
            self.workers.send_modify(|workers| *workers += 1);
            tokio::spawn(work_off(Arc::clone(lane), Arc::clone(self), first, socket));
        }
        // What was on its way here when the lane was shut.
        self.give_back(lane, lane.empty_if_shut());
    }

    /// Attempts one delivery and hands its outcome on.
    async fn attempt(self: &Arc<Self>, lane: &Arc<Lane>, item: Item) {
        // A panic in an attempt must not cost the lane its worker.
        let attempt = AssertUnwindSafe(send::deliver(lane, self, &item)).catch_unwind();
        let Ok(delivered) = attempt.await else {
            let settlement = send::panicked(&item, self.clock.now());
            lane.let_go(&[item.key], || self.work.settle(settlement));
            return;
        };
        let Some(Delivered { settlement, seen }) = delivered else {
            self.give_back(lane, vec![item]);
            return;
        };
        // A test says nothing of the receiver's standing but as the probe of an open circuit.
        let counts = item.key.kind != Kind::Test || lane.standing().opened.is_some();
        let ended = seen.filter(|_| counts);
        let ended = ended.map(|seen| lane.ended(&seen, |standing| self.work.stand(lane.hook(), standing)));
        lane.let_go(&[item.key], || self.work.settle(settlement));
        if let Some(ended) = ended {
            self.obey(lane, ended);
        }
    }

    /// Does what follows from an attempt's end for its lane.
    pub(super) fn obey(self: &Arc<Self>, lane: &Arc<Lane>, ended: Ended) {
        let hook = lane.hook();
        match ended.change {
            Change::None => {}
            Change::Opened => {
                tracing::warn!(hook.number = %hook, "a receiver fails again and again: nothing is sent to it but probes");
                self.any_open.store(true, Ordering::Relaxed);
                self.give_back(lane, lane.empty());
            }
            Change::Closed => {
                tracing::info!(hook.number = %hook, "a receiver is back: what waits is sent");
                self.wake.notify_one();
            }
            Change::Paused => {
                tracing::info!(hook.number = %hook, "a receiver asks to be left alone for a while");
                self.give_back(lane, lane.empty());
            }
            Change::Gone => {
                tracing::warn!(hook.number = %hook, "a receiver answered 410 Gone twice: its hook is disabled");
                self.work.gone(hook);
                self.give_back(lane, lane.empty());
            }
        }
        if ended.more_workers {
            self.start_workers(lane);
        }
    }

    fn give_back(&self, lane: &Lane, items: Vec<Item>) {
        let keys: Vec<_> = items.into_iter().map(|item| item.key).collect();
        if !keys.is_empty() {
            lane.let_go(&keys, || self.work.give_back(keys.iter().copied()));
        }
    }
}

/// One worker: sends one delivery after the other until the lane has none for it.
async fn work_off(lane: Arc<Lane>, shared: Arc<Shared>, first: Item, socket: Option<Socket>) {
    let socket = match socket {
        Some(socket) => Some(socket),
        None => tokio::select! {
            socket = shared.sockets.first() => socket,
            () = shared.stopped() => None,
        },
    };
    let mut next = Some(first);
    while let Some(item) = next {
        tokio::select! {
            () = shared.work.may_attempt() => {}
            () = shared.stopped() => {}
        }
        if shared.is_stopping() {
            lane.let_go(&[item.key], || shared.work.give_back([item.key]));
        } else {
            shared.attempt(&lane, item).await;
        }
        next = lane.next_for_worker(shared.concurrency(lane.hook()));
    }
    drop(socket);
    shared.workers.send_modify(|workers| *workers -= 1);
}
