//! What attributes may look like, and what becomes of those that look otherwise.

use serde_json::{Value, json};
use watchfire_protocol::event::{Context, MAX_LISTED_ERRORS};

use crate::support::{context, error, errors, event, event_in, stored};

/// What is stored of one attribute.
fn attribute(payload: &str, name: &str) -> Value {
    stored(&event(payload))[name].take()
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
    let payload = r#"{"contexts":{"os":{"name":"x"},"mine":{ },"rust":{"type":"runtime"},"gone":null,"bad":"text",
        "app":{"inner":{"type":null},"type":null}}}"#;
    let event = event(payload);
    assert_eq!(
        stored(&event)["contexts"],
        json!({"os":{"type":"os","name":"x"},"mine":{"type":"mine"},"rust":{"type":"runtime"},"gone":null,"bad":null,
            "app":{"inner":{"type":null},"type":"app"}})
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
