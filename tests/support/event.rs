//! Events and envelopes as SDKs write them, each with an id of its own.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

/// A new event id: 32 lower-case hex digits. Ids count up, so that a failing run names the same events again.
pub(crate) fn new_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("5eed0000000040008000{:012x}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The smallest event that a person would send: a message.
pub(crate) fn message(id: &str) -> Value {
    json!({ "event_id": id, "message": "the till is open", "level": "warning", "platform": "python" })
}

/// An envelope that holds one event.
pub(crate) fn envelope(id: &str, event: impl AsRef<[u8]>) -> Vec<u8> {
    let event = event.as_ref();
    let header = format!("{{\"event_id\":\"{id}\"}}\n{{\"type\":\"event\",\"length\":{}}}\n", event.len());
    [header.as_bytes(), event, b"\n"].concat()
}

/// An envelope with a message.
pub(crate) fn message_envelope(id: &str) -> Vec<u8> {
    envelope(id, message(id).to_string())
}
