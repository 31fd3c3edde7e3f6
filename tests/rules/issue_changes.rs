//! Rules on what people do to issues: what was resolved comes back, what was ignored comes back when its snooze ends, and what stays
//! resolved or ignored is silent.

use serde_json::{Value, json};

use crate::support::clock::MovedClock;
use crate::support::rules::{RuleScene, condition, event};
use crate::support::server::TestServer;

const MINUTE_S: i64 = 60;

#[test]
fn a_regression_rule_fires_on_the_event_that_reopens_a_resolved_issue_and_no_other() {
    let scene = RuleScene::start();
    with_rules(&scene);
    let issue = scene.issue_of(&scene.raise(event("one", &json!({})), &["first seen"]));
    scene.raise(event("one", &json!({})), &[]);
    scene.change_issue(&issue, &json!({ "status": "resolved" }));
    scene.raise(event("other", &json!({})), &["first seen"]);
    scene.raise(event("one", &json!({})), &["regression"]);
    let shown = scene.issue(&issue);
    assert_eq!((&shown["status"], &shown["substatus"]), (&json!("unresolved"), &json!("regressed")));
    scene.raise(event("one", &json!({})), &[]);
    // Reopened by hand, it is no regression.
    let issue = scene.issue_of(&scene.raise(event("three", &json!({})), &["first seen"]));
    scene.change_issue(&issue, &json!({ "status": "resolved" }));
    scene.change_issue(&issue, &json!({ "status": "unresolved" }));
    scene.raise(event("three", &json!({})), &[]);
    scene.ends();
}

#[test]
fn a_second_regression_within_the_frequency_is_silent_and_one_after_it_is_not() {
    let clock = MovedClock::new();
    let mut scene = RuleScene::of(TestServer::start_with(&clock.environment()));
    scene.trust_the_clock_of_the_sender();
    with_rules(&scene);
    let issue = scene.issue_of(&scene.raise(event("one", &json!({})), &["first seen"]));
    for (minutes, fires) in [(0, &["regression"][..]), (1, &[]), (6, &["regression"])] {
        clock.set(minutes * MINUTE_S);
        scene.restart();
        scene.change_issue(&issue, &json!({ "status": "resolved" }));
        scene.raise(event("one", &json!({})), fires);
        assert_eq!(scene.issue(&issue)["status"], "unresolved");
    }
    scene.ends();
}

#[test]
fn what_is_resolved_in_a_release_regresses_with_an_event_of_that_release_or_a_newer_one() {
    let scene = RuleScene::start();
    with_rules(&scene);
    let of = |release: &str| event("one", &json!({ "release": release }));
    let issue = scene.issue_of(&scene.raise(of("shop@1.0.0"), &["first seen"]));
    scene.change_issue(&issue, &json!({ "status": "resolvedInNextRelease" }));
    scene.raise(of("shop@1.0.0"), &[]);
    assert_eq!(scene.issue(&issue)["status"], "resolved");
    scene.raise(of("shop@1.1.0"), &["regression"]);
    let issue = scene.issue_of(&scene.raise(event("two", &json!({ "release": "shop@1.1.0" })), &["first seen"]));
    scene.change_issue(&issue, &json!({ "status": "resolved", "statusDetails": { "inRelease": "shop@1.1.0" } }));
    scene.raise(event("two", &json!({ "release": "shop@1.0.0" })), &[]);
    scene.raise(event("two", &json!({ "release": "shop@1.1.0" })), &["regression"]);
    scene.ends();
}

#[test]
fn an_ignored_issue_is_silent_and_reappears_when_its_count_is_reached() {
    let scene = RuleScene::start();
    with_rules(&scene);
    scene.rule("every event", &json!({ "frequency": 6 }));
    let issue = scene.issue_of(&scene.raise(event("one", &json!({})), &["first seen", "every event"]));
    ignore(&scene, &issue, &json!({ "ignoreCount": 3 }));
    scene.raise(event("one", &json!({})), &[]);
    scene.raise(event("one", &json!({})), &[]);
    scene.raise(event("one", &json!({})), &["reappeared"]);
    assert_eq!(scene.issue(&issue)["status"], "unresolved");
    scene.raise(event("one", &json!({})), &[]);
    // For good: nothing brings it back.
    ignore(&scene, &issue, &json!({}));
    for _ in 0..5 {
        scene.raise(event("one", &json!({})), &[]);
    }
    scene.ends();
}

#[test]
fn an_ignored_issue_reappears_when_more_users_have_seen_it() {
    let scene = RuleScene::start();
    with_rules(&scene);
    let by = |user: &str| event("one", &json!({ "user": { "id": user } }));
    let issue = scene.issue_of(&scene.raise(by("u-1"), &["first seen"]));
    ignore(&scene, &issue, &json!({ "ignoreUserCount": 2 }));
    scene.raise(by("u-1"), &[]);
    scene.raise(by("u-2"), &[]);
    scene.raise(by("u-2"), &[]);
    scene.raise(by("u-3"), &["reappeared"]);
    scene.ends();
}

#[test]
fn an_ignored_issue_reappears_when_its_time_is_over() {
    let clock = MovedClock::new();
    let mut scene = RuleScene::of(TestServer::start_with(&clock.environment()));
    scene.trust_the_clock_of_the_sender();
    with_rules(&scene);
    let high = condition("high_priority_issue.ExistingHighPriorityIssueCondition", &json!({}));
    scene.rule("high priority", &json!({ "conditions": [high] }));
    let issue = scene.issue_of(&scene.raise(event("one", &json!({})), &["first seen"]));
    let other = event("low", &json!({ "level": "info" }));
    let low = scene.issue_of(&scene.raise(other.clone(), &["first seen"]));
    for issue in [&issue, &low] {
        ignore(&scene, issue, &json!({ "ignoreDuration": 30 }));
    }
    scene.raise(event("one", &json!({})), &[]);
    clock.set(31 * MINUTE_S);
    scene.restart();
    scene.raise(event("one", &json!({})), &["reappeared", "high priority"]);
    scene.raise(other, &["reappeared"]);
    scene.raise(event("one", &json!({})), &[]);
    scene.ends();
}

#[test]
fn an_issue_that_was_deleted_is_new_when_it_comes_again() {
    let scene = RuleScene::start();
    with_rules(&scene);
    let first = scene.raise(event("one", &json!({})), &["first seen"]);
    let issue = scene.issue_of(&first);
    scene.alerts.alert_of(&first);
    scene.both.alert_of(&first);
    let path = format!("organizations/{}/issues/{issue}/", scene.server.account().organization);
    scene.server.managed("DELETE", &path, &Value::Null);
    let again = scene.send(event("one", &json!({})));
    for told in [&scene.alerts, &scene.both] {
        let alert = told.alert_of(&again).json();
        assert_eq!(alert["triggering_rules"], json!(["first seen"]));
        assert_ne!(alert["issue_id"], json!(issue));
    }
}

/// The rules on an issue's turns.
fn with_rules(scene: &RuleScene) {
    for (name, class) in [
        ("first seen", "first_seen_event.FirstSeenEventCondition"),
        ("regression", "regression_event.RegressionEventCondition"),
        ("reappeared", "reappeared_event.ReappearedEventCondition"),
    ] {
        scene.rule(name, &json!({ "conditions": [condition(class, &json!({}))] }));
    }
}

fn ignore(scene: &RuleScene, issue: &str, details: &Value) {
    scene.change_issue(issue, &json!({ "status": "ignored", "statusDetails": details }));
}
