//! A server with rules, and two hooks: one on alerts alone, one on both kinds. Each event is raised with the names of the rules
//! that must fire on it; in the end the tables and the receivers have exactly those alerts.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::event::{envelope, new_id};
use super::ledger::Ledger;
use super::receiver::{Receiver, Webhook};
use super::scene::accepted;
use super::server::{Hook, TestServer};

/// A wait this long has failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at the tables.
const POLL_PAUSE: Duration = Duration::from_millis(5);
/// The stored number of the delivery state `waiting`.
const WAITING: i64 = 0;
/// The stored number of the delivery state `delivered`.
const DELIVERED: i64 = 2;

/// The kind of webhook that rules make.
pub(crate) const ALERT: &str = "event.alert";
const CREATED: &str = "event.created";

/// A server, its two hooks, and what they are to get.
pub(crate) struct RuleScene {
    pub(crate) server: TestServer,
    /// Gets alerts.
    pub(crate) alerts: Told,
    /// Gets alerts and events.
    pub(crate) both: Told,
    rules: RefCell<BTreeMap<String, String>>,
}

/// A hook, who hears it, and what it is to tell.
pub(crate) struct Told {
    pub(crate) receiver: Receiver,
    pub(crate) hook: Hook,
    created: RefCell<Vec<String>>,
    alerts: RefCell<Vec<Expected>>,
}

/// An alert that must come.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Expected {
    event: String,
    /// What the event was, for people.
    what: String,
    /// Names, in the order in which the rules were made.
    rules: Vec<String>,
}

/// The rules that fire on an event, for each of the hooks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fires<'a> {
    pub(crate) for_alerts: &'a [&'a str],
    pub(crate) for_both: &'a [&'a str],
}

impl RuleScene {
    pub(crate) fn start() -> RuleScene {
        RuleScene::of(TestServer::start())
    }

    /// The scene around a server that runs.
    pub(crate) fn of(server: TestServer) -> RuleScene {
        let (alerts, both) = (Told::start(&server, &[ALERT]), Told::start(&server, &[CREATED, ALERT]));
        RuleScene { server, alerts, both, rules: RefCell::default() }
    }

    /// Makes a rule that alerts every hook at most every five minutes; `parts` are its conditions, filters and what else it says.
    pub(crate) fn rule(&self, name: &str, parts: &Value) -> String {
        let path = format!("{}/rules/", self.server.project_path());
        let rule = self.server.managed("POST", &path, &rule_body(name, parts));
        let id = rule["id"].as_str().unwrap().to_owned();
        self.rules.borrow_mut().insert(name.to_owned(), id.clone());
        id
    }

    /// Replaces what a rule says.
    pub(crate) fn change_rule(&self, id: &str, name: &str, parts: &Value) {
        self.server.managed("PUT", &self.rule_path(id), &rule_body(name, parts));
        self.rules.borrow_mut().insert(name.to_owned(), id.to_owned());
    }

    /// A rule's path in the management API.
    pub(crate) fn rule_path(&self, id: &str) -> String {
        format!("{}/rules/{id}/", self.server.project_path())
    }

    /// Raises an event on which exactly these rules fire, for both hooks; its id.
    pub(crate) fn raise(&self, event: Value, fires: &[&str]) -> String {
        self.raise_for(event, Fires::for_all(fires))
    }

    /// The same where the hooks are told different things.
    pub(crate) fn raise_for(&self, event: Value, fires: Fires<'_>) -> String {
        let what = event.to_string();
        let id = self.send(event);
        self.expect(&id, &what, fires);
        id
    }

    /// An event that was raised otherwise: it must come, and exactly these rules fire on it. `what` it was is for people.
    pub(crate) fn expect(&self, id: &str, what: &str, fires: Fires<'_>) {
        self.both.created.borrow_mut().push(id.to_owned());
        self.alerts.expect(id, what, fires.for_alerts);
        self.both.expect(id, what, fires.for_both);
    }

    /// Raises an event of which nothing is known yet: the test itself says later what must come of it.
    pub(crate) fn send(&self, mut event: Value) -> String {
        let id = new_id();
        event["event_id"] = json!(id);
        let request = self.server.ingest("envelope").body(envelope(&id, event.to_string()));
        accepted(&self.server.ask(&request), &id);
        id
    }

    /// Judges the age of webhooks by their own stamps: the server's clock is moved.
    pub(crate) fn trust_the_clock_of_the_sender(&self) {
        self.alerts.receiver.trust_the_clock_of_the_sender();
        self.both.receiver.trust_the_clock_of_the_sender();
    }

    /// Waits until the counters of new rules know what was stored before.
    pub(crate) fn wait_until_counters_are_filled(&self) {
        let deadline = Instant::now() + PATIENCE;
        while Ledger::open(self.server.folder()).counters_to_fill() > 0 {
            assert!(Instant::now() < deadline, "counters are not filled");
            // sleep allowed: the server tells nobody that it has counted, its tables have to be asked
            thread::sleep(POLL_PAUSE);
        }
    }

    /// The issue of an event.
    pub(crate) fn issue_of(&self, event: &str) -> String {
        let webhooks = self.both.receiver.wait_for_event(event);
        webhooks.json()["issue_id"].as_str().unwrap().to_owned()
    }

    /// Changes an issue, as with its buttons: `{"status": "resolved"}`.
    pub(crate) fn change_issue(&self, issue: &str, change: &Value) {
        self.server.managed("PUT", &self.issue_path(issue), change);
    }

    /// An issue as the API shows it.
    pub(crate) fn issue(&self, issue: &str) -> Value {
        self.server.managed("GET", &self.issue_path(issue), &Value::Null)
    }

    fn issue_path(&self, issue: &str) -> String {
        format!("organizations/{}/issues/{issue}/", self.server.account().organization)
    }

    /// Stops the server and starts it again, with whatever time its clock then shows.
    pub(crate) fn restart(&mut self) {
        self.server.stop();
        self.server.restart();
    }

    /// Asks of each event why it alerted or not: what is said is what was expected, and nothing was changed since. Then as
    /// [`ends`](Self::ends).
    pub(crate) fn ends_explained(self) {
        for event in self.both.created.borrow().iter() {
            let path = format!("{}/events/{event}/why/", self.server.project_path());
            let why = self.server.managed("GET", &path, &Value::Null);
            let rules = why["rules"].as_array().unwrap();
            for rule in rules {
                assert_ne!(rule["outcome"], "changed", "{rule} of {event}");
            }
            let fired = rules.iter().rev().filter(|rule| rule["fired"] == true);
            let fired: Vec<&str> = fired.map(|rule| rule["name"].as_str().unwrap()).collect();
            let alerts = self.both.alerts.borrow();
            let expected = alerts.iter().find(|alert| alert.event == *event);
            assert_eq!(fired, expected.map(|alert| alert.rules.clone()).unwrap_or_default(), "{event}");
            let outcomes: Vec<&Value> = why["hooks"].as_array().unwrap().iter().map(|hook| &hook["outcome"]).collect();
            let of_alerts = if fired.is_empty() { "noRule" } else { "owed" };
            assert_eq!(outcomes, [of_alerts, "owed"], "{why}");
        }
        self.ends();
    }

    /// Stops the server; what it owed, and what came, are exactly the alerts and events that were expected.
    pub(crate) fn ends(mut self) {
        self.server.stop();
        let ledger = Ledger::open(self.server.folder());
        for told in [&self.alerts, &self.both] {
            told.was_owed(&ledger);
        }
        if ledger.states().contains_key(&WAITING) {
            drop(ledger);
            self.server.restart();
        }
        for told in [&self.alerts, &self.both] {
            told.receiver.wait_for(told.created.borrow().len() + told.alerts.borrow().len());
        }
        if self.server.is_healthy() {
            self.server.stop();
        }
        let ids = self.rules.borrow();
        for told in [&self.alerts, &self.both] {
            told.was_told(&ids);
        }
        let ledger = Ledger::open(self.server.folder());
        let states = ledger.states();
        assert!(states.keys().all(|state| *state == DELIVERED), "states: {states:?} {:#?}", ledger.failures());
    }
}

impl<'a> Fires<'a> {
    /// The same for both hooks.
    pub(crate) fn for_all(rules: &'a [&'a str]) -> Fires<'a> {
        Fires { for_alerts: rules, for_both: rules }
    }
}

impl Told {
    fn start(server: &TestServer, kinds: &[&str]) -> Told {
        let receiver = Receiver::start();
        let hook = server.add_hook_on(&receiver, kinds);
        Told { receiver, hook, created: RefCell::default(), alerts: RefCell::default() }
    }

    /// The alert of an event; fails if it does not come.
    pub(crate) fn alert_of(&self, event: &str) -> Webhook {
        let is_it = |webhook: &&Webhook| is_alert(webhook) && webhook.event_id() == event;
        let webhooks = self.receiver.wait_until(PATIENCE, |webhooks| webhooks.iter().any(|webhook| is_it(&webhook)));
        webhooks.iter().find(is_it).unwrap().clone()
    }

    /// Adds an alert that must come, if rules fire at all.
    pub(crate) fn expect(&self, event: &str, what: &str, rules: &[&str]) {
        if !rules.is_empty() {
            let rules = rules.iter().map(|&name| name.to_owned()).collect();
            self.alerts.borrow_mut().push(Expected { event: event.to_owned(), what: what.to_owned(), rules });
        }
    }

    /// The tables have a delivery for each alert and each event that was expected, and no others.
    fn was_owed(&self, ledger: &Ledger) {
        let owed = ledger.owed(&self.hook.id, ALERT);
        let expected = self.alerts.borrow();
        for alert in expected.iter() {
            assert!(owed.contains(&alert.event), "no alert of {:?} about {}", alert.rules, alert.what);
        }
        for event in &owed {
            assert!(
                expected.iter().any(|alert| alert.event == *event),
                "an alert that was not expected, about {event}"
            );
        }
        assert_eq!(owed.len(), expected.len());
        let mut created = ledger.owed(&self.hook.id, CREATED);
        created.sort_unstable();
        let mut expected = self.created.borrow().clone();
        expected.sort_unstable();
        assert_eq!(created, expected);
    }

    /// Each alert came once, with the names and ids of its rules.
    fn was_told(&self, ids: &BTreeMap<String, String>) {
        let webhooks = self.receiver.webhooks();
        let mut alerts: Vec<&Webhook> = webhooks.iter().filter(|webhook| is_alert(webhook)).collect();
        alerts.sort_by_key(|webhook| webhook.event_id());
        let mut expected = self.alerts.borrow().clone();
        expected.sort();
        assert_eq!(alerts.len(), expected.len());
        for (webhook, Expected { event, what, rules }) in alerts.iter().zip(&expected) {
            let body = webhook.json();
            assert_eq!(webhook.event_id(), event);
            assert_eq!(body["triggering_rules"], json!(rules), "{what}");
            let ids: Vec<&String> = rules.iter().map(|name| &ids[name]).collect();
            assert_eq!(body["triggering_rule_ids"], json!(ids), "{what}");
        }
        assert_eq!(webhooks.len() - alerts.len(), self.created.borrow().len());
    }
}

/// A rule's body.
pub(crate) fn rule_body(name: &str, parts: &Value) -> Value {
    let mut rule = json!({
        "name": name,
        "actionMatch": "all",
        "filterMatch": "all",
        "conditions": [],
        "filters": [],
        "actions": [{ "id": "sentry.rules.actions.notify_event.NotifyEventAction" }],
        "frequency": 5,
    });
    for (key, value) in parts.as_object().unwrap() {
        rule[key] = value.clone();
    }
    rule
}

/// A condition of this class with its parameters.
pub(crate) fn condition(class: &str, parameters: &Value) -> Value {
    node(&format!("sentry.rules.conditions.{class}"), parameters)
}

/// A filter of this class with its parameters.
pub(crate) fn filter(class: &str, parameters: &Value) -> Value {
    node(&format!("sentry.rules.filters.{class}"), parameters)
}

fn node(id: &str, parameters: &Value) -> Value {
    let mut node = parameters.clone();
    node["id"] = json!(id);
    node
}

/// An event that makes, or joins, the issue of this name; `parts` are what else it says.
pub(crate) fn event(issue: &str, parts: &Value) -> Value {
    let mut event = json!({ "message": issue, "fingerprint": [issue], "level": "error", "platform": "python" });
    for (key, value) in parts.as_object().unwrap() {
        event[key] = value.clone();
    }
    event
}

fn is_alert(webhook: &Webhook) -> bool {
    webhook.header("x-sentry-hook-event") == ALERT
}
