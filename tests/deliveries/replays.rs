//! Replays: what a receiver missed comes once it is well, at a pace, and over a crash.

use std::collections::BTreeMap;

use serde_json::json;

use super::{asked, shown};
use crate::support::ledger::Ledger;
use crate::support::live::LiveStream;
use crate::support::scene::Scene;

/// More than two seconds' part of a replay, and less than three.
const EVENTS: usize = 250;
/// Enough that a kill strikes in the middle.
const EVENTS_BEFORE_A_KILL: usize = 450;

/// A scene whose receiver has refused so many deliveries, and is well now.
fn healed(events: usize) -> Scene {
    let scene = Scene::start();
    let mut live = LiveStream::open(&scene.server, &scene.hook);
    // Not 5xx: the receiver is there, and its circuit stays closed.
    scene.receiver.answer(400);
    let mut failed = BTreeMap::new();
    for _ in 0..events {
        scene.send_message();
    }
    live.wait_until(|delivery| {
        if delivery["state"] == "failed" {
            failed.insert(delivery["id"].to_string(), ());
        }
        failed.len() == events
    });
    scene.receiver.answer(204);
    scene
}

#[test]
fn a_replay_sends_what_failed_once_more_and_shows_its_progress() {
    let mut scene = healed(EVENTS);
    let replay = asked(&scene, "POST", "replays/", &json!({"since": 0, "status": ["failed"]}));
    assert_eq!((&replay["state"], &replay["found"]), (&json!("running"), &json!(EVENTS)));
    let path = format!("replays/{}/", replay["id"].as_str().unwrap());
    scene.receiver.wait_for(EVENTS + 1);
    let begun = shown(&scene, &path);
    assert!((100..=250).contains(&begun["sentAgain"].as_u64().unwrap()), "{begun}");
    scene.receiver.wait_for(2 * EVENTS);
    let done = shown(&scene, &path);
    assert_eq!((&done["state"], &done["sentAgain"]), (&json!("done"), &json!(EVENTS)));
    assert_eq!(shown(&scene, "replays/"), json!([done]));
    scene.server.stop();
    let ledger = Ledger::open(scene.server.folder());
    assert_eq!(ledger.states().into_iter().collect::<Vec<_>>(), [(2, u32::try_from(EVENTS).unwrap())]);
    let mut sent = BTreeMap::<String, Vec<String>>::new();
    for webhook in scene.receiver.webhooks() {
        let attempts = sent.entry(webhook.delivery().to_owned()).or_default();
        attempts.push(webhook.header("x-sentry-hook-attempt").to_owned());
    }
    assert_eq!(sent.len(), EVENTS);
    assert!(sent.values().all(|attempts| attempts == &["1", "2"]), "{sent:?}");
}

#[test]
fn a_replay_that_is_killed_in_the_middle_ends_after_the_restart_and_sends_nothing_twice_that_does_not_say_so() {
    let mut scene = healed(EVENTS_BEFORE_A_KILL);
    let replay = asked(&scene, "POST", "replays/", &json!({"since": 0}));
    let path = format!("replays/{}/", replay["id"].as_str().unwrap());
    // The second slice has begun, and more than one is to come.
    scene.receiver.wait_for(EVENTS_BEFORE_A_KILL + 101);
    scene.server.kill();
    let sent_before = scene.receiver.webhooks().len();
    assert!(sent_before < 2 * EVENTS_BEFORE_A_KILL, "the kill came too late");
    scene.server.restart();
    let mut live = LiveStream::open(&scene.server, &scene.hook);
    while shown(&scene, "deliveries/?status=failed,waiting,sending&per_page=1") != json!([]) {
        live.next();
    }
    let done = shown(&scene, &path);
    let all = json!(EVENTS_BEFORE_A_KILL);
    assert_eq!((&done["state"], &done["found"], &done["sentAgain"]), (&json!("done"), &all, &all));
    scene.server.stop();
    let ledger = Ledger::open(scene.server.folder());
    assert_eq!(ledger.states().keys().collect::<Vec<_>>(), [&2]);
    let mut sent = BTreeMap::<String, u32>::new();
    for webhook in scene.receiver.webhooks() {
        *sent.entry(webhook.event_id().to_owned()).or_default() += 1;
    }
    assert_eq!(sent.len(), EVENTS_BEFORE_A_KILL);
    let mut interrupted = 0;
    for (event, count) in &sent {
        let interruptions = ledger.interruptions(event, "event.created");
        assert!(*count >= 2 && *count <= 2 + interruptions, "{event}: {count} times, {interruptions} interruptions");
        interrupted += interruptions;
    }
    println!("killed after {sent_before} requests: {interrupted} attempts interrupted");
}
