//! `kill -9` at random moments under load, with rules on: an alert that was due is delivered after the restart, and a throttle
//! never outlives an alert that was not owed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use super::kill::{sent_twice, settle_all, wait_for_all};
use super::load::{Random, live_and_die};
use crate::support::event::{envelope, message, new_id};
use crate::support::receiver::{Receiver, Webhook};
use crate::support::scene::Scene;
use crate::support::server::TestServer;

/// A wait this long has failed.
const PATIENCE: Duration = Duration::from_secs(30);
const ROUNDS: usize = 20;
/// Events of one issue: the first makes it, the second is one too many, on the third every rule is held back.
const EVENTS_PER_ISSUE: u64 = 3;
/// The rules that fire on the first event of an issue, and on the second, in the order in which they are made.
const ON_THE_FIRST: [&str; 2] = ["every event", "first seen"];
const ON_THE_SECOND: [&str; 2] = ["more than one event", "more than one user"];

#[test]
fn alerts_that_were_due_come_after_twenty_kills_and_no_throttle_stands_for_none() {
    let (mut scene, rules) = scene();
    let mut random = Random::new();
    let mut acknowledged = BTreeSet::new();
    for round in 0..ROUNDS {
        // In every second life nothing is answered: what is on the wire when it ends has to be sent again.
        if round % 2 == 1 {
            scene.receiver.hold();
        }
        acknowledged.extend(live_and_die(&mut scene.server, &mut random, envelope_of));
        scene.receiver.release();
        scene.server.restart();
    }
    let waited = wait_for_all(&scene, &acknowledged);
    let counted: Vec<u64> = rules.iter().map(|rule| fired_by_the_api(&scene.server, rule)).collect();
    let ledger = settle_all(&mut scene);
    assert_eq!(ledger.integrity(), "ok");
    let expected = due(&ledger.issues());
    assert!(acknowledged.is_subset(&ledger.event_ids()), "acknowledged and not stored");
    assert_eq!(ledger.fired(), expected, "what the history says");
    let webhooks = scene.receiver.webhooks();
    assert_eq!(told(&webhooks), expected, "what came");
    assert_eq!(ledger.throttles_without_an_alert(), Vec::<String>::new());
    let fired: usize = expected.values().map(Vec::len).sum();
    assert_eq!(ledger.throttles() as usize, fired, "each rule fires once for an issue");
    assert_eq!(counted.iter().sum::<u64>(), fired as u64, "what the API counts: {counted:?}");
    let twice = sent_twice(&ledger, &webhooks);
    println!(
        "{ROUNDS} kills with rules on: {} acknowledged, {} alerts due and delivered, all attempted {waited:?} after the last \
         start, {twice} deliveries sent twice, {fired} throttles",
        acknowledged.len(),
        expected.len(),
    );
}

#[test]
fn an_alert_is_delivered_though_the_server_is_killed_right_after_its_event_was_answered() {
    let (mut scene, _) = scene();
    for _ in 0..10 {
        let id = new_id();
        let body = json!({ "event_id": id, "message": id, "fingerprint": [id] });
        let answer = scene.send(envelope(&id, body.to_string()));
        scene.server.kill();
        assert_eq!(answer.status, 200, "{}", answer.text());
        scene.server.restart();
        scene.receiver.wait_until(PATIENCE, |webhooks| {
            webhooks.iter().any(|webhook| is_alert(webhook) && webhook.event_id() == id)
        });
    }
    let ledger = settle_all(&mut scene);
    assert_eq!(told(&scene.receiver.webhooks()), due(&ledger.issues()));
    assert_eq!(ledger.throttles_without_an_alert(), Vec::<String>::new());
}

/// A server whose hook is on both kinds, and the ids of its rules.
fn scene() -> (Scene, Vec<String>) {
    let (server, receiver) = (TestServer::start(), Receiver::start());
    let hook = server.add_hook_on(&receiver, &["event.created", "event.alert"]);
    let frequency = |class: &str| {
        let id = format!("sentry.rules.conditions.event_frequency.{class}");
        json!([{ "id": id, "value": 1, "interval": "1h" }])
    };
    let first_seen = json!([{ "id": "sentry.rules.conditions.first_seen_event.FirstSeenEventCondition" }]);
    let conditions =
        [json!([]), first_seen, frequency("EventFrequencyCondition"), frequency("EventUniqueUserFrequencyCondition")];
    let names = ON_THE_FIRST.iter().chain(&ON_THE_SECOND);
    let rules = names.zip(conditions).map(|(name, conditions)| make_rule(&server, name, &conditions)).collect();
    (Scene { server, receiver, hook }, rules)
}

fn make_rule(server: &TestServer, name: &str, conditions: &Value) -> String {
    let rule = json!({
        "name": name,
        "actionMatch": "all",
        "conditions": conditions,
        "actions": [{ "id": "sentry.rules.actions.notify_event.NotifyEventAction" }],
        "frequency": 1_440,
    });
    let made = server.managed("POST", &format!("{}/rules/", server.project_path()), &rule);
    made["id"].as_str().unwrap().to_owned()
}

/// An event of one of many issues, each with a user of its own.
fn envelope_of(id: &str) -> Vec<u8> {
    let number = u64::from_str_radix(&id[20..], 16).unwrap();
    let mut event = message(id);
    event["fingerprint"] = json!([format!("issue {}", number / EVENTS_PER_ISSUE)]);
    event["user"] = json!({ "id": id });
    envelope(id, event.to_string())
}

/// The rules that must have fired, by event: what follows from the events of each issue alone.
fn due(issues: &[Vec<String>]) -> BTreeMap<String, Vec<String>> {
    let names = |names: [&str; 2]| names.map(str::to_owned).to_vec();
    let of_issue = |events: &Vec<String>| {
        let fired = [names(ON_THE_FIRST), names(ON_THE_SECOND)];
        events.iter().cloned().zip(fired).collect::<Vec<_>>()
    };
    issues.iter().flat_map(of_issue).collect()
}

/// The rules that alerts named, by event.
fn told(webhooks: &[Webhook]) -> BTreeMap<String, Vec<String>> {
    let names = |webhook: &Webhook| serde_json::from_value(webhook.json()["triggering_rules"].clone()).unwrap();
    let alerts = webhooks.iter().filter(|webhook| is_alert(webhook));
    alerts.map(|webhook| (webhook.event_id().to_owned(), names(webhook))).collect()
}

/// How often a rule fired, as its statistics say.
fn fired_by_the_api(server: &TestServer, rule: &str) -> u64 {
    let path = format!("{}/rules/{rule}/stats/", server.project_path());
    let hours = server.managed("GET", &path, &Value::Null);
    hours.as_array().unwrap().iter().map(|hour| hour["count"].as_u64().unwrap()).sum()
}

fn is_alert(webhook: &Webhook) -> bool {
    webhook.header("x-sentry-hook-event") == "event.alert"
}
