//! The bodies, as a receiver reads them.
//!
//! Responsible for typed access to what every body holds. Refuses to be strict about the rest: attributes that these
//! types do not name are kept beside them, so a newer sender breaks no receiver. The sender does not use these types; it
//! writes bytes. Called by receivers and by tests.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The body of `event.created`: an error event was stored, of a new issue or a known one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventCreated {
    /// The event's id: 32 lower-case hex digits.
    pub id: String,
    /// The project's slug.
    pub project: String,
    /// The project's number, as text.
    pub project_id: String,
    /// The project's name.
    pub project_name: String,
    /// Where the error was raised, such as `app.views.index in get`; may be empty.
    pub culprit: String,
    /// The event's title: `Type: value`, or the message.
    pub message: String,
    /// The issue's page.
    pub url: String,
    /// `debug`, `info`, `warning`, `error` or `fatal`.
    pub level: String,
    /// The logger's name; empty when the SDK sent none.
    pub logger: String,
    /// The event's time in UTC with milliseconds, such as `2024-01-01T00:00:00.000Z`.
    pub datetime: String,
    /// The whole event.
    pub event: Event,
    /// The issue's number, as text.
    pub issue_id: String,
}

/// The body of `event.alert`: at least one rule fired for this hook on an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventAlert {
    /// The event's id: 32 lower-case hex digits.
    pub id: String,
    /// The project's slug.
    pub project: String,
    /// The project's number, as text.
    pub project_id: String,
    /// The project's name.
    pub project_name: String,
    /// Where the error was raised, such as `app.views.index in get`; may be empty.
    pub culprit: String,
    /// The event's title: `Type: value`, or the message.
    pub message: String,
    /// The issue's page.
    pub url: String,
    /// `debug`, `info`, `warning`, `error` or `fatal`.
    pub level: String,
    /// The names of the rules that fired for this hook, in the order of their ids.
    pub triggering_rules: Vec<String>,
    /// The issue's number, as text.
    pub issue_id: String,
    /// The ids of those rules, in the same order: a name can change, an id cannot.
    pub triggering_rule_ids: Vec<String>,
}

/// The event inside `event.created`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The same id as the body's `id`.
    pub event_id: String,
    /// The message that the SDK sent, else the title.
    pub message: String,
    /// `debug`, `info`, `warning`, `error` or `fatal`.
    pub level: String,
    /// The SDK's platform, such as `python`.
    pub platform: String,
    /// When it happened, in Unix seconds.
    pub timestamp: f64,
    /// Pairs of key and value, sorted by key.
    pub tags: Vec<(String, String)>,
    /// The exceptions, the outermost last; empty on a message.
    pub exception: Exceptions,
    /// Every other attribute that the SDK sent, in Sentry's names and shapes.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// The chain of exceptions of an event.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Exceptions {
    /// The cause first, what was raised last.
    pub values: Vec<Exception>,
}

/// One exception.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Exception {
    /// The class, such as `TypeError`.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Where it was raised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stacktrace: Option<Stacktrace>,
    /// Every other attribute.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// The frames of an exception.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Stacktrace {
    /// The oldest call first.
    #[serde(default)]
    pub frames: Vec<Frame>,
    /// Every other attribute.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// One frame.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// The function's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// The module's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// The file's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// The line, counted from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lineno: Option<u64>,
    /// Whether it is the program's own code, where the SDK knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_app: Option<bool>,
    /// Every other attribute.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATED: &str = r#"{"id":"9f0c0000000000000000000000000001","project":"my-project","project_id":"1",
        "project_name":"My Project","culprit":"app.views.index in get",
        "message":"TypeError: Cannot read property 'foo' of undefined",
        "url":"https://host/organizations/my-org/issues/12345/","level":"error","logger":"",
        "datetime":"2024-01-01T00:00:00.000Z","event":{"event_id":"9f0c0000000000000000000000000001",
        "message":"TypeError: Cannot","level":"error","platform":"python","timestamp":1704067200.0,
        "tags":[["environment","production"],["release","1.0.0"]],"exception":{"values":[{"type":"TypeError",
        "value":"Cannot read","stacktrace":{"frames":[{"function":"get","lineno":3,"colno":7}]}}]},
        "release":"1.0.0"},"issue_id":"12345"}"#;

    const ALERT: &str = r#"{"id":"9f0c0000000000000000000000000001","project":"my-project","project_id":"1",
        "project_name":"My Project","culprit":"app.views.index in get","message":"TypeError: Cannot",
        "url":"https://host/organizations/my-org/issues/12345/","level":"error","triggering_rules":["Rule Name"],
        "issue_id":"12345","triggering_rule_ids":["7"]}"#;

    #[test]
    fn the_documented_created_body_is_read_and_written_with_nothing_lost() {
        let body: EventCreated = serde_json::from_str(CREATED).unwrap();
        assert_eq!(body.event.tags[1], ("release".to_owned(), "1.0.0".to_owned()));
        assert_eq!(body.event.other["release"], "1.0.0");
        assert_eq!(body.event.exception.values[0].class.as_deref(), Some("TypeError"));
        let written = serde_json::to_value(&body).unwrap();
        assert_eq!(written, serde_json::from_str::<Value>(CREATED).unwrap());
    }

    #[test]
    fn the_documented_alert_body_is_read_and_written_with_nothing_lost() {
        let body: EventAlert = serde_json::from_str(ALERT).unwrap();
        assert_eq!(body.triggering_rule_ids, ["7"]);
        let written = serde_json::to_value(&body).unwrap();
        assert_eq!(written, serde_json::from_str::<Value>(ALERT).unwrap());
    }

    #[test]
    fn attributes_of_a_newer_sender_are_no_error() {
        let newer = ALERT.replacen('{', r#"{"added_later":[1,2],"#, 1);
        assert!(serde_json::from_str::<EventAlert>(&newer).is_ok());
    }
}
