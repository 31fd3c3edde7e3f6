//! What the tests share: a context, a normalised event as JSON, and fixtures.

use std::io::Read as _;

use flate2::read::GzDecoder;
use serde_json::Value;
use watchfire_protocol::EventId;
use watchfire_protocol::envelope::{Envelope, EnvelopeError, EnvelopeLimits, EnvelopeParser};
use watchfire_protocol::event::{Context, Event, Micros, Scratch, normalise};

/// 2026-11-23T06:45:30Z, shortly after the fixtures were captured.
pub(crate) const RECEIVED: Micros = 1_795_416_330_000_000;

pub(crate) const SDKS: [&str; 12] = [
    "cli/cli-01",
    "node/node-01",
    "node/node-02",
    "node/node-03",
    "node/node-04",
    "node/node-05",
    "node/node-06",
    "python/python-01",
    "python/python-02",
    "python/python-03",
    "python/python-04",
    "python/python-05",
];

pub(crate) fn context() -> Context {
    Context {
        received: RECEIVED,
        sent_at: None,
        header_event_id: None,
        spare_event_id: EventId([0xab; 16]),
        client_ip: Some("203.0.113.9".parse().unwrap()),
        scrub: true,
    }
}

/// The event, which must be one.
pub(crate) fn event(payload: &str) -> Event<'_> {
    event_in(payload, &context())
}

pub(crate) fn event_in<'a>(payload: &'a str, context: &Context) -> Event<'a> {
    normalise(payload.as_bytes(), context, &mut Scratch::default()).unwrap()
}

/// What is stored of the event, as a strict parser reads it.
pub(crate) fn stored(event: &Event<'_>) -> Value {
    let mut json = b"{\"exception\":".to_vec();
    json.extend_from_slice(&event.exception_json);
    json.extend_from_slice(&event.attributes_json);
    json.push(b'}');
    serde_json::from_slice(&json).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&json)))
}

/// Types and names of the event's errors.
pub(crate) fn errors(event: &Event<'_>) -> Vec<(String, String)> {
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
    let stored = stored(event);
    stored["errors"].as_array().unwrap().iter().map(|entry| (text(entry, "type"), text(entry, "name"))).collect()
}

pub(crate) fn error(kind: &str, name: &str) -> (String, String) {
    (kind.to_owned(), name.to_owned())
}

/// A captured request's body, decoded.
pub(crate) fn body(name: &str) -> Vec<u8> {
    let sent = std::fs::read(format!("{}/../../tests/fixtures/sdk/{name}.body", env!("CARGO_MANIFEST_DIR"))).unwrap();
    if !sent.starts_with(&[0x1f, 0x8b]) {
        return sent;
    }
    let mut body = Vec::new();
    GzDecoder::new(&*sent).read_to_end(&mut body).unwrap();
    body
}

/// A captured request's line and headers.
pub(crate) fn request(name: &str) -> Value {
    let file = format!("{}/../../tests/fixtures/sdk/{name}.request.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

pub(crate) fn envelope(body: &[u8]) -> Result<Envelope, EnvelopeError> {
    let mut parser = EnvelopeParser::new(EnvelopeLimits::default());
    parser.push(body)?;
    parser.finish()
}

/// How deep containers are nested.
pub(crate) fn depth(value: &Value) -> usize {
    match value {
        Value::Array(elements) => 1 + elements.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
