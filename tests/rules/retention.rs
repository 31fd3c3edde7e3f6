//! Events are kept for days, what rules remember for as long as they need it: a throttle of a month, a count over a month, a
//! comparison with last week.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::clock::MovedClock;
use crate::support::ledger::Ledger;
use crate::support::rules::{RuleScene, condition, event};
use crate::support::server::TestServer;

const DAY_S: i64 = 86_400;
/// Between two events. With the least retention there is, the one before the last is gone when the next comes.
const DAYS_BETWEEN: i64 = 2;
/// A wait this long has failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at the tables.
const POLL_PAUSE: Duration = Duration::from_millis(5);

const FREQUENCY: &str = "event_frequency.EventFrequencyCondition";

#[test]
fn a_throttle_and_a_count_of_a_month_outlive_the_events_that_they_are_of() {
    let clock = MovedClock::new();
    let mut scene = scene(&clock);
    scene.rule("once a month", &json!({ "frequency": 43_200 }));
    let often = condition(FREQUENCY, &json!({ "value": 9, "interval": "30d" }));
    scene.rule("ten in a month", &json!({ "conditions": [often], "frequency": 43_200 }));
    let first_seen = condition("first_seen_event.FirstSeenEventCondition", &json!({}));
    scene.rule("first seen", &json!({ "conditions": [first_seen] }));
    let mut expected = Vec::new();
    for number in 0..17 {
        at(&mut scene, &clock, number * DAYS_BETWEEN);
        let id = scene.send(event("one", &json!({})));
        scene.both.receiver.wait_for_event(&id);
        match number {
            0 => expected.push((id, json!(["once a month", "first seen"]))),
            9 => expected.push((id, json!(["ten in a month"]))),
            15 => expected.push((id, json!(["once a month"]))),
            _ => {}
        }
    }
    told_exactly(scene, expected);
}

#[test]
fn a_comparison_with_last_week_knows_what_was_counted_then() {
    let clock = MovedClock::new();
    let mut scene = scene(&clock);
    let compared = json!({ "interval": "1d", "value": 49, "comparisonType": "percent", "comparisonInterval": "1w" });
    scene.rule("half as many again", &json!({ "conditions": [condition(FREQUENCY, &compared)] }));
    let send = |scene: &RuleScene| {
        let id = scene.send(event("one", &json!({})));
        scene.both.receiver.wait_for_event(&id);
        id
    };
    send(&scene);
    send(&scene);
    for day in [2, 4, 6] {
        at(&mut scene, &clock, day);
        send(&scene);
    }
    // A quarter of a day later than a week, so that the last day holds nothing but what comes now.
    clock.set(7 * DAY_S + DAY_S / 4);
    scene.restart();
    for _ in 0..2 {
        send(&scene);
    }
    let id = send(&scene);
    told_exactly(scene, vec![(id, json!(["half as many again"]))]);
}

fn scene(clock: &MovedClock) -> RuleScene {
    let [one, two] = clock.environment();
    let scene = RuleScene::of(TestServer::start_with(&[one, two, ("WATCHFIRE_RETENTION_DAYS", "3")]));
    scene.trust_the_clock_of_the_sender();
    scene
}

/// Moves the clock to a day, and waits until events of other days than the last three are gone.
fn at(scene: &mut RuleScene, clock: &MovedClock, day: i64) {
    clock.set(day * DAY_S);
    scene.restart();
    let deadline = Instant::now() + PATIENCE;
    while Ledger::open(scene.server.folder()).days() > 2 {
        assert!(Instant::now() < deadline, "old events are not deleted");
        // sleep allowed: the server tells nobody what it has deleted, its tables have to be asked
        thread::sleep(POLL_PAUSE);
    }
}

/// Stops the server; these alerts came, and no others.
fn told_exactly(mut scene: RuleScene, expected: Vec<(String, Value)>) {
    scene.alerts.receiver.wait_for(expected.len());
    scene.server.stop();
    let webhooks = scene.alerts.receiver.webhooks();
    let told =
        webhooks.iter().map(|webhook| (webhook.event_id().to_owned(), webhook.json()["triggering_rules"].clone()));
    assert_eq!(told.collect::<Vec<_>>(), expected);
}
