//! Events: whole by themselves, short in lists, found by id, and with their neighbours.

use serde_json::{Value, json};
use store::catalog::Catalog as _;

use crate::harness::{Answer, Api, START};
use crate::recording::{error, event_id, record, record_in};

const EVENTS: &str = "/api/0/projects/my-org/my-project/events/";

/// Everything that an SDK can say of an error.
fn rich() -> Value {
    let frames = json!([
        {"filename": "lib.py", "abs_path": "/lib.py", "function": "call", "lineno": 3, "in_app": false},
        {
            "filename": "shop.py", "abs_path": "/srv/shop.py", "module": "shop", "function": "pay", "lineno": 12, "colno": 4,
            "in_app": true, "pre_context": ["a", "b"], "context_line": "c", "post_context": ["d"], "vars": {"total": "31"},
        },
    ]);
    json!({
        "event_id": event_id(1), "platform": "python", "timestamp": 1_541_539_200.5, "level": "warning",
        "logger": "shop.till", "release": "shop@1.0.0", "dist": "7", "environment": "production",
        "transaction": "pay", "server_name": "till-7", "fingerprint": ["pay"],
        "logentry": {"message": "pay %s", "params": ["now"], "formatted": "pay now"},
        "exception": {"values": [
            {"type": "OSError", "value": "closed"},
            {"type": "PayError", "value": "no money", "module": "shop", "mechanism": {"type": "generic", "handled": false},
             "stacktrace": {"frames": frames}},
        ]},
        "threads": {"values": [{"id": 1, "name": "main", "crashed": true, "current": true}]},
        "breadcrumbs": {"values": [{"timestamp": 1_541_539_199, "category": "cart", "message": "added", "data": {"n": 2}}]},
        "request": {
            "url": "https://shop.example/pay?cart=1", "method": "POST", "headers": {"Accept": "text/html"},
            "data": {"note": "x"}, "env": {"REMOTE_ADDR": "203.0.113.7"},
        },
        "user": {"id": "u-17", "email": "zoe@example.com", "plan": "gold"},
        "tags": {"shop": "north"}, "extra": {"basket": {"items": 2}}, "modules": {"flask": "3.0"},
        "contexts": {"runtime": {"name": "CPython", "version": "3.12"}},
        "sdk": {"name": "sentry.python", "version": "2.0.0"},
        "odd": 1,
    })
}

fn ids(answer: &Answer) -> Vec<String> {
    let list = answer.with_status(200);
    list.as_array().unwrap().iter().map(|event| event["eventID"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_event_is_shown_with_all_that_was_sent() {
    let api = Api::start().await;
    let issue = record(&api, &[rich()]).await[0];
    let shown = api.get(&format!("{EVENTS}{}/", event_id(1))).await.with_status(200);
    let expected = json!({
        "id": event_id(1), "eventID": event_id(1), "groupID": issue.to_string(), "projectID": "1",
        "title": "PayError: no money", "message": "pay now", "culprit": "shop.pay in pay", "location": "shop.py",
        "platform": "python", "type": "error", "dist": "7", "dateCreated": "2018-11-06T21:20:00.500Z",
        "dateReceived": "2018-11-06T21:20:08.143Z", "crashFile": null, "userReport": null, "nextEventID": null,
        "previousEventID": null, "context": {"basket": {"items": 2}}, "packages": {"flask": "3.0"},
        "metadata": {"type": "PayError", "value": "no money", "filename": "shop.py", "function": "pay"},
        "fingerprints": ["pay"], "release": {"version": "shop@1.0.0", "shortVersion": "1.0.0"}, "groupingConfig": null,
    });
    for (name, value) in expected.as_object().unwrap() {
        assert!(name == "culprit" || shown[name] == *value, "{name}: {}", shown[name]);
    }
    assert!(shown["culprit"].as_str().unwrap().contains("pay"));
    assert_eq!(shown["sdk"]["name"], "sentry.python");
    assert_eq!(shown["contexts"]["runtime"]["name"], "CPython");
    assert_eq!(shown["user"]["id"], "u-17");
    assert_eq!(shown["user"]["data"], json!({"plan": "gold"}));
    assert!(shown["size"].as_u64().unwrap() > 500);
    assert_eq!(
        shown["errors"],
        json!([{"type": "invalid_attribute", "message": "invalid attribute", "data": {"name": "odd"}}])
    );
    for (key, value) in [
        ("environment", "production"),
        ("handled", "no"),
        ("level", "warning"),
        ("logger", "shop.till"),
        ("release", "shop@1.0.0"),
        ("runtime", "CPython 3.12"),
        ("server_name", "till-7"),
        ("shop", "north"),
        ("transaction", "pay"),
        ("user", "id:u-17"),
    ] {
        assert!(
            shown["tags"].as_array().unwrap().contains(&json!({"key": key, "value": value})),
            "{key}: {}",
            shown["tags"]
        );
    }
}

#[tokio::test]
async fn the_entries_of_an_event_have_the_names_that_the_api_gives_them() {
    let api = Api::start().await;
    record(&api, &[rich()]).await;
    let shown = api.get(&format!("{EVENTS}{}/", event_id(1))).await.with_status(200);
    let entries = shown["entries"].as_array().unwrap();
    let kinds: Vec<_> = entries.iter().map(|entry| entry["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["exception", "threads", "message", "breadcrumbs", "request"]);
    let data = |kind: &str| entries.iter().find(|entry| entry["type"] == kind).unwrap()["data"].clone();
    let exception = &data("exception")["values"][1];
    assert_eq!((&exception["type"], &exception["mechanism"]["handled"]), (&json!("PayError"), &json!(false)));
    let frame = &exception["stacktrace"]["frames"][1];
    for (name, value) in [
        ("filename", json!("shop.py")),
        ("absPath", json!("/srv/shop.py")),
        ("lineNo", json!(12)),
        ("colNo", json!(4)),
        ("inApp", json!(true)),
        ("context", json!([[10, "a"], [11, "b"], [12, "c"], [13, "d"]])),
        ("vars", json!({"total": "31"})),
    ] {
        assert_eq!(frame[name], value, "{name}");
    }
    assert_eq!(data("exception")["hasSystemFrames"], true);
    assert_eq!(data("threads")["values"][0]["crashed"], true);
    assert_eq!(data("message"), json!({"formatted": "pay now", "message": "pay %s", "params": ["now"]}));
    let crumb = &data("breadcrumbs")["values"][0];
    assert_eq!((&crumb["timestamp"], &crumb["data"]), (&json!("2018-11-06T21:19:59.000Z"), &json!({"n": 2})));
    let request = data("request");
    assert_eq!((&request["url"], &request["query"]), (&json!("https://shop.example/pay"), &json!([["cart", "1"]])));
    assert_eq!((&request["headers"], &request["method"]), (&json!([["Accept", "text/html"]]), &json!("POST")));
}

#[tokio::test]
async fn messages_reports_and_bare_stack_traces_have_entries_too() {
    let api = Api::start().await;
    let message = json!({"event_id": event_id(1), "message": "the queue is long"});
    let trace = json!({"event_id": event_id(2), "message": "x", "stacktrace": {"frames": [{"function": "f"}]}});
    let report = json!({
        "event_id": event_id(3), "type": "csp",
        "csp": {"document_uri": "https://a.example/", "effective_directive": "img-src", "blocked_uri": "https://b.example/"},
    });
    record(&api, &[message, trace, report]).await;
    for (number, kinds) in [(1, vec!["message"]), (2, vec!["stacktrace", "message"]), (3, vec!["csp"])] {
        let shown = api.get(&format!("{EVENTS}{}/", event_id(number))).await.with_status(200);
        let entries = shown["entries"].as_array().unwrap();
        let found: Vec<_> = entries.iter().map(|entry| entry["type"].as_str().unwrap()).collect();
        assert_eq!(found, kinds, "{shown}");
    }
    let shown = api.get(&format!("{EVENTS}{}/", event_id(1))).await.with_status(200);
    assert_eq!(shown["entries"][0]["data"], json!({"formatted": "the queue is long"}));
    assert_eq!((&shown["user"], &shown["release"], &shown["sdk"]), (&json!(null), &json!(null), &json!(null)));
    assert_eq!((&shown["metadata"], &shown["type"]), (&json!({"title": "the queue is long"}), &json!("default")));
}

#[tokio::test]
async fn an_issues_events_are_found_by_word_and_id_between_their_neighbours() {
    let api = Api::start().await;
    let events = [("Alpha", 1), ("Beta", 2), ("Alpha", 3), ("Alpha", 4)];
    let issues = record(&api, &events.map(|(what, number)| error(number, what, json!({})))).await;
    let alpha = issues[0];
    for base in
        [format!("/api/0/organizations/my-org/issues/{alpha}/events/"), format!("/api/0/issues/{alpha}/events/")]
    {
        for (word, previous, id, next) in [
            ("latest", json!(event_id(3)), 4, json!(null)),
            ("recommended", json!(event_id(3)), 4, json!(null)),
            ("oldest", json!(null), 1, json!(event_id(3))),
            (&event_id(3), json!(event_id(1)), 3, json!(event_id(4))),
        ] {
            let shown = api.get(&format!("{base}{word}/")).await.with_status(200);
            assert_eq!(shown["eventID"], json!(event_id(id)), "{word}");
            assert_eq!((&shown["previousEventID"], &shown["nextEventID"]), (&previous, &next), "{word}");
        }
        for nothing in [event_id(2), event_id(9), "newest".to_owned()] {
            assert_eq!(api.get(&format!("{base}{nothing}/")).await.status, 404, "{nothing}");
        }
        assert_eq!(ids(&api.get(&base).await), [4, 3, 1].map(event_id));
    }
    let uuid = format!("{EVENTS}00000000-0000-0000-0000-000000000002/");
    assert_eq!(api.get(&uuid).await.with_status(200)["eventID"], json!(event_id(2)));
}

#[tokio::test]
async fn lists_of_events_are_short_and_paged() {
    let api = Api::start().await;
    let events: Vec<_> = (1..=5).map(|number| error(number, "Alpha", json!({"user": {"id": "7"}}))).collect();
    let issue = record(&api, &events).await[0];
    let list = api.get(&format!("{EVENTS}?per_page=1")).await.with_status(200);
    let mut keys: Vec<_> = list[0].as_object().unwrap().keys().cloned().collect();
    keys.sort();
    assert_eq!(
        keys,
        [
            "crashFile",
            "culprit",
            "dateCreated",
            "event.type",
            "eventID",
            "groupID",
            "id",
            "location",
            "message",
            "platform",
            "projectID",
            "tags",
            "title",
            "user"
        ]
    );
    assert_eq!((&list[0]["groupID"], &list[0]["event.type"]), (&json!(issue.to_string()), &json!("error")));
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for page in 0..3 {
        let answer = api.get(&format!("{EVENTS}?limit=2&cursor={cursor}")).await;
        seen.extend(ids(&answer));
        let link = answer.header("link").unwrap();
        assert_eq!(link.contains("rel=\"next\"; results=\"true\""), page < 2, "{link}");
        cursor = link.rsplit("cursor=\"").next().unwrap().trim_end_matches('"').to_owned();
    }
    assert_eq!(seen, [5, 4, 3, 2, 1].map(event_id));
    let beyond = api.get(&format!("{EVENTS}?limit=2&cursor={cursor}")).await;
    assert_eq!(ids(&beyond), Vec::<String>::new());
    let previous = beyond.header("link").unwrap().split("cursor=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(ids(&api.get(&format!("{EVENTS}?limit=2&cursor={previous}")).await), [3, 2].map(event_id));
    for (parameters, term) in [("query=alpha", "alpha"), ("environment=production", "environment=production")] {
        let detail =
            format!("Error parsing search query: Watchfire cannot search for `{term}`: it does not keep that.");
        assert_eq!(api.get(&format!("{EVENTS}?{parameters}")).await.with_status(400), json!({"detail": detail}));
    }
}

#[tokio::test]
async fn an_event_is_made_of_the_exception_that_names_it_as_its_issue_is() {
    let api = Api::start().await;
    let group = json!({"values": [
        {"type": "Inner", "value": "the cause", "mechanism": {"type": "chained", "exception_id": 1, "parent_id": 0}},
        {"type": "ExceptionGroup", "value": "one of one",
         "mechanism": {"type": "generic", "exception_id": 0, "is_exception_group": true}},
    ]});
    let issue = record(&api, &[error(1, "Alpha", json!({"exception": group}))]).await[0];
    let shown = api.get(&format!("{EVENTS}{}/", event_id(1))).await.with_status(200);
    assert_eq!((&shown["title"], &shown["metadata"]["type"]), (&json!("Inner: the cause"), &json!("Inner")));
    let of_issue = api.get(&format!("/api/0/organizations/my-org/issues/{issue}/")).await.with_status(200);
    assert_eq!(shown["metadata"], of_issue["metadata"]);
}

#[tokio::test]
async fn an_event_is_found_by_its_id_in_whatever_project_it_is() {
    let api = Api::start().await;
    let other = api.add_project("other").await;
    record(&api, &[error(1, "Alpha", json!({}))]).await;
    let issue = record_in(&api, &other, &[error(2, "Omega", json!({}))]).await[0];
    let found = api.get(&format!("/api/0/organizations/my-org/eventids/{}/", event_id(2))).await.with_status(200);
    assert_eq!((&found["projectSlug"], &found["groupId"]), (&json!("other"), &json!(issue.to_string())));
    assert_eq!((&found["eventId"], &found["event"]["title"]), (&json!(event_id(2)), &json!("Omega: Omega failed")));
    for unknown in [event_id(3), "x".to_owned()] {
        assert_eq!(api.get(&format!("/api/0/organizations/my-org/eventids/{unknown}/")).await.status, 404);
    }
    api.store.create_organization("empty".into(), "Empty".into(), START).await.unwrap();
    assert_eq!(api.get(&format!("/api/0/organizations/empty/eventids/{}/", event_id(2))).await.status, 404);
    assert_eq!(api.get(&format!("{EVENTS}{}/", event_id(2))).await.status, 404, "it is in the other project");
}
