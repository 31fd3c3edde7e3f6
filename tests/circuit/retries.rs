//! Retries over crashes and jumps of the clock: planned in the ledger, by a clock that only goes forward.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::PATIENCE;
use crate::crash::load::{Random, live_and_die};
use crate::support::clock::MovedClock;
use crate::support::event::message_envelope;
use crate::support::ledger::Ledger;
use crate::support::receiver::{Receiver, Webhook};
use crate::support::scene::Scene;
use crate::support::server::TestServer;

const HOUR_S: i64 = 3_600;
/// Longer than the pause before the second retry.
const JUMP_S: i64 = 400;
/// Longer than the longest pause, shorter than a delivery may wait for its first attempt.
const LAST_JUMP_S: i64 = 17 * HOUR_S;
const KILLS: i64 = 6;
/// The first request and seven retries.
const REQUESTS_MAX: usize = 8;

/// A server with a hook that asks for retries.
fn retrying(server: TestServer) -> Scene {
    let receiver = Receiver::start();
    let hook = json!({"url": receiver.url(), "events": ["event.created"], "retries": "exponential"});
    let hook = server.add_hook_of(&hook);
    receiver.trust(&hook.secret);
    receiver.trust_the_clock_of_the_sender();
    Scene { server, receiver, hook }
}

#[test]
fn kills_under_retries_lose_no_delivery_and_add_no_attempt_but_what_they_cut_off() {
    let clock = MovedClock::new();
    let mut scene = retrying(TestServer::start_with(&clock.environment()));
    let (mut random, mut acknowledged) = (Random::new(), BTreeSet::new());
    // Not 5xx, so that the circuit stays closed and every delivery keeps to its own schedule.
    scene.receiver.answer(404);
    for kill in 1..=KILLS {
        acknowledged.extend(live_and_die(&mut scene.server, &mut random, message_envelope));
        // What was planned for the next minutes is due at the next start.
        clock.set(kill * JUMP_S);
        scene.server.restart();
    }
    scene.receiver.answer(204);
    scene.server.stop();
    clock.set(LAST_JUMP_S);
    scene.server.restart();
    // Interrupted ones may use up a part of the schedule, but not all of it.
    let ledger = scene.wait_until_nothing_waits();
    assert_eq!(ledger.states().keys().collect::<Vec<_>>(), [&2], "all delivered: {:?}", ledger.states());
    let stored = ledger.event_ids();
    assert!(acknowledged.is_subset(&stored), "acknowledged and not stored");
    let webhooks = scene.receiver.webhooks();
    let requests = by_delivery(&webhooks);
    assert_eq!(requests.len(), stored.len());
    for webhooks in requests.values() {
        let (first, count) = (webhooks[0], webhooks.len());
        let interruptions = usize::try_from(ledger.interruptions(first.event_id(), "event.created")).unwrap();
        assert!(count <= REQUESTS_MAX + interruptions, "{count} requests, {interruptions} interruptions");
        let numbers: BTreeSet<_> = webhooks.iter().map(|webhook| webhook.header("x-sentry-hook-attempt")).collect();
        assert_eq!(numbers.len(), count, "each attempt has its own number: {numbers:?}");
    }
    let most = requests.values().map(Vec::len).max().unwrap();
    println!("{KILLS} kills: {} deliveries, {} requests, at most {most} for one", requests.len(), webhooks.len());
}

#[test]
fn a_clock_that_jumps_an_hour_both_ways_neither_hurries_a_retry_nor_forgets_it() {
    let clock = MovedClock::new();
    let scene = retrying(TestServer::start_with(&clock.environment()));
    scene.receiver.answer(404);
    let failed: Vec<_> = (0..20).map(|_| scene.send_message()).collect();
    scene.receiver.wait_for(failed.len());
    scene.receiver.answer(204);
    for jump in [HOUR_S, -HOUR_S, 0] {
        clock.set(jump);
        let id = scene.send_message();
        scene.receiver.wait_for_event(&id);
    }
    let before = scene.receiver.webhooks();
    assert_eq!(before.len(), failed.len() + 3, "no retry came with the jumps");
    // Five seconds later, by a clock that does not jump.
    let webhooks = scene.receiver.wait_until(PATIENCE, |webhooks| webhooks.len() >= before.len() + failed.len());
    let ledger = scene.wait_until_nothing_waits();
    assert_eq!(ledger.states().keys().collect::<Vec<_>>(), [&2], "{:?}", ledger.states());
    assert_eq!(webhooks.len(), before.len() + failed.len(), "each came once more");
    for id in &failed {
        let attempts: Vec<_> = webhooks.iter().filter(|webhook| webhook.event_id() == id).collect();
        let numbers: Vec<_> = attempts.iter().map(|webhook| webhook.header("x-sentry-hook-attempt")).collect();
        assert_eq!(numbers, ["1", "2"]);
    }
    assert_eq!(ledger.all_interruptions(), 0);
}

fn by_delivery(webhooks: &[Webhook]) -> BTreeMap<&str, Vec<&Webhook>> {
    let mut requests = BTreeMap::<&str, Vec<&Webhook>>::new();
    for webhook in webhooks {
        requests.entry(webhook.delivery()).or_default().push(webhook);
    }
    requests
}

impl Scene {
    /// Waits until every delivery is settled.
    fn wait_until_nothing_waits(&self) -> Ledger {
        let ledger = Ledger::open(self.server.folder());
        let begun = std::time::Instant::now();
        while ledger.states().keys().any(|state| *state < 2) {
            assert!(begun.elapsed() < PATIENCE, "deliveries still wait: {:?}", ledger.states());
            // sleep allowed: the server tells nobody that it owes nothing any more
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        ledger
    }
}
