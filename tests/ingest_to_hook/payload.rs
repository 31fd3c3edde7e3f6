//! The body of `event.created`, key by key and in order, as the contract gives it.

use serde_json::json;

use crate::support::event::{envelope, new_id};
use crate::support::json::Members;
use crate::support::scene::{Scene, accepted};

const KEYS: [&str; 12] = [
    "id",
    "project",
    "project_id",
    "project_name",
    "culprit",
    "message",
    "url",
    "level",
    "logger",
    "datetime",
    "event",
    "issue_id",
];
const EVENT_KEYS: [&str; 7] = ["event_id", "message", "level", "platform", "timestamp", "tags", "exception"];

#[test]
fn the_documented_keys_come_first_in_their_order_with_their_values() {
    let scene = Scene::start();
    let id = new_id();
    let event = json!({
        "event_id": id,
        "timestamp": now() - 90,
        "platform": "python",
        "level": "fatal",
        "logger": "shop.views",
        "release": "1.0.0",
        "environment": "production",
        "tags": { "b": "2", "a": "1" },
        "user": { "id": "42" },
        "extra": { "x": 1 },
        "exception": { "values": [{
            "type": "TypeError",
            "value": "Cannot read property 'foo' of undefined",
            "stacktrace": { "frames": [{ "module": "app.views.index", "function": "get", "in_app": true, "lineno": 7 }] },
        }] },
    });
    accepted(&scene.send(envelope(&id, event.to_string())), &id);
    let webhook = scene.receiver.wait_for_event(&id);
    let account = scene.server.account().clone();
    let body = Members::of(webhook.text());
    assert_eq!(body.keys(), KEYS);
    let issue = body.raw("issue_id").trim_matches('"').to_owned();
    assert!(issue.parse::<u64>().is_ok_and(|issue| issue > 0), "{issue}");
    let url = format!("http://{}/organizations/{}/issues/{issue}/", scene.server.address(), account.organization);
    for (key, value) in [
        ("id", id.as_str()),
        ("project", &account.project),
        ("project_id", &account.project_id),
        ("culprit", "app.views.index in get"),
        ("message", "TypeError: Cannot read property 'foo' of undefined"),
        ("url", &url),
        ("level", "fatal"),
        ("logger", "shop.views"),
        ("issue_id", &issue),
    ] {
        assert_eq!(body.raw(key), json!(value).to_string(), "{key}");
    }
    let project = scene.server.ask(&scene.server.manage("GET", &format!("{}/", scene.server.project_path())));
    assert_eq!(body.raw("project_name"), project.json()["name"].to_string());

    let inner = Members::of(body.raw("event"));
    assert_eq!(inner.keys()[..EVENT_KEYS.len()], EVENT_KEYS);
    assert_eq!(inner.raw("event_id"), body.raw("id"));
    assert_eq!(inner.raw("message"), body.raw("message"));
    assert_eq!(inner.raw("level"), "\"fatal\"");
    assert_eq!(inner.raw("platform"), "\"python\"");
    assert_eq!(inner.raw("timestamp"), format!("{}.0", event["timestamp"]));
    assert_eq!(inner.raw("tags"), r#"[["a","1"],["b","2"],["environment","production"],["release","1.0.0"]]"#);
    let delivered = webhook.json();
    for key in ["release", "environment", "user", "extra"] {
        assert_eq!(delivered["event"][key], event[key], "{key}");
    }
    let exception = &delivered["event"]["exception"]["values"][0];
    assert_eq!(exception["type"], "TypeError");
    assert_eq!(exception["stacktrace"]["frames"][0]["lineno"], 7);
}

#[test]
fn a_message_has_an_empty_list_of_exceptions_and_an_empty_logger() {
    let scene = Scene::start();
    let id = scene.send_message();
    let webhook = scene.receiver.wait_for_event(&id);
    let body = Members::of(webhook.text());
    assert_eq!(body.keys(), KEYS);
    assert_eq!(body.raw("logger"), "\"\"");
    assert_eq!(body.raw("culprit"), "\"\"");
    let event = Members::of(body.raw("event"));
    assert_eq!(event.keys()[..EVENT_KEYS.len()], EVENT_KEYS);
    assert_eq!(event.raw("exception"), r#"{"values":[]}"#);
    assert_eq!(event.raw("tags"), "[]");
}

#[test]
fn the_two_times_say_the_same_moment() {
    let scene = Scene::start();
    let id = new_id();
    let seconds = now() - 3;
    let event = json!({ "message": "a moment", "timestamp": format!("{seconds}.25").parse::<f64>().unwrap() });
    accepted(&scene.send(envelope(&id, event.to_string())), &id);
    let webhook = scene.receiver.wait_for_event(&id);
    let body = Members::of(webhook.text());
    assert_eq!(Members::of(body.raw("event")).raw("timestamp"), format!("{seconds}.25"));
    let datetime = body.raw("datetime").trim_matches('"');
    let parsed: jiff::Timestamp = datetime.parse().unwrap();
    assert_eq!(parsed.as_millisecond(), i64::try_from(seconds).unwrap() * 1000 + 250);
    assert!(datetime.ends_with(".250Z"), "{datetime}");
}

#[test]
fn events_that_belong_together_have_one_issue_and_others_another() {
    let scene = Scene::start();
    let issue_of = |message: &str| {
        let id = new_id();
        accepted(&scene.send(envelope(&id, json!({ "message": message }).to_string())), &id);
        scene.receiver.wait_for_event(&id).json()["issue_id"].clone()
    };
    let first = issue_of("the till is open");
    assert_eq!(issue_of("the till is open"), first);
    assert_ne!(issue_of("the door is open"), first);
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}
