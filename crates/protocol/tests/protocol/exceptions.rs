//! Exceptions and stack traces (B5).

use serde_json::{Value, json};
use watchfire_protocol::event::{Event, EventKind};

use crate::support::{error, errors, event, stored};

fn values(event: &Event<'_>) -> Value {
    stored(event)["exception"]["values"].take()
}

/// A frame for each of `count`, every `own`-th the application's.
fn frames(count: usize, own: usize) -> String {
    let frame = |index| {
        let in_app = own > 0 && index % own == 0;
        format!(
            r#"{{"function":"f{index}","in_app":{in_app},"vars":{{"a":1}},"pre_context":["p"],"context_line":"c","post_context":["q"]}}"#
        )
    };
    (0..count).map(frame).collect::<Vec<_>>().join(",")
}

#[test]
fn exceptions_come_in_every_shape_of_a_values_container() {
    for sent in [
        r#"[{"type":"E"}]"#,
        r#"{"values":[{"type":"E"}]}"#,
        r#"{"type":"E"}"#,
        r#"{"values":[null,{"type":"E"}],"exc_omitted":null}"#,
    ] {
        for name in ["exception", "sentry.interfaces.Exception"] {
            let payload = format!("{{\"{name}\":{sent}}}");
            let event = event(&payload);
            assert_eq!(event.exception_json, br#"{"values":[{"type":"E"}]}"#, "{sent}");
            assert_eq!((event.kind, event.exceptions[0].ty.as_deref()), (EventKind::Error, Some("E")));
            assert_eq!(errors(&event), [], "{sent}");
        }
    }
    for sent in ["{}", "null", "[]", r#"{"values":null}"#, "[null]"] {
        let payload = format!("{{\"exception\":{sent}}}");
        let event = event(&payload);
        assert_eq!((&*event.exception_json, event.kind), (&b"{\"values\":[]}"[..], EventKind::Default), "{sent}");
        assert_eq!(errors(&event), [], "{sent}");
    }
    for (sent, name) in [("3", "exception"), (r#"{"values":"x"}"#, "exception"), ("[3]", "exception.values.0")] {
        let payload = format!("{{\"exception\":{sent}}}");
        assert_eq!(errors(&event(&payload)), [error("invalid_data", name)], "{sent}");
    }
}

#[test]
fn an_exception_without_type_and_value_is_left_out() {
    let event = event(
        r#"{"exception":[{"type":"A"},{"module":"m","stacktrace":{"frames":[]}},{"value":"v"},{"type":null,"value":null}]}"#,
    );
    assert_eq!(values(&event), json!([{"type":"A"},{"value":"v"}]));
    assert_eq!(event.exceptions.len(), 2);
    assert_eq!(
        errors(&event),
        [error("missing_attribute", "exception.values.1"), error("missing_attribute", "exception.values.3")]
    );
}

#[test]
fn a_value_is_any_json_and_a_type_is_text() {
    let event = event(r#"{"exception":[{"type":7,"value":{"a":[1]},"module":true}]}"#);
    assert_eq!(values(&event), json!([{"type":null,"value":"{\"a\":[1]}","module":null}]));
    assert_eq!(event.exceptions[0].value.as_deref(), Some("{\"a\":[1]}"));
    assert_eq!(
        errors(&event),
        [error("invalid_data", "exception.values.0.type"), error("invalid_data", "exception.values.0.module")]
    );
}

#[test]
fn long_types_and_values_are_cut() {
    let payload = format!(r#"{{"exception":[{{"type":"{}","value":"{}"}}]}}"#, "t".repeat(277), "v".repeat(8393));
    let event = event(&payload);
    let exception = &event.exceptions[0];
    assert_eq!((exception.ty.as_ref().unwrap().len(), exception.value.as_ref().unwrap().len()), (256, 8192));
    assert_eq!(
        errors(&event),
        [error("value_too_long", "exception.values.0.type"), error("value_too_long", "exception.values.0.value")]
    );
}

#[test]
fn a_mechanism_says_how_the_exception_was_caught() {
    let payload = r#"{"exception":[{"type":"E","mechanism":{"type":"m","handled":false,"synthetic":true,"exception_id":3,"parent_id":1}},
        {"type":"E","mechanism":{"type":3,"handled":"no","exception_id":1.5}},{"type":"E","mechanism":"m"}]}"#;
    let event = event(payload);
    let first = &event.exceptions[0];
    assert_eq!(
        (first.mechanism.as_deref(), first.handled, first.synthetic, first.exception_id, first.parent_id),
        (Some("m"), Some(false), true, Some(3), Some(1))
    );
    let at = |index: usize, name: &str| error("invalid_data", &format!("exception.values.{index}.mechanism{name}"));
    assert_eq!(errors(&event), [at(1, ".type"), at(1, ".handled"), at(1, ".exception_id"), at(2, "")]);
    assert_eq!(values(&event)[1]["mechanism"], json!({"type":null,"handled":null,"exception_id":null}));
}

#[test]
fn a_group_with_one_exception_in_it_is_named_by_that_one() {
    let exception = |id: i64, parent: Option<i64>, group: bool| {
        let mechanism = json!({"type":"m","exception_id":id,"parent_id":parent,"is_exception_group":group});
        json!({"type":"E","mechanism":mechanism})
    };
    for (chain, main) in [
        (vec![exception(1, Some(0), false), exception(0, None, true)], Some(1)),
        (vec![exception(2, Some(1), false), exception(1, Some(0), false), exception(0, None, true)], Some(1)),
        (vec![exception(2, Some(1), false), exception(1, Some(0), true), exception(0, None, true)], Some(2)),
        (vec![exception(2, Some(0), false), exception(1, Some(0), false), exception(0, None, true)], None),
        (vec![exception(1, Some(0), false), exception(0, None, false)], None),
    ] {
        let payload = json!({"exception": chain}).to_string();
        assert_eq!(event(&payload).main_exception_id, main, "{payload}");
    }
}

#[test]
fn an_empty_path_takes_what_the_other_one_says() {
    for (frame, filename, abs_path) in [
        (r#"{"filename":"a.py","abs_path":"/x/a.py"}"#, Some("a.py"), Some("/x/a.py")),
        (r#"{"filename":"a.py"}"#, Some("a.py"), Some("a.py")),
        (r#"{"filename":"a.py","abs_path":""}"#, Some("a.py"), Some("a.py")),
        (r#"{"abs_path":null,"filename":"a.py"}"#, Some("a.py"), Some("a.py")),
        (r#"{"abs_path":"/x/a.py"}"#, Some("/x/a.py"), Some("/x/a.py")),
        (r#"{"filename":"","abs_path":"http://h/js/a.js?v=1#x"}"#, Some("/js/a.js"), Some("http://h/js/a.js?v=1#x")),
        (r#"{"abs_path":"https://h/js/a.js"}"#, Some("/js/a.js"), Some("https://h/js/a.js")),
        (r#"{"abs_path":"file:///x/a.js"}"#, Some("/x/a.js"), Some("file:///x/a.js")),
        (r#"{"abs_path":"http://h/"}"#, Some("http://h/"), Some("http://h/")),
        (r#"{"abs_path":"http://h"}"#, Some("http://h"), Some("http://h")),
        (r#"{"abs_path":"webpack:///./a.js"}"#, Some("webpack:///./a.js"), Some("webpack:///./a.js")),
        (r#"{"filename":"","abs_path":""}"#, None, None),
        (r#"{"function":"f"}"#, None, None),
        ("{}", None, None),
    ] {
        let payload = format!(r#"{{"exception":[{{"type":"E","stacktrace":{{"frames":[{frame}]}}}}]}}"#);
        let event = event(&payload);
        let found = &event.exceptions[0].frames[0];
        assert_eq!((found.filename.as_deref(), found.abs_path.as_deref()), (filename, abs_path), "{frame}");
        let stored = &values(&event)[0]["stacktrace"]["frames"][0];
        let text = |name: &str| stored[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        assert_eq!((text("filename").as_deref(), text("abs_path").as_deref()), (filename, abs_path), "{frame}");
    }
}

#[test]
fn frame_fields_of_another_type_become_null() {
    let payload = r#"{"exception":[{"type":"E","stacktrace":{"frames":[null,3,
        {"function":1,"lineno":-1,"colno":"2","in_app":"yes","vars":"v","extra_key":{"kept":1}}]}}]}"#;
    let event = event(payload);
    let at = |name: &str| error("invalid_data", &format!("exception.values.0.stacktrace.frames.{name}"));
    assert_eq!(
        errors(&event),
        [at("1"), at("2.function"), at("2.lineno"), at("2.colno"), at("2.in_app"), at("2.vars")]
    );
    assert_eq!(
        values(&event)[0]["stacktrace"]["frames"],
        json!([null, null, {"function":null,"lineno":null,"colno":null,"in_app":null,"vars":null,"extra_key":{"kept":1}}])
    );
    assert_eq!(event.exceptions[0].frames.len(), 1);
}

#[test]
fn a_list_of_variables_becomes_a_map_and_large_ones_are_cut() {
    let big = (0..500).map(|index| format!("\"v{index}\"")).collect::<Vec<_>>().join(",");
    let payload = format!(
        r#"{{"exception":[{{"type":"E","stacktrace":{{"frames":[{{"vars":["a",{{"b":1}}]}},{{"vars":[{big}]}}]}}}}]}}"#
    );
    let event = event(&payload);
    let frames = &values(&event)[0]["stacktrace"]["frames"];
    assert_eq!(frames[0]["vars"], json!({"0":"a","1":{"b":1}}));
    assert!(frames[1]["vars"].to_string().len() <= 2 * 1024 + 64);
    assert_eq!(errors(&event), [error("value_too_long", "exception.values.0.stacktrace.frames.1.vars")]);
}

#[test]
fn only_the_innermost_250_frames_stay() {
    let frames = (0..10_000).map(|index| format!("{{\"function\":\"f{index}\"}}")).collect::<Vec<_>>().join(",");
    let payload = format!(r#"{{"exception":[{{"type":"E","stacktrace":{{"frames":[{frames}]}}}}]}}"#);
    let event = event(&payload);
    let found = &event.exceptions[0].frames;
    assert_eq!(
        (found.len(), found[0].function.as_deref(), found[249].function.as_deref()),
        (250, Some("f9750"), Some("f9999"))
    );
    assert_eq!(values(&event)[0]["stacktrace"]["frames"].as_array().unwrap().len(), 250);
    assert_eq!(errors(&event), [error("value_too_long", "exception.values.0.stacktrace.frames")]);
}

#[test]
fn fifty_frames_keep_their_details_the_applications_first() {
    for (count, own, detailed_own, detailed) in
        [(50, 2, 25, 50), (51, 2, 26, 50), (100, 4, 25, 50), (200, 2, 50, 50), (100, 0, 0, 50)]
    {
        let payload = format!(r#"{{"exception":[{{"type":"E","stacktrace":{{"frames":[{}]}}}}]}}"#, frames(count, own));
        let event = event(&payload);
        let stored = values(&event);
        let frames = stored[0]["stacktrace"]["frames"].as_array().unwrap();
        let with_details = |frame: &&Value| {
            frame["vars"].is_object() && frame["pre_context"].is_array() && frame["post_context"].is_array()
        };
        assert_eq!(frames.len(), count);
        assert_eq!(frames.iter().filter(with_details).count(), detailed, "{count} {own}");
        assert_eq!(
            frames.iter().filter(with_details).filter(|frame| frame["in_app"] == true).count(),
            detailed_own,
            "{count} {own}"
        );
        assert!(with_details(&&frames[count - 1]) || own > 0, "the innermost frame keeps its details");
        assert!(frames.iter().all(|frame| frame["context_line"] == "c"));
        assert!(frames.iter().filter(|frame| !with_details(frame)).all(|frame| frame["vars"].is_null()));
    }
}

#[test]
fn a_legacy_stack_trace_belongs_to_the_only_exception() {
    let trace = r#"{"frames":[{"function":"f","vars":{"password":"x"}}]}"#;
    for exception in [r#"{"type":"E"}"#, r#"{"type":"E","stacktrace":null}"#, r#"[{"type":"E"},{"module":"left out"}]"#]
    {
        let payload = format!(r#"{{"exception":{exception},"stacktrace":{trace}}}"#);
        let event = event(&payload);
        assert_eq!(event.exceptions[0].frames[0].function.as_deref(), Some("f"), "{exception}");
        assert_eq!(values(&event)[0]["stacktrace"]["frames"][0]["vars"]["password"], "[Filtered]");
        assert!(event.stacktrace.is_none() && stored(&event).get("stacktrace").is_none());
    }
    let own = format!(
        r#"{{"exception":{{"type":"E","stacktrace":{{"frames":[{{"function":"g"}}]}}}},"stacktrace":{trace}}}"#
    );
    assert_eq!(event(&own).exceptions[0].frames[0].function.as_deref(), Some("g"));
    for exception in ["null", r#"[{"type":"A"},{"type":"B"}]"#] {
        let payload = format!(r#"{{"exception":{exception},"stacktrace":{trace}}}"#);
        let event = event(&payload);
        assert_eq!(event.stacktrace.as_ref().unwrap()[0].function.as_deref(), Some("f"), "{exception}");
        assert_eq!(stored(&event)["stacktrace"]["frames"][0]["vars"]["password"], "[Filtered]");
    }
}

#[test]
fn the_only_thread_with_a_stack_trace_gives_the_events() {
    let thread = |name: &str| {
        format!(r#"{{"id":1,"stacktrace":{{"frames":[{{"function":"{name}","vars":{{"token":"x"}}}}]}}}}"#)
    };
    let one =
        format!(r#"{{"threads":{{"values":[{{"id":2}},{},{{"id":3,"stacktrace":{{"frames":[]}}}}]}}}}"#, thread("f"));
    let event_ = event(&one);
    assert_eq!(event_.stacktrace.as_ref().unwrap()[0].function.as_deref(), Some("f"));
    assert_eq!(stored(&event_)["threads"]["values"][1]["stacktrace"]["frames"][0]["vars"]["token"], "[Filtered]");
    let two = format!(r#"{{"threads":[{},{}]}}"#, thread("f"), thread("g"));
    assert!(event(&two).stacktrace.is_none());
    let with_own = format!(r#"{{"threads":[{}],"stacktrace":{{"frames":[{{"function":"own"}}]}}}}"#, thread("f"));
    assert_eq!(event(&with_own).stacktrace.as_ref().unwrap()[0].function.as_deref(), Some("own"));
}

#[test]
fn repeated_members_leave_one_wherever_they_stand() {
    let payload = r#"{"exception":[{"type":"A","type":"B","value":"x","value":"y",
        "stacktrace":{"frames":[{"function":"f","vars":{"a":1,"a":2},"function":"g"}]}}]}"#;
    let event = event(payload);
    let exception = &event.exceptions[0];
    assert_eq!((exception.ty.as_deref(), exception.value.as_deref()), (Some("B"), Some("y")));
    assert_eq!(exception.frames[0].function.as_deref(), Some("g"));
    let text = std::str::from_utf8(&event.exception_json).unwrap();
    assert_eq!(
        text,
        r#"{"values":[{"type":"B","value":"y",
        "stacktrace":{"frames":[{"vars":{"a":2},"function":"g"}]}}]}"#
    );
}
