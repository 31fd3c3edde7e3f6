//! Sending again: one delivery, or what was not delivered in a period.

use std::time::Duration;

use serde_json::{Value, json};
use store::deliveries::Deliveries as _;
use store::ledger::{Ledger as _, NextState, SweepPlan};

use crate::harness::{Api, keys_in_order};
use crate::sent::{Sent, answered};

/// One slice of the only replay that runs.
async fn slice(api: &Api, limit: usize) -> usize {
    let running = api.store.running_replays().await.unwrap();
    let [(_, replay)] = running.try_into().unwrap();
    api.store.replay_slice(replay, limit, api.now()).await.unwrap().unwrap().sent_again
}

async fn disable(sent: &Sent<'_>) {
    let hook = sent.api.put(&sent.path(""), json!({"isActive": false})).await.with_status(200);
    assert_eq!(hook["status"], "disabled");
}

#[tokio::test]
async fn a_settled_delivery_is_sent_again_under_its_id_and_its_log_goes_on() {
    let api = Api::start().await;
    let mut sent = Sent::start(&api).await;
    let owed = sent.fail("Boom").await;
    api.clock.advance(Duration::from_secs(5));
    let path = sent.path(&format!("deliveries/{}/", owed.id));
    let accepted = api.post(&format!("{path}redeliver/"), json!({})).await.with_status(202);
    assert_eq!((&accepted["id"], &accepted["state"]), (&json!(owed.id), &json!("waiting")));
    assert_eq!(
        (&accepted["due"], &accepted["sentAgain"]),
        (&accepted["sentAgain"], &json!("2018-11-06T21:21:13.143Z"))
    );
    assert_eq!(accepted["attempts"], 1);
    let refused = api.post(&format!("{path}redeliver"), json!({})).await.with_status(409);
    let text = "The delivery is waiting to be sent already. It can be sent again once it is settled.";
    assert_eq!(refused, json!({ "detail": text }));
    assert_eq!(sent.claim().await, 1);
    let refused = api.post(&format!("{path}redeliver/"), json!({})).await.with_status(409);
    let text = "The delivery is being sent right now. It can be sent again once it is settled.";
    assert_eq!(refused, json!({ "detail": text }));
    sent.settle(owed.key, vec![answered(api.now(), 204)], NextState::Delivered).await;
    let detail = api.get(&path).await.with_status(200);
    assert_eq!((&detail["state"], &detail["attempts"]), (&json!("delivered"), &json!(2)));
    assert_eq!(detail["log"][1]["timings"]["queue"], 0.0, "it waited since it was asked for");
    let headers = detail["log"][1]["requestHeaders"].as_array().unwrap();
    assert!(headers.contains(&json!(["x-sentry-hook-attempt", "2"])), "{headers:?}");
}

#[tokio::test]
async fn what_cannot_be_sent_again_says_why() {
    let api = Api::start().await;
    let mut sent = Sent::start(&api).await;
    let (gone, kept) = (sent.fail("Gone").await, sent.fail("Kept").await);
    let issues = format!("/api/0/projects/my-org/my-project/issues/?id={}", gone.recorded.issue);
    assert_eq!(api.delete(&issues).await.status, 202);
    let plan = SweepPlan { now: api.now(), keep_from: model::ids::Millis(0), waiting_per_hook: 100, limit: 100 };
    while api.store.sweep(plan).await.unwrap().more {}
    let redeliver = |id: &str| sent.path(&format!("deliveries/{id}/redeliver/"));
    let refused = api.post(&redeliver(&gone.id), json!({})).await.with_status(410);
    let text = "The event of this delivery is not kept any more, so there is nothing to send again.";
    assert_eq!(refused, json!({ "detail": text }));
    let shown = api.get(&sent.path(&format!("deliveries/{}/", gone.id))).await.with_status(200);
    assert_eq!((&shown["event"], &shown["request"]["body"]), (&Value::Null, &Value::Null));
    disable(&sent).await;
    let text = json!({"detail": "The hook is disabled, so nothing is sent to it. Enable it first, with isActive."});
    assert_eq!(api.post(&redeliver(&kept.id), json!({})).await.with_status(409), text);
    assert_eq!(api.post(&sent.path("replays/"), json!({"since": 0})).await.with_status(409), text);
}

#[tokio::test]
async fn a_replay_shows_its_progress_to_its_end() {
    let api = Api::start().await;
    let mut sent = Sent::start(&api).await;
    for _ in 0..3 {
        sent.fail("Boom").await;
    }
    let delivered = sent.owe("Boom").await;
    sent.claim().await;
    sent.settle(delivered.key, vec![answered(api.now(), 204)], NextState::Delivered).await;
    let body = json!({"since": "2018-11-06T21:20:00Z", "status": ["failed"]});
    let answer = api.post(&sent.path("replays/"), body.clone()).await;
    let made = answer.with_status(201);
    let keys = ["id", "state", "since", "until", "status", "found", "sentAgain", "created", "ended"];
    assert_eq!(keys_in_order(&answer.text), keys);
    let now = "2018-11-06T21:24:08.143Z";
    let expected = json!({
        "id": made["id"], "state": "running", "since": "2018-11-06T21:20:00.000Z", "until": now, "status": ["failed"],
        "found": 3, "sentAgain": 0, "created": now, "ended": null,
    });
    assert_eq!(made, expected);
    let refused = api.post(&sent.path("replays/"), body).await.with_status(409);
    let id = made["id"].as_str().unwrap();
    let text =
        format!("The replay {id} of this hook is still running. Wait until it ends, or stop it with a DELETE first.");
    assert_eq!(refused, json!({ "detail": text }));
    let path = sent.path(&format!("replays/{id}/"));
    assert_eq!(slice(&api, 2).await, 2);
    let half = api.get(&path).await.with_status(200);
    assert_eq!((&half["state"], &half["sentAgain"], &half["ended"]), (&json!("running"), &json!(2), &Value::Null));
    assert_eq!(slice(&api, 2).await, 1);
    let done = api.get(&path).await.with_status(200);
    assert_eq!((&done["state"], &done["sentAgain"], &done["ended"]), (&json!("done"), &json!(3), &json!(now)));
    assert_eq!(api.get(&sent.path("replays/")).await.with_status(200), json!([done]));
    let again = api.delete(&path).await.with_status(200);
    assert_eq!(again, done, "what has ended cannot be stopped any more");
    assert_eq!(api.get(&sent.path("deliveries/?status=waiting")).await.with_status(200).as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_replay_can_be_stopped() {
    let api = Api::start().await;
    let mut sent = Sent::start(&api).await;
    for _ in 0..2 {
        sent.fail("Boom").await;
    }
    let made = api.post(&sent.path("replays/"), json!({"since": 0, "status": "failed"})).await.with_status(201);
    slice(&api, 1).await;
    let path = sent.path(&format!("replays/{}/", made["id"].as_str().unwrap()));
    let stopped = api.delete(&path).await.with_status(200);
    assert_eq!((&stopped["state"], &stopped["sentAgain"]), (&json!("stopped"), &json!(1)));
    let list = api.get(&sent.path("deliveries/?status=failed")).await.with_status(200);
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(api.delete(&sent.path("replays/999/")).await.status, 404);
    assert_eq!(api.get(&sent.path("replays/x/")).await.status, 404);
}

#[tokio::test]
async fn a_replay_that_makes_no_sense_is_refused_field_by_field() {
    let api = Api::start().await;
    let sent = Sent::start(&api).await;
    let time = "Datetime has wrong format. Use one of these formats instead: \
                YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].";
    let order = "since must be before or equal to until, and not in the future.";
    let choice = "\"delivered\" is not a valid choice: failed, expired, cancelled or skipped.";
    for (body, errors) in [
        (json!({}), json!({"since": ["This field is required."]})),
        (json!({"since": null}), json!({"since": ["This field may not be null."]})),
        (json!({"since": "then", "until": true}), json!({"since": [time], "until": [time]})),
        (json!({"since": "2018-11-06", "until": "2018-11-05"}), json!({"since": [order]})),
        (json!({"since": "2999-01-01"}), json!({"since": [order]})),
        (json!({"since": 0, "status": "delivered"}), json!({"status": [choice]})),
        (json!({"since": 0, "status": ["failed", "delivered"]}), json!({"status": {"1": [choice]}})),
        (json!({"since": 0, "status": []}), json!({"status": ["This list may not be empty."]})),
        (json!([]), json!({"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]})),
    ] {
        let refused = api.post(&sent.path("replays/"), body.clone()).await.with_status(400);
        assert_eq!(refused, errors, "{body}");
    }
    assert_eq!(api.get(&sent.path("replays/")).await.with_status(200), json!([]));
}
