//! The entries of an event: its exceptions, message, stack traces, breadcrumbs, request and reports, each with a type.

use model::ids::Millis;
use serde_json::{Map, Value, json};

use super::super::time::iso;
use super::frames::{exception, has_both_frames, stacktrace, thread};
use super::stored::Stored;

/// All of them, in Sentry's order.
pub(super) fn of(event: &Stored<'_>) -> Vec<Value> {
    let entries = [
        ("exception", exceptions(event)),
        ("stacktrace", Some(event.get("stacktrace")).filter(|trace| !trace.is_null()).map(stacktrace)),
        ("threads", threads(event)),
        ("message", message(event)),
        ("breadcrumbs", breadcrumbs(event)),
        ("request", request(event)),
        ("csp", as_stored(event, "csp")),
        ("hpkp", as_stored(event, "hpkp")),
        ("expectct", as_stored(event, "expectct")),
        ("expectstaple", as_stored(event, "expectstaple")),
        ("template", as_stored(event, "template")),
        ("debugmeta", as_stored(event, "debug_meta")),
    ];
    let entry = |(kind, data): (&str, Option<Value>)| data.map(|data| json!({"type": kind, "data": data}));
    entries.into_iter().filter_map(entry).collect()
}

fn exceptions(event: &Stored<'_>) -> Option<Value> {
    let exceptions = event.values("exception");
    if exceptions.is_empty() {
        return None;
    }
    let has_both = exceptions.iter().any(|exception| has_both_frames(&exception["stacktrace"]));
    let values: Vec<_> = exceptions.iter().map(exception).collect();
    Some(json!({"values": values, "hasSystemFrames": has_both, "excOmitted": event.get("exception")["exc_omitted"]}))
}

fn threads(event: &Stored<'_>) -> Option<Value> {
    let threads = event.values("threads");
    (!threads.is_empty()).then(|| json!({"values": threads.iter().map(thread).collect::<Vec<_>>()}))
}

/// What the SDK was asked to say, where it was.
fn message(event: &Stored<'_>) -> Option<Value> {
    let entry = event.get("logentry");
    if entry.is_object() {
        let formatted = if entry["formatted"].is_null() { &entry["message"] } else { &entry["formatted"] };
        return Some(json!({"formatted": formatted, "message": entry["message"], "params": entry["params"]}));
    }
    let has_other_title = !event.values("exception").is_empty() || event.get("type") == "csp";
    let text = event.get("message").as_str().filter(|text| !text.is_empty() && !has_other_title)?;
    Some(json!({"formatted": text}))
}

fn breadcrumbs(event: &Stored<'_>) -> Option<Value> {
    let crumbs = event.values("breadcrumbs");
    let crumb = |crumb: &Value| {
        json!({
            "type": crumb["type"].as_str().unwrap_or("default"),
            "category": crumb["category"],
            "level": crumb["level"].as_str().unwrap_or("info"),
            "message": crumb["message"],
            "data": crumb["data"],
            "event_id": crumb["event_id"],
            "timestamp": time(&crumb["timestamp"]),
        })
    };
    (!crumbs.is_empty()).then(|| json!({"values": crumbs.iter().map(crumb).collect::<Vec<_>>()}))
}

/// Seconds since 1970 as the API writes times; what is a text stays one.
fn time(timestamp: &Value) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates, and so does the calendar")]
    let millis = timestamp.as_f64().map(|seconds| (seconds * 1_000.0).round() as i64);
    millis.map_or_else(|| timestamp.clone(), |millis| json!(iso(Millis(millis))))
}

fn request(event: &Stored<'_>) -> Option<Value> {
    let request = event.get("request");
    if !request.is_object() {
        return None;
    }
    let url = request["url"].as_str();
    let (url, query) = match url.and_then(|url| url.split_once('?')) {
        Some((url, query)) => (Some(url), Some(query)),
        None => (url, None),
    };
    let query = match (&request["query_string"], query) {
        (Value::Null, Some(query)) => pairs(&json!(query)),
        (query, _) => pairs(query),
    };
    Some(json!({
        "method": request["method"],
        "url": url,
        "query": query,
        "fragment": request["fragment"],
        "data": request["data"],
        "headers": pairs(&request["headers"]),
        "cookies": pairs(&request["cookies"]),
        "env": request["env"],
        "inferredContentType": request["inferred_content_type"],
        "apiTarget": request["api_target"],
    }))
}

/// A list of pairs, whatever shape they were sent in.
fn pairs(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(name, value)| json!([name, value])).collect(),
        Value::String(text) => {
            url::form_urlencoded::parse(text.as_bytes()).map(|(name, value)| json!([name, value])).collect()
        }
        Value::Array(_) => value.clone(),
        _ => json!([]),
    }
}

fn as_stored(event: &Stored<'_>, name: &str) -> Option<Value> {
    let data: &Map<String, Value> = event.get(name).as_object()?;
    Some(json!(data))
}
