//! The fact sheet's rules for events (B1 to B8), a table for each.

use serde_json::{Value, json};
use watchfire_protocol::EventId;
use watchfire_protocol::event::{
    Context, EventError, EventKind, Level, MAX_EVENT_BYTES, MAX_LISTED_ERRORS, Scratch, normalise, write_unix_seconds,
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
fn an_object_message_is_stored_as_logentry_and_a_plain_one_is_not() {
    let logentry = attribute(r#"{"message":{"message":"a %s","params":["b"]}}"#, "logentry");
    assert_eq!(logentry, json!({"message":"a %s","params":["b"],"formatted":"a b"}));
    assert_eq!(attribute(r#"{"message":"a"}"#, "logentry"), Value::Null);
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
fn tags_are_a_map_or_a_list_of_pairs() {
    let expected = [("a-b", "1"), ("t", "True"), ("x", "y")];
    for payload in [
        r#"{"tags":{"x":" y ","a b":1.9,"t":true,"n":null}}"#,
        r#"{"tags":[["x","y"],[" a b ",1],["t",true],["n",null],null]}"#,
    ] {
        let event = event(payload);
        let tags: Vec<_> = event.tags.iter().map(|(key, value)| (&**key, &**value)).collect();
        assert_eq!(tags, expected, "{payload}");
        assert_eq!(errors(&event), [], "{payload}");
    }
}

#[test]
fn tags_that_break_a_rule_are_left_out_and_listed() {
    let long = "x".repeat(201);
    for (tags, name, kind) in [
        (r#"{"a$b":"1"}"#.to_owned(), "tags.a$b", "invalid_data"),
        (r#"{"":"1"}"#.to_owned(), "tags", "invalid_data"),
        (r#"{"a":""}"#.to_owned(), "tags.a", "invalid_data"),
        (r#"{"a":"1\n2"}"#.to_owned(), "tags.a", "invalid_data"),
        (r#"{"a":{}}"#.to_owned(), "tags.a", "invalid_data"),
        (format!("{{\"a\":\"{long}\"}}"), "tags.a", "value_too_long"),
        (format!("{{\"{long}\":\"1\"}}"), &format!("tags.{long}"), "value_too_long"),
        (r#"[["a"]]"#.to_owned(), "tags.0", "invalid_data"),
        (r#"[["a",1,2]]"#.to_owned(), "tags.0", "invalid_data"),
        (r#"[3]"#.to_owned(), "tags.0", "invalid_data"),
        ("3".to_owned(), "tags", "invalid_data"),
    ] {
        let payload = format!("{{\"tags\":{tags}}}");
        let event = event(&payload);
        assert!(event.tags.is_empty(), "{tags}");
        assert_eq!(errors(&event), [error(kind, name)], "{tags}");
    }
    let exact = format!("{{\"tags\":{{\"a\":\"{}\"}}}}", "é".repeat(200));
    assert_eq!(event(&exact).tags.len(), 1);
}

#[test]
fn reserved_tags_give_way_to_attributes_and_the_first_of_a_key_counts() {
    let payload = r#"{"tags":[["b","1"],["b","2"],["release","no"],["dist","no"],["user","no"],["filename","no"],["function","no"],
        ["environment","staging"],["server_name","no"]],"release":"1.0","dist":"d-1","server_name":"web-1","site":"shop"}"#;
    let event = event(payload);
    let tags: Vec<_> = event.tags.iter().map(|(key, value)| (&**key, &**value)).collect();
    assert_eq!(
        tags,
        [
            ("b", "1"),
            ("dist", "d-1"),
            ("environment", "staging"),
            ("release", "1.0"),
            ("server_name", "web-1"),
            ("site", "shop")
        ]
    );
    assert_eq!(event.environment.as_deref(), Some("staging"));
    let both = r#"{"environment":"prod","tags":{"environment":"staging"}}"#;
    assert_eq!(crate::support::event(both).environment.as_deref(), Some("prod"));
}

#[test]
fn the_event_itself_gives_tags_that_webhooks_do_not_carry() {
    let payload = r#"{"level":"warning","logger":"l","transaction":"t","user":{"email":"a@b"},"request":{"url":"http://h/p"},
        "exception":[{"type":"E","mechanism":{"type":"m","handled":false}}],
        "contexts":{"runtime":{"name":"R","version":"1"},"client":{"type":"os","name":"O"},"browser":{"name":"B","version":"2"},
        "device":{"model":"D","family":"F"}}}"#;
    let event = event(payload);
    let tags: Vec<_> = event.derived_tags.iter().map(|(key, value)| (&**key, &**value)).collect();
    assert_eq!(
        tags,
        [
            ("browser", "B 2"),
            ("browser.name", "B"),
            ("device", "D"),
            ("device.family", "F"),
            ("handled", "no"),
            ("level", "warning"),
            ("logger", "l"),
            ("mechanism", "m"),
            ("os", "O"),
            ("os.name", "O"),
            ("runtime", "R 1"),
            ("runtime.name", "R"),
            ("transaction", "t"),
            ("url", "http://h/p"),
            ("user", "email:a@b"),
        ]
    );
    assert!(event.tags.is_empty());
}

#[test]
fn a_users_tag_is_the_first_of_id_name_mail_and_address() {
    for (user, tag) in [
        (r#"{"id":7,"username":"u"}"#, "id:7"),
        (r#"{"id":"","username":"u","email":"e"}"#, "username:u"),
        (r#"{"email":"e","ip_address":"10.0.0.1"}"#, "email:e"),
        (r#"{"ip_address":"10.0.0.1"}"#, "ip:10.0.0.1"),
    ] {
        let payload = format!("{{\"user\":{user}}}");
        let event = event(&payload);
        assert!(event.derived_tags.iter().any(|found| found.0 == "user" && found.1 == tag), "{user}");
    }
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

#[test]
fn fingerprints_are_lists_of_texts() {
    for (sent, parts, listed) in [
        (r#"["a","{{ default }}"]"#, &["a", "{{ default }}"][..], vec![]),
        (r#"[1,3.5,true,false,null]"#, &["1", "3", "True", "False"], vec![]),
        ("[]", &[], vec![]),
        ("[null]", &[], vec![]),
        ("[1e300,\"a\"]", &["a"], vec![error("invalid_data", "fingerprint.0")]),
        ("[{}]", &[], vec![error("invalid_data", "fingerprint.0")]),
        ("\"a\"", &[], vec![error("invalid_data", "fingerprint")]),
    ] {
        let payload = format!("{{\"fingerprint\":{sent}}}");
        let event = event(&payload);
        assert_eq!(event.fingerprint, parts, "{sent}");
        assert_eq!(errors(&event), listed, "{sent}");
        assert_eq!(stored(&event).get("fingerprint").is_some(), !parts.is_empty(), "{sent}");
    }
    let long = format!("{{\"fingerprint\":[\"{}\"]}}", "x".repeat(10_000));
    assert_eq!(event(&long).fingerprint[0].len(), 10_000, "never cut");
}

#[test]
fn attributes_outside_the_table_are_left_out_and_listed_those_of_the_server_are_not() {
    let payload = r#"{"spans":[],"foo":{"password":"x"},"type":"transaction",
        "project":3,"key_id":"k","version":"6","received":1,"grouping_config":{}}"#;
    let event = event(payload);
    assert_eq!(errors(&event), [error("invalid_attribute", "spans"), error("invalid_attribute", "foo")]);
    assert_eq!(
        stored(&event),
        json!({"exception":{"values":[]},"type":"default","received":1_795_416_330.0,"errors":[
            {"type":"invalid_attribute","name":"spans"},{"type":"invalid_attribute","name":"foo"}]})
    );
}

#[test]
fn todays_name_wins_over_an_old_sdks() {
    for payload in [
        r#"{"user":{"id":"new"},"sentry.interfaces.User":{"id":"old"}}"#,
        r#"{"sentry.interfaces.User":{"id":"old"},"user":{"id":"new"}}"#,
    ] {
        assert_eq!(event(payload).user.id.as_deref(), Some("new"));
    }
    assert_eq!(event(r#"{"sentry.interfaces.User":{"id":"old"},"user":null}"#).user.id.as_deref(), Some("old"));
}

#[test]
fn attributes_of_another_shape_are_left_out_and_listed() {
    for name in [
        "extra",
        "contexts",
        "user",
        "request",
        "modules",
        "sdk",
        "debug_meta",
        "_meta",
        "transaction_info",
        "time_spent",
        "csp",
    ] {
        let payload = format!("{{\"{name}\":\"text\"}}");
        let event = event(&payload);
        assert_eq!(errors(&event), [error("invalid_data", name)], "{name}");
        assert!(stored(&event).get(name).is_none(), "{name}");
    }
}

#[test]
fn the_sdks_own_errors_come_first_and_too_many_are_counted() {
    let payload = format!(
        "{{\"errors\":[{{\"type\":\"js_invalid_source\"}}],{}}}",
        (0..100).map(|i| format!("\"x{i}\":1")).collect::<Vec<_>>().join(",")
    );
    let stored = stored(&event(&payload));
    let errors = stored["errors"].as_array().unwrap();
    assert_eq!(errors[0]["type"], "js_invalid_source");
    assert_eq!(errors.len(), 1 + MAX_LISTED_ERRORS + 1);
    assert_eq!(
        errors[errors.len() - 1],
        json!({"type":"too_many_errors","name":"errors","value":100 - MAX_LISTED_ERRORS})
    );
}

#[test]
fn a_short_value_that_was_wrong_is_listed_with_its_problem() {
    assert_eq!(
        attribute(r#"{"level":"loud"}"#, "errors"),
        json!([{"type":"invalid_data","name":"level","value":"loud"}])
    );
    let long = format!("{{\"level\":\"{}\"}}", "x".repeat(500));
    assert_eq!(attribute(&long, "errors"), json!([{"type":"invalid_data","name":"level"}]));
}

#[test]
fn repairs_of_the_json_are_listed_by_path() {
    let payload = "{\"extra\":{\"a\":NaN,\"b\":\"x\u{1}\",\"c\":1,\"c\":2}}";
    let event = event(payload);
    assert_eq!(
        errors(&event),
        [error("invalid_number", "extra.a"), error("control_character", "extra.b"), error("duplicate_key", "extra.c")]
    );
    assert_eq!(stored(&event)["extra"], json!({"a":null,"b":"x\u{1}","c":2}));
}

#[test]
fn addresses_come_from_the_user_the_request_or_the_client() {
    let client = Some("203.0.113.9");
    for (payload, address) in [
        (r#"{"user":{"ip_address":"10.0.0.1"}}"#, Some("10.0.0.1")),
        (r#"{"user":{"ip_address":"::1"}}"#, Some("::1")),
        (r#"{"user":{"ip_address":"{{auto}}"}}"#, client),
        (r#"{"user":{"id":1},"request":{"env":{"REMOTE_ADDR":"10.0.0.2"}}}"#, Some("10.0.0.2")),
        (r#"{"request":{"env":{"REMOTE_ADDR":"10.0.0.2"}}}"#, Some("10.0.0.2")),
        (r#"{"request":{"env":{"REMOTE_ADDR":"{{auto}}"}}}"#, client),
        (r#"{"request":{"env":{"REMOTE_ADDR":"localhost"}}}"#, None),
        (r#"{"user":{"ip_address":"10.0.0.1"},"request":{"env":{"REMOTE_ADDR":"10.0.0.2"}}}"#, Some("10.0.0.1")),
        (r#"{"platform":"javascript"}"#, client),
        (r#"{"platform":"cocoa","user":{"id":1}}"#, client),
        (r#"{"platform":"objc","user":{"ip_address":null}}"#, client),
        (r#"{"platform":"python","user":{"id":1}}"#, None),
    ] {
        let event = event(payload);
        assert_eq!(event.user.ip_address.as_deref(), address, "{payload}");
        assert_eq!(stored(&event)["user"]["ip_address"].as_str(), address, "{payload}");
        assert_eq!(errors(&event), [], "{payload}");
    }
    let invalid = event(r#"{"user":{"ip_address":"nowhere","id":1}}"#);
    assert_eq!(errors(&invalid), [error("invalid_data", "user.ip_address")]);
    assert_eq!(stored(&invalid)["user"], json!({"ip_address":null,"id":"1"}));
    let unknown = Context { client_ip: None, ..context() };
    assert_eq!(
        stored(&event_in(r#"{"user":{"ip_address":"{{auto}}"}}"#, &unknown))["user"],
        json!({"ip_address":null})
    );
}

#[test]
fn a_requests_url_and_headers_are_read_in_both_shapes() {
    for headers in
        [r#"{"X-Sentry-Hook-Hop":"1","Accept":["a","b"]}"#, r#"[["X-Sentry-Hook-Hop","1"],["Accept",["a","b"]]]"#]
    {
        let payload = format!("{{\"request\":{{\"url\":\"http://h/\",\"headers\":{headers}}}}}");
        let event = event(&payload);
        let found: Vec<_> = event.request_headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(found, [("X-Sentry-Hook-Hop", "1"), ("Accept", "a, b")]);
        assert_eq!(event.request_url.as_deref(), Some("http://h/"));
    }
}

#[test]
fn contexts_get_a_type_and_must_be_objects() {
    let payload = r#"{"contexts":{"os":{"name":"x"},"mine":{ },"rust":{"type":"runtime"},"gone":null,"bad":"text"}}"#;
    let event = event(payload);
    assert_eq!(
        stored(&event)["contexts"],
        json!({"os":{"type":"os","name":"x"},"mine":{"type":"mine"},"rust":{"type":"runtime"},"gone":null,"bad":null})
    );
    assert_eq!(errors(&event), [error("invalid_data", "contexts.bad")]);
}

#[test]
fn free_form_values_are_cut_to_their_depth_and_size() {
    let deep = r#"{"extra":{"a":{"b":{"c":{"d":{"e":{"f":{"g":{"h":1}}}}}}}}}"#;
    let event_ = event(deep);
    assert_eq!(stored(&event_)["extra"]["a"]["b"]["c"]["d"]["e"]["f"]["g"], "{\"h\":1}");
    assert_eq!(errors(&event_), [error("value_too_deep", "extra.a")]);
    let entries: Vec<String> = (0..1000).map(|index| format!("\"k{index}\":\"{}\"", "v".repeat(100))).collect();
    let large = format!("{{\"extra\":{{\"a\":{{{}}},\"b\":\"{}\",\"c\":1}}}}", entries.join(","), "é".repeat(20_000));
    let event_ = event(&large);
    let extra = &stored(&event_)["extra"];
    assert!(extra["a"].as_object().unwrap().len() > 100);
    assert!(extra["a"].to_string().len() <= 16 * 1024 + 64);
    let text = extra["b"].as_str().unwrap();
    assert!(text.ends_with("é...") && text.len() <= 16 * 1024);
    assert_eq!(extra["c"], 1);
    assert_eq!(errors(&event_), [error("value_too_long", "extra.a"), error("value_too_long", "extra.b")]);
}

#[test]
fn extra_data_as_a_whole_has_a_limit_too() {
    let entries: Vec<String> = (0..60).map(|index| format!("\"k{index}\":\"{}\"", "v".repeat(16_000))).collect();
    let payload = format!("{{\"extra\":{{{}}}}}", entries.join(","));
    let event = event(&payload);
    let kept = stored(&event)["extra"].as_object().unwrap().len();
    assert!((16..18).contains(&kept), "{kept}");
    assert_eq!(errors(&event), [error("value_too_long", "extra")]);
}

#[test]
fn lists_accept_every_shape_of_a_values_container() {
    for (sent, count) in [
        (r#"[{"message":"a"},null,{"message":"b"}]"#, 2),
        (r#"{"values":[{"message":"a"}]}"#, 1),
        (r#"{"message":"a"}"#, 1),
        ("{}", 0),
        (r#"{"values":null}"#, 0),
    ] {
        let payload = format!("{{\"breadcrumbs\":{sent},\"threads\":{sent}}}");
        let event = event(&payload);
        for name in ["breadcrumbs", "threads"] {
            assert_eq!(stored(&event)[name]["values"].as_array().unwrap().len(), count, "{name} {sent}");
        }
        assert_eq!(errors(&event), [], "{sent}");
    }
    for (sent, name) in [("3", "breadcrumbs"), (r#"{"values":3}"#, "breadcrumbs"), ("[3]", "breadcrumbs.values.0")] {
        let payload = format!("{{\"breadcrumbs\":{sent}}}");
        assert_eq!(errors(&event(&payload)), [error("invalid_data", name)], "{sent}");
    }
}
