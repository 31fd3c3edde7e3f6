//! What a rule would have done on the events that were.

use std::time::Duration;

use model::limits::HINDSIGHT_EVENTS;
use serde_json::{Value, json};
use store::Rules as _;

use crate::harness::Api;
use crate::recording::Recording;
use crate::rules::{RULES, least, make};

const PREVIEW: &str = "/api/0/projects/my-org/my-project/rules/preview/";
const MINUTE: Duration = Duration::from_secs(60);

fn condition(name: &str, fields: Value) -> Value {
    node(&format!("sentry.rules.conditions.{name}"), fields)
}

fn filter(name: &str, fields: Value) -> Value {
    node(&format!("sentry.rules.filters.{name}"), fields)
}

fn node(id: &str, mut fields: Value) -> Value {
    fields["id"] = json!(id);
    fields
}

#[tokio::test]
async fn a_preview_says_of_each_event_what_the_rule_would_have_done() {
    let api = Api::start().await;
    let mut recording = Recording::start(&api).await;
    let event = |plan: &str| json!({"message": "crash", "tags": {"plan": plan}, "environment": plan});
    let (first, _) = recording.event(event("gold"), MINUTE).await;
    let (second, _) = recording.event(event("gold"), MINUTE * 5).await;
    let (third, _) = recording.event(event("free"), MINUTE).await;
    let (fourth, _) = recording.event(event("gold"), MINUTE).await;
    let body = json!({
        "conditions": [],
        "filters": [filter("tagged_event.TaggedEventFilter", json!({"key": "plan", "match": "eq", "value": "gold"}))],
        "frequency": 5,
    });
    let preview = api.post(PREVIEW, body).await.with_status(200);
    assert_eq!(json!([preview["looked"], preview["fires"], preview["stopped"]]), json!([4, 2, "start"]));
    assert_eq!(preview["since"], "2018-10-23T21:28:08.143Z");
    let said: Vec<Value> = preview["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| json!([event["eventId"], event["environment"], event["outcome"], event["fires"]]))
        .collect();
    let expected = [
        json!([fourth.to_string(), "gold", "fires", true]),
        json!([third.to_string(), "free", "filters", false]),
        json!([second.to_string(), "gold", "frequency", false]),
        json!([first.to_string(), "gold", "fires", true]),
    ];
    assert_eq!(said, expected);
    assert_eq!(preview["events"][1]["filters"][0]["found"], json!(["free"]));
    assert_eq!(api.get(RULES).await.with_status(200), json!([]), "nothing is kept");
}

#[tokio::test]
async fn a_preview_looks_back_two_weeks() {
    let api = Api::start().await;
    let mut recording = Recording::start(&api).await;
    let event = json!({"message": "crash"});
    recording.event(event.clone(), Duration::from_secs(86_400)).await;
    let (kept, _) = recording.event(event, Duration::from_secs(14 * 86_400)).await;
    let id = "event_frequency.EventFrequencyCondition";
    let body = json!({"conditions": [condition(id, json!({"value": 1, "interval": "1w"}))]});
    let preview = api.post(PREVIEW, body).await.with_status(200);
    assert_eq!(json!([preview["looked"], preview["stopped"]]), json!([1, "days"]));
    assert_eq!(preview["events"][0]["eventId"], kept.to_string());
    assert_eq!(preview["events"][0]["assumed"], json!(["counts"]), "what came before is not counted");
    assert_eq!(preview["stoppedAt"], preview["events"][0]["dateReceived"]);
}

#[tokio::test]
async fn a_preview_stops_at_so_many_events_and_says_so() {
    let api = Api::start().await;
    let mut recording = Recording::start(&api).await;
    recording.crowd(HINDSIGHT_EVENTS + 5, json!({"message": "crash", "user": {"id": "7"}})).await;
    let frequency = |name: &str, value: u32| {
        condition(&format!("event_frequency.{name}"), json!({"value": value, "interval": "1h"}))
    };
    let often = frequency("EventFrequencyCondition", 1_999);
    let by_many = frequency("EventUniqueUserFrequencyCondition", 1);
    let body = json!({"actionMatch": "any", "conditions": [often, by_many]});
    let preview = api.post(PREVIEW, body).await.with_status(200);
    assert_eq!(json!([preview["looked"], preview["stopped"]]), json!([HINDSIGHT_EVENTS, "events"]));
    assert_eq!((&preview["fires"], &preview["events"][0]["fires"]), (&json!(1), &json!(true)), "the last of 2000");
    assert_eq!(preview["events"][1]["conditions"][0]["found"], json!(["1999"]), "what is older is not counted");
    assert_eq!(preview["events"][1]["assumed"], json!(["counts"]));
}

#[tokio::test]
async fn a_preview_stops_where_its_answer_would_be_too_large() {
    let api = Api::start().await;
    let mut recording = Recording::start(&api).await;
    let texts = vec!["x".repeat(200); 10];
    recording.crowd(100, json!({"message": "crash", "extra": {"list": texts}})).await;
    let long = filter(
        "event_attribute.EventAttributeFilter",
        json!({"attribute": "extra.list", "match": "nc", "value": "y".repeat(1_000)}),
    );
    let body = json!({"filterMatch": "all", "filters": vec![long.clone(); 100], "conditions": vec![long; 100]});
    let preview = api.post(PREVIEW, body).await.with_status(200);
    assert_eq!(preview["stopped"], "events");
    let looked = preview["looked"].as_u64().unwrap();
    assert!((30..100).contains(&looked), "{looked}");
    assert_eq!(preview["events"][0]["filters"][99]["found"].as_array().unwrap().len(), 10);
    assert_eq!(preview["events"][0]["filters"][99]["name"].as_str().unwrap().len(), 200);
}

#[tokio::test]
async fn a_preview_wants_what_a_rule_wants_but_for_its_name_and_actions() {
    let api = Api::start().await;
    api.post(PREVIEW, json!({})).await.with_status(200);
    let said = api.post(PREVIEW, json!({"conditions": [{"id": "x"}], "frequency": 4})).await.with_status(400);
    let expected = json!({
        "conditions": ["'x' is not a known condition or filter."],
        "frequency": ["Ensure this value is greater than or equal to 5."],
    });
    assert_eq!(said, expected);
    assert_eq!(api.post(PREVIEW, json!([])).await.status, 400);
}

/// Rules of every kind, each told apart from the others.
fn rules() -> Vec<Value> {
    let frequency = |name: &str, value: u32, interval: &str| {
        condition(&format!("event_frequency.{name}"), json!({"value": value, "interval": interval}))
    };
    let percent = json!({"value": 50, "interval": "15m", "comparisonType": "percent", "comparisonInterval": "15m"});
    let tag = filter("tagged_event.TaggedEventFilter", json!({"key": "plan", "match": "ne", "value": "free"}));
    let first_seen = condition("first_seen_event.FirstSeenEventCondition", json!({}));
    let bodies = [
        json!({"conditions": []}),
        json!({"conditions": [first_seen]}),
        json!({"conditions": [first_seen], "environment": "staging"}),
        json!({"conditions": [frequency("EventFrequencyCondition", 3, "15m")]}),
        json!({"conditions": [frequency("EventFrequencyCondition", 2, "1h")], "environment": "production"}),
        json!({"conditions": [frequency("EventUniqueUserFrequencyCondition", 2, "1h")]}),
        json!({"conditions": [frequency("EventUniqueUserFrequencyConditionWithConditions", 1, "1h")], "filters": [tag]}),
        json!({"conditions": [condition("event_frequency.EventFrequencyCondition", percent)]}),
        json!({"filters": [filter("issue_occurrences.IssueOccurrencesFilter", json!({"value": 7}))]}),
        json!({"filters": [filter("latest_release.LatestReleaseFilter", json!({}))]}),
        json!({"filters": [filter("latest_release.LatestReleaseFilter", json!({}))], "environment": "production"}),
        json!({"filters": [filter("age_comparison.AgeComparisonFilter",
                                  json!({"comparison_type": "older", "value": 1, "time": "hour"}))]}),
        json!({"conditions": [first_seen, frequency("EventFrequencyCondition", 5, "1h")], "actionMatch": "any",
               "filters": [tag, filter("level.LevelFilter", json!({"match": "gte", "level": "50"}))],
               "filterMatch": "none"}),
    ];
    let whole = |(index, fields): (usize, Value)| {
        let mut body = least(&format!("Rule {index}"), [5, 30, 7][index % 3]);
        body["filterMatch"] = json!("all");
        for (name, value) in fields.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    bodies.into_iter().enumerate().map(whole).collect()
}

#[tokio::test]
async fn a_preview_agrees_with_what_fired() {
    let api = Api::start().await;
    let mut made = Vec::new();
    for body in rules() {
        made.push((make(&api, body.clone()).await, body));
    }
    let mut recording = Recording::start(&api).await;
    let mut happened = Vec::new();
    let mut chance = 7_u64;
    for _ in 0..150 {
        let mut pick = |most: u64| {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (chance >> 33) % most
        };
        let mut one_of = |words: &[&str]| words[usize::try_from(pick(words.len() as u64)).unwrap()].to_owned();
        let (message, level) = (one_of(&["crash", "timeout", "leak"]), one_of(&["error", "fatal"]));
        let (environment, plan) = (one_of(&["production", "staging"]), one_of(&["free", "gold"]));
        let event = json!({
            "message": message,
            "level": level,
            "environment": environment,
            "release": format!("app@{}", happened.len() as u64 / 40 + pick(2)),
            "user": {"id": pick(4)},
            "tags": {"plan": plan},
        });
        let then = Duration::from_millis(1 + pick(180_000));
        happened.push(recording.event(event, then).await);
    }
    for (rule, body) in made {
        let preview = api.post(PREVIEW, body).await.with_status(200);
        assert_eq!(preview["looked"], 150);
        let mut fired = 0;
        for ((id, recorded), said) in happened.iter().rev().zip(preview["events"].as_array().unwrap()) {
            let rows = api.store.fired_on(api.project.id, recorded.seq).await.unwrap();
            let did = rows.iter().any(|row| row.rule.to_string() == rule["id"].as_str().unwrap());
            assert_eq!(said["eventId"], id.to_string());
            assert_eq!(said["fires"], did, "{}: {said}", rule["name"]);
            assert_eq!(said["assumed"], json!([]));
            fired += usize::from(did);
        }
        assert!(fired > 0, "{} never fired", rule["name"]);
    }
}
