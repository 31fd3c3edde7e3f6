//! Figures over the API: attempts over time, and an organization at a glance.

use std::time::Duration;

use model::attempt::Outcome;
use serde_json::{Value, json};

use crate::harness::Api;
use crate::sent::Sent;

const OVERVIEW: &str = "/api/0/organizations/my-org/overview/";

fn last(list: &Value) -> &Value {
    list.as_array().unwrap().last().unwrap()
}

#[tokio::test]
async fn attempts_are_shown_by_outcome_and_latency_over_time() {
    let api = Api::start().await;
    let mut sent = Sent::start(&api).await;
    for (outcome, duration_us) in
        [(Outcome::Succeeded, 2_000), (Outcome::Succeeded, 2_000), (Outcome::HttpError, 90_000)]
    {
        sent.attempted(outcome, duration_us).await;
    }
    let day = api.get(&sent.path("outcomes/?statsPeriod=24h")).await.with_status(200);
    assert_eq!(day.as_array().unwrap().len(), 24);
    assert_eq!(day[0], json!({"ts": 1_541_455_200, "attempts": {}, "latency": null}));
    let now = last(&day);
    assert_eq!(now["attempts"], json!({"succeeded": 2, "http_error": 1}));
    let close = |shown: &Value, real: f64| (shown.as_f64().unwrap() / real - 1.0).abs() < 0.11;
    assert!(close(&now["latency"]["p50"], 2.0) && close(&now["latency"]["p99"], 90.0), "{now}");
    api.clock.advance(Duration::from_secs(86_400));
    let month = api.get(&sent.path("outcomes/")).await.with_status(200);
    assert_eq!(month.as_array().unwrap().len(), 30);
    assert_eq!(month[28]["attempts"], json!({"succeeded": 2, "http_error": 1}));
    assert_eq!(last(&month)["attempts"], json!({}));
    let wrong = api.get(&sent.path("outcomes/?statsPeriod=14d")).await.with_status(400);
    assert_eq!(wrong, json!({"detail": "Invalid statsPeriod: 24h or 30d is expected."}));
}

#[tokio::test]
async fn a_hook_says_how_its_last_day_went() {
    let api = Api::start().await;
    let mut sent = Sent::start(&api).await;
    sent.attempted(Outcome::Succeeded, 1_000).await;
    sent.attempted(Outcome::TimedOut, 5_000_000).await;
    let shown = api.get(&sent.path("")).await.with_status(200);
    assert_eq!(shown["health"]["last24h"], json!({"attempts": 2, "succeeded": 1}));
    api.clock.advance(Duration::from_secs(86_400));
    let shown = api.get(&sent.path("")).await.with_status(200);
    assert_eq!(shown["health"]["last24h"], json!({"attempts": 0, "succeeded": 0}));
}

#[tokio::test]
async fn an_organization_is_shown_at_a_glance_to_who_may_see_it() {
    let api = Api::start().await;
    api.add_project("quiet").await;
    let mut sent = Sent::start(&api).await;
    sent.attempted(Outcome::Succeeded, 1_000).await;
    sent.attempted(Outcome::HttpError, 1_000).await;
    let disabled = json!({"url": "https://example.org/", "isActive": false});
    api.post("/api/0/projects/my-org/my-project/hooks/", disabled).await.with_status(201);
    let overview = api.get(OVERVIEW).await.with_status(200);
    assert_eq!(overview["process"], Value::Null, "nothing sends here");
    let project = |slug: &str| {
        let projects = overview["projects"].as_array().unwrap();
        projects.iter().find(|project| project["slug"] == slug).unwrap().clone()
    };
    let (busy, quiet) = (project("my-project"), project("quiet"));
    assert_eq!(busy["events"].as_array().unwrap().len(), 24);
    assert_eq!(last(&busy["events"]), &json!([1_541_538_000, 2]));
    assert_eq!(busy["attempts"], json!({"total": 2, "succeeded": 1}));
    assert_eq!(busy["hooks"], json!({"total": 2, "active": 1, "failing": 0}));
    assert_eq!(quiet["hooks"], json!({"total": 0, "active": 0, "failing": 0}));
    assert_eq!(overview["failingHooks"], json!([]));
    let nobody = api.token("team:read").await;
    api.call("GET", OVERVIEW, &nobody, None).await.with_status(403);
}
