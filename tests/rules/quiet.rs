//! What keeps a rule quiet, or keeps its alert from a hook: its throttle, a snooze, being disabled, changed or deleted, actions that
//! name one hook, filters of hooks.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::clock::MovedClock;
use crate::support::event::{envelope, new_id};
use crate::support::http::Request;
use crate::support::rules::{Fires, RuleScene, condition, event, filter, rule_body};
use crate::support::scene::accepted;
use crate::support::server::{TestServer, init};

const MINUTE_S: i64 = 60;

#[test]
fn a_rule_fires_once_for_each_issue_within_its_frequency() {
    let clock = MovedClock::new();
    let mut scene = RuleScene::of(TestServer::start_with(&clock.environment()));
    scene.trust_the_clock_of_the_sender();
    scene.rule("five", &json!({ "frequency": 5 }));
    scene.rule("ten", &json!({ "frequency": "10" }));
    scene.raise(event("one", &json!({})), &["five", "ten"]);
    scene.raise(event("one", &json!({})), &[]);
    scene.raise(event("other", &json!({})), &["five", "ten"]);
    clock.set(6 * MINUTE_S);
    scene.restart();
    scene.raise(event("one", &json!({})), &["five"]);
    scene.raise(event("one", &json!({})), &[]);
    clock.set(10 * MINUTE_S + 30);
    scene.restart();
    // Four and a half minutes after the last one, ten and a half after the first.
    scene.raise(event("one", &json!({})), &["ten"]);
    scene.ends();
}

#[test]
fn only_firing_moves_the_throttle() {
    let scene = RuleScene::start();
    let loud = filter("tagged_event.TaggedEventFilter", &json!({ "key": "loud", "match": "is" }));
    scene.rule("loud", &json!({ "filters": [loud] }));
    scene.raise(event("one", &json!({})), &[]);
    scene.raise(event("one", &json!({ "tags": { "loud": "yes" } })), &["loud"]);
    scene.raise(event("one", &json!({ "tags": { "loud": "yes" } })), &[]);
    scene.ends();
}

#[test]
fn a_snoozed_rule_is_silent_until_its_snooze_ends() {
    let scene = RuleScene::start();
    let rule = scene.rule("snoozed", &json!({}));
    scene.rule("awake", &json!({ "frequency": 6 }));
    let snooze = format!("{}snooze/", scene.rule_path(&rule));
    scene.server.managed("POST", &snooze, &json!({ "target": "everyone" }));
    scene.raise(event("one", &json!({})), &["awake"]);
    scene.server.managed("DELETE", &snooze, &Value::Null);
    // Nothing was fired meanwhile, so nothing holds it back.
    scene.raise(event("one", &json!({})), &["snoozed"]);
    scene.server.managed("POST", &snooze, &json!({ "target": "me" }));
    scene.raise(event("two", &json!({})), &["snoozed", "awake"]);
    scene.ends();
}

#[test]
fn a_snooze_until_a_time_ends_by_itself_and_counts_go_on_meanwhile() {
    let clock = MovedClock::new();
    let mut scene = RuleScene::of(TestServer::start_with(&clock.environment()));
    scene.trust_the_clock_of_the_sender();
    let frequency = condition("event_frequency.EventFrequencyCondition", &json!({ "value": 2, "interval": "1h" }));
    let rule = scene.rule("more than two", &json!({ "conditions": [frequency] }));
    let until = (Timestamp::now() + SignedDuration::from_mins(30)).to_string();
    let snooze = format!("{}snooze/", scene.rule_path(&rule));
    scene.server.managed("POST", &snooze, &json!({ "target": "everyone", "until": until }));
    for _ in 0..4 {
        scene.raise(event("one", &json!({})), &[]);
    }
    clock.set(31 * MINUTE_S);
    scene.restart();
    scene.raise(event("one", &json!({})), &["more than two"]);
    scene.ends();
}

#[test]
fn a_rule_that_is_disabled_or_deleted_is_silent() {
    let scene = RuleScene::start();
    let rule = scene.rule("switched", &json!({ "status": "disabled" }));
    let other = scene.rule("other", &json!({ "frequency": 6 }));
    scene.raise(event("one", &json!({})), &["other"]);
    scene.change_rule(&rule, "switched", &json!({ "status": "active" }));
    scene.raise(event("one", &json!({})), &["switched"]);
    scene.change_rule(&rule, "switched", &json!({ "isActive": false }));
    scene.raise(event("two", &json!({})), &["other"]);
    scene.server.managed("DELETE", &scene.rule_path(&other), &Value::Null);
    scene.raise(event("three", &json!({})), &[]);
    scene.ends();
}

#[test]
fn a_change_of_a_rule_counts_for_the_next_event() {
    let scene = RuleScene::start();
    let tag = |key: &str| {
        let node = filter("tagged_event.TaggedEventFilter", &json!({ "key": key, "match": "is" }));
        json!({ "filters": [node] })
    };
    let tagged = |issue: &str, key: &str| event(issue, &json!({ "tags": { key: "1" } }));
    let rule = scene.rule("a rule", &tag("tag-0"));
    scene.raise(tagged("0", "tag-0"), &["a rule"]);
    for number in 1..20 {
        let (before, now) = (format!("tag-{}", number - 1), format!("tag-{number}"));
        scene.change_rule(&rule, "a rule", &tag(&now));
        scene.raise(tagged(&number.to_string(), &before), &[]);
        scene.raise(tagged(&number.to_string(), &now), &["a rule"]);
    }
    // Its name is in the alert as it is when the event comes.
    scene.change_rule(&rule, "a new name", &json!({}));
    scene.raise(event("named", &json!({})), &["a new name"]);
    scene.ends();
}

#[test]
fn an_action_that_names_a_hook_narrows_the_alert_to_it() {
    let scene = RuleScene::start();
    let service = |name: &str| json!([{ "id": "sentry.rules.actions.notify_event_service.NotifyEventServiceAction", "service": name }]);
    scene.rule("for one", &json!({ "actions": service(&scene.alerts.hook.id) }));
    scene.rule("for the other", &json!({ "actions": service(&scene.both.hook.id) }));
    scene.rule("for all", &json!({ "actions": service("webhooks") }));
    let quiet = json!({ "key": "quiet", "match": "ns" });
    let narrow = json!({
        "actions": service(&scene.alerts.hook.id),
        "filters": [filter("tagged_event.TaggedEventFilter", &quiet)],
    });
    scene.rule("for one, unless it is quiet", &narrow);
    scene.raise_for(
        event("one", &json!({})),
        Fires {
            for_alerts: &["for one", "for all", "for one, unless it is quiet"],
            for_both: &["for the other", "for all"],
        },
    );
    scene.raise_for(event("one", &json!({ "tags": { "quiet": "yes" } })), Fires { for_alerts: &[], for_both: &[] });
    scene.ends();
}

#[test]
fn mail_and_chat_actions_are_kept_and_the_alert_goes_to_every_hook() {
    let scene = RuleScene::start();
    let mail = json!([{
        "id": "sentry.mail.actions.NotifyEmailAction", "targetType": "IssueOwners", "fallthroughType": "ActiveMembers",
    }]);
    let body = rule_body("mail", &json!({ "actions": mail }));
    let path = format!("{}/rules/", scene.server.project_path());
    let answer = scene.server.ask(&scene.server.manage("POST", &path).body(body.to_string()));
    assert_eq!(answer.status, 201, "{}", answer.text());
    let note = answer.headers.get("x-watchfire-note").unwrap();
    assert!(note.contains("sentry.mail.actions.NotifyEmailAction"), "{note}");
    let id = scene.send(event("one", &json!({})));
    let alert = scene.alerts.alert_of(&id).json();
    assert_eq!(alert["triggering_rules"], json!(["mail"]));
    assert_eq!(alert["triggering_rule_ids"], json!([answer.json()["id"]]));
}

#[test]
fn filters_of_a_hook_decide_which_events_and_which_alerts_it_gets() {
    let scene = RuleScene::start();
    let level = filter("level.LevelFilter", &json!({ "match": "gte", "level": "40" }));
    let tag = filter("tagged_event.TaggedEventFilter", &json!({ "key": "shop", "match": "eq", "value": "north" }));
    scene.rule("every event", &json!({}));
    let path = format!("{}/hooks/{}/", scene.server.project_path(), scene.alerts.hook.id);
    let change = |filters: Value, quantifier: &str| {
        scene.server.managed("PUT", &path, &json!({ "filters": filters, "filterMatch": quantifier }));
    };
    let raise = |issue: &str, parts: Value, wanted: bool| {
        let for_alerts: &[&str] = if wanted { &["every event"] } else { &[] };
        scene.raise_for(event(issue, &parts), Fires { for_alerts, for_both: &["every event"] });
    };
    let north = json!({ "shop": "north" });
    change(json!([level, tag]), "all");
    raise("all 1", json!({ "level": "error", "tags": north }), true);
    raise("all 2", json!({ "level": "warning", "tags": north }), false);
    change(json!([level, tag]), "any");
    raise("any 1", json!({ "level": "warning", "tags": north }), true);
    raise("any 2", json!({ "level": "warning" }), false);
    change(json!([level, tag]), "none");
    raise("none 1", json!({ "level": "warning" }), true);
    raise("none 2", json!({ "level": "error" }), false);
    change(json!([]), "all");
    raise("no filters", json!({ "level": "error" }), true);
    scene.ends();
}

#[test]
fn a_hook_on_both_kinds_whose_filters_refuse_an_event_gets_neither_of_it() {
    let scene = RuleScene::start();
    scene.rule("every event", &json!({}));
    let level = filter("level.LevelFilter", &json!({ "match": "gte", "level": "40" }));
    let path = format!("{}/hooks/{}/", scene.server.project_path(), scene.both.hook.id);
    scene.server.managed("PUT", &path, &json!({ "filters": [level] }));
    let refused = event("one", &json!({ "level": "info" }));
    let what = refused.to_string();
    let id = scene.send(refused);
    scene.alerts.expect(&id, &what, &["every event"]);
    scene.raise(event("two", &json!({ "level": "error" })), &["every event"]);
    scene.ends();
}

#[test]
fn a_hook_that_is_disabled_gets_no_alerts() {
    let scene = RuleScene::start();
    scene.rule("every event", &json!({}));
    let path = format!("{}/hooks/{}/", scene.server.project_path(), scene.alerts.hook.id);
    let raise = |issue: &str, for_alerts: &[&str]| {
        scene.raise_for(event(issue, &json!({})), Fires { for_alerts, for_both: &["every event"] });
    };
    raise("one", &["every event"]);
    scene.server.managed("PUT", &path, &json!({ "isActive": false }));
    raise("two", &[]);
    scene.server.managed("PUT", &path, &json!({ "isActive": true, "events": ["event.created"] }));
    scene.server.managed("PUT", &path, &json!({ "events": ["event.alert"] }));
    raise("three", &["every event"]);
    scene.ends();
}

#[test]
fn an_event_that_webhooks_have_led_to_too_often_fires_nothing_and_holds_nothing_back() {
    let scene = RuleScene::start();
    scene.rule("every event", &json!({}));
    let alert = scene.alerts.alert_of(&scene.raise(event("cause", &json!({})), &["every event"]));
    let headers = json!({ "X-Sentry-Hook-Hop": "2", "X-Sentry-Hook-Delivery": alert.delivery() });
    scene.send(event("one", &json!({ "request": { "headers": headers } })));
    scene.raise(event("one", &json!({})), &["every event"]);
    scene.ends();
}

#[test]
fn rules_of_one_project_do_not_fire_on_events_of_another() {
    let mut server = TestServer::start();
    server.stop();
    let other = init(server.folder(), &["--project", "other"]);
    server.restart();
    let scene = RuleScene::of(server);
    scene.rule("every event", &json!({}));
    let (id, mut of_other) = (new_id(), event("one", &json!({})));
    of_other["event_id"] = json!(id);
    let auth = format!("Sentry sentry_version=7, sentry_key={}", other.key);
    let request = Request::post(format!("/api/{}/envelope/", other.project_id)).header("X-Sentry-Auth", auth);
    accepted(&scene.server.ask(&request.body(envelope(&id, of_other.to_string()))), &id);
    scene.raise(event("one", &json!({})), &["every event"]);
    scene.ends();
}
