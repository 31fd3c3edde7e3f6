//! Rules on how often an issue was seen, and by how many users: with and without an environment, compared with earlier, and with
//! what was stored before the rule was made.

use serde_json::{Value, json};

use crate::support::clock::MovedClock;
use crate::support::event::envelope;
use crate::support::rules::{RuleScene, condition, event, filter};
use crate::support::scene::accepted;
use crate::support::server::TestServer;

const EVENTS: &str = "event_frequency.EventFrequencyCondition";
const USERS: &str = "event_frequency.EventUniqueUserFrequencyCondition";
const USERS_WITH_CONDITIONS: &str = "event_frequency.EventUniqueUserFrequencyConditionWithConditions";

/// More than the longest interval that is tested, and than any throttle.
const HOUR_S: i64 = 3_600;

#[test]
fn an_event_frequency_rule_fires_when_the_count_is_exceeded_and_once_in_its_window() {
    let scene = RuleScene::start();
    scene.rule("more than three", &json!({ "conditions": [more_than(EVENTS, 3, "1h")] }));
    scene.rule("more than none", &json!({ "conditions": [more_than(EVENTS, 0, "1m")] }));
    for (number, fires) in
        [&["more than none"][..], &[], &[], &["more than three"], &[], &[], &[]].into_iter().enumerate()
    {
        scene.raise(event("one", &json!({ "extra": { "number": number } })), fires);
    }
    scene.raise(event("other", &json!({})), &["more than none"]);
    scene.ends_explained();
}

#[test]
fn an_event_that_is_sent_twice_counts_once_and_alerts_once() {
    let scene = RuleScene::start();
    scene.rule("more than two", &json!({ "conditions": [more_than(EVENTS, 2, "1h")] }));
    scene.rule("every event", &json!({}));
    let first = scene.raise(event("one", &json!({})), &["every event"]);
    let mut again = event("one", &json!({}));
    again["event_id"] = json!(first);
    for _ in 0..3 {
        let request = scene.server.ingest("envelope").body(envelope(&first, again.to_string()));
        accepted(&scene.server.ask(&request), &first);
    }
    scene.raise(event("one", &json!({})), &[]);
    scene.raise(event("one", &json!({})), &["more than two"]);
    scene.ends_explained();
}

#[test]
fn a_user_frequency_rule_counts_each_user_once() {
    let scene = RuleScene::start();
    scene.rule("more than two", &json!({ "conditions": [more_than(USERS, 2, "1h")] }));
    for (user, fires) in [("u-1", &[][..]), ("u-1", &[]), ("u-2", &[]), ("u-1", &[]), ("u-3", &["more than two"])] {
        scene.raise(event("one", &json!({ "user": { "id": user } })), fires);
    }
    scene.raise(event("one", &json!({})), &[]);
    for user in ["u-1", "u-2"] {
        scene.raise(event("other", &json!({ "user": { "id": user } })), &[]);
    }
    scene.ends_explained();
}

#[test]
fn with_an_environment_only_its_events_and_users_count() {
    let scene = RuleScene::start();
    let production = |class: &str| json!({ "conditions": [more_than(class, 1, "15m")], "environment": "production" });
    scene.rule("events", &production(EVENTS));
    scene.rule("users", &production(USERS));
    for (environment, user, fires) in [
        ("production", "u-1", &[][..]),
        ("staging", "u-2", &[]),
        ("staging", "u-3", &[]),
        ("production", "u-1", &["events"]),
        ("production", "u-2", &["users"]),
    ] {
        scene.raise(event("one", &json!({ "environment": environment, "user": { "id": user } })), fires);
    }
    scene.ends_explained();
}

#[test]
fn users_with_conditions_are_those_of_events_that_pass_the_tag_filters() {
    let scene = RuleScene::start();
    let gold = filter("tagged_event.TaggedEventFilter", &json!({ "key": "plan", "match": "eq", "value": "gold" }));
    let parts = json!({ "conditions": [more_than(USERS_WITH_CONDITIONS, 1, "1d")], "filters": [gold] });
    scene.rule("gold users", &parts);
    for (user, plan, fires) in [
        ("u-1", "gold", &[][..]),
        ("u-2", "tin", &[]),
        ("u-3", "tin", &[]),
        ("u-1", "gold", &[]),
        ("u-2", "gold", &["gold users"]),
    ] {
        scene.raise(event("one", &json!({ "user": { "id": user }, "tags": { "plan": plan } })), fires);
    }
    scene.ends_explained();
}

#[test]
fn a_comparison_in_percent_is_with_the_same_window_earlier() {
    let clock = MovedClock::new();
    let mut scene = RuleScene::of(TestServer::start_with(&clock.environment()));
    scene.trust_the_clock_of_the_sender();
    let compared = json!({
        "interval": "5m", "value": 50, "comparisonType": "percent", "comparisonInterval": "1h",
    });
    scene.rule("half as many again", &json!({ "conditions": [condition(EVENTS, &compared)] }));
    // Nothing was there an hour before: no number is any percent above that.
    for _ in 0..4 {
        scene.raise(event("one", &json!({})), &[]);
    }
    clock.set(HOUR_S);
    scene.restart();
    for _ in 0..6 {
        scene.raise(event("one", &json!({})), &[]);
    }
    scene.raise(event("one", &json!({})), &["half as many again"]);
    scene.raise(event("other", &json!({})), &[]);
    scene.ends_explained();
}

#[test]
fn a_window_forgets_what_is_older() {
    let clock = MovedClock::new();
    let mut scene = RuleScene::of(TestServer::start_with(&clock.environment()));
    scene.trust_the_clock_of_the_sender();
    scene.rule("within minutes", &json!({ "conditions": [more_than(EVENTS, 2, "5m")] }));
    scene.rule("within a day", &json!({ "conditions": [more_than(EVENTS, 2, "1d")], "frequency": 43_200 }));
    scene.raise(event("one", &json!({})), &[]);
    scene.raise(event("one", &json!({})), &[]);
    clock.set(HOUR_S);
    scene.restart();
    scene.raise(event("one", &json!({})), &["within a day"]);
    scene.raise(event("one", &json!({})), &[]);
    scene.raise(event("one", &json!({})), &["within minutes"]);
    scene.ends_explained();
}

#[test]
fn a_rule_that_is_made_later_counts_what_was_stored_before() {
    let scene = RuleScene::start();
    for number in 0..9 {
        let user = json!({ "id": format!("u-{number}") });
        scene.raise(event("one", &json!({ "user": user, "environment": "production" })), &[]);
        scene.raise(event("two", &json!({})), &[]);
    }
    scene.rule("events", &json!({ "conditions": [more_than(EVENTS, 9, "1h")] }));
    scene.rule("users", &json!({ "conditions": [more_than(USERS, 8, "30d")], "environment": "production" }));
    scene.wait_until_counters_are_filled();
    scene.raise(event("one", &json!({})), &["events"]);
    scene.raise(event("one", &json!({ "user": { "id": "u-3" }, "environment": "production" })), &["users"]);
    scene.raise(event("two", &json!({ "user": { "id": "u-1" }, "environment": "production" })), &["events"]);
    scene.ends_explained();
}

#[test]
fn counts_survive_a_restart() {
    let mut scene = RuleScene::start();
    scene.rule("more than four", &json!({ "conditions": [more_than(EVENTS, 4, "1d")] }));
    scene.rule("more than two users", &json!({ "conditions": [more_than(USERS, 2, "1d")] }));
    let by = |user: &str| event("one", &json!({ "user": { "id": user } }));
    scene.raise(by("u-1"), &[]);
    scene.raise(by("u-2"), &[]);
    scene.restart();
    scene.raise(by("u-1"), &[]);
    scene.raise(by("u-2"), &[]);
    scene.raise(by("u-3"), &["more than four", "more than two users"]);
    scene.ends_explained();
}

/// More than so many within an interval.
fn more_than(class: &str, value: u64, interval: &str) -> Value {
    condition(class, &json!({ "value": value, "interval": interval }))
}
