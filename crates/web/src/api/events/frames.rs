//! Exceptions, threads and their stack traces, with the names that the API gives their parts.

use serde_json::{Value, json};

/// Names of a frame's parts: as stored, and as shown.
const FRAME_PARTS: [(&str, &str); 18] = [
    ("filename", "filename"),
    ("abs_path", "absPath"),
    ("module", "module"),
    ("package", "package"),
    ("platform", "platform"),
    ("instruction_addr", "instructionAddr"),
    ("symbol_addr", "symbolAddr"),
    ("function", "function"),
    ("raw_function", "rawFunction"),
    ("symbol", "symbol"),
    ("lineno", "lineNo"),
    ("colno", "colNo"),
    ("in_app", "inApp"),
    ("trust", "trust"),
    ("vars", "vars"),
    ("lock", "lock"),
    ("errors", "errors"),
    ("source_link", "sourceLink"),
];

/// One exception of a chain.
pub(super) fn exception(stored: &Value) -> Value {
    json!({
        "type": stored["type"],
        "value": stored["value"],
        "module": stored["module"],
        "mechanism": stored["mechanism"],
        "threadId": stored["thread_id"],
        "stacktrace": stacktrace(&stored["stacktrace"]),
        "rawStacktrace": stacktrace(&stored["raw_stacktrace"]),
    })
}

/// One thread.
pub(super) fn thread(stored: &Value) -> Value {
    json!({
        "id": stored["id"],
        "name": stored["name"],
        "state": stored["state"],
        "current": stored["current"].as_bool().unwrap_or(false),
        "crashed": stored["crashed"].as_bool().unwrap_or(false),
        "stacktrace": stacktrace(&stored["stacktrace"]),
        "rawStacktrace": stacktrace(&stored["raw_stacktrace"]),
    })
}

/// A stack trace, caller first; null where there is none.
pub(super) fn stacktrace(stored: &Value) -> Value {
    let Some(frames) = stored["frames"].as_array() else { return Value::Null };
    json!({
        "frames": frames.iter().filter(|frame| frame.is_object()).map(frame).collect::<Vec<_>>(),
        "framesOmitted": stored["frames_omitted"],
        "registers": stored["registers"],
        "hasSystemFrames": has_both_frames(stored),
    })
}

/// Whether system frames stand beside the application's own.
pub(super) fn has_both_frames(stored: &Value) -> bool {
    let frames = stored["frames"].as_array().map(Vec::as_slice).unwrap_or_default();
    frames.iter().any(|frame| frame["in_app"] == true) && frames.iter().any(|frame| frame["in_app"] != true)
}

fn frame(stored: &Value) -> Value {
    let mut shown: serde_json::Map<String, Value> =
        FRAME_PARTS.iter().map(|(name, shown)| ((*shown).to_owned(), stored[name].clone())).collect();
    shown.insert("inApp".to_owned(), json!(stored["in_app"].as_bool().unwrap_or(false)));
    shown.insert("context".to_owned(), context(stored));
    Value::Object(shown)
}

/// `[number, line]` of each line around the one that was running.
fn context(stored: &Value) -> Value {
    let (Some(line), Some(number)) = (stored["context_line"].as_str(), stored["lineno"].as_i64()) else {
        return json!([]);
    };
    let lines = |name: &str| stored[name].as_array().cloned().unwrap_or_default();
    let (before, after) = (lines("pre_context"), lines("post_context"));
    let first = number.saturating_sub(i64::try_from(before.len()).unwrap_or(0));
    let all = before.into_iter().chain([json!(line)]).chain(after);
    (first..).zip(all).map(|(number, line)| json!([number, line])).collect()
}
