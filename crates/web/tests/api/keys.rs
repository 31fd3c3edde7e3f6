//! Project keys.

use protocol::PublicKey;
use serde_json::{Value, json};

use crate::harness::Api;

const KEYS: &str = "/api/0/projects/my-org/my-project/keys/";

fn path(key: &Value) -> String {
    format!("{KEYS}{}/", key["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_key_is_shown_with_every_form_of_its_dsn() {
    let api = Api::start().await;
    let key = api.post(KEYS, json!({"name": "Backend"})).await.with_status(201);
    let (public, secret) = (key["public"].as_str().unwrap(), key["secret"].as_str().unwrap());
    assert!(public.parse::<PublicKey>().is_ok() && secret.parse::<PublicKey>().is_ok() && public != secret);
    let project = api.project.id;
    let expected = json!({
        "id": public,
        "name": "Backend",
        "label": "Backend",
        "public": public,
        "secret": secret,
        "projectId": project.get(),
        "isActive": true,
        "rateLimit": null,
        "dsn": {
            "public": format!("https://{public}@watch.example/{project}"),
            "secret": format!("https://{public}:{secret}@watch.example/{project}"),
            "csp": format!("https://watch.example/api/{project}/csp-report/?sentry_key={public}"),
            "security": format!("https://watch.example/api/{project}/security/?sentry_key={public}"),
            "minidump": format!("https://watch.example/api/{project}/minidump/?sentry_key={public}"),
            "nel": format!("https://watch.example/api/{project}/nel/?sentry_key={public}"),
            "unreal": format!("https://watch.example/api/{project}/unreal/{public}/"),
            "cdn": format!("https://watch.example/js-sdk-loader/{public}.min.js"),
        },
        "browserSdkVersion": "latest",
        "browserSdk": {"choices": [["latest", "latest"]]},
        "dateCreated": "2018-11-06T21:20:08.143Z",
        "dynamicSdkLoaderOptions": {"hasReplay": false, "hasPerformance": false, "hasDebug": false},
    });
    assert_eq!(key, expected);
    assert_eq!(api.get(&path(&key)).await.with_status(200), expected);
    let listed = api.get(KEYS).await.with_status(200);
    assert!(listed.as_array().unwrap().contains(&expected) && listed.as_array().unwrap().len() == 2);
}

#[tokio::test]
async fn a_key_without_a_name_is_named_after_itself() {
    let api = Api::start().await;
    for body in [json!({}), json!({"name": null, "rateLimit": null})] {
        let key = api.post(KEYS, body).await.with_status(201);
        assert_eq!(key["name"].as_str().unwrap(), &key["public"].as_str().unwrap()[..14]);
    }
}

#[tokio::test]
async fn a_disabled_key_is_so_for_the_next_event() {
    let api = Api::start().await;
    let key = api.post(KEYS, json!({})).await.with_status(201);
    let public: PublicKey = key["public"].as_str().unwrap().parse().unwrap();
    assert!(api.directory.current().key(public).unwrap().active);
    let changed = api.put(&path(&key), json!({"isActive": false, "name": "Old"})).await.with_status(200);
    assert_eq!((&changed["isActive"], &changed["name"]), (&json!(false), &json!("Old")));
    assert!(!api.directory.current().key(public).unwrap().active);
    assert_eq!(api.put(&path(&key), json!({})).await.with_status(200), changed);
    let answer = api.delete(&path(&key)).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    assert!(api.directory.current().key(public).is_none());
    assert_eq!(api.get(&path(&key)).await.status, 404);
}

#[tokio::test]
async fn a_key_can_be_made_disabled() {
    let api = Api::start().await;
    let key = api.post(KEYS, json!({"isActive": "false"})).await.with_status(201);
    assert_eq!(key["isActive"], false);
}

#[tokio::test]
async fn a_key_of_another_project_is_not_found() {
    let api = Api::start().await;
    api.add_project("other").await;
    let key = api.post(KEYS, json!({})).await.with_status(201);
    let elsewhere = path(&key).replace("my-project", "other");
    assert_eq!(api.get(&elsewhere).await.status, 404);
    assert_eq!(api.put(&elsewhere, json!({"isActive": false})).await.status, 404);
    assert_eq!(api.delete(&elsewhere).await.status, 404);
    assert_eq!(api.get(&format!("{KEYS}nonsense/")).await.status, 404);
    assert_eq!(api.get(&path(&key)).await.with_status(200)["isActive"], true);
}

#[tokio::test]
async fn what_is_wrong_with_a_key_is_said() {
    let api = Api::start().await;
    for (body, complaint) in [
        (json!({"name": ""}), json!({"name": ["This field may not be blank."]})),
        (json!({"name": {}}), json!({"name": ["Not a valid string."]})),
        (json!({"isActive": "maybe"}), json!({"isActive": ["Must be a valid boolean."]})),
        (
            json!({"rateLimit": {"window": 86_401, "count": -1}}),
            json!({"rateLimit": {
                "window": ["Ensure this value is less than or equal to 86400."],
                "count": ["Ensure this value is greater than or equal to 0."],
            }}),
        ),
        (json!({"rateLimit": {"window": 60}}), json!({"rateLimit": {"count": ["This field is required."]}})),
        (
            json!({"rateLimit": {"window": 0, "count": 5}}),
            json!({"rateLimit": {"window": ["This field is required."]}}),
        ),
        (
            json!({"rateLimit": {"window": "a minute", "count": 5}}),
            json!({"rateLimit": {"window": ["A valid integer is required."]}}),
        ),
        (
            json!({"rateLimit": 5}),
            json!({"rateLimit": {"non_field_errors": ["Invalid data. Expected a dictionary, but got int."]}}),
        ),
        (json!([]), json!({"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]})),
    ] {
        assert_eq!(api.post(KEYS, body.clone()).await.with_status(400), complaint, "{body}");
    }
}

#[tokio::test]
async fn a_rate_limit_is_kept_until_it_is_taken_away() {
    let api = Api::start().await;
    let limit = json!({"window": 60, "count": 100});
    let key = api.post(KEYS, json!({"rateLimit": limit})).await.with_status(201);
    assert_eq!(key["rateLimit"], limit);
    let renamed = api.put(&path(&key), json!({"name": "Other"})).await.with_status(200);
    assert_eq!(renamed["rateLimit"], limit);
    let changed = api.put(&path(&key), json!({"rateLimit": {"window": "3600", "count": 7.0}})).await.with_status(200);
    assert_eq!(changed["rateLimit"], json!({"window": 3_600, "count": 7}));
    for none in [Value::Null, json!({}), json!({"window": 0, "count": 0}), json!({"window": null, "count": null})] {
        api.put(&path(&key), json!({"rateLimit": limit})).await.with_status(200);
        let unlimited = api.put(&path(&key), json!({"rateLimit": none})).await.with_status(200);
        assert_eq!(unlimited["rateLimit"], Value::Null, "{none}");
    }
}
