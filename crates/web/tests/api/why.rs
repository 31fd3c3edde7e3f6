//! Why an event alerted, or did not.

use std::time::Duration;

use model::delivery_key::DeliveryId;
use model::ids::{HookNumber, Seq};
use serde_json::{Value, json};
use webhook::{Kind, headers};

use crate::harness::{Api, START};
use crate::recording::Recording;
use crate::rules::{RULES, least, make, path};

const HOOKS: &str = "/api/0/projects/my-org/my-project/hooks/";
const MINUTE: Duration = Duration::from_secs(60);

fn why_path(event: impl std::fmt::Display) -> String {
    format!("/api/0/projects/my-org/my-project/events/{event}/why/")
}

/// What is said of the rule or hook with this id.
fn one(list: &Value, id: &Value) -> Value {
    list.as_array().unwrap().iter().find(|one| one["id"] == *id).unwrap_or_else(|| panic!("{id} in {list}")).clone()
}

/// A rule with these fields besides the least.
fn rule(name: &str, frequency: u32, fields: Value) -> Value {
    let mut rule = least(name, frequency);
    for (field, value) in fields.as_object().unwrap() {
        rule[field] = value.clone();
    }
    rule
}

fn occurrences(least: u32) -> Value {
    json!({"id": "sentry.rules.filters.issue_occurrences.IssueOccurrencesFilter", "value": least})
}

fn tag(value: &str) -> Value {
    json!({"id": "sentry.rules.filters.tagged_event.TaggedEventFilter", "key": "plan", "match": "eq", "value": value})
}

fn more_than(value: u32) -> Value {
    let id = "sentry.rules.conditions.event_frequency.EventFrequencyCondition";
    json!({"id": id, "value": value, "interval": "1h"})
}

fn crash() -> Value {
    json!({"message": "crash", "level": "error", "environment": "production", "tags": {"plan": "Gold"}})
}

#[tokio::test]
async fn a_rule_that_fired_says_what_the_store_had_then() {
    let api = Api::start().await;
    let fields = json!({"conditions": [more_than(1)], "filters": [tag("gold"), occurrences(2)], "filterMatch": "all"});
    let made = make(&api, rule("Often", 5, fields)).await;
    let mut recording = Recording::start(&api).await;
    let (first, _) = recording.event(crash(), MINUTE).await;
    let (second, _) = recording.event(crash(), MINUTE).await;

    let why = api.get(&why_path(second)).await.with_status(200);
    assert_eq!((&why["event"]["turn"], &why["event"]["environment"]), (&json!("repeated"), &json!("production")));
    let said = one(&why["rules"], &made["id"]);
    assert_eq!((&said["fired"], &said["outcome"], &said["name"]), (&json!(true), &json!("fired"), &json!("Often")));
    assert_eq!(said["dateFired"], "2018-11-06T21:21:08.143Z");
    let because = json!([
        {"part": "filters", "node": 1, "holds": true, "found": "2", "name": "The issue has happened at least 2 times"},
        {"part": "conditions", "node": 0, "holds": true, "found": "2",
         "name": "The issue is seen more than 1 times in one hour"},
    ]);
    assert_eq!(said["because"], because);
    assert_eq!((&said["filters"][0]["found"], &said["filters"][0]["holds"]), (&json!(["gold"]), &json!(true)));
    assert_eq!(api.get(&path(&made)).await.with_status(200)["lastTriggered"], said["dateFired"]);

    let why = api.get(&why_path(first)).await.with_status(200);
    assert_eq!((&why["event"]["turn"], &why["event"]["newInEnvironment"]), (&json!("new"), &json!(true)));
    let said = one(&why["rules"], &made["id"]);
    assert_eq!((&said["fired"], &said["outcome"]), (&json!(false), &json!("filters")));
    assert_eq!((&said["filters"][1]["holds"], &said["filters"][1]["found"]), (&json!(false), &json!(["1"])));
    assert_eq!((&said["conditions"][0]["holds"], &said["conditions"][0]["found"]), (&json!(false), &json!(["1"])));
}

#[tokio::test]
async fn each_rule_that_did_not_fire_says_what_held_it_back() {
    let api = Api::start().await;
    let elsewhere = make(&api, rule("Elsewhere", 5, json!({"environment": "staging"}))).await;
    let filtered = make(&api, rule("Filtered", 5, json!({"filters": [tag("free")], "filterMatch": "all"}))).await;
    let none = json!({"filters": [tag("gold")], "filterMatch": "none"});
    let none = make(&api, rule("None", 6, none)).await;
    let condition = json!({"id": "sentry.rules.conditions.regression_event.RegressionEventCondition"});
    let regression = make(&api, rule("Regression", 5, json!({"conditions": [condition]}))).await;
    let counted = make(&api, rule("Counted", 5, json!({"conditions": [more_than(7)]}))).await;
    let throttled = make(&api, rule("Throttled", 5, json!({}))).await;
    let disabled = make(&api, rule("Disabled", 7, json!({"isActive": false}))).await;
    let snoozed = make(&api, rule("Snoozed", 8, json!({}))).await;
    api.post(&format!("{}snooze/", path(&snoozed)), json!({"target": "everyone"})).await.with_status(201);
    let mut recording = Recording::start(&api).await;
    recording.event(crash(), MINUTE).await;
    let (second, _) = recording.event(crash(), MINUTE).await;
    let newer = make(&api, rule("Newer", 9, json!({}))).await;

    let why = api.get(&why_path(second)).await.with_status(200);
    for (made, outcome, sentence) in [
        (&elsewhere, "environment", "The event is of another environment."),
        (&filtered, "filters", "The filters do not match."),
        (&none, "filters", "The filters do not match."),
        (&regression, "conditions", "The conditions do not match."),
        (&counted, "conditions", "The conditions do not match."),
        (
            &throttled,
            "frequency",
            "The rule had fired for this issue at 2018-11-06T21:20:08.143Z, within its frequency.",
        ),
        (&disabled, "disabled", "The rule is disabled."),
        (&snoozed, "snoozed", "The rule is snoozed."),
        (&newer, "newer", "The rule was made after this event."),
    ] {
        let said = one(&why["rules"], &made["id"]);
        assert_eq!((&said["outcome"], &said["why"]), (&json!(outcome), &json!(sentence)), "{}", made["name"]);
        assert_eq!((&said["fired"], &said["assumed"]), (&json!(false), &json!([])), "{}", made["name"]);
    }
    let said = one(&why["rules"], &filtered["id"]);
    assert_eq!(
        said["filters"],
        json!([{"id": tag("")["id"], "name": "The event's tag plan equals free", "holds": false, "found": ["gold"]}])
    );
    assert_eq!(one(&why["rules"], &none["id"])["filters"][0]["holds"], true);
    let said = one(&why["rules"], &counted["id"]);
    assert_eq!((&said["conditions"][0]["holds"], &said["conditions"][0]["found"]), (&json!(false), &json!(["2"])));
}

#[tokio::test]
async fn a_rule_that_fired_is_told_of_though_it_is_deleted() {
    let api = Api::start().await;
    let made = make(&api, rule("Gone", 5, json!({}))).await;
    let mut recording = Recording::start(&api).await;
    let (event, _) = recording.event(crash(), MINUTE).await;
    assert_eq!(api.delete(&path(&made)).await.status, 202);
    let why = api.get(&why_path(event)).await.with_status(200);
    let said = one(&why["rules"], &made["id"]);
    let expected = json!(["fired", "deleted", true, null]);
    assert_eq!(json!([said["outcome"], said["status"], said["fired"], said["name"]]), expected);
}

#[tokio::test]
async fn each_hook_says_why_it_was_owed_nothing_and_what_it_was_owed() {
    let api = Api::start().await;
    let hook = async |fields: Value| {
        let mut body = json!({"url": "https://example.com/"});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        api.post(HOOKS, body).await.with_status(201)["id"].clone()
    };
    let both = hook(json!({"events": ["event.created", "event.alert"]})).await;
    let other = hook(json!({"events": ["event.alert"]})).await;
    let filtered = hook(json!({"events": ["event.created"], "filters": [tag("free")]})).await;
    let passing = hook(json!({"events": ["event.created"], "filters": [tag("gold")]})).await;
    let disabled = hook(json!({"events": ["event.created"], "isActive": false})).await;
    let silent = hook(json!({})).await;
    let action = json!({"id": "sentry.rules.actions.notify_event_service.NotifyEventServiceAction", "service": both});
    make(&api, rule("One hook", 5, json!({"actions": [action]}))).await;
    let mut recording = Recording::start(&api).await;
    let (event, _) = recording.event(crash(), MINUTE).await;
    let newer = hook(json!({"events": ["event.created"]})).await;

    let why = api.get(&why_path(event)).await.with_status(200);
    for (hook, outcome) in [
        (&both, "owed"),
        (&other, "otherHook"),
        (&filtered, "filters"),
        (&passing, "owed"),
        (&disabled, "disabled"),
        (&silent, "events"),
        (&newer, "newer"),
    ] {
        assert_eq!(one(&why["hooks"], hook)["outcome"], outcome, "{}", one(&why["hooks"], hook));
    }
    assert_eq!(one(&why["hooks"], &filtered)["filters"][0]["found"], json!(["gold"]));
    let owed: Vec<Value> = why["deliveries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| json!([one["hookId"], one["event"], one["status"]]))
        .collect();
    let waiting = |hook: &Value, kind: &str| json!([hook, kind, "waiting"]);
    assert_eq!(
        owed,
        [waiting(&both, "event.created"), waiting(&both, "event.alert"), waiting(&passing, "event.created")]
    );
    assert_eq!(why["deliveries"][0]["id"].as_str().unwrap().len(), 32);
}

#[tokio::test]
async fn a_hook_on_alerts_is_owed_nothing_where_no_rule_fired() {
    let api = Api::start().await;
    let body = json!({"url": "https://example.com/", "events": ["event.alert"]});
    let hook = api.post(HOOKS, body).await.with_status(201)["id"].clone();
    let mut recording = Recording::start(&api).await;
    let (event, _) = recording.event(crash(), MINUTE).await;
    let why = api.get(&why_path(event)).await.with_status(200);
    let said = one(&why["hooks"], &hook);
    assert_eq!(
        (&said["outcome"], &said["why"]),
        (&json!("noRule"), &json!("The hook is on alerts, and no rule fired."))
    );
    assert_eq!((&why["rules"], &why["deliveries"]), (&json!([]), &json!([])));
}

#[tokio::test]
async fn only_an_event_of_the_project_has_a_why() {
    let api = Api::start().await;
    let mut recording = Recording::start(&api).await;
    let (event, _) = recording.event(crash(), MINUTE).await;
    api.add_project("other").await;
    for path in [
        why_path("00000000000000000000000000000099"),
        why_path("nothing"),
        why_path(event).replace("my-project", "other"),
    ] {
        assert_eq!(api.get(&path).await.status, 404, "{path}");
    }
    assert_eq!(api.get(RULES).await.status, 200);
}

#[tokio::test]
async fn an_issue_that_is_ignored_alerts_nobody_and_what_is_not_known_any_more_is_said() {
    let api = Api::start().await;
    let made = make(&api, rule("Everything", 5, json!({}))).await;
    let mut recording = Recording::start(&api).await;
    let (_, recorded) = recording.event(crash(), 10 * MINUTE).await;
    let issue = format!("/api/0/organizations/my-org/issues/{}/", recorded.issue);
    api.put(&issue, json!({"status": "ignored"})).await.with_status(200);
    let (event, _) = recording.event(crash(), MINUTE).await;
    let why = async || one(&api.get(&why_path(&event)).await.with_status(200)["rules"], &made["id"]);
    let said = why().await;
    assert_eq!(said["outcome"], "issueStatus");
    assert_eq!(said["why"], "The issue is ignored: only unresolved issues alert.");
    assert_eq!((&said["fired"], &said["assumed"]), (&json!(false), &json!([])));
    api.put(&issue, json!({"status": "unresolved"})).await.with_status(200);
    let said = why().await;
    assert_eq!((&said["outcome"], &said["assumed"]), (&json!("changed"), &json!(["issueStatus"])));
}

#[tokio::test]
async fn an_event_that_webhooks_led_to_too_often_alerts_nobody() {
    let api = Api::start().await;
    let body = json!({"url": "https://example.com/", "events": ["event.created"]});
    let hook = api.post(HOOKS, body).await.with_status(201)["id"].clone();
    let made = make(&api, rule("Everything", 5, json!({}))).await;
    let mut recording = Recording::start(&api).await;
    // A receiver's own failure, with the headers of the webhook that it failed on.
    let delivery = DeliveryId::new(START, Seq::new(7).unwrap(), HookNumber::new(1).unwrap(), Kind::EventCreated);
    let headers = json!([[headers::DELIVERY.wire, delivery.unwrap().to_string()], [headers::HOP.wire, "2"]]);
    let (event, _) = recording.event(json!({"message": "loop", "request": {"headers": headers}}), MINUTE).await;
    let why = api.get(&why_path(event)).await.with_status(200);
    assert_eq!(one(&why["rules"], &made["id"])["outcome"], "loop", "{}", why["event"]);
    assert_eq!(one(&why["hooks"], &hook)["outcome"], "loop");
}

#[tokio::test]
async fn who_may_not_see_events_is_told_nothing_of_them() {
    let api = Api::start().await;
    let mut recording = Recording::start(&api).await;
    let (event, _) = recording.event(crash(), MINUTE).await;
    for (scopes, status) in [("alerts:write org:admin team:admin", 403), ("event:read", 200), ("project:read", 200)] {
        let token = api.token(scopes).await;
        assert_eq!(api.call("GET", &why_path(&event), &token, None).await.status, status, "{scopes}");
    }
}

#[tokio::test]
async fn a_rule_whose_hooks_all_turn_the_event_away_keeps_its_alert_for_the_next() {
    let api = Api::start().await;
    let body = json!({"url": "https://example.com/", "events": ["event.alert"], "filters": [tag("gold")]});
    api.post(HOOKS, body).await.with_status(201);
    let made = make(&api, rule("Everything", 5, json!({}))).await;
    let mut recording = Recording::start(&api).await;
    let (unheard, _) = recording.event(json!({"message": "crash", "tags": {"plan": "none"}}), MINUTE).await;
    let (heard, _) = recording.event(json!({"message": "crash", "tags": {"plan": "gold"}}), MINUTE).await;
    let why = async |event| one(&api.get(&why_path(event)).await.with_status(200)["rules"], &made["id"]);
    let said = why(unheard).await;
    assert_eq!((&said["fired"], &said["outcome"]), (&json!(false), &json!("hooks")), "{said}");
    assert_eq!(why(heard).await["fired"], json!(true), "its throttle was not moved for nobody");
}
