//! Conditions and filters that need to know the issue: first seen, age, occurrences, the latest release, priority.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::support::rules::{RuleScene, condition, event, filter};

const HOUR_S: f64 = 3_600.0;

#[test]
fn a_first_seen_rule_fires_on_the_first_event_of_each_issue_and_no_other() {
    let scene = RuleScene::start();
    scene.rule("first seen", &json!({ "conditions": [first_seen()] }));
    for issue in ["one", "two", "three"] {
        scene.raise(event(issue, &json!({})), &["first seen"]);
        scene.raise(event(issue, &json!({})), &[]);
    }
    scene.ends_explained();
}

#[test]
fn with_an_environment_a_first_seen_rule_fires_on_the_first_event_there() {
    let scene = RuleScene::start();
    scene.rule("anywhere", &json!({ "conditions": [first_seen()] }));
    scene.rule("in production", &json!({ "conditions": [first_seen()], "environment": "production" }));
    let within = |environment: &str| json!({ "environment": environment });
    scene.raise(event("one", &within("staging")), &["anywhere"]);
    scene.raise(event("one", &within("staging")), &[]);
    scene.raise(event("one", &within("production")), &["in production"]);
    scene.raise(event("one", &within("production")), &[]);
    scene.raise(event("two", &within("production")), &["anywhere", "in production"]);
    scene.raise(event("three", &json!({})), &["anywhere"]);
    scene.ends_explained();
}

#[test]
fn a_new_issue_has_high_priority_if_its_first_event_is_an_error() {
    let scene = RuleScene::start();
    let node = condition("high_priority_issue.NewHighPriorityIssueCondition", &json!({}));
    scene.rule("high priority", &json!({ "conditions": [node] }));
    scene.raise(event("one", &json!({ "level": "fatal" })), &["high priority"]);
    scene.raise(event("two", &json!({ "level": "warning" })), &[]);
    scene.raise(event("two", &json!({ "level": "error" })), &[]);
    scene.ends_explained();
}

#[test]
fn an_age_filter_compares_the_first_time_of_the_issue_with_the_present() {
    let scene = RuleScene::start();
    for (name, comparison, value, unit) in
        [("older", "older", 2, "hour"), ("newer", "newer", 2, "hour"), ("newer than weeks", "newer", 3, "week")]
    {
        let parameters = json!({ "comparison_type": comparison, "value": value, "time": unit });
        scene.rule(name, &json!({ "filters": [filter("age_comparison.AgeComparisonFilter", &parameters)] }));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    let at = |ago_hours: f64| json!({ "timestamp": now - ago_hours * HOUR_S });
    scene.raise(event("new", &json!({})), &["newer", "newer than weeks"]);
    scene.raise(event("old", &at(3.0)), &["older", "newer than weeks"]);
    scene.raise(event("young", &at(1.0)), &["newer", "newer than weeks"]);
    // An event that happened earlier and comes later moves the first time back.
    scene.raise(event("young", &at(3.0)), &["older"]);
    // Of the first of these two it is not known any more that its issue was younger then.
    scene.ends();
}

#[test]
fn an_occurrence_filter_counts_the_event_itself() {
    let scene = RuleScene::start();
    for (name, value) in [("from the third on", json!(3)), ("from the first on", json!("1"))] {
        let node = filter("issue_occurrences.IssueOccurrencesFilter", &json!({ "value": value }));
        scene.rule(name, &json!({ "filters": [node] }));
    }
    scene.raise(event("one", &json!({})), &["from the first on"]);
    scene.raise(event("one", &json!({})), &[]);
    scene.raise(event("other", &json!({})), &["from the first on"]);
    scene.raise(event("one", &json!({})), &["from the third on"]);
    // Both have fired for this issue within their five minutes.
    scene.raise(event("one", &json!({})), &[]);
    scene.ends_explained();
}

#[test]
fn a_latest_release_filter_fires_on_events_of_the_newest_release() {
    let scene = RuleScene::start();
    let node = filter("latest_release.LatestReleaseFilter", &json!({}));
    scene.rule("latest", &json!({ "filters": [node.clone()] }));
    scene.rule("latest in production", &json!({ "filters": [node], "environment": "production" }));
    let of = |release: &str, environment: &str| json!({ "release": release, "environment": environment });
    scene.raise(event("a", &of("shop@1.0.0", "production")), &["latest", "latest in production"]);
    scene.raise(event("b", &json!({})), &[]);
    scene.raise(event("c", &of("shop@1.1.0", "staging")), &["latest"]);
    scene.raise(event("d", &of("shop@1.0.0", "production")), &["latest in production"]);
    scene.raise(event("e", &of("shop@1.1.0", "production")), &["latest", "latest in production"]);
    scene.raise(event("f", &of("shop@1.0.0", "production")), &[]);
    scene.ends_explained();
}

fn first_seen() -> Value {
    condition("first_seen_event.FirstSeenEventCondition", &json!({}))
}
