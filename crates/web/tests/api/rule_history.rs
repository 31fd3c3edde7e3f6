//! What a rule has done: by hour, and by issue.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Api, BASE_URL};
use crate::recording::Recording;
use crate::rules::{least, make, path};

const MINUTE: Duration = Duration::from_secs(60);

/// An API with a rule that has fired twice for one issue and once for another, over two hours; with the ids of the events.
async fn with_history() -> (Api, Value, Vec<String>) {
    let api = Api::start().await;
    let rule = make(&api, least("Everything", 5)).await;
    let mut recording = Recording::start(&api).await;
    let mut events = Vec::new();
    for (message, then) in [("crash", MINUTE), ("leak", MINUTE), ("crash", 50 * MINUTE), ("crash", MINUTE)] {
        events.push(recording.event(json!({"message": message}), then).await.0);
    }
    (api, rule, events)
}

#[tokio::test]
async fn firings_are_counted_by_the_hour() {
    let (api, rule, _) = with_history().await;
    let stats = format!("{}stats/", path(&rule));
    let hours = api.get(&stats).await.with_status(200);
    let hours = hours.as_array().unwrap();
    assert_eq!(hours.len(), 14 * 24 + 1, "two weeks and the hour that has begun");
    let fired: Vec<&Value> = hours.iter().filter(|hour| hour["count"] != 0).collect();
    let hour = |date: &str, count: u32| json!({"date": date, "count": count});
    assert_eq!(json!(fired), json!([hour("2018-11-06T21:00:00.000Z", 2), hour("2018-11-06T22:00:00.000Z", 1)]));
    let span = "start=2018-11-06T20:30:00Z&end=2018-11-06T22:00:00Z";
    let hours = api.get(&format!("{stats}?{span}")).await.with_status(200);
    assert_eq!(hours, json!([hour("2018-11-06T20:00:00.000Z", 0), hour("2018-11-06T21:00:00.000Z", 2)]));
    let said = api.get(&format!("{stats}?statsPeriod=1y")).await.with_status(400);
    assert!(said["detail"].as_str().unwrap().starts_with("Invalid statsPeriod"), "{said}");
}

#[tokio::test]
async fn firings_are_listed_by_issue_the_most_frequent_first() {
    let (api, rule, events) = with_history().await;
    let history = format!("{}group-history/", path(&rule));
    let listed = api.get(&history).await.with_status(200);
    let shown = |one: &Value| json!([one["group"]["title"], one["count"], one["lastTriggered"], one["eventId"]]);
    let listed: Vec<Value> = listed.as_array().unwrap().iter().map(shown).collect();
    let expected = [
        json!(["crash", 2, "2018-11-06T22:12:08.143Z", events[3]]),
        json!(["leak", 1, "2018-11-06T21:21:08.143Z", events[1]]),
    ];
    assert_eq!(listed, expected);
    let page = api.get(&format!("{history}?per_page=1")).await;
    let only = page.with_status(200);
    assert_eq!(only.as_array().unwrap().len(), 1);
    assert!(page.header("link").unwrap().contains("rel=\"next\"; results=\"true\""));
    let issue = only[0]["group"]["id"].as_str().unwrap();
    let permalink = format!("{BASE_URL}/organizations/my-org/issues/{issue}/");
    assert_eq!((&only[0]["group"]["permalink"], &only[0]["group"]["count"]), (&json!(permalink), &json!("3")));
    let early = api.get(&format!("{history}?start=2018-11-06T21:00:00Z&end=2018-11-06T21:21:00Z")).await;
    assert_eq!(early.with_status(200)[0]["eventId"], json!(events[0]));
}

#[tokio::test]
async fn the_last_firing_is_shown_with_the_rule() {
    let (api, rule, _) = with_history().await;
    let shown = api.get(&path(&rule)).await.with_status(200);
    assert_eq!(shown["lastTriggered"], "2018-11-06T22:12:08.143Z");
    let listed = api.get(crate::rules::RULES).await.with_status(200);
    assert_eq!(listed[0]["lastTriggered"], shown["lastTriggered"]);
}
