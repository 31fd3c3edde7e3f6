//! An event as the API shows it: short in lists, whole by itself.

use serde_json::{Map, Value, json};
use store::issues::EventInIssue;

use super::super::time::iso;
use super::entries;
use super::stored::Stored;

/// What is known of a user by names that everybody uses.
const USER_MEMBERS: [&str; 6] = ["id", "email", "username", "ip_address", "name", "geo"];

/// What lists show.
pub(super) fn listed(event: &Stored<'_>) -> Value {
    Value::Object(common(event))
}

/// What an event's own page shows.
pub(super) fn detail(event: &Stored<'_>, place: &EventInIssue) -> Value {
    let mut shown = common(event);
    let or_null = |id: Option<protocol::EventId>| id.map(|id| id.to_string());
    let object = |name: &str| event.get(name).as_object().cloned().unwrap_or_default();
    let more = json!({
        "size": event.row.body.len(),
        "entries": entries::of(event),
        "dist": event.get("dist"),
        "contexts": object("contexts"),
        "sdk": event.get("sdk"),
        "context": object("extra"),
        "packages": object("modules"),
        "type": event.get("type"),
        "metadata": event.metadata,
        "dateReceived": iso(event.row.received),
        "errors": errors(event),
        "occurrence": null,
        "_meta": object("_meta"),
        "fingerprints": event.get("fingerprint").as_array().cloned().unwrap_or_default(),
        "groupingConfig": null,
        "release": release(event),
        "userReport": null,
        "sdkUpdates": [],
        "resolvedWith": [],
        "nextEventID": or_null(place.next),
        "previousEventID": or_null(place.previous),
    });
    if let Value::Object(more) = more {
        shown.extend(more);
    }
    shown.remove("event.type");
    Value::Object(shown)
}

fn common(event: &Stored<'_>) -> Map<String, Value> {
    let tags: Vec<Value> = event.tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
    let shown = json!({
        "id": event.text("id"),
        "event.type": event.get("type"),
        "groupID": event.row.issue.to_string(),
        "eventID": event.text("id"),
        "projectID": event.text("project_id"),
        "message": event.get("message"),
        "title": event.text("message"),
        "location": location(event),
        "culprit": event.text("culprit"),
        "user": user(event),
        "tags": tags,
        "platform": event.get("platform"),
        "dateCreated": event.text("datetime"),
        "crashFile": null,
    });
    if let Value::Object(shown) = shown { shown } else { Map::new() }
}

/// Null where the event knows none. Members that Sentry has no name for are part of `data`, as there.
fn user(event: &Stored<'_>) -> Value {
    let Some(user) = event.get("user").as_object() else { return Value::Null };
    let member = |name: &str| user.get(name).cloned().unwrap_or_default();
    let mut shown: Map<_, _> = USER_MEMBERS.iter().map(|name| ((*name).to_owned(), member(name))).collect();
    let own = user.iter().filter(|(name, _)| *name != "data" && !USER_MEMBERS.contains(&name.as_str()));
    let mut data = member("data").as_object().cloned().unwrap_or_default();
    data.extend(own.map(|(name, value)| (name.clone(), value.clone())));
    shown.insert("data".to_owned(), if data.is_empty() { Value::Null } else { Value::Object(data) });
    Value::Object(shown)
}

/// The file in which it happened.
fn location(event: &Stored<'_>) -> Value {
    crash_frame(event).map_or(Value::Null, |frame| frame["filename"].clone())
}

/// The newest frame of the application's own, else the newest of all, of what was raised last.
fn crash_frame<'e>(event: &'e Stored<'_>) -> Option<&'e Value> {
    let trace = event.values("exception").last().map_or(event.get("stacktrace"), |exception| &exception["stacktrace"]);
    let frames = trace["frames"].as_array()?;
    let own = frames.iter().rev().find(|frame| frame["in_app"] == true);
    own.or(frames.last())
}

/// What normalisation repaired or left out.
fn errors(event: &Stored<'_>) -> Vec<Value> {
    let errors = event.get("errors").as_array().map(Vec::as_slice).unwrap_or_default();
    let shown = |error: &Value| {
        let data: Map<String, Value> = error
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(name, _)| *name != "type")
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let kind = error["type"].as_str().unwrap_or_default();
        json!({"type": kind, "message": kind.replace('_', " "), "data": data})
    };
    errors.iter().map(shown).collect()
}

fn release(event: &Stored<'_>) -> Value {
    match event.get("release").as_str() {
        Some(version) => {
            json!({"version": version, "shortVersion": version.rsplit('@').next().unwrap_or(version)})
        }
        None => Value::Null,
    }
}
