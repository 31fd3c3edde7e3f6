//! Rotating a hook's secret: what is answered, what is refused, and who may.

use std::time::Duration;

use serde_json::{Value, json};

use super::harness::Api;

const HOOKS: &str = "/api/0/projects/my-org/my-project/hooks/";

async fn make(api: &Api) -> Value {
    api.post(HOOKS, json!({"url": "https://example.com/"})).await.with_status(201)
}

fn path(hook: &Value) -> String {
    format!("{HOOKS}{}/", hook["id"].as_str().unwrap())
}

fn rotation(hook: &Value) -> String {
    format!("{}rotate-secret/", path(hook))
}

/// What changes: the secret and until when the old one holds.
fn secrets(hook: &Value) -> (&str, &Value) {
    let secret = hook["secret"].as_str().unwrap();
    let read: webhook::Secret = secret.parse().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(hook["signingSecret"], read.signing_secret());
    (secret, &hook["previousSecretUntil"])
}

#[tokio::test]
async fn a_rotation_answers_the_hook_with_its_new_secret_and_the_end_of_the_old_one() {
    let api = Api::start().await;
    let hook = make(&api).await;
    assert_eq!(secrets(&hook).1, &Value::Null);
    let rotated = api.post(&rotation(&hook), json!({"overlap": 60})).await.with_status(200);
    assert_eq!(secrets(&rotated).1, "2018-11-06T21:21:08.143Z");
    assert_ne!(secrets(&rotated).0, secrets(&hook).0);
    assert_eq!(api.get(&path(&hook)).await.with_status(200), rotated, "nothing else changed since");
    for (name, value) in hook.as_object().unwrap() {
        let changes = ["secret", "signingSecret", "previousSecretUntil"].contains(&name.as_str());
        assert_eq!(&rotated[name] != value, changes, "{name}");
    }
    api.clock.advance(Duration::from_secs(60));
    let later = api.get(&path(&hook)).await.with_status(200);
    assert_eq!(secrets(&later), (secrets(&rotated).0, &Value::Null));
}

#[tokio::test]
async fn a_rotation_that_says_nothing_overlaps_for_a_day() {
    let api = Api::start().await;
    for body in [json!({}), json!({"overlap": 86400}), json!({"overlap": "86400"})] {
        let hook = make(&api).await;
        let rotated = api.post(&rotation(&hook), body).await.with_status(200);
        assert_eq!(secrets(&rotated).1, "2018-11-07T21:20:08.143Z");
    }
    let hook = make(&api).await;
    let week = api.post(&rotation(&hook), json!({"overlap": 604_800})).await.with_status(200);
    assert_eq!(secrets(&week).1, "2018-11-13T21:20:08.143Z");
    let hook = make(&api).await;
    let empty = api.raw("POST", &rotation(&hook), "", "").await.with_status(200);
    assert_ne!(secrets(&empty).0, secrets(&hook).0);
}

#[tokio::test]
async fn a_second_rotation_is_refused_until_the_first_has_ended_or_is_finished() {
    let api = Api::start().await;
    let hook = make(&api).await;
    let first = api.post(&rotation(&hook), json!({"overlap": 60})).await.with_status(200);
    let refused = api.post(&rotation(&hook), json!({"overlap": 1})).await.with_status(409);
    let text = "The secret was rotated already, and both are valid until 2018-11-06T21:21:08.143Z. Finish that rotation first, \
                or rotate with an overlap of 0, which ends both at once.";
    assert_eq!(refused, json!({"detail": text}));
    assert_eq!(api.get(&path(&hook)).await.with_status(200), first, "a refused one changes nothing");

    let finished = api.post(&rotation(&hook), json!({"finish": true})).await.with_status(200);
    assert_eq!(secrets(&finished), (secrets(&first).0, &Value::Null));
    let again = api.post(&rotation(&hook), json!({"finish": true})).await.with_status(200);
    assert_eq!(again, finished, "there was nothing to finish");
    let second = api.post(&rotation(&hook), json!({"overlap": 60})).await.with_status(200);
    assert_ne!(secrets(&second).0, secrets(&first).0);
    let at_once = api.post(&rotation(&hook), json!({"overlap": 0})).await.with_status(200);
    assert_eq!(secrets(&at_once).1, &Value::Null);
    assert_ne!(secrets(&at_once).0, secrets(&second).0);
    api.post(&rotation(&hook), json!({"overlap": 60})).await.with_status(200);
    api.clock.advance(Duration::from_secs(60));
    api.post(&rotation(&hook), json!({"overlap": 60})).await.with_status(200);
}

#[tokio::test]
async fn what_a_rotation_cannot_mean_is_refused() {
    let api = Api::start().await;
    let hook = make(&api).await;
    let both = "Either finish the rotation that goes on, or begin one with this overlap.";
    for (body, refusal) in [
        (json!({"overlap": -1}), json!({"overlap": ["Ensure this value is greater than or equal to 0."]})),
        (json!({"overlap": 604_801}), json!({"overlap": ["Ensure this value is less than or equal to 604800."]})),
        (json!({"overlap": 1.5}), json!({"overlap": ["A valid integer is required."]})),
        (json!({"overlap": "soon"}), json!({"overlap": ["A valid integer is required."]})),
        (json!({"overlap": null}), json!({"overlap": ["This field may not be null."]})),
        (json!({"finish": false}), json!({"finish": ["Must be true, or left out."]})),
        (json!({"finish": "now"}), json!({"finish": ["Must be a valid boolean."]})),
        (json!({"finish": true, "overlap": 0}), json!({"finish": [both]})),
        (json!([]), json!({"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]})),
    ] {
        assert_eq!(api.post(&rotation(&hook), body.clone()).await.with_status(400), refusal, "{body}");
    }
    assert_eq!(api.get(&path(&hook)).await.with_status(200), hook);
}

#[tokio::test]
async fn who_may_not_change_a_hook_may_not_rotate_its_secret() {
    let api = Api::start().await;
    let hook = make(&api).await;
    let reader = api.token("project:read org:admin").await;
    assert_eq!(api.call("POST", &rotation(&hook), &reader, Some(json!({}))).await.status, 403);
    let writer = api.token("project:write").await;
    let rotated = api.call("POST", &rotation(&hook), &writer, Some(json!({}))).await.with_status(200);
    assert_ne!(secrets(&rotated).0, secrets(&hook).0);
    let other = api.add_project("other").await;
    let elsewhere = rotation(&hook).replace("my-project", &other.slug);
    assert_eq!(api.post(&elsewhere, json!({})).await.status, 404);
    assert_eq!(api.get(&rotation(&hook)).await.status, 405);
}

#[tokio::test]
async fn the_next_webhook_is_signed_by_both_secrets_without_waiting() {
    let api = Api::start().await;
    let hook = make(&api).await;
    api.post(&rotation(&hook), json!({"overlap": 60})).await.with_status(200);
    let directory = api.directory.current();
    let project = directory.project(api.project.id).unwrap();
    let signers = project.hooks[0].signers.as_ref().unwrap();
    assert!(signers.previous.is_some(), "the directory knew before the call was answered");
}
