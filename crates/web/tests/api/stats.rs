//! A hook's counters.

use std::sync::Arc;
use std::time::Duration;

use model::attempt::Interrupted;
use model::ids::{HookGuid, HookNumber, Millis};
use serde_json::{Value, json};
use store::Ledger as _;
use store::catalog::Catalog as _;
use store::ledger::{AttemptRow, Batch, NextState, Settlement};

use crate::harness::{Api, START};
use crate::recording::{Recording, batch};

const HOOKS: &str = "/api/0/projects/my-org/my-project/hooks/";

/// An API with a hook, the path of its counters, and its number.
async fn with_hook() -> (Api, String, HookNumber) {
    let api = Api::start().await;
    let hook =
        api.post(HOOKS, json!({"url": "https://example.com/", "events": ["event.created"]})).await.with_status(201);
    let id = hook["id"].as_str().unwrap();
    let guid: HookGuid = id.parse().unwrap();
    let hooks = api.store.hooks(api.project.id).await.unwrap();
    let number = hooks.iter().find(|hook| hook.guid == guid).unwrap().number;
    (api, format!("{HOOKS}{id}/stats/"), number)
}

/// Records an event that owes the hook a delivery, and settles attempts of it that began at these times.
async fn attempt(api: &Api, hook: HookNumber, times: &[Millis]) {
    let (_, recorded) = Recording::start(api).await.event(json!({"message": "crash"}), Duration::ZERO).await;
    let [owed] = &recorded.owed[..] else { panic!("the hook is owed nothing") };
    assert_eq!(owed.key.hook, hook);
    let attempts = times.iter().map(|time| AttemptRow::interrupted(*time, Interrupted::Lost)).collect();
    let settlement = Settlement { key: owed.key, attempts, next: NextState::Failed };
    let owner = api.store.register(START).await.unwrap();
    let batch = Batch { settlements: vec![settlement], ..batch(owner, START, vec![]) };
    api.store.record(Arc::new(batch)).await.unwrap();
}

fn points(answer: &Value) -> Vec<(i64, u64)> {
    let point = |point: &Value| (point["ts"].as_i64().unwrap(), point["total"].as_u64().unwrap());
    answer.as_array().unwrap().iter().map(point).collect()
}

#[tokio::test]
async fn without_parameters_the_last_24_hours_are_counted() {
    let (api, path, hook) = with_hook().await;
    let hour = 3_600_000;
    attempt(&api, hook, &[START, START, Millis(START.0 - hour), Millis(START.0 - 24 * hour)]).await;
    let answer = api.get(&path).await;
    let points = points(&answer.with_status(200));
    assert_eq!(answer.header("link"), None);
    assert_eq!(points.len(), 24);
    let last = START.0 / 1000 / 3600 * 3600;
    assert_eq!(points[23], (last, 2));
    assert_eq!(points[22], (last - 3600, 1));
    assert_eq!(points[0], (last - 23 * 3600, 0));
    assert!(points.windows(2).all(|pair| pair[1].0 - pair[0].0 == 3600));
}

#[tokio::test]
async fn the_finest_counter_that_covers_the_range_is_taken() {
    let (api, path, _) = with_hook().await;
    let until = 1_541_500_000;
    for (span, step) in [(0, 10), (60, 10), (3600, 10), (3601, 3600), (7 * 86_400, 3600), (7 * 86_400 + 1, 86_400)] {
        let answer = api.get(&format!("{path}?since={}&until={until}", until - span)).await;
        let points = points(&answer.with_status(200));
        assert_eq!(i64::try_from(points.len()).unwrap(), span / step + 1, "{span}");
        assert_eq!(points.last().unwrap().0, until / step * step, "{span}");
    }
}

#[tokio::test]
async fn a_resolution_can_be_written_in_any_unit() {
    let (api, path, hook) = with_hook().await;
    attempt(&api, hook, &[START]).await;
    api.clock.advance(Duration::from_secs(3600));
    for (resolution, points_of_a_day) in [("1h", 24), ("60m", 24), ("3600s", 24), ("1d", 1), ("24h", 1), ("10s", 8640)]
    {
        let points = points(&api.get(&format!("{path}?resolution={resolution}")).await.with_status(200));
        assert_eq!(points.len(), points_of_a_day, "{resolution}");
        assert_eq!(points.iter().map(|point| point.1).sum::<u64>(), 1, "{resolution}");
    }
}

#[tokio::test]
async fn times_may_have_decimals_and_thirty_days_by_day_is_what_the_page_asks_for() {
    let (api, path, hook) = with_hook().await;
    attempt(&api, hook, &[START]).await;
    let until = 1_541_539_209.5;
    let since = until - 30.0 * 86_400.0;
    let answer = api.get(&format!("{path}?since={since}&until={until}&resolution=1d")).await;
    let points = points(&answer.with_status(200));
    assert_eq!(points.len(), 31);
    assert_eq!(points[30], (1_541_539_209 / 86_400 * 86_400, 1));
}

#[tokio::test]
async fn a_range_that_cannot_be_is_refused() {
    let (api, path, _) = with_hook().await;
    for (query, detail) in [
        ("resolution=1w", "Invalid resolution"),
        ("resolution=10", "Invalid resolution"),
        ("resolution=h", "Invalid resolution"),
        ("resolution=2h", "Invalid resolution"),
        ("resolution=-1h", "Invalid resolution"),
        ("resolution=9223372036854775807d", "Invalid resolution"),
        ("resolution=1%C3%A9", "Invalid resolution"),
        ("until=now", "until must be a numeric timestamp."),
        ("until=NaN", "until must be a numeric timestamp."),
        ("until=1e300", "until must be a numeric timestamp."),
        ("since=yesterday", "since must be a numeric timestamp"),
        ("since=inf", "since must be a numeric timestamp"),
        ("since=200&until=100", "start must be before or equal to end"),
        (
            "since=0&resolution=10s",
            "The range has more than 10000 points: ask for a shorter one, or for a coarser resolution.",
        ),
    ] {
        let answer = api.get(&format!("{path}?{query}")).await;
        assert_eq!(answer.with_status(400), json!({"detail": detail}), "{query}");
    }
    assert_eq!(api.get(&format!("{path}?since=&until=&resolution=")).await.status, 200);
}

#[tokio::test]
async fn counters_are_those_of_one_hook_and_end_with_it() {
    let (api, path, hook) = with_hook().await;
    attempt(&api, hook, &[START]).await;
    let other = api.post(HOOKS, json!({"url": "https://example.com/"})).await.with_status(201);
    let other = format!("{HOOKS}{}/", other["id"].as_str().unwrap());
    let points = points(&api.get(&format!("{other}stats/")).await.with_status(200));
    assert!(points.iter().all(|point| point.1 == 0));
    assert_eq!(api.delete(&other).await.status, 204);
    assert_eq!(api.get(&format!("{other}stats/")).await.status, 404);
    assert_eq!(api.get(&path).await.status, 200);
}
