//! An event read again from what was stored of it. Its whole round trip is tested in `model`, which writes what is stored.

use watchfire_protocol::event::{Event, EventError, Scratch, stored};

use crate::support::{RECEIVED, event};

fn read(value: &str) -> Event<'_> {
    stored(value.as_bytes(), RECEIVED, &mut Scratch::default()).unwrap()
}

fn message(value: &str) -> Option<String> {
    let text = format!(r#"{{"event_id":"9f0c9f0c9f0c9f0c9f0c9f0c9f0c9f0c",{value}}}"#);
    read(&text).message.map(|message| message.formatted.into_owned())
}

#[test]
fn a_title_that_stands_for_a_message_is_none() {
    for (value, expected) in [
        (r#""message":"slow""#, Some("slow")),
        (r#""message":"<unlabeled event>""#, None),
        (r#""message":"<unlabeled event>","logentry":{"formatted":"<unlabeled event>"}"#, Some("<unlabeled event>")),
        (r#""message":"E: v","exception":{"values":[{"type":"E","value":"v"}]}"#, None),
        (r#""message":"x","exception":{"values":[{"type":"E"}]},"logentry":{"formatted":"x"}"#, Some("x")),
        (r#""message":"E","exception":{"values":[]}"#, Some("E")),
    ] {
        assert_eq!(message(value).as_deref(), expected, "{value}");
    }
}

#[test]
fn a_stored_time_is_taken_as_it_is_whenever_it_was() {
    let value = r#"{"event_id":"9f0c9f0c9f0c9f0c9f0c9f0c9f0c9f0c","timestamp":1.5}"#;
    assert_eq!(read(value).timestamp, 1_500_000);
    let lost = r#"{"event_id":"9f0c9f0c9f0c9f0c9f0c9f0c9f0c9f0c"}"#;
    assert_eq!(read(lost).timestamp, RECEIVED);
}

#[test]
fn a_stored_stack_trace_stays_beside_its_exceptions() {
    let value = r#"{"event_id":"9f0c9f0c9f0c9f0c9f0c9f0c9f0c9f0c","exception":{"values":[{"type":"E"}]},
        "stacktrace":{"frames":[{"function":"f"}]}}"#;
    let event = read(value);
    assert!(event.exceptions[0].frames.is_empty());
    assert_eq!(event.stacktrace.unwrap()[0].function.as_deref(), Some("f"));
}

#[test]
fn what_is_no_stored_event_is_refused() {
    for (value, error) in [("[]", EventError::NotAnObject), (r#"{"event_id":"x"}"#, EventError::Id)] {
        assert_eq!(stored(value.as_bytes(), RECEIVED, &mut Scratch::default()).unwrap_err(), error, "{value}");
    }
}

#[test]
fn a_file_that_is_no_text_takes_the_other_s_path_at_once() {
    let payload = r#"{"exception":[{"type":"E","stacktrace":{"frames":[{"filename":5,"abs_path":"/srv/a.py"},
        {"filename":"b.py","abs_path":[1]}]}}]}"#;
    let event = event(payload);
    let frames = &event.exceptions[0].frames;
    let paths = |index: usize| (frames[index].filename.as_deref(), frames[index].abs_path.as_deref());
    assert_eq!((paths(0), paths(1)), ((Some("/srv/a.py"), Some("/srv/a.py")), (Some("b.py"), Some("b.py"))));
}
