//! Many connections send the same error at once: what may happen once happens once, and counts add up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Barrier;
use std::thread;

use serde_json::{Value, json};

use crate::support::event::{envelope, new_id};
use crate::support::http::Connection;
use crate::support::ledger::Ledger;
use crate::support::rules::{Fires, RuleScene, condition, event};
use crate::support::scene::accepted;

/// Connections at a time.
const THREADS: usize = 50;
/// Events on each, one after the other.
const EVENTS_PER_THREAD: usize = 4;
const EVENTS: usize = THREADS * EVENTS_PER_THREAD;

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
