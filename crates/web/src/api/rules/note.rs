//! The header that says which of a rule's actions do nothing here.

use http::header::HeaderMap;
use http::{HeaderName, HeaderValue};
use serde_json::Value;
use store::rules::{ActionTarget, action_target};

/// What an answer says of itself beside a body that is Sentry's.
const X_WATCHFIRE_NOTE: HeaderName = HeaderName::from_static("x-watchfire-note");
/// Ids that are named; the others are counted.
const NAMED_MAX: usize = 5;

/// The header, where there is anything to say.
pub(super) fn note(actions: &[Value]) -> HeaderMap {
    let mut idle: Vec<&str> = Vec::new();
    for action in actions.iter().filter(|action| action_target(action) == ActionTarget::Nothing) {
        let id = action.get("id").and_then(Value::as_str).unwrap_or_default();
        if !idle.contains(&id) {
            idle.push(id);
        }
    }
    if idle.is_empty() {
        return HeaderMap::new();
    }
    let more = idle.len().saturating_sub(NAMED_MAX);
    let named = idle.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
    let others = if more == 0 { String::new() } else { format!(" and {more} more") };
    said(&format!("kept without effect, Watchfire alerts service hooks only: {named}{others}"))
}

/// A note with this text, which must be ASCII.
pub(super) fn said(text: &str) -> HeaderMap {
    HeaderValue::from_str(text).map(|value| HeaderMap::from_iter([(X_WATCHFIRE_NOTE, value)])).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_alerts_hooks_needs_no_note() {
        assert!(note(&[json!({"id": store::rules::NOTIFY_EVENT})]).is_empty());
        assert!(note(&[]).is_empty());
    }

    #[test]
    fn each_id_that_does_nothing_is_named_once_and_many_are_counted() {
        let mail = json!({"id": "sentry.mail.actions.NotifyEmailAction"});
        let note_of = |actions: &[Value]| note(actions)[X_WATCHFIRE_NOTE].to_str().unwrap().to_owned();
        assert_eq!(
            note_of(&[mail.clone(), mail]),
            "kept without effect, Watchfire alerts service hooks only: sentry.mail.actions.NotifyEmailAction"
        );
        let many: Vec<Value> = (0..7).map(|number| json!({"id": format!("a{number}")})).collect();
        assert!(note_of(&many).ends_with("a0, a1, a2, a3, a4 and 2 more"), "{}", note_of(&many));
    }
}
