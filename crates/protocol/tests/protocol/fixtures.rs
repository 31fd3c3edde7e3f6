//! What real SDKs sent, captured: credentials, envelope and event of each request.

use std::borrow::Cow;

use watchfire_protocol::auth::{Sources, credentials};
use watchfire_protocol::event::{Context, Event, EventKind, Level, Scratch, normalise};

use crate::support::{SDKS, body, context, envelope, errors, request, stored};

/// Reads a fixture as the server would, and hands over its event.
fn with_event(name: &str, check: impl FnOnce(&Event<'_>)) {
    let envelope = envelope(&body(name)).unwrap();
    let context = Context { sent_at: envelope.header.sent_at, header_event_id: envelope.header.event_id, ..context() };
    let payload = envelope.event.unwrap().payload;
    let event = normalise(&payload, &context, &mut Scratch::default()).unwrap();
    assert_eq!(errors(&event), [], "{name}");
    check(&event);
}

fn tags<'e>(event: &'e Event<'_>) -> Vec<(&'e str, &'e str)> {
    event.tags.iter().map(|(key, value)| (&**key, &**value)).collect()
}

fn derived<'e>(event: &'e Event<'_>, key: &str) -> Option<&'e str> {
    event.derived_tags.iter().find(|tag| tag.0 == key).map(|tag| &*tag.1)
}

#[test]
fn every_captured_request_authenticates_and_parses() {
    for name in SDKS {
        let request = request(name);
        let header = |wanted: &str| {
            let mut headers = request["headers"].as_array().unwrap().iter();
            let found = headers.find(|pair| pair[0].as_str().unwrap().eq_ignore_ascii_case(wanted));
            found.map(|pair| pair[1].as_str().unwrap().as_bytes())
        };
        let path = request["path"].as_str().unwrap();
        let sources = Sources {
            x_sentry_auth: header("x-sentry-auth"),
            authorization: header("authorization"),
            query: path.split_once('?').map(|(_, query)| query),
        };
        let found = credentials(&sources).unwrap();
        assert_eq!(found.public_key.to_string(), "0123456789abcdef0123456789abcdef", "{name}");
        assert_eq!(found.version, 7);
        assert!(found.client.unwrap().starts_with("sentry"), "{name}");
        assert!(envelope(&body(name)).is_ok(), "{name}");
    }
}

#[test]
fn a_node_session_is_dropped_and_answered_without_an_id() {
    let envelope = envelope(&body("node/node-01")).unwrap();
    assert!(envelope.event.is_none());
    assert_eq!(envelope.dropped.total(), 1);
    assert_eq!(envelope.response_id(None, context().spare_event_id), None);
}

#[test]
fn a_chained_python_exception_keeps_both_links_and_their_frames() {
    with_event("python/python-02", |event| {
        assert_eq!(event.id.to_string(), "7dab7c8fd96047a892bc41aa5a35dbf7");
        assert_eq!((event.kind, event.level, event.platform), (EventKind::Error, Level::Error, "python"));
        assert_eq!(event.timestamp, 1_795_416_300_017_190);
        let chain: Vec<_> =
            event.exceptions.iter().map(|exception| (exception.ty.as_deref(), exception.value.as_deref())).collect();
        assert_eq!(
            chain,
            [
                (Some("ValueError"), Some("invalid literal for int() with base 10: 'x'")),
                (Some("RuntimeError"), Some("could not parse amount")),
            ]
        );
        let frame = &event.exceptions[1].frames[0];
        assert_eq!(
            (frame.function.as_deref(), frame.module.as_deref(), frame.filename.as_deref(), frame.abs_path.as_deref()),
            (Some("<module>"), Some("__main__"), Some("py_app.py"), Some("/app/py_app.py"))
        );
        assert_eq!((frame.lineno, frame.in_app, event.exceptions[1].handled), (Some(13), Some(true), Some(true)));
        assert_eq!(
            tags(event),
            [("environment", "production"), ("release", "shop@1.4.2"), ("server_name", "web-1"), ("tenant", "acme")]
        );
        assert_eq!((event.user.id.as_deref(), event.user.email.as_deref()), (Some("42"), Some("ada@example.com")));
        assert_eq!(derived(event, "user"), Some("id:42"));
        assert_eq!(derived(event, "runtime"), Some("CPython 3.11.7"));
        assert_eq!((derived(event, "handled"), derived(event, "mechanism")), (Some("yes"), Some("generic")));
        let stored = stored(event);
        assert_eq!(stored["exception"]["values"][1]["stacktrace"]["frames"][0]["vars"]["__name__"], "'__main__'");
        assert_eq!(stored["modules"]["flask"], "3.1.3");
        assert_eq!(stored["breadcrumbs"]["values"][0]["message"], "add sku=17");
        assert_eq!(stored["contexts"]["trace"]["type"], "trace");
    });
}

#[test]
fn the_exceptions_of_an_untouched_event_are_stored_byte_for_byte() {
    let envelope = envelope(&body("python/python-02")).unwrap();
    let payload = String::from_utf8(envelope.event.unwrap().payload).unwrap();
    with_event("python/python-02", |event| {
        assert!(payload.contains(std::str::from_utf8(&event.exception_json).unwrap()));
    });
}

#[test]
fn a_python_message_is_a_default_event_with_its_level() {
    with_event("python/python-03", |event| {
        assert_eq!((event.kind, event.level), (EventKind::Default, Level::Warning));
        assert_eq!(event.message.as_ref().unwrap().formatted, "payment gateway slow");
        assert_eq!(event.exception_json, b"{\"values\":[]}");
        assert!(stored(event).get("logentry").is_none());
    });
}

#[test]
fn a_python_log_record_keeps_template_and_parameters() {
    with_event("python/python-04", |event| {
        let message = event.message.as_ref().unwrap();
        assert_eq!(
            (&*message.formatted, message.template.as_deref()),
            ("order 1017 failed for acme", Some("order %s failed for %s"))
        );
        assert_eq!(event.logger, "orders");
        assert_eq!(stored(event)["logentry"]["params"], serde_json::json!([1017, "acme"]));
    });
}

#[test]
fn a_custom_fingerprint_and_a_scopes_tag_arrive() {
    with_event("python/python-05", |event| {
        assert_eq!(event.fingerprint, [Cow::Borrowed("db-down"), Cow::Borrowed("{{ default }}")]);
        assert_eq!(event.level, Level::Fatal);
        assert!(tags(event).contains(&("shard", "7")));
    });
}

#[test]
fn node_events_keep_fatal_level_custom_fingerprint_and_own_frames() {
    with_event("node/node-02", |event| {
        assert_eq!((event.level, event.platform), (Level::Fatal, "node"));
        assert_eq!(event.fingerprint, [Cow::Borrowed("{{ default }}"), Cow::Borrowed("eu-west")]);
        let frames = &event.exceptions[0].frames;
        assert_eq!(frames.last().unwrap().filename.as_deref(), Some("/app/app.js"));
        assert_eq!(frames.last().unwrap().abs_path.as_deref(), Some("/app/app.js"));
        assert!(frames.iter().any(|frame| frame.in_app == Some(false)));
        assert_eq!(derived(event, "os"), Some("Debian 12.11"));
    });
}

#[test]
fn the_command_line_tools_message_is_filled_in_and_its_user_gets_the_clients_address() {
    let envelope = envelope(&body("cli/cli-01")).unwrap();
    let payload = envelope.event.unwrap().payload;
    let context = Context { received: 1_795_418_086_000_000, header_event_id: envelope.header.event_id, ..context() };
    let event = normalise(&payload, &context, &mut Scratch::default()).unwrap();
    assert_eq!(event.id.to_string(), "5fe979d329b14a4caa62b32455206cdd");
    assert_eq!(event.message.as_ref().unwrap().formatted, "deploy 1.4.2 failed");
    assert_eq!(event.user.ip_address.as_deref(), Some("203.0.113.9"));
    assert_eq!((event.platform, event.timestamp), ("native", 1_795_418_085_334_537));
    assert_eq!(derived(&event, "runtime"), Some("rustc 1.96.1"));
    assert_eq!(errors(&event), []);
}
