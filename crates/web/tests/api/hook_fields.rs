//! What is said about a hook's fields, word for word.

use serde_json::{Value, json};

use crate::harness::Api;

const HOOKS: &str = "/api/0/projects/my-org/my-project/hooks/";

/// Posts and puts a body: what is said must be the same, but for what only a new hook requires.
async fn refusal(api: &Api, body: Value) -> Value {
    let posted = api.post(HOOKS, body.clone()).await.with_status(400);
    let hook = api.post(HOOKS, json!({"url": "https://example.com/"})).await.with_status(201);
    let path = format!("{HOOKS}{}/", hook["id"].as_str().unwrap());
    if posted["url"] != json!(["This field is required."]) {
        assert_eq!(api.put(&path, body).await.with_status(400), posted);
    }
    assert_eq!(api.get(&path).await.with_status(200), hook, "a refused change changes nothing");
    posted
}

#[tokio::test]
async fn a_url_is_required_and_must_be_one() {
    let api = Api::start().await;
    for (url, complaint) in [
        (json!(null), "This field may not be null."),
        (json!(""), "This field may not be blank."),
        (json!("   "), "This field may not be blank."),
        (json!("nope"), "Enter a valid URL."),
        (json!(5), "Enter a valid URL."),
        (json!(true), "Enter a valid URL."),
        (json!(["a"]), "Enter a valid URL."),
        (json!({"a": 1}), "Enter a valid URL."),
        (json!("javascript:alert(1)"), "Enter a valid URL."),
        (json!("//example.com"), "Enter a valid URL."),
        (json!("https://256.1.1.1/"), "Enter a valid URL."),
        (json!("https://exa mple.com/"), "Enter a valid URL."),
        (json!("https://exam_ple..com/"), "Enter a valid URL."),
        (json!("https://"), "Enter a valid URL."),
    ] {
        assert_eq!(refusal(&api, json!({"url": url})).await, json!({"url": [complaint]}), "{url}");
    }
    assert_eq!(refusal(&api, json!({})).await, json!({"url": ["This field is required."]}));
}

#[tokio::test]
async fn a_url_that_the_policy_refuses_says_why() {
    let api = Api::start().await;
    for (url, complaint) in [
        ("http://example.com/", "The URL starts with http://, and only https:// is allowed."),
        ("ftp://example.com/", "The URL does not start with https://."),
        ("https://user:word@example.com/", "The URL contains a user name or password."),
        ("https://example.com/#part", "The URL contains a fragment (#), which would never be sent."),
        ("https://example.com:22/", "The URL names port 22, which is not allowed."),
        ("https://foo/", "The URL has a host that is not a public name."),
        ("https://localhost/", "The URL has a host that is not a public name."),
        ("https://hooks.internal/", "The URL has a host that is not a public name."),
        ("https://watch.example/hook", "The URL leads back to this server."),
        ("https://WATCH.example.:443/hook", "The URL leads back to this server."),
    ] {
        assert_eq!(refusal(&api, json!({"url": url})).await, json!({"url": [complaint]}), "{url}");
    }
    for url in
        ["https://10.0.0.1/", "https://127.0.0.1/", "https://[::1]/", "https://169.254.169.254/", "https://0x7f.1/"]
    {
        let said = refusal(&api, json!({"url": url})).await;
        let said = said["url"][0].as_str().unwrap();
        assert!(said.starts_with("The URL has a host that is not allowed: "), "{url}: {said}");
        assert!(said.ends_with('.') && !said.ends_with(".."), "{url}: {said}");
    }
}

#[tokio::test]
async fn a_url_has_at_most_2048_characters() {
    let api = Api::start().await;
    let url = |length: usize| format!("https://example.com/{}", "a".repeat(length - 20));
    assert_eq!(api.post(HOOKS, json!({"url": url(2048)})).await.status, 201);
    let complaint = "Ensure this field has no more than 2048 characters.";
    assert_eq!(refusal(&api, json!({"url": url(2049)})).await, json!({"url": [complaint]}));
}

#[tokio::test]
async fn events_are_a_list_of_known_names() {
    let api = Api::start().await;
    let long = "a".repeat(256);
    for (events, complaint) in [
        (json!("event.alert"), json!(["Expected a list of items but got type \"str\"."])),
        (json!({"a": 1}), json!(["Expected a list of items but got type \"dict\"."])),
        (json!(1), json!(["Expected a list of items but got type \"int\"."])),
        (json!(1.5), json!(["Expected a list of items but got type \"float\"."])),
        (json!(true), json!(["Expected a list of items but got type \"bool\"."])),
        (json!(null), json!(["This field may not be null."])),
        (json!(["issue.created"]), json!(["Invalid event name: issue.created"])),
        (json!(["event.alert", "b", "a"]), json!(["Invalid event name: b"])),
        (json!(["test"]), json!(["Invalid event name: test"])),
        (json!([1]), json!(["Invalid event name: 1"])),
        (json!([true]), json!({"0": ["Not a valid string."]})),
        (json!([null]), json!({"0": ["This field may not be null."]})),
        (json!([""]), json!({"0": ["This field may not be blank."]})),
        (json!([long]), json!({"0": ["Ensure this field has no more than 255 characters."]})),
        (json!(["event.alert", [], "x", {}]), json!({"1": ["Not a valid string."], "3": ["Not a valid string."]})),
    ] {
        let body = json!({"url": "https://example.com/", "events": events});
        assert_eq!(refusal(&api, body).await, json!({"events": complaint}), "{events}");
    }
}

#[tokio::test]
async fn filters_are_nodes_that_the_event_alone_decides() {
    let api = Api::start().await;
    let first_seen = "sentry.rules.conditions.first_seen_event.FirstSeenEventCondition";
    let level = "sentry.rules.filters.level.LevelFilter";
    for (filters, complaint) in [
        (json!("x"), "Expected a list of items but got type \"str\".".to_owned()),
        (json!(null), "This field may not be null.".to_owned()),
        (json!(["x"]), "Each item must be an object with an id and its parameters.".to_owned()),
        (json!([{"match": "eq"}]), "Missing attribute 'id'.".to_owned()),
        (json!([{"id": "x"}]), "'x' is not a known condition or filter.".to_owned()),
        (json!([{"id": level, "match": "eq"}]), "level: This field is required.".to_owned()),
        (
            json!([{"id": first_seen}]),
            format!("'{first_seen}' cannot filter a hook: only level, tag and attribute filters can."),
        ),
        (json!(vec![json!({"id": level}); 101]), "Ensure this field has no more than 100 elements.".to_owned()),
    ] {
        let body = json!({"url": "https://example.com/", "filters": filters});
        assert_eq!(refusal(&api, body).await, json!({"filters": [complaint]}), "{filters}");
    }
    let body = json!({"url": "https://example.com/", "filterMatch": "some"});
    assert_eq!(refusal(&api, body).await, json!({"filterMatch": ["\"some\" is not a valid choice."]}));
}

#[tokio::test]
async fn there_is_one_version() {
    let api = Api::start().await;
    for (version, complaint) in [
        (json!(1), "\"1\" is not a valid choice."),
        (json!(""), "\"\" is not a valid choice."),
        (json!("1"), "\"1\" is not a valid choice."),
        (json!(false), "\"False\" is not a valid choice."),
        (json!(0.0), "\"0.0\" is not a valid choice."),
        (json!(null), "This field may not be null."),
    ] {
        let body = json!({"url": "https://example.com/", "version": version});
        assert_eq!(refusal(&api, body).await, json!({"version": [complaint]}), "{version}");
    }
    for version in [json!(0), json!("0")] {
        let body = json!({"url": "https://example.com/", "version": version});
        assert_eq!(api.post(HOOKS, body).await.status, 201, "{version}");
    }
}

#[tokio::test]
async fn whether_a_hook_is_active_can_be_said_in_many_ways() {
    let api = Api::start().await;
    let forms = [
        (
            vec![json!(true), json!(1), json!(1.0), json!("1"), json!("yes"), json!("True"), json!("ON"), json!("t")],
            "active",
        ),
        (vec![json!(false), json!(0), json!("0"), json!("no"), json!("FALSE"), json!("off"), json!("n")], "disabled"),
    ];
    for (values, status) in forms {
        for value in values {
            let hook = api.post(HOOKS, json!({"url": "https://example.com/", "isActive": value})).await;
            assert_eq!(hook.with_status(201)["status"], status, "{value}");
        }
    }
    for (value, complaint) in [
        (json!("nah"), "Must be a valid boolean."),
        (json!(""), "Must be a valid boolean."),
        (json!(2), "Must be a valid boolean."),
        (json!([]), "Must be a valid boolean."),
        (json!(null), "This field may not be null."),
    ] {
        let body = json!({"url": "https://example.com/", "isActive": value});
        assert_eq!(refusal(&api, body).await, json!({"isActive": [complaint]}), "{value}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_object_is_refused_as_a_whole() {
    let api = Api::start().await;
    for (body, complaint) in [
        (json!([]), "Invalid data. Expected a dictionary, but got list."),
        (json!("x"), "Invalid data. Expected a dictionary, but got str."),
        (json!(1), "Invalid data. Expected a dictionary, but got int."),
        (json!(null), "No data provided"),
    ] {
        assert_eq!(refusal(&api, body.clone()).await, json!({"non_field_errors": [complaint]}), "{body}");
    }
}

#[tokio::test]
async fn everything_that_is_wrong_is_said_at_once() {
    let api = Api::start().await;
    assert_eq!(
        refusal(&api, json!({"events": ["nope"]})).await,
        json!({"url": ["This field is required."], "events": ["Invalid event name: nope"]})
    );
    assert_eq!(
        refusal(&api, json!({"url": "x", "events": 1, "version": 2, "isActive": "?"})).await,
        json!({
            "url": ["Enter a valid URL."],
            "events": ["Expected a list of items but got type \"int\"."],
            "version": ["\"2\" is not a valid choice."],
            "isActive": ["Must be a valid boolean."],
        })
    );
}
