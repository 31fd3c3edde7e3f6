//! Events that no honest SDK sends: none panics, takes long, or comes out as anything but strict JSON.

use serde_json::Value;
use watchfire_protocol::event::{Event, MAX_EVENT_BYTES, Scratch, normalise};

use crate::support::{context, depth, errors, event, stored};

/// Deepest that anything stored may be: the event, and 64 levels in it.
const MAX_STORED_LEVELS: usize = 66;

fn check(event: &Event<'_>) -> Value {
    let stored = stored(event);
    assert!(depth(&stored) <= MAX_STORED_LEVELS);
    stored
}

#[test]
fn nul_bytes_are_kept_as_escapes() {
    let event = event("{\"message\":\"a\\u0000b\0c\",\"extra\":{\"k\\u0000\":\"\0\"}}");
    assert_eq!(event.message.as_ref().unwrap().formatted, "a\0b\0c");
    assert_eq!(check(&event)["extra"]["k\0"], "\0");
}

#[test]
fn lone_surrogates_become_replacement_characters_everywhere() {
    let payload = r#"{"message":"\ud800","tags":{"a":"\udfff"},"extra":{"\ud83d":"\ud83d\ude00\ud83d"},
        "exception":[{"type":"\ud800","stacktrace":{"frames":[{"function":"\ud800"}]}}]}"#;
    let event = event(payload);
    let stored = check(&event);
    assert_eq!(event.message.as_ref().unwrap().formatted, "\u{fffd}");
    assert_eq!(stored["extra"]["\u{fffd}"], "😀\u{fffd}");
    assert_eq!(stored["exception"]["values"][0]["stacktrace"]["frames"][0]["function"], "\u{fffd}");
    assert!(errors(&event).iter().all(|entry| entry.0 == "invalid_unicode"));
    assert_eq!(errors(&event).len(), 6);
}

#[test]
fn bytes_that_are_not_utf8_become_replacement_characters() {
    let payload =
        b"{\"message\":\"a\xff\",\"logger\":\"\xc3\xa9\",\"extra\":{\"\xfe\":\"\xe2\x82\"},\"release\":\"r\xc3\xa9\"}";
    let mut scratch = Scratch::default();
    let event = normalise(payload, &context(), &mut scratch).unwrap();
    assert_eq!((event.message.as_ref().unwrap().formatted.as_ref(), event.logger.as_ref()), ("a\u{fffd}", "é"));
    assert_eq!(event.release.as_deref(), Some("ré"));
    assert_eq!(check(&event)["extra"]["\u{fffd}"], "\u{fffd}");
}

#[test]
fn a_megabyte_in_one_field_is_cut_wherever_it_is() {
    let big = "x".repeat(MAX_EVENT_BYTES - 200);
    for payload in [
        format!("{{\"message\":\"{big}\"}}"),
        format!("{{\"message\":{{\"message\":\"{big}%s\",\"params\":[1]}}}}"),
        format!("{{\"logger\":\"{big}\"}}"),
        format!("{{\"release\":\"{big}\"}}"),
        format!("{{\"tags\":{{\"{big}\":\"a\"}}}}"),
        format!("{{\"tags\":{{\"a\":\"{big}\"}}}}"),
        format!("{{\"extra\":{{\"a\":\"{big}\"}}}}"),
        format!("{{\"contexts\":{{\"a\":{{\"b\":\"{big}\"}}}}}}"),
        format!("{{\"breadcrumbs\":[{{\"message\":\"{big}\",\"data\":{{}}}}]}}"),
        format!("{{\"user\":{{\"id\":\"{big}\"}}}}"),
        format!("{{\"request\":{{\"url\":\"{big}\"}}}}"),
        format!("{{\"request\":{{\"data\":\"{big}\"}}}}"),
        format!("{{\"request\":{{\"data\":\"token=x&a={}\"}}}}", &big[100..]),
        format!("{{\"request\":{{\"data\":\"[{{'token':{}\"}}}}", &big[100..]),
        format!("{{\"exception\":[{{\"type\":\"E\",\"value\":\"{big}\"}}]}}"),
        format!(
            "{{\"exception\":[{{\"type\":\"E\",\"stacktrace\":{{\"frames\":[{{\"vars\":{{\"a\":\"{big}\"}}}}]}}}}]}}"
        ),
        format!(
            "{{\"exception\":[{{\"type\":\"E\",\"stacktrace\":{{\"frames\":[{{\"abs_path\":\"http://h/{big}\"}}]}}}}]}}"
        ),
        format!("{{\"{big}\":1}}"),
    ] {
        let event = event(&payload);
        check(&event);
        assert!(event.attributes_json.len() + event.exception_json.len() < 64 * 1024, "{}", &payload[..60]);
    }
}

#[test]
fn levels_of_nesting_neither_overflow_nor_come_out() {
    for levels in [63, 64, 65, 5_000, 200_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let nested = format!("{}1{}", open.repeat(levels), close.repeat(levels));
            if nested.len() + 100 > MAX_EVENT_BYTES {
                continue;
            }
            for name in [
                "extra",
                "contexts",
                "sdk",
                "debug_meta",
                "user",
                "message",
                "exception",
                "breadcrumbs",
                "request",
                "_meta",
                "tags",
            ] {
                for payload in [format!("{{\"{name}\":{nested}}}"), format!("{{\"{name}\":{{\"data\":{nested}}}}}")] {
                    check(&event(&payload));
                }
            }
        }
    }
}

#[test]
fn numbers_outside_a_double_become_null() {
    let event =
        event(r#"{"extra":{"a":1e999,"b":-1e999,"c":[1e-999]},"level":1e999,"timestamp":1e999,"fingerprint":[1e999]}"#);
    let stored = check(&event);
    assert_eq!((&stored["extra"]["a"], &stored["extra"]["b"]), (&Value::Null, &Value::Null));
    assert!(errors(&event).contains(&("invalid_number".to_owned(), "extra.b".to_owned())));
    let digits = format!("{{\"extra\":{{\"a\":{}}}}}", "9".repeat(500_000));
    assert!(check(&crate::support::event(&digits))["extra"]["a"].is_null());
}

#[test]
fn ten_thousand_of_everything_is_read_in_reasonable_time() {
    let many = |item: &str| vec![item; 10_000].join(",");
    for payload in [
        format!("{{\"tags\":{{{}}}}}", (0..10_000).map(|i| format!("\"k{i}\":\"v\"")).collect::<Vec<_>>().join(",")),
        format!("{{\"tags\":{{{}}}}}", many("\"k\":\"v\"")),
        format!("{{\"tags\":[{}]}}", many("[\"k\",\"v\"]")),
        format!("{{{}}}", many("\"level\":\"info\"")),
        format!("{{{}}}", (0..10_000).map(|i| format!("\"k{i}\":1")).collect::<Vec<_>>().join(",")),
        format!("{{\"breadcrumbs\":[{}]}}", many("{\"message\":\"m\"}")),
        format!("{{\"threads\":[{}]}}", many("{\"stacktrace\":{\"frames\":[{}]}}")),
        format!("{{\"exception\":[{}]}}", many("{\"type\":\"E\",\"mechanism\":{\"is_exception_group\":true}}")),
        format!("{{\"fingerprint\":[{}]}}", many("1e300")),
        format!("{{\"contexts\":{{{}}}}}", (0..10_000).map(|i| format!("\"k{i}\":{{}}")).collect::<Vec<_>>().join(",")),
        format!("{{\"message\":{{\"message\":\"{}\",\"params\":[{}]}}}}", "{}%s".repeat(10_000), many("1")),
        format!("{{\"message\":{{\"message\":\"{}\",\"params\":[{}]}}}}", "{1}".repeat(250), many("1")),
        format!("{{\"request\":{{\"headers\":[{}]}}}}", many("[\"a\",\"b\"]")),
        format!("{{\"request\":{{\"query_string\":\"{}\"}}}}", "token=1&".repeat(10_000)),
        format!("{{\"extra\":{{\"a\":\"{}\"}}}}", "4111 1111 1111 1111 ".repeat(10_000)),
        format!("{{\"extra\":{{\"a\":\"{}\"}}}}", "4".repeat(1_000_000)),
        format!("{{\"extra\":{{\"{}\":1}}}}", "p".repeat(1_000_000)),
        format!("{{\"errors\":[{}]}}", many("{\"type\":\"x\"}")),
    ] {
        check(&event(&payload));
    }
}

#[test]
fn an_event_is_the_same_with_a_used_scratch() {
    let mut scratch = Scratch::default();
    let payloads = [r#"{"extra":{"a":NaN,"a":1}}"#, "{", "[[[", r#"{"message":"x"}"#, "{}"];
    for payload in payloads {
        let used = normalise(payload.as_bytes(), &context(), &mut scratch)
            .map(|event| (event.attributes_json, event.exception_json));
        let fresh = normalise(payload.as_bytes(), &context(), &mut Scratch::default())
            .map(|event| (event.attributes_json, event.exception_json));
        assert_eq!(used, fresh, "{payload}");
    }
}
