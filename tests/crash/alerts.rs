//! `kill -9` at random moments under load, with rules on: an alert that was due is delivered after the restart, and a throttle
//! never outlives an alert that was not owed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use super::kill::{sent_twice, settle_all, wait_for_all};
use super::load::{Random, live_and_die};
use crate::support::event::{envelope, message, new_id};
use crate::support::ledger::Ledger;
use crate::support::receiver::{Receiver, Webhook};
use crate::support::rules::{RuleScene, condition, event};
use crate::support::scene::{Scene, accepted};
use crate::support::server::TestServer;

/// A wait this long has failed.
const PATIENCE: Duration = Duration::from_secs(30);
const ROUNDS: usize = 20;
/// Events of one issue: the first makes it, the second is one too many, on the third every rule is held back.
const EVENTS_PER_ISSUE: u64 = 3;
/// One event in so many is of the issue that was resolved before this life of the server.
const EVENTS_PER_REGRESSION: u64 = 5;
/// The rules that fire on the first event of an issue, and on the second, in the order in which they are made.
const ON_THE_FIRST: [&str; 2] = ["every event", "first seen"];
const ON_THE_SECOND: [&str; 2] = ["more than one event", "more than one user"];
/// Events that are there before a rule: more than are counted in one go.
const STORED_BEFORE: usize = 300;
/// Events and users, in windows of every length.
const COUNTERS: [(&str, &str); 6] = [
    ("event_frequency.EventFrequencyCondition", "15m"),
    ("event_frequency.EventUniqueUserFrequencyCondition", "1h"),
    ("event_frequency.EventFrequencyCondition", "1d"),
    ("event_frequency.EventUniqueUserFrequencyCondition", "1w"),
    ("event_frequency.EventFrequencyCondition", "1w"),
    ("event_frequency.EventUniqueUserFrequencyCondition", "30d"),
];
/// The last of the rules: it fires on the second event of an issue that was resolved after its first.
const ON_A_REGRESSION: &str = "regression";

/// What there is to say where all is well.
const NOTHING: [String; 0] = [];

/// The names of rules that fired, by event.
type Fired = BTreeMap<String, Vec<String>>;

#[test]
fn alerts_that_were_due_come_after_twenty_kills_and_no_throttle_stands_for_none() {
    let (mut scene, rules) = scene();
    let mut random = Random::new();
    let (mut acknowledged, mut resolved) = (BTreeSet::new(), BTreeSet::new());
    for round in 0..ROUNDS {
        resolved.insert(make_and_resolve(&scene, round));
        // In every second life nothing is answered: what is on the wire when it ends has to be sent again.
        if round % 2 == 1 {
            scene.receiver.hold();
        }
        acknowledged.extend(live_and_die(&mut scene.server, &mut random, move |id| envelope_of(id, round)));
        scene.receiver.release();
        scene.server.restart();
    }
    let waited = wait_for_all(&scene, &acknowledged);
    let counted: Vec<u64> = rules.iter().map(|rule| fired_by_the_api(&scene.server, rule)).collect();
    let ledger = settle_all(&mut scene);
    assert_eq!(ledger.integrity(), "ok");
    let expected = due(&ledger.issues(), &resolved);
    assert!(acknowledged.is_subset(&ledger.event_ids()), "acknowledged and not stored");
    assert_eq!(differences(&ledger.fired(), &expected), NOTHING, "what the history says, and what was due");
    let webhooks = scene.receiver.webhooks();
    assert_eq!(differences(&told(&webhooks), &expected), NOTHING, "what came, and what was due");
    assert_eq!(ledger.throttles_without_an_alert(), NOTHING);
    let fired: usize = expected.values().map(Vec::len).sum();
    assert_eq!(ledger.throttles() as usize, fired, "each rule fires once for an issue");
    assert_eq!(counted.iter().sum::<u64>(), fired as u64, "what the API counts: {counted:?}");
    let twice = sent_twice(&ledger, &webhooks);
    let regressions = expected.values().flatten().filter(|rule| *rule == ON_A_REGRESSION).count();
    println!(
        "{ROUNDS} kills with rules on: {} acknowledged, {} alerts due and delivered, {regressions} of them regressions, all \
         attempted {waited:?} after the last start, {twice} deliveries sent twice, {fired} throttles",
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
    assert_eq!(told(&scene.receiver.webhooks()), due(&ledger.issues(), &BTreeSet::new()));
    assert_eq!(ledger.throttles_without_an_alert(), NOTHING);
}

#[test]
fn what_was_stored_before_a_rule_is_counted_once_though_the_server_is_killed_while_it_counts() {
    let mut scene = RuleScene::start();
    let raise = |scene: &RuleScene, fires: &[&str]| {
        let id = new_id();
        scene.raise(event("one", &json!({ "user": { "id": id } })), fires);
    };
    for _ in 0..STORED_BEFORE {
        raise(&scene, &[]);
    }
    let (mut random, mut unfinished) = (Random::new(), 0);
    for (round, (class, interval)) in COUNTERS.into_iter().enumerate() {
        // What is on the wire is settled: the kill is to meet nothing but the counting.
        scene.restart();
        let stored = STORED_BEFORE + 2 * round;
        let names = [0, 1].map(|more| format!("more than {} {class} in {interval}", stored + more));
        for (name, more) in names.iter().zip(0..) {
            let condition = condition(class, &json!({ "value": stored + more, "interval": interval }));
            scene.rule(name, &json!({ "conditions": [condition] }));
        }
        random.pause();
        scene.server.kill();
        unfinished += Ledger::open(scene.server.folder()).counters_to_fill();
        scene.server.restart();
        scene.wait_until_counters_are_filled();
        // One too few and the first is silent; one too many and the second comes too early.
        raise(&scene, &[&names[0]]);
        raise(&scene, &[&names[1]]);
    }
    println!("{} counters, {unfinished} of them killed before they had counted all", COUNTERS.len());
    scene.ends();
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
    let regression = json!([{ "id": "sentry.rules.conditions.regression_event.RegressionEventCondition" }]);
    let conditions = [
        json!([]),
        first_seen,
        frequency("EventFrequencyCondition"),
        frequency("EventUniqueUserFrequencyCondition"),
        regression,
    ];
    let names = ON_THE_FIRST.iter().chain(&ON_THE_SECOND).chain([&ON_A_REGRESSION]);
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

/// Makes the issue that is to come back in this round, and resolves it; its first event.
fn make_and_resolve(scene: &Scene, round: usize) -> String {
    let id = new_id();
    accepted(&scene.send(of_issue(&id, &to_come_back(round))), &id);
    let webhook = scene.receiver.wait_for_event(&id);
    let issue = webhook.json()["issue_id"].as_str().unwrap().to_owned();
    let path = format!("organizations/{}/issues/{issue}/", scene.server.account().organization);
    scene.server.managed("PUT", &path, &json!({ "status": "resolved" }));
    id
}

/// An event of one of many issues.
fn envelope_of(id: &str, round: usize) -> Vec<u8> {
    let number = u64::from_str_radix(&id[20..], 16).unwrap();
    match number % EVENTS_PER_REGRESSION {
        0 => of_issue(id, &to_come_back(round)),
        _ => of_issue(id, &format!("issue {}", number / EVENTS_PER_ISSUE)),
    }
}

fn to_come_back(round: usize) -> String {
    format!("to come back in round {round}")
}

/// An event of this issue, with a user of its own.
fn of_issue(id: &str, issue: &str) -> Vec<u8> {
    let mut event = message(id);
    event["fingerprint"] = json!([issue]);
    event["user"] = json!({ "id": id });
    envelope(id, event.to_string())
}

/// The rules that must have fired, by event: what follows from the events of each issue alone, and from which of them were
/// resolved after their first.
fn due(issues: &[Vec<String>], resolved: &BTreeSet<String>) -> Fired {
    let of_issue = |events: &Vec<String>| {
        let mut second = ON_THE_SECOND.to_vec();
        second.extend(resolved.contains(&events[0]).then_some(ON_A_REGRESSION));
        let fired = [ON_THE_FIRST.to_vec(), second].map(|names| names.into_iter().map(str::to_owned).collect());
        events.iter().cloned().zip(fired).collect::<Vec<(String, Vec<String>)>>()
    };
    issues.iter().flat_map(of_issue).collect()
}

/// The rules that alerts named, by event.
fn told(webhooks: &[Webhook]) -> Fired {
    let names = |webhook: &Webhook| serde_json::from_value(webhook.json()["triggering_rules"].clone()).unwrap();
    let alerts = webhooks.iter().filter(|webhook| is_alert(webhook));
    alerts.map(|webhook| (webhook.event_id().to_owned(), names(webhook))).collect()
}

/// The events of which two say different things, and what: the first few.
fn differences(one: &Fired, other: &Fired) -> Vec<String> {
    let events: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let differ = events.into_iter().filter(|event| one.get(*event) != other.get(*event));
    differ.take(5).map(|event| format!("{event}: {:?} and {:?}", one.get(event), other.get(event))).collect()
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
