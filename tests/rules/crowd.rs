//! Many connections send the same error at once: what may happen once happens once, and counts add up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::support::event::{envelope, new_id};
use crate::support::http::Connection;
use crate::support::ledger::Ledger;
use crate::support::rules::{Fires, RuleScene, condition, event};
use crate::support::scene::accepted;
use crate::support::server::TestServer;

/// Connections at a time.
const THREADS: usize = 50;
/// Events on each, one after the other.
const EVENTS_PER_THREAD: usize = 4;
const EVENTS: usize = THREADS * EVENTS_PER_THREAD;

/// Connections that send while rules are made.
const CLIENTS: usize = 4;
/// Events between two new rules.
const BETWEEN_RULES: usize = 40;
/// More than all events that come while rules are made.
const LIMIT: usize = 1_000;
/// Events and users, in buckets of every length but the shortest.
const COUNTERS: [(&str, &str); 8] = [
    ("event_frequency.EventFrequencyCondition", "15m"),
    ("event_frequency.EventUniqueUserFrequencyCondition", "1h"),
    ("event_frequency.EventFrequencyCondition", "1h"),
    ("event_frequency.EventFrequencyCondition", "1d"),
    ("event_frequency.EventUniqueUserFrequencyCondition", "1w"),
    ("event_frequency.EventFrequencyCondition", "1w"),
    ("event_frequency.EventUniqueUserFrequencyCondition", "30d"),
    ("event_frequency.EventFrequencyCondition", "30d"),
];

#[test]
fn fifty_connections_reopen_a_resolved_issue_once_and_a_frequency_rule_fires_once() {
    let scene = RuleScene::start();
    let rule = |name: &str, class: &str, parameters: Value| {
        scene.rule(name, &json!({ "conditions": [condition(class, &parameters)] }));
    };
    rule("regression", "regression_event.RegressionEventCondition", json!({}));
    let many = json!({ "value": EVENTS / 2, "interval": "1h" });
    rule("half of them", "event_frequency.EventFrequencyCondition", many.clone());
    rule(
        "users",
        "event_frequency.EventUniqueUserFrequencyCondition",
        json!({ "value": THREADS - 1, "interval": "1d" }),
    );
    rule("never reached", "event_frequency.EventFrequencyCondition", json!({ "value": EVENTS + 1, "interval": "1h" }));
    let issue = scene.issue_of(&scene.raise(event("one", &json!({})), &[]));
    scene.change_issue(&issue, &json!({ "status": "resolved" }));

    let users = send_all(&scene);
    assert_eq!(users.len(), EVENTS);
    let shown = scene.issue(&issue);
    assert_eq!((&shown["status"], &shown["substatus"]), (&json!("unresolved"), &json!("regressed")));
    assert_eq!(shown["count"], (EVENTS + 1).to_string());
    assert_eq!(shown["userCount"], THREADS);
    let hours = shown["stats"]["24h"].as_array().unwrap();
    assert_eq!(hours.iter().map(|hour| hour[1].as_u64().unwrap()).sum::<u64>(), (EVENTS + 1) as u64);

    // The order in which the events were recorded says which of them each rule must have chosen.
    let [order] = Ledger::open(scene.server.folder()).issues().try_into().unwrap();
    let mut seen = BTreeSet::new();
    for (place, id) in order.iter().enumerate().skip(1) {
        let is_last_user = seen.insert(users[id]) && seen.len() == THREADS;
        let fires = [
            (place == 1).then_some("regression"),
            (place == EVENTS / 2).then_some("half of them"),
            is_last_user.then_some("users"),
        ];
        let fires: Vec<&str> = fires.into_iter().flatten().collect();
        scene.expect(id, "one of many", Fires::for_all(&fires));
    }
    scene.ends();
}

#[test]
fn rules_that_are_made_while_events_come_count_each_of_them_once() {
    let scene = RuleScene::start();
    let (server, ended) = (&scene.server, AtomicBool::new(false));
    let sent = thread::scope(|threads| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| threads.spawn(|| send_until(server, &ended))).collect();
        for (class, interval) in COUNTERS {
            let condition = condition(class, &json!({ "value": LIMIT, "interval": interval }));
            // The first has nothing to count afterwards, the last has most of it.
            scene.both.receiver.wait_for(scene.both.receiver.webhooks().len() + BETWEEN_RULES);
            scene.rule(&format!("{class} in {interval}"), &json!({ "conditions": [condition] }));
        }
        ended.store(true, Ordering::Relaxed);
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect::<Vec<_>>()
    });
    println!("{} rules were made while {} events came", COUNTERS.len(), sent.len());
    assert!(sent.len() < LIMIT, "too many events came for this test to say anything");
    for id in &sent {
        scene.expect(id, "one of many", Fires::for_all(&[]));
    }
    scene.wait_until_counters_are_filled();
    for _ in sent.len()..LIMIT {
        scene.raise(of_another_user(), &[]);
    }
    let names = COUNTERS.map(|(class, interval)| format!("{class} in {interval}"));
    scene.raise(of_another_user(), &names.each_ref().map(String::as_str));
    scene.raise(of_another_user(), &[]);
    scene.ends();
}

/// Sends the same error, each time as another user, until that is enough; the ids.
fn send_until(server: &TestServer, ended: &AtomicBool) -> Vec<String> {
    let mut connection = Connection::open(server.address()).unwrap();
    let mut ids = Vec::new();
    while !ended.load(Ordering::Relaxed) {
        let id = new_id();
        let mut event = of_another_user();
        event["event_id"] = json!(id);
        let request = server.ingest("envelope").body(envelope(&id, event.to_string()));
        accepted(&connection.send(&request).unwrap(), &id);
        ids.push(id);
    }
    ids
}

/// An event of the one issue, of a user who was not there before.
fn of_another_user() -> Value {
    event("one", &json!({ "user": { "id": new_id() } }))
}

/// Sends the same error on all connections at once, each connection as another user; the ids, each with its user.
fn send_all(scene: &RuleScene) -> BTreeMap<String, usize> {
    let (barrier, server) = (Barrier::new(THREADS), &scene.server);
    let (address, request) = (server.address(), server.ingest("envelope"));
    thread::scope(|threads| {
        let send = |user: usize| {
            let (barrier, request) = (&barrier, &request);
            move || {
                let mut connection = Connection::open(address).unwrap();
                barrier.wait();
                let one = || {
                    let id = new_id();
                    let mut event = event("one", &json!({ "user": { "id": format!("u-{user}") } }));
                    event["event_id"] = json!(id);
                    let request = request.clone().body(envelope(&id, event.to_string()));
                    accepted(&connection.send(&request).unwrap(), &id);
                    (id, user)
                };
                std::iter::repeat_with(one).take(EVENTS_PER_THREAD).collect::<Vec<_>>()
            }
        };
        let clients: Vec<_> = (0..THREADS).map(|user| threads.spawn(send(user))).collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    })
}
