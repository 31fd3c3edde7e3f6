//! Service hooks, from their making to their end.

use std::time::Duration;

use model::limits::HOOKS_PER_PROJECT;
use serde_json::{Value, json};

use crate::harness::{Api, keys_in_order};

const HOOKS: &str = "/api/0/projects/my-org/my-project/hooks/";

async fn make(api: &Api, body: Value) -> Value {
    api.post(HOOKS, body).await.with_status(201)
}

fn path(hook: &Value) -> String {
    format!("{HOOKS}{}/", hook["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_new_hook_is_answered_whole() {
    let api = Api::start().await;
    let answer = api.post(HOOKS, json!({"url": "https://example.com/hook?a=b", "events": ["event.created"]})).await;
    let hook = answer.with_status(201);
    assert_eq!(
        keys_in_order(&answer.text),
        [
            "id",
            "url",
            "secret",
            "status",
            "events",
            "dateCreated",
            "signingSecret",
            "previousSecretUntil",
            "timeout",
            "retries",
            "concurrency",
            "maxAge",
            "whenOpen",
            "filters",
            "filterMatch",
            "headers",
            "health"
        ]
    );
    let is_hex = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let (id, secret) = (hook["id"].as_str().unwrap(), hook["secret"].as_str().unwrap());
    assert!(id.len() == 32 && is_hex(id), "{id}");
    assert!(secret.len() == 64 && is_hex(secret), "{secret}");
    let read_back = webhook::Secret::from_signing_secret(hook["signingSecret"].as_str().unwrap()).unwrap();
    assert_eq!(read_back.expose(), secret);
    assert_eq!(hook["url"], "https://example.com/hook?a=b");
    assert_eq!(hook["status"], "active");
    assert_eq!(hook["events"], json!(["event.created"]));
    assert_eq!(hook["dateCreated"], "2018-11-06T21:20:08.143Z");
    assert_eq!((&hook["filters"], &hook["filterMatch"]), (&json!([]), &json!("all")));
}

#[tokio::test]
async fn two_hooks_share_neither_id_nor_secret_though_they_may_share_a_url() {
    let api = Api::start().await;
    let body = json!({"url": "https://example.com/"});
    let (one, other) = (make(&api, body.clone()).await, make(&api, body).await);
    assert_ne!(one["id"], other["id"]);
    assert_ne!(one["secret"], other["secret"]);
}

#[tokio::test]
async fn a_hook_is_narrowed_by_filters_until_they_are_changed() {
    let api = Api::start().await;
    let level = json!({"id": "sentry.rules.filters.level.LevelFilter", "match": "gte", "level": "40"});
    let tag = json!({"id": "sentry.rules.filters.tagged_event.TaggedEventFilter", "key": "customer", "match": "eq", "value": "acme"});
    let mut shown = level.clone();
    shown["name"] = json!("The event's level is greater than or equal to error");
    let body = json!({"url": "https://example.com/", "filters": [shown, tag], "filterMatch": "any"});
    let hook = make(&api, body).await;
    assert_eq!((&hook["filters"], &hook["filterMatch"]), (&json!([level, tag]), &json!("any")));
    let hook = api.put(&path(&hook), json!({"isActive": false})).await.with_status(200);
    assert_eq!((&hook["filters"], &hook["filterMatch"]), (&json!([level, tag]), &json!("any")));
    let hook = api.put(&path(&hook), json!({"filters": [tag], "filterMatch": "none"})).await.with_status(200);
    assert_eq!((&hook["filters"], &hook["filterMatch"]), (&json!([tag]), &json!("none")));
    let hook = api.put(&path(&hook), json!({"filters": []})).await.with_status(200);
    assert_eq!(hook["filters"], json!([]));
    assert_eq!(api.get(&path(&hook)).await.with_status(200), hook);
}

#[tokio::test]
async fn events_are_sorted_and_each_is_kept_once() {
    let api = Api::start().await;
    let events = json!(["event.created", "event.alert", " event.created "]);
    let both = json!(["event.alert", "event.created"]);
    let hook = make(&api, json!({"url": "https://example.com/", "events": events})).await;
    assert_eq!(hook["events"], both);
    let hook = api.put(&path(&hook), json!({"events": ["event.created", "event.created"]})).await.with_status(200);
    assert_eq!(hook["events"], json!(["event.created"]));
    let noted = api.get(&path(&hook)).await;
    assert_eq!(noted.header("x-watchfire-note"), None);
    let noted = api.put(&path(&hook), json!({"events": []})).await;
    let note = "gets nothing until it has events: event.alert, event.created or both";
    assert_eq!(noted.header("x-watchfire-note"), Some(note));
    let hook = noted.with_status(200);
    assert_eq!(hook["events"], json!([]));
    let hook = make(&api, json!({"url": "https://example.com/"})).await;
    assert_eq!(hook["events"], json!([]));
}

#[tokio::test]
async fn a_hook_can_be_made_disabled() {
    let api = Api::start().await;
    let hook = make(&api, json!({"url": "https://example.com/", "isActive": false})).await;
    assert_eq!(hook["status"], "disabled");
    let entry = api.directory.current();
    let entry = entry.project(api.project.id).unwrap();
    assert!(!entry.hooks[0].hook.active);
}

#[tokio::test]
async fn a_change_is_in_the_directory_when_it_is_answered() {
    let api = Api::start().await;
    let hooks = || {
        let directory = api.directory.current();
        let project = directory.project(api.project.id).unwrap();
        project.hooks.iter().map(|entry| (entry.hook.url.clone(), entry.hook.active)).collect::<Vec<_>>()
    };
    assert_eq!(hooks(), []);
    let hook = make(&api, json!({"url": "https://example.com/"})).await;
    assert_eq!(hooks(), [("https://example.com/".to_owned(), true)]);
    api.put(&path(&hook), json!({"url": "https://example.org/", "isActive": "no"})).await.with_status(200);
    assert_eq!(hooks(), [("https://example.org/".to_owned(), false)]);
    assert_eq!(api.delete(&path(&hook)).await.status, 204);
    assert_eq!(hooks(), []);
}

#[tokio::test]
async fn a_hook_is_shown_as_it_was_made_and_changed_only_where_asked() {
    let api = Api::start().await;
    let made = make(&api, json!({"url": " https://example.com/a ", "events": ["event.alert"], "unknown": 1})).await;
    assert_eq!(made["url"], "https://example.com/a");
    assert_eq!(api.get(&path(&made)).await.with_status(200), made);

    api.clock.advance(Duration::from_secs(5));
    let unchanged = api.put(&path(&made), json!({})).await.with_status(200);
    assert_eq!(unchanged, made);

    let disabled = api.put(&path(&made), json!({"isActive": false})).await.with_status(200);
    let mut expected = made.clone();
    expected["status"] = json!("disabled");
    expected["health"]["state"] = json!("disabled");
    expected["health"]["disabledBy"] = json!("person");
    expected["health"]["since"] = json!("2018-11-06T21:20:13.143Z");
    assert_eq!(disabled, expected);
    assert_eq!(api.get(&path(&made)).await.with_status(200), expected);
    let active = api.put(&path(&made), json!({"isActive": true, "version": 0})).await.with_status(200);
    assert_eq!(active, made);
}

#[tokio::test]
async fn a_deleted_hook_is_gone() {
    let api = Api::start().await;
    let hook = make(&api, json!({"url": "https://example.com/"})).await;
    let answer = api.delete(&path(&hook)).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    let not_found = json!({"detail": "The requested resource does not exist"});
    assert_eq!(api.get(&path(&hook)).await.with_status(404), not_found);
    assert_eq!(api.put(&path(&hook), json!({})).await.with_status(404), not_found);
    assert_eq!(api.delete(&path(&hook)).await.with_status(404), not_found);
    assert_eq!(api.get(HOOKS).await.with_status(200), json!([]));
}

#[tokio::test]
async fn a_hook_of_another_project_is_not_found() {
    let api = Api::start().await;
    api.add_project("other").await;
    let hook = make(&api, json!({"url": "https://example.com/"})).await;
    let elsewhere = path(&hook).replace("my-project", "other");
    assert_eq!(api.get(&elsewhere).await.status, 404);
    assert_eq!(api.put(&elsewhere, json!({"isActive": false})).await.status, 404);
    assert_eq!(api.delete(&elsewhere).await.status, 404);
    assert_eq!(api.get(&path(&hook)).await.with_status(200)["status"], "active");
    assert_eq!(api.get(&format!("{HOOKS}nonsense/")).await.status, 404);
}

#[tokio::test]
async fn the_list_shows_the_newest_first_and_one_status_where_asked() {
    let api = Api::start().await;
    let one = make(&api, json!({"url": "https://example.com/1"})).await;
    let two = make(&api, json!({"url": "https://example.com/2", "isActive": false})).await;
    let three = make(&api, json!({"url": "https://example.com/3"})).await;
    for (query, expected) in [
        ("", json!([three, two, one])),
        ("?status=", json!([three, two, one])),
        ("?status=active", json!([three, one])),
        ("?status=disabled", json!([two])),
        ("?status=pending_deletion", json!([])),
    ] {
        assert_eq!(api.get(&format!("{HOOKS}{query}")).await.with_status(200), expected, "{query}");
    }
}

#[tokio::test]
async fn only_who_may_change_a_hook_sees_its_secrets() {
    let api = Api::start().await;
    let hook = make(&api, json!({"url": "https://example.com/"})).await;
    let (secret, signing) = (hook["secret"].as_str().unwrap(), hook["signingSecret"].as_str().unwrap());
    let masked = json!([
        format!("{}{}", &secret[..4], "*".repeat(60)),
        format!("{}{}", &signing[..10], "*".repeat(signing.len() - 10)),
    ]);
    for (scopes, shown) in [
        ("project:read", &masked),
        ("project:read org:admin", &masked),
        ("project:write", &json!([secret, signing])),
        ("project:admin", &json!([secret, signing])),
    ] {
        let token = api.token(scopes).await;
        let one = api.call("GET", &path(&hook), &token, None).await.with_status(200);
        assert_eq!(json!([one["secret"], one["signingSecret"]]), *shown, "{scopes}");
        let list = api.call("GET", HOOKS, &token, None).await.with_status(200);
        assert_eq!(list[0], one, "{scopes}");
    }
}

#[tokio::test]
async fn a_project_has_at_most_a_hundred_hooks() {
    let api = Api::start().await;
    let mut last = Value::Null;
    for number in 0..HOOKS_PER_PROJECT {
        last = make(&api, json!({"url": format!("https://example.com/{number}")})).await;
    }
    let refused = api.post(HOOKS, json!({"url": "https://example.com/"})).await;
    let text = "A project has at most 100 service hooks. Delete one first.";
    assert_eq!(refused.with_status(400), json!({"non_field_errors": [text]}));
    // Another project has room of its own, and a deleted hook leaves its place.
    api.add_project("other").await;
    let elsewhere = HOOKS.replace("my-project", "other");
    assert_eq!(api.post(&elsewhere, json!({"url": "https://example.com/"})).await.status, 201);
    assert_eq!(api.delete(&path(&last)).await.status, 204);
    assert_eq!(api.post(HOOKS, json!({"url": "https://example.com/"})).await.status, 201);
}
