//! The fact sheet's rules for events (B1 to B8), a table for each.

use serde_json::{Value, json};
use watchfire_protocol::EventId;
use watchfire_protocol::event::{
    Context, EventError, EventKind, Level, MAX_EVENT_BYTES, Scratch, normalise, write_unix_seconds,
};
use watchfire_protocol::json::JsonErrorKind;

use crate::support::{RECEIVED, context, error, errors, event, event_in, stored};

fn refusal(payload: &str, context: &Context) -> EventError {
    normalise(payload.as_bytes(), context, &mut Scratch::default()).unwrap_err()
}

/// What is stored of one attribute.
fn attribute(payload: &str, name: &str) -> Value {
    stored(&event(payload))[name].take()
}

#[test]
fn an_empty_object_is_an_event_with_defaults() {
    let event = event("{}");
    assert_eq!(event.id, EventId([0xab; 16]));
    assert_eq!(
        (event.kind, event.level, event.platform, event.timestamp),
        (EventKind::Default, Level::Error, "other", RECEIVED)
    );
    assert_eq!(event.logger, "");
    assert_eq!(event.attributes_json, b",\"type\":\"default\",\"received\":1795416330.0,\"errors\":[]");
    assert_eq!(event.exception_json, b"{\"values\":[]}");
    assert!(event.tags.is_empty() && event.exceptions.is_empty() && event.message.is_none());
}

#[test]
fn attributes_are_written_in_the_order_of_the_fact_sheet() {
    let payload = r#"{"checksum":"c","time_spent":3,"_meta":{},"debug_meta":{"images":[]},"sdk":{"name":"a"},"modules":{"m":"1"},
        "fingerprint":["f"],"culprit":"k","transaction_info":{"source":"x"},"transaction":"t","dist":"d","release":"r","environment":"e",
        "request":{"url":"u"},"user":{"id":1},"contexts":{"os":{}},"extra":{},"breadcrumbs":[{}],"threads":[{"id":1}],
        "message":{"formatted":"m"},
        "stacktrace":{"frames":[]},"start_timestamp":1795416329,"logger":"l"}"#;
    let event = event(payload);
    let text = String::from_utf8(event.attributes_json.clone()).unwrap();
    let mut from = 0;
    for name in [
        "type",
        "logger",
        "start_timestamp",
        "received",
        "logentry",
        "stacktrace",
        "threads",
        "breadcrumbs",
        "extra",
        "contexts",
        "user",
        "request",
        "environment",
        "release",
        "dist",
        "transaction",
        "transaction_info",
        "culprit",
        "fingerprint",
        "modules",
        "sdk",
        "debug_meta",
        "errors",
        "_meta",
        "time_spent",
        "checksum",
    ] {
        from += text[from..].find(&format!(",\"{name}\":")).unwrap_or_else(|| panic!("{name} in {text}"));
    }
    assert_eq!(stored(&event).as_object().unwrap().len(), 27);
}

#[test]
fn the_headers_id_wins_over_the_payloads_and_a_malformed_one_is_an_error() {
    let id = "5fe979d329b14a4caa62b32455206cdd";
    let header = Context { header_event_id: Some(EventId([7; 16])), ..context() };
    for payload in
        [format!("{{\"event_id\":\"{id}\"}}"), "{\"event_id\":\"5FE979D3-29B1-4A4C-AA62-B32455206CDD\"}".into()]
    {
        assert_eq!(event(&payload).id.to_string(), id);
        assert_eq!(event_in(&payload, &header).id, EventId([7; 16]));
    }
    for payload in ["{\"event_id\":\"x\"}", "{\"event_id\":\"\"}", "{\"event_id\":7}", "{\"event_id\":[]}"] {
        assert_eq!(refusal(payload, &context()), EventError::Id);
        assert_eq!(event_in(payload, &header).id, EventId([7; 16]));
        assert_eq!(errors(&event_in(payload, &header)), [error("invalid_data", "event_id")]);
    }
    assert_eq!(event("{\"event_id\":null}").id, EventId([0xab; 16]));
}

#[test]
fn a_nil_id_in_the_payload_is_listed_and_counts_as_none() {
    let header = Context { header_event_id: Some(EventId([7; 16])), ..context() };
    for nil in ["00000000000000000000000000000000", "00000000-0000-0000-0000-000000000000"] {
        let payload = format!("{{\"event_id\":\"{nil}\"}}");
        for (context, id) in [(context(), EventId([0xab; 16])), (header.clone(), EventId([7; 16]))] {
            let event = event_in(&payload, &context);
            assert_eq!(event.id, id);
            assert_eq!(errors(&event), [error("invalid_data", "event_id")]);
        }
    }
}

#[test]
fn only_broken_json_other_values_and_size_refuse_an_event() {
    assert!(matches!(refusal("{\"a\":", &context()), EventError::Json(error) if error.kind == JsonErrorKind::End));
    assert!(matches!(refusal("", &context()), EventError::Json(_)));
    for payload in ["[]", "1", "null", "\"x\""] {
        assert_eq!(refusal(payload, &context()), EventError::NotAnObject);
    }
    let large = format!("{{\"message\":\"{}\"}}", "x".repeat(MAX_EVENT_BYTES));
    assert_eq!(refusal(&large, &context()), EventError::TooLarge);
}

#[test]
fn levels_are_names_or_numbers_and_others_are_listed() {
    for (sent, level) in [
        ("\"debug\"", Level::Debug),
        ("\"info\"", Level::Info),
        ("\"log\"", Level::Info),
        ("\"warning\"", Level::Warning),
        ("\"ERROR\"", Level::Error),
        ("\"fatal\"", Level::Fatal),
        ("\"critical\"", Level::Fatal),
        ("10", Level::Debug),
        ("50", Level::Fatal),
        ("null", Level::Error),
    ] {
        let payload = format!("{{\"level\":{sent}}}");
        assert_eq!(event(&payload).level, level, "{sent}");
        assert_eq!(errors(&event(&payload)), [], "{sent}");
    }
    for sent in ["\"loud\"", "11", "40.5", "true", "{}"] {
        let payload = format!("{{\"level\":{sent}}}");
        assert_eq!(event(&payload).level, Level::Error);
        assert_eq!(errors(&event(&payload)), [error("invalid_data", "level")], "{sent}");
    }
}

#[test]
fn a_timestamp_is_corrected_by_the_clock_and_never_outside_its_range() {
    let minute = 60_000_000;
    let day = 24 * 60 * minute;
    for (sent, drift, expected, problem) in [
        (0, 0, 0, None),
        (-5 * minute, -5 * minute, -5 * minute, None),
        (-55 * minute, -55 * minute, 0, Some("clock_drift")),
        (90 * minute, 90 * minute, 0, Some("clock_drift")),
        (-61 * minute, -60 * minute, -minute, Some("clock_drift")),
        (minute, 0, minute, None),
        (minute + 1, 0, 0, Some("future_timestamp")),
        (-30 * day, 0, -30 * day, None),
        (-31 * day, 0, 0, Some("past_timestamp")),
    ] {
        let mut timestamp = Vec::new();
        write_unix_seconds(&mut timestamp, RECEIVED + sent);
        let timestamp = String::from_utf8(timestamp).unwrap();
        let payload = format!(
            "{{\"timestamp\":{timestamp},\"breadcrumbs\":[{{\"timestamp\":{timestamp}}}],\"start_timestamp\":{timestamp}}}"
        );
        let context = Context { sent_at: Some(RECEIVED + drift), ..context() };
        let event = event_in(&payload, &context);
        assert_eq!(event.timestamp, RECEIVED + expected, "{sent} {drift}");
        let found: Vec<_> = errors(&event).into_iter().map(|entry| entry.0).collect();
        assert_eq!(found, problem.into_iter().collect::<Vec<_>>(), "{sent} {drift}");
        let seconds = (RECEIVED + expected) as f64 / 1e6;
        let stored = stored(&event);
        assert_eq!(stored["breadcrumbs"]["values"][0]["timestamp"].as_f64(), Some(seconds));
        assert_eq!(stored["start_timestamp"].as_f64(), Some(seconds));
    }
}

#[test]
fn clock_drift_is_listed_with_both_clocks() {
    let context = Context { sent_at: Some(RECEIVED - 3_600_000_000), ..context() };
    let stored = stored(&event_in("{}", &context));
    assert_eq!(
        stored["errors"],
        json!([{"type":"clock_drift","name":"timestamp","sdk_time":"2026-11-23T05:45:30Z","server_time":"2026-11-23T06:45:30Z"}])
    );
}

#[test]
fn timestamps_that_are_none_count_as_receipt_and_are_listed() {
    for sent in ["\"yesterday\"", "true", "-5", "1e300", "[]"] {
        let payload = format!("{{\"timestamp\":{sent}}}");
        assert_eq!(event(&payload).timestamp, RECEIVED);
        assert_eq!(errors(&event(&payload)), [error("invalid_data", "timestamp")], "{sent}");
    }
    let payload = r#"{"breadcrumbs":[{"timestamp":"x"},{"timestamp":"2026-11-23T06:45:00Z"}],"start_timestamp":"x"}"#;
    let event = event(payload);
    assert_eq!(
        errors(&event),
        [error("invalid_data", "start_timestamp"), error("invalid_data", "breadcrumbs.values.0.timestamp")]
    );
    let crumbs = &stored(&event)["breadcrumbs"]["values"];
    assert_eq!(*crumbs, json!([{"timestamp":null},{"timestamp":"2026-11-23T06:45:00Z"}]));
}

#[test]
fn messages_come_in_many_shapes() {
    for (payload, formatted, template) in [
        (r#"{"message":"a"}"#, Some("a"), None),
        (r#"{"logentry":{"formatted":"a"}}"#, Some("a"), None),
        (r#"{"logentry":{"message":"a"}}"#, Some("a"), None),
        (r#"{"logentry":{"message":"a","formatted":"a"}}"#, Some("a"), None),
        (r#"{"message":{"message":"a %s","params":["b"]}}"#, Some("a b"), Some("a %s")),
        (r#"{"sentry.interfaces.Message":{"message":"a %s","params":["b"]}}"#, Some("a b"), Some("a %s")),
        (r#"{"logentry":{"message":"a %s","formatted":"a c","params":["b"]}}"#, Some("a c"), Some("a %s")),
        (r#"{"logentry":{"message":"a %s %s","params":["b"]}}"#, Some("a %s %s"), None),
        (r#"{"logentry":{"message":"a {x}","params":{"x":1}}}"#, Some("a 1"), Some("a {x}")),
        (r#"{"logentry":{"message":"a %s"},"message":"b"}"#, Some("a %s"), None),
        (r#"{"logentry":null,"message":"b"}"#, Some("b"), None),
        (r#"{"logentry":{},"message":"b"}"#, Some("b"), None),
        (r#"{"message":false}"#, None, None),
        (r#"{"message":null}"#, None, None),
        (r#"{"message":""}"#, None, None),
        (r#"{"message":{"message":"","formatted":""}}"#, None, None),
        (r#"{"message":42}"#, Some("42"), None),
        (r#"{"message":["a"]}"#, Some("[\"a\"]"), None),
        (r#"{"logentry":{"formatted":{"a":1}}}"#, Some("{\"a\":1}"), None),
    ] {
        let event = event(payload);
        let message = event.message.as_ref();
        assert_eq!(message.map(|message| &*message.formatted), formatted, "{payload}");
        assert_eq!(message.and_then(|message| message.template.as_deref()), template, "{payload}");
        assert_eq!(errors(&event), [], "{payload}");
    }
    assert_eq!(errors(&event(r#"{"logentry":{"params":[1]}}"#)), [error("missing_attribute", "logentry")]);
    assert_eq!(
        errors(&event(r#"{"logentry":{"message":"a","params":3}}"#)),
        [error("invalid_data", "logentry.params")]
    );
}

#[test]
fn a_message_is_stored_as_logentry_if_it_was_an_object_or_would_be_taken_for_the_title() {
    let logentry = attribute(r#"{"message":{"message":"a %s","params":["b"]}}"#, "logentry");
    assert_eq!(logentry, json!({"message":"a %s","params":["b"],"formatted":"a b"}));
    assert_eq!(attribute(r#"{"message":"a"}"#, "logentry"), Value::Null);
    let beside = attribute(r#"{"message":"a","exception":[{"type":"E"}]}"#, "logentry");
    assert_eq!(beside, json!({"formatted":"a"}));
    let placeholder = attribute(r#"{"message":"<unlabeled event>"}"#, "logentry");
    assert_eq!(placeholder, json!({"formatted":"<unlabeled event>"}));
}

#[test]
fn texts_are_cut_at_their_limit_and_listed() {
    let long = "é".repeat(9000);
    for (name, limit) in [("message", 8192), ("logger", 64), ("transaction", 200), ("culprit", 200)] {
        let payload = format!("{{\"{name}\":\"{long}\"}}");
        let event = event(&payload);
        assert_eq!(errors(&event), [error("value_too_long", name)]);
        let text = match name {
            "message" => event.message.as_ref().unwrap().formatted.clone(),
            "logger" => event.logger.clone(),
            "transaction" => event.transaction.clone().unwrap(),
            _ => event.culprit.clone().unwrap(),
        };
        assert_eq!((text.chars().count(), text.ends_with("é...")), (limit, true), "{name}");
    }
    let grace = "x".repeat(8392);
    assert_eq!(errors(&event(&format!("{{\"message\":\"{grace}\"}}"))), []);
}

#[test]
fn a_logger_has_no_line_ends_and_reports_have_their_own() {
    assert_eq!(event(r#"{"logger":" a "}"#).logger, "a");
    assert_eq!(errors(&event(r#"{"logger":"a\nb"}"#)), [error("invalid_data", "logger")]);
    assert_eq!(event(r#"{"csp":{}}"#).logger, "csp");
}

#[test]
fn platforms_outside_the_list_are_other() {
    assert_eq!(event(r#"{"platform":"ruby"}"#).platform, "ruby");
    assert_eq!(event(r#"{"platform":"fortran"}"#).platform, "other");
    assert_eq!(errors(&event(r#"{"platform":"fortran"}"#)), [error("invalid_data", "platform")]);
}

#[test]
fn names_of_releases_environments_and_distributions_are_valid_or_absent() {
    for (name, sent, kept) in [
        ("release", "\" 1.0 \"", Some("1.0")),
        ("release", "12", Some("12")),
        ("release", "3.7", Some("3")),
        ("release", "\"shop@1.4.2+5\"", Some("shop@1.4.2+5")),
        ("release", "\"\"", None),
        ("environment", "\" prod \"", Some("prod")),
        ("environment", "\"\"", None),
        ("dist", "\" 1_a.b-2 \"", Some("1_a.b-2")),
        ("dist", "7", Some("7")),
    ] {
        let payload = format!("{{\"{name}\":{sent}}}");
        assert_eq!(attribute(&payload, name).as_str(), kept, "{name} {sent}");
        assert_eq!(errors(&event(&payload)), [], "{name} {sent}");
    }
    let long = format!("\"{}\"", "x".repeat(201));
    for (name, sent, kind) in [
        ("release", "\".\"", "invalid_data"),
        ("release", "\"..\"", "invalid_data"),
        ("release", "\"a/b\"", "invalid_data"),
        ("release", "\"a\\\\b\"", "invalid_data"),
        ("release", "\"a\\nb\"", "invalid_data"),
        ("release", "\"a\\tb\"", "invalid_data"),
        ("release", "\"Latest\"", "invalid_data"),
        ("release", "{}", "invalid_data"),
        ("release", &long, "value_too_long"),
        ("environment", "\"None\"", "invalid_data"),
        ("environment", "\"a/b\"", "invalid_data"),
        ("environment", &long, "value_too_long"),
        ("dist", "\"a b\"", "invalid_data"),
        ("dist", &long, "value_too_long"),
    ] {
        let payload = format!("{{\"{name}\":{sent}}}");
        assert_eq!(attribute(&payload, name), Value::Null, "{name} {sent}");
        assert_eq!(errors(&event(&payload)), [error(kind, name)], "{name} {sent}");
        assert!(event(&payload).tags.is_empty());
    }
}
