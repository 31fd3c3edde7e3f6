//! An event as the API shows it: short in lists, whole by itself.

use serde_json::{Map, Value, json};
use store::issues::EventInIssue;

use super::super::time::iso;
use super::entries;
use super::stored::Stored;

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

/// Null where the event knows none.
fn user(event: &Stored<'_>) -> Value {
    let user = event.get("user");
    if user.is_null() {
        return Value::Null;
    }
    json!({
        "id": user["id"],
        "email": user["email"],
        "username": user["username"],
        "ip_address": user["ip_address"],
        "name": user["name"],
        "geo": user["geo"],
        "data": user["data"],
    })
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
