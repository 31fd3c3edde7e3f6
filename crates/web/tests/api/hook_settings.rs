//! What a hook asks of its deliveries: read, validated, masked.

use std::time::Duration;

use serde_json::{Value, json};

use store::Catalog as _;

use super::harness::Api;

const HOOKS: &str = "/api/0/projects/my-org/my-project/hooks/";
const SETTINGS: [&str; 6] = ["timeout", "retries", "concurrency", "maxAge", "whenOpen", "headers"];

async fn make(api: &Api, settings: Value) -> Value {
    let mut body = json!({"url": "https://example.com/"});
    body.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    api.post(HOOKS, body).await.with_status(201)
}

fn path(hook: &Value) -> String {
    format!("{HOOKS}{}/", hook["id"].as_str().unwrap())
}

fn settings(hook: &Value) -> Value {
    SETTINGS.iter().map(|name| ((*name).to_owned(), hook[name].clone())).collect::<serde_json::Map<_, _>>().into()
}

#[tokio::test]
async fn a_hook_that_says_nothing_has_the_defaults_and_one_that_says_something_what_it_says() {
    let api = Api::start().await;
    let defaults = json!({"timeout": 5, "retries": "none", "concurrency": 16, "maxAge": 86400, "whenOpen": "wait",
                          "headers": {}});
    assert_eq!(settings(&make(&api, json!({})).await), defaults);
    let said = json!({"timeout": 30, "retries": "exponential", "concurrency": "1", "maxAge": 60.0, "whenOpen": "skip",
                      "headers": {"Authorization": "Bearer abc", "X-Team": 7}});
    let shown = json!({"timeout": 30, "retries": "exponential", "concurrency": 1, "maxAge": 60, "whenOpen": "skip",
                       "headers": {"Authorization": "********", "X-Team": "********"}});
    let hook = make(&api, said).await;
    assert_eq!(settings(&hook), shown);
    assert_eq!(settings(&api.get(&path(&hook)).await.with_status(200)), shown);
    assert_eq!(settings(&api.put(&path(&hook), json!({"timeout": 2})).await.with_status(200))["timeout"], 2);
}

#[tokio::test]
async fn a_header_that_comes_back_masked_keeps_its_value() {
    let api = Api::start().await;
    let hook = make(&api, json!({"headers": {"Authorization": "Bearer abc", "X-Team": "7"}})).await;
    let kept = json!({"headers": {"authorization": "********", "X-New": "n"}});
    api.put(&path(&hook), kept).await.with_status(200);
    let stored = api.store.hooks(api.project.id).await.unwrap().pop().unwrap().settings.headers;
    let pairs: Vec<_> = stored.iter().collect();
    assert_eq!(pairs, [("X-New", "n"), ("authorization", "Bearer abc")]);
    let answer = api.put(&path(&hook), json!({"headers": {"X-Team": "********"}})).await.with_status(400);
    let text = "X-Team: ******** stands for the value that the hook has, and it has no such header.";
    assert_eq!(answer, json!({"headers": [text]}));
}

#[tokio::test]
async fn every_setting_that_cannot_be_is_refused_with_what_is_wrong() {
    let api = Api::start().await;
    let reserved = |name| {
        format!("Enter valid headers: the header {name} cannot be set: it is set by Watchfire or by HTTP itself.")
    };
    for (body, field, text) in [
        (json!({"timeout": 0}), "timeout", "Ensure this value is greater than or equal to 1.".to_owned()),
        (json!({"timeout": -1}), "timeout", "Ensure this value is greater than or equal to 1.".to_owned()),
        (json!({"timeout": 31}), "timeout", "Ensure this value is less than or equal to 30.".to_owned()),
        (json!({"timeout": 2.5}), "timeout", "A valid integer is required.".to_owned()),
        (json!({"timeout": "soon"}), "timeout", "A valid integer is required.".to_owned()),
        (json!({"timeout": true}), "timeout", "A valid integer is required.".to_owned()),
        (json!({"timeout": null}), "timeout", "This field may not be null.".to_owned()),
        (json!({"concurrency": 65}), "concurrency", "Ensure this value is less than or equal to 64.".to_owned()),
        (json!({"maxAge": 59}), "maxAge", "Ensure this value is greater than or equal to 60.".to_owned()),
        (json!({"maxAge": 86401}), "maxAge", "Ensure this value is less than or equal to 86400.".to_owned()),
        (json!({"retries": "always"}), "retries", "\"always\" is not a valid choice.".to_owned()),
        (json!({"retries": true}), "retries", "\"True\" is not a valid choice.".to_owned()),
        (json!({"whenOpen": "Wait"}), "whenOpen", "\"Wait\" is not a valid choice.".to_owned()),
        (json!({"headers": []}), "headers", "Expected a dictionary of items but got type \"list\".".to_owned()),
        (json!({"headers": {"Host": "x"}}), "headers", reserved("Host")),
        (json!({"headers": {"X-Sentry-Hook-Signature": "x"}}), "headers", reserved("X-Sentry-Hook-Signature")),
        (json!({"headers": {"X-A": null}}), "headers", "X-A: Not a valid string.".to_owned()),
        (
            json!({"headers": {"X-A": "a\r\nX-Evil: 1"}}),
            "headers",
            "Enter valid headers: the value of X-A may only have printable ASCII characters, blanks and tabs, and none of \
             these at its ends."
                .to_owned(),
        ),
    ] {
        let mut body = body;
        let answer = api.put(&path(&make(&api, json!({})).await), body.clone()).await.with_status(400);
        assert_eq!(answer, json!({field: [text]}), "{body}");
        body["url"] = "https://example.com/".into();
        assert_eq!(api.post(HOOKS, body.clone()).await.with_status(400), json!({field: [text]}), "{body}");
    }
}

#[tokio::test]
async fn a_disabled_hook_says_since_when() {
    let api = Api::start().await;
    let hook = api.post(HOOKS, json!({"url": "https://example.com/"})).await.with_status(201);
    let path = format!("{HOOKS}{}/", hook["id"].as_str().unwrap());
    api.clock.advance(Duration::from_secs(60));
    let disabled = api.put(&path, json!({"isActive": false})).await.with_status(200);
    assert_eq!(disabled["health"]["state"], "disabled");
    assert_eq!(disabled["health"]["since"], "2018-11-06T21:21:08.143Z");
    let enabled = api.put(&path, json!({"isActive": true})).await.with_status(200);
    assert_eq!((&enabled["health"]["state"], &enabled["health"]["since"]), (&json!("unknown"), &json!(null)));
}
