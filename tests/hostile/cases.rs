//! The hostile events, each with what must become of it.

use serde_json::{Value, json};

use crate::support::event::{envelope, new_id};
use crate::support::http::Request;
use crate::support::server::TestServer;

/// An event, how it comes in, and its fate.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) id: String,
    pub(super) fate: Fate,
    /// Looks at the delivered event.
    pub(super) check: fn(&Value),
    door: &'static str,
    event: Vec<u8>,
}

/// What must become of a case.
pub(super) enum Fate {
    Delivered,
    /// With this status, and an error that contains this text.
    Refused(u16, &'static str),
}

impl Case {
    /// The request that brings it in.
    pub(super) fn request(&self, server: &TestServer) -> Request {
        let body = match self.door {
            "store" => self.event.clone(),
            _ => envelope(&self.id, &self.event),
        };
        server.ingest(self.door).body(body)
    }

    fn delivered(name: &'static str, event: impl Into<Vec<u8>>, check: fn(&Value)) -> Case {
        Case { name, id: new_id(), fate: Fate::Delivered, check, door: "envelope", event: event.into() }
    }

    fn refused(name: &'static str, event: impl Into<Vec<u8>>, status: u16, why: &'static str) -> Case {
        let fate = Fate::Refused(status, why);
        Case { name, id: new_id(), fate, check: |_| {}, door: "envelope", event: event.into() }
    }
}

/// All of them.
pub(super) fn cases() -> Vec<Case> {
    [texts(), numbers(), shapes(), sizes(), ids()].into_iter().flatten().collect()
}

fn texts() -> Vec<Case> {
    vec![
        Case::delivered("NUL characters", r#"{"message":"a\u0000b","tags":{"k\u0000":"v\u0000"}}"#, |event| {
            assert!(event["message"].as_str().unwrap().starts_with('a'), "{event}");
        }),
        Case::delivered("a raw NUL byte in a text", b"{\"message\":\"a\0b\"}".to_vec(), |event| {
            assert!(event["message"].as_str().unwrap().starts_with('a'), "{event}");
        }),
        Case::delivered("lone surrogates", r#"{"message":"a\ud800b","extra":{"\udfff":"\udbff\udbff"}}"#, |event| {
            assert_eq!(event["message"], "a\u{fffd}b");
            assert_eq!(event["extra"], json!({ "\u{fffd}": "\u{fffd}\u{fffd}" }));
            is_listed(event);
        }),
        Case::delivered("bytes that are not UTF-8", b"{\"message\":\"a\xff\xc3(\xed\xa0\x80z\"}".to_vec(), |event| {
            let message = event["message"].as_str().unwrap();
            assert!(message.starts_with("a\u{fffd}") && message.ends_with('z'), "{message:?}");
            is_listed(event);
        }),
        Case::delivered("characters beyond the first plane", r#"{"message":"😀 \ud83d\ude00 𝒳"}"#, |event| {
            assert_eq!(event["message"], "😀 😀 𝒳");
        }),
        Case::delivered("line separators that JavaScript once refused", r#"{"message":"a\u2028b\u2029c"}"#, |event| {
            assert_eq!(event["message"], "a\u{2028}b\u{2029}c");
        }),
        Case::delivered("raw control characters", b"{\"message\":\"a\x01\x1f\x7fb\"}".to_vec(), |event| {
            assert!(event["message"].as_str().unwrap().ends_with('b'), "{event}");
        }),
        Case::delivered("text that looks like markup and SQL", r#"{"message":"</script>' or 1=1; --\""}"#, |event| {
            assert_eq!(event["message"], "</script>' or 1=1; --\"");
        }),
    ]
}

fn numbers() -> Vec<Case> {
    let out_of_range =
        r#"{"message":"m","extra":{"a":1e999,"b":-1e999,"c":123456789012345678901234567890,"d":1e-999,"e":NaN}}"#;
    vec![
        Case::delivered("numbers out of range", out_of_range, |event| {
            assert_eq!(event["extra"]["a"], Value::Null);
            assert_eq!(event["extra"]["b"], Value::Null);
            assert!(event["extra"]["c"].as_f64().is_some_and(|number| number > 1e29), "{event}");
            assert_eq!(event["extra"]["d"].as_f64(), Some(0.0));
            assert_eq!(event["extra"]["e"], Value::Null);
            is_listed(event);
        }),
        Case::delivered("times out of range", r#"{"message":"m","timestamp":1e300}"#, is_dated),
        Case::delivered("a time before the epoch", r#"{"message":"m","timestamp":-5}"#, is_dated),
        Case::delivered("a time far ahead", r#"{"message":"m","timestamp":"9999-12-31T23:59:59Z"}"#, is_dated),
        Case::delivered("a time that is none", r#"{"message":"m","timestamp":"yesterday"}"#, is_dated),
        Case::delivered(
            "a line number out of range",
            exception(r#"{"function":"f","lineno":-1e400,"colno":1e30}"#),
            |event| {
                assert_eq!(event["exception"]["values"][0]["stacktrace"]["frames"][0]["function"], "f");
            },
        ),
    ]
}

fn shapes() -> Vec<Case> {
    let wrong = r#"{"message":{"a":[1]},"level":7,"tags":"x","user":[],"extra":5,"contexts":[1],"exception":"boom",
        "release":{},"environment":[],"breadcrumbs":7,"request":"GET","sdk":1,"fingerprint":"x","modules":"m","platform":9}"#;
    vec![
        Case::delivered("an empty event", "{}", |event| assert_eq!(event["exception"], json!({ "values": [] }))),
        Case::delivered(
            "nulls everywhere",
            r#"{"message":null,"level":null,"tags":null,"exception":null,"user":null}"#,
            |event| {
                assert_eq!(event["level"], "error");
            },
        ),
        Case::delivered("the wrong type everywhere", wrong.replace('\n', ""), is_listed),
        Case::delivered("an empty fingerprint", r#"{"message":"m","fingerprint":[]}"#, |event| {
            assert_eq!(event["message"], "m")
        }),
        Case::delivered("a fingerprint of nothing", r#"{"message":"m","fingerprint":[null,{},[]]}"#, is_listed),
        Case::delivered(
            "keys that are there twice",
            r#"{"message":"first","extra":{"a":1,"a":2},"message":"last"}"#,
            |event| {
                assert_eq!(event["message"], "last");
                assert_eq!(event["extra"], json!({ "a": 2 }));
                is_listed(event);
            },
        ),
        Case::delivered(
            "attributes that nobody knows",
            r#"{"message":"m","colour":"red","__proto__":{"x":1}}"#,
            |event| {
                assert!(event.get("colour").is_none() && event.get("__proto__").is_none(), "{event}");
                is_listed(event);
            },
        ),
        Case::delivered("five thousand levels of arrays", nested("[", "]"), is_listed),
        Case::delivered("five thousand levels of objects", nested("{\"a\":", "}"), is_listed),
        Case::refused(
            "five thousand levels that are never closed",
            "{\"extra\":".to_owned() + &"[".repeat(5_000),
            400,
            "event",
        ),
        Case::refused("half an event", r#"{"message":"cut of"#, 400, "event"),
        Case::refused("a list", "[]", 400, "event"),
        Case::refused("two events in one", r#"{"message":"a"}{"message":"b"}"#, 400, "event"),
    ]
}

fn sizes() -> Vec<Case> {
    let frame = r#"{"function":"f","module":"m","in_app":true}"#;
    let frames = vec![frame; 10_000].join(",");
    let text = "y".repeat(1024 * 1024 - 100);
    let tags: Vec<String> = (0..5_000).map(|number| format!("\"t{number}\":\"{number}\"")).collect();
    let chain = vec![r#"{"type":"E","value":"again"}"#; 5_000].join(",");
    vec![
        Case::delivered("a megabyte in one field", format!("{{\"message\":\"{text}\"}}"), |event| {
            let message = event["message"].as_str().unwrap();
            assert!(message.starts_with("yyy") && message.len() < 10_000, "{} bytes", message.len());
        }),
        Case::delivered(
            "a megabyte in one value",
            format!("{{\"message\":\"m\",\"extra\":{{\"a\":\"{text}\"}}}}"),
            |event| {
                assert!(event["extra"].to_string().len() < 300_000);
            },
        ),
        Case::delivered(
            "a megabyte in one name",
            format!("{{\"message\":\"m\",\"extra\":{{\"{text}\":1}}}}"),
            |event| {
                assert_eq!(event["message"], "m");
            },
        ),
        Case::delivered("ten thousand frames", exception(&frames), |event| {
            let frames = event["exception"]["values"][0]["stacktrace"]["frames"].as_array().unwrap();
            assert!((1..=250).contains(&frames.len()), "{} frames", frames.len());
        }),
        Case::delivered(
            "five thousand tags",
            format!("{{\"message\":\"m\",\"tags\":{{{}}}}}", tags.join(",")),
            |event| {
                assert!(!event["tags"].as_array().unwrap().is_empty());
            },
        ),
        Case::delivered("five thousand exceptions", format!("{{\"exception\":{{\"values\":[{chain}]}}}}"), |event| {
            assert!(!event["exception"]["values"].as_array().unwrap().is_empty());
        }),
        Case::refused("more than a megabyte", format!("{{\"message\":\"{text}{text}\"}}"), 413, "too large"),
    ]
}

fn ids() -> Vec<Case> {
    let id = new_id();
    let other = new_id();
    let contradiction = format!("{{\"event_id\":\"{other}\",\"message\":\"m\"}}");
    let mut cases = vec![
        Case { id, ..Case::delivered("another id in the header than in the event", contradiction, |_| {}) },
        Case::refused("an id that is none", r#"{"event_id":"../../etc/passwd","message":"m"}"#, 400, "event_id"),
        Case::refused("an id that is a number", r#"{"event_id":12,"message":"m"}"#, 400, "event_id"),
    ];
    // The envelope's header would win.
    for case in &mut cases[1..] {
        case.door = "store";
    }
    cases
}

fn exception(frames: &str) -> String {
    format!(
        "{{\"exception\":{{\"values\":[{{\"type\":\"E\",\"value\":\"v\",\"stacktrace\":{{\"frames\":[{frames}]}}}}]}}}}"
    )
}

fn nested(open: &str, close: &str) -> String {
    format!("{{\"message\":\"m\",\"extra\":{{\"deep\":{}1{}}}}}", open.repeat(5_000), close.repeat(5_000))
}

/// What was changed is said.
fn is_listed(event: &Value) {
    assert!(event["errors"].as_array().is_some_and(|errors| !errors.is_empty()), "no errors: {event}");
}

/// The time is one that a person can use: about now.
fn is_dated(event: &Value) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    let timestamp = event["timestamp"].as_f64().unwrap();
    assert!((now - timestamp).abs() < 60.0, "{timestamp} at {now}");
    is_listed(event);
}
