//! `kill -9` at random moments under load: nothing that was acknowledged is missing, everything it owed is attempted, and what
//! was sent twice says so.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::load::Load;
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
/// The most events that a server acknowledges before it is killed.
const LIFE_MAX_EVENTS: u64 = 400;
/// The longest that it then lives on: a few commits, so that the kill strikes at any point of one.
const LIFE_MAX_EXTRA_US: u64 = 20_000;
/// Where the random moments begin; a failing run is repeated with the same ones.
const SEED: u64 = 0x5eed_0000_0000_0001;

#[test]
fn nothing_acknowledged_is_lost_in_twenty_kills_under_load() {
    let mut scene = Scene::start();
    let mut random = Random(SEED);
    let mut acknowledged = BTreeSet::new();
    for _ in 0..ROUNDS {
        live_and_die(&mut scene, &mut random, &mut acknowledged);
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
    let mut random = Random(SEED);
    let mut acknowledged = BTreeSet::new();
    scene.receiver.hold();
    // More than one lane takes into memory, so that most of it waits in the ledger alone.
    while acknowledged.len() < BACKLOG_EVENTS {
        live_and_die(&mut scene, &mut random, &mut acknowledged);
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

/// Puts load on the server and kills it at a random moment.
fn live_and_die(scene: &mut Scene, random: &mut Random, acknowledged: &mut BTreeSet<String>) {
    let load = Load::start(&scene.server);
    load.wait_for(usize::try_from(1 + random.below(LIFE_MAX_EVENTS)).unwrap());
    // sleep allowed: the moment of the kill is the subject, and nothing may announce it
    std::thread::sleep(Duration::from_micros(random.below(LIFE_MAX_EXTRA_US)));
    scene.server.kill();
    acknowledged.extend(load.end());
}

/// Waits until each of these events has been attempted; how long that took.
fn wait_for_all(scene: &Scene, acknowledged: &BTreeSet<String>) -> Duration {
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
fn settle_all(scene: &mut Scene) -> Ledger {
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
    let mut sent: BTreeMap<&str, Vec<&Webhook>> = BTreeMap::new();
    for webhook in &webhooks {
        sent.entry(webhook.event_id()).or_default().push(webhook);
    }
    // What was stored and not acknowledged is owed as well.
    let delivered: BTreeSet<String> = sent.keys().map(|id| (*id).to_owned()).collect();
    assert_eq!(delivered, stored);
    let twice = sent.values().filter(|webhooks| webhooks.len() > 1);
    twice.inspect(|webhooks| says_so(&ledger, webhooks)).count()
}

/// A delivery that was sent more than once has one id and one body, counts its attempts, and the log has each that was cut off.
fn says_so(ledger: &Ledger, webhooks: &[&Webhook]) {
    let [first, again @ ..] = webhooks else { return };
    let id = first.event_id();
    for webhook in again {
        assert_eq!(webhook.delivery(), first.delivery());
        assert_eq!(webhook.body, first.body);
    }
    let attempts: BTreeSet<&str> = webhooks.iter().map(|webhook| webhook.header("x-sentry-hook-attempt")).collect();
    assert_eq!(attempts.len(), webhooks.len(), "attempts of {id}: {attempts:?}");
    let interruptions = usize::try_from(ledger.interruptions(id)).unwrap();
    assert!(interruptions >= again.len(), "{id} was sent {} times, {interruptions} interruptions", webhooks.len());
}

/// SplitMix64: small, and the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % bound
    }
}
