//! Payloads in few words.

use serde_json::{Value, json};

/// A frame of the application's own.
pub(crate) fn own(module: &str, function: &str, line: &str) -> Value {
    json!({"module": module, "function": function, "context_line": line, "lineno": 10, "in_app": true})
}

/// A frame of a library.
pub(crate) fn library(module: &str, function: &str) -> Value {
    json!({"module": module, "function": function, "lineno": 10, "in_app": false})
}

/// A frame of a script in a page.
pub(crate) fn script(function: &str, url: &str) -> Value {
    json!({"function": function, "filename": url, "lineno": 1, "colno": 4711, "in_app": true})
}

/// The value with these members besides, or instead.
pub(crate) fn with(mut value: Value, members: Value) -> Value {
    if let (Value::Object(value), Value::Object(members)) = (&mut value, members) {
        value.extend(members);
    }
    value
}

pub(crate) fn exception(ty: &str, value: &str, frames: &[Value]) -> Value {
    let bare = json!({"type": ty, "value": value});
    if frames.is_empty() { bare } else { with(bare, json!({"stacktrace": {"frames": frames}})) }
}

/// An event of these exceptions.
pub(crate) fn chain(platform: &str, exceptions: &[Value]) -> Value {
    json!({"platform": platform, "exception": {"values": exceptions}})
}

/// A `ValueError` with these frames.
pub(crate) fn crash(platform: &str, frames: &[Value]) -> Value {
    chain(platform, &[exception("ValueError", "bad amount", frames)])
}

/// One with an outer frame that stays and one of this module and function.
pub(crate) fn crash_in(platform: &str, module: &str, function: &str) -> Value {
    crash(platform, &[own("app.main", "main", ""), own(module, function, "")])
}

pub(crate) fn message(text: &str) -> Value {
    json!({"platform": "python", "message": text})
}

pub(crate) fn fingerprint(event: Value, elements: &[&str]) -> Value {
    with(event, json!({ "fingerprint": elements }))
}
