//! Each request that a real SDK sent is taken, answered with its id, and its event delivered with what the SDK said in it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::fixture::Fixture;
use crate::support::receiver::Webhook;
use crate::support::scene::Scene;

/// What a captured event is called when it arrives: fixture, title, level, culprit.
const EXPECTED: [(&str, &str, &str, &str); 11] = [
    ("cli-01", "deploy 1.4.2 failed", "error", ""),
    ("node-02", "RangeError: out of stock", "fatal", "?(app)"),
    ("node-03", "TypeError: Cannot read properties of undefined (reading 'amount')", "error", "?(app)"),
    ("node-04", "Error: outer failed", "error", "Object.?(app)"),
    ("node-05", "cache miss ratio high", "warning", ""),
    ("node-06", "a plain string", "error", ""),
    ("python-01", "KeyError: 'price'", "error", "__main__ in <genexpr>"),
    ("python-02", "RuntimeError: could not parse amount", "error", "__main__ in <module>"),
    ("python-03", "payment gateway slow", "warning", ""),
    ("python-04", "order 1017 failed for acme", "error", ""),
    ("python-05", "database unreachable", "fatal", ""),
];

#[test]
fn every_captured_event_is_accepted_with_its_id_and_delivered_once() {
    let scene = Scene::start();
    let expected: BTreeMap<&str, _> = EXPECTED.iter().map(|row| (row.0, row)).collect();
    let mut ids = Vec::new();
    for fixture in Fixture::all() {
        let Some(event) = fixture.event(&scene.server) else { continue };
        let id = event["event_id"].as_str().unwrap().replace('-', "");
        let webhook = scene.deliver(&fixture.request(&scene.server), &id);
        let (_, title, level, culprit) = expected[fixture.name.as_str()];
        let body = webhook.json();
        let names = [&body["message"], &body["level"], &body["culprit"]];
        assert_eq!(names, [title, level, culprit], "{}", fixture.name);
        says_what_the_sdk_said(&event, &webhook, &fixture.name);
        is_shown_by_the_api(&scene, &body);
        ids.push(id);
    }
    assert_eq!(ids.len(), EXPECTED.len());
    scene.ends_with(ids.iter().map(String::as_str));
}

/// The API tells the same event: its title and tags, each exception and each frame, in the issue that the webhook names.
fn is_shown_by_the_api(scene: &Scene, body: &Value) {
    let id = body["id"].as_str().unwrap();
    let path = format!("{}/events/{id}/", scene.server.project_path());
    let answer = scene.server.ask(&scene.server.manage("GET", &path));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let shown = answer.json();
    let names = [&shown["title"], &shown["culprit"], &shown["groupID"], &shown["dateCreated"]];
    assert_eq!(names, [&body["message"], &body["culprit"], &body["issue_id"], &body["datetime"]]);
    for pair in body["event"]["tags"].as_array().unwrap() {
        let tag = json!({"key": pair[0], "value": pair[1]});
        assert!(shown["tags"].as_array().unwrap().contains(&tag), "{tag}");
    }
    let frames = |exceptions: &Value| {
        let exceptions = exceptions.as_array().cloned().unwrap_or_default();
        let frames = |exception: &Value| exception["stacktrace"]["frames"].as_array().map_or(0, Vec::len);
        exceptions.iter().map(frames).collect::<Vec<_>>()
    };
    let entries = shown["entries"].as_array().unwrap();
    let exceptions = entries.iter().find(|entry| entry["type"] == "exception").map(|entry| &entry["data"]["values"]);
    let stored = &body["event"]["exception"]["values"];
    assert_eq!(frames(exceptions.unwrap_or(&Value::Null)), frames(stored));
    assert!(!entries.is_empty(), "{shown}");
}

#[test]
fn a_captured_session_is_answered_and_swallowed() {
    let scene = Scene::start();
    let session = Fixture::named("node-01");
    assert!(session.event(&scene.server).is_none());
    let answer = scene.server.ask(&session.request(&scene.server));
    assert_eq!((answer.status, answer.text()), (200, "{}"));
    let id = scene.send_message();
    scene.ends_with([id.as_str()]);
}

#[test]
fn the_same_captured_request_twice_is_one_event_and_one_webhook() {
    let scene = Scene::start();
    let request = Fixture::named("python-02").request(&scene.server);
    let first = scene.server.ask(&request);
    let again = scene.server.ask(&request);
    assert_eq!((again.status, again.text()), (first.status, first.text()));
    scene.ends_with(["7dab7c8fd96047a892bc41aa5a35dbf7"]);
}

/// Every attribute of the SDK's event is in the webhook's: as it was, or in the form that is documented for it.
fn says_what_the_sdk_said(sent: &Value, webhook: &Webhook, name: &str) {
    let body = webhook.json();
    let event = &body["event"];
    for (key, value) in sent.as_object().unwrap() {
        match key.as_str() {
            "event_id" => assert_eq!(event[key], value.as_str().unwrap().replace('-', ""), "{name}"),
            "tags" => says_the_tags(sent, event, name),
            "exception" => says_the_exceptions(&value["values"], &event[key]["values"], name),
            // Messages have a form of their own; the title is checked.
            "message" => assert_eq!(event[key], *value, "{name}"),
            "logentry" => {}
            // An old request is a wrong clock: its times are moved to when it came in.
            "timestamp" | "breadcrumbs" => assert!(!event[key].is_null(), "{name}: {key}"),
            // A tag of its own.
            "server_name" => {}
            "user" => says_all_of(&without_automatic_address(value), &event[key], name),
            "modules" | "extra" | "contexts" | "sdk" | "transaction_info" => says_all_of(value, &event[key], name),
            "level" | "platform" | "release" | "environment" | "fingerprint" => {
                assert_eq!(event[key], *value, "{name}: {key}");
            }
            "logger" => assert_eq!(body[key], *value, "{name}"),
            other => panic!("{name} has an attribute that nothing is known of: {other}"),
        }
    }
}

fn says_the_tags(sent: &Value, event: &Value, name: &str) {
    let mut tags: BTreeMap<&str, &str> =
        sent["tags"].as_object().unwrap().iter().map(|(key, value)| (key.as_str(), value.as_str().unwrap())).collect();
    for key in ["environment", "release", "dist", "server_name"] {
        if let Some(value) = sent[key].as_str() {
            tags.insert(key, value);
        }
    }
    let pairs: Vec<Value> = tags.iter().map(|(key, value)| json!([key, value])).collect();
    assert_eq!(event["tags"], Value::Array(pairs), "{name}: sorted pairs");
}

fn says_the_exceptions(sent: &Value, delivered: &Value, name: &str) {
    let (sent, delivered) = (sent.as_array().unwrap(), delivered.as_array().unwrap());
    assert_eq!(sent.len(), delivered.len(), "{name}");
    for (sent, delivered) in sent.iter().zip(delivered) {
        for key in ["type", "value", "mechanism"] {
            says_all_of(&sent[key], &delivered[key], name);
        }
        let frames = |exception: &Value| exception["stacktrace"]["frames"].as_array().unwrap().clone();
        assert_eq!(frames(sent).len(), frames(delivered).len(), "{name}");
        for (sent, delivered) in frames(sent).iter().zip(&frames(delivered)) {
            says_all_of(sent, delivered, name);
        }
    }
}

/// Everything that is in `sent` is in `delivered`; more may be there.
fn says_all_of(sent: &Value, delivered: &Value, name: &str) {
    match sent {
        Value::Object(members) => {
            for (key, value) in members {
                says_all_of(value, &delivered[key], &format!("{name}.{key}"));
            }
        }
        value => assert_eq!(delivered, value, "{name}"),
    }
}

/// `{{auto}}` asks for the client's address.
fn without_automatic_address(user: &Value) -> Value {
    let mut user = user.clone();
    if user["ip_address"] == "{{auto}}" {
        user["ip_address"] = json!("127.0.0.1");
    }
    user
}
