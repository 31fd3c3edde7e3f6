//! `kill -9` at random moments under load: nothing that was acknowledged is missing, everything it owed is attempted, and what
//! was sent twice says so.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::load::{Random, live_and_die};
use crate::support::event::message_envelope;
use crate::support::event::new_id;
use crate::support::ledger::Ledger;
use crate::support::receiver::Webhook;
use crate::support::scene::{Scene, accepted};

/// Everything that was acknowledged before the last restart has been attempted so long after it.
const ATTEMPTED_WITHIN: Duration = Duration::from_secs(5);
const ROUNDS: usize = 20;
const BACKLOG_EVENTS: usize = 1_500;
/// How often a server may be started to settle what the last kill left.
const SETTLE_TRIES: usize = 5;

#[test]
fn nothing_acknowledged_is_lost_in_twenty_kills_under_load() {
    let mut scene = Scene::start();
    let mut random = Random::new();
    let mut acknowledged = BTreeSet::new();
    for _ in 0..ROUNDS {
        acknowledged.extend(live_and_die(&mut scene.server, &mut random, message_envelope));
        scene.server.restart();
    }
    let waited = wait_for_all(&scene, &acknowledged);
    let sent_twice = finish(scene, &acknowledged);
    let count = acknowledged.len();
    println!(
        "{ROUNDS} kills: {count} acknowledged, all attempted {waited:?} after the last start, {sent_twice} sent twice"
    );
}

#[test]
fn a_backlog_that_no_memory_holds_survives_kills() {
    let mut scene = Scene::start();
    let mut random = Random::new();
    let mut acknowledged = BTreeSet::new();
    scene.receiver.hold();
    // More than one lane takes into memory, so that most of it waits in the ledger alone.
    while acknowledged.len() < BACKLOG_EVENTS {
        acknowledged.extend(live_and_die(&mut scene.server, &mut random, message_envelope));
        scene.server.restart();
    }
    scene.receiver.release();
    let waited = wait_for_all(&scene, &acknowledged);
    let sent_twice = finish(scene, &acknowledged);
    println!(
        "a backlog of {}: all attempted {waited:?} after the last start, {sent_twice} sent twice",
        acknowledged.len()
    );
}

#[test]
fn one_event_is_delivered_though_the_server_is_killed_right_after_its_answer() {
    let mut scene = Scene::start();
    let mut ids = BTreeSet::new();
    for _ in 0..10 {
        let id = new_id();
        let answer = scene.send(message_envelope(&id));
        scene.server.kill();
        accepted(&answer, &id);
        scene.server.restart();
        scene.receiver.wait_for_event(&id);
        ids.insert(id);
    }
    let sent_twice = finish(scene, &ids);
    println!("10 events with a kill right after each answer: {sent_twice} sent twice");
}

/// Waits until each of these events has been attempted; how long that took.
pub(super) fn wait_for_all(scene: &Scene, acknowledged: &BTreeSet<String>) -> Duration {
    let restarted = Instant::now();
    let mut missing = acknowledged.clone();
    let mut seen = 0;
    scene.receiver.wait_until(ATTEMPTED_WITHIN, |webhooks| {
        for webhook in &webhooks[seen..] {
            missing.remove(webhook.event_id());
        }
        seen = webhooks.len();
        missing.is_empty()
    });
    restarted.elapsed()
}

/// Stops the server when it owes nothing any more.
pub(super) fn settle_all(scene: &mut Scene) -> Ledger {
    for _ in 0..SETTLE_TRIES {
        scene.server.stop();
        let ledger = Ledger::open(scene.server.folder());
        let states = ledger.states();
        assert!(!states.contains_key(&1), "a lease outlived its server: {states:?}");
        let Some(waiting) = states.get(&0) else {
            assert_eq!(
                states.keys().collect::<Vec<_>>(),
                [&2],
                "every delivery is delivered: {states:?} {:#?}",
                ledger.failures()
            );
            return ledger;
        };
        // Sent before a kill and not again yet: each of them will come once more.
        let expected = scene.receiver.webhooks().len() + usize::try_from(*waiting).unwrap();
        scene.server.restart();
        scene.receiver.wait_for(expected);
    }
    panic!("after {SETTLE_TRIES} starts deliveries still wait");
}

/// Stops the server and compares what came with what is written; how many deliveries were sent more than once.
fn finish(mut scene: Scene, acknowledged: &BTreeSet<String>) -> usize {
    let ledger = settle_all(&mut scene);
    let webhooks = scene.receiver.webhooks();
    assert_eq!(ledger.integrity(), "ok");
    let stored = ledger.event_ids();
    let lost: Vec<&String> = acknowledged.difference(&stored).collect();
    assert!(lost.is_empty(), "acknowledged and not stored: {lost:?}");
    // What was stored and not acknowledged is owed as well.
    let delivered: BTreeSet<String> = webhooks.iter().map(|webhook| webhook.event_id().to_owned()).collect();
    assert_eq!(delivered, stored);
    sent_twice(&ledger, &webhooks)
}

/// How many deliveries were sent more than once; each of them says so.
pub(super) fn sent_twice(ledger: &Ledger, webhooks: &[Webhook]) -> usize {
    let mut sent: BTreeMap<&str, Vec<&Webhook>> = BTreeMap::new();
    for webhook in webhooks {
        sent.entry(webhook.delivery()).or_default().push(webhook);
    }
    let twice = sent.values().filter(|webhooks| webhooks.len() > 1);
    twice.inspect(|webhooks| says_so(ledger, webhooks)).count()
}

/// A delivery that was sent more than once has one id and one body, counts its attempts, and the log has each that was cut off.
fn says_so(ledger: &Ledger, webhooks: &[&Webhook]) {
    let [first, again @ ..] = webhooks else { return };
    let (id, kind) = (first.event_id(), first.header("x-sentry-hook-event"));
    for webhook in again {
        assert_eq!(webhook.body, first.body);
    }
    let attempts: BTreeSet<&str> = webhooks.iter().map(|webhook| webhook.header("x-sentry-hook-attempt")).collect();
    assert_eq!(attempts.len(), webhooks.len(), "attempts of the {kind} of {id}: {attempts:?}");
    let interruptions = usize::try_from(ledger.interruptions(id, kind)).unwrap();
    assert!(interruptions >= again.len(), "{id} was sent {} times, {interruptions} interruptions", webhooks.len());
}
