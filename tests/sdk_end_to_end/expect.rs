//! What each scenario must arrive as: every field that its program set, in the SDK's own types.

use std::fs;

use serde_json::{Value, json};

const TEXTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/sdk/scenarios.json");
/// Into how many parts the large scenarios cut their text.
const FILLER_PARTS: usize = 8;
/// SHA-256 of "0": how the filler begins.
const FILLER_BEGIN: &str = "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9";

/// Who raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sdk {
    Python,
    Node,
    Cli,
    Rust,
}

impl Sdk {
    fn platform(self) -> &'static str {
        match self {
            Sdk::Python => "python",
            Sdk::Node => "node",
            // Named by the caller.
            Sdk::Cli => "python",
            Sdk::Rust => "native",
        }
    }

    /// The SDK's column in `scenarios.json`; the others raise what Python raises.
    fn column(self) -> &'static str {
        match self {
            Sdk::Node => "node",
            Sdk::Python | Sdk::Cli | Sdk::Rust => "python",
        }
    }
}

/// The texts that all SDKs raise.
pub(super) fn texts() -> Value {
    serde_json::from_slice(&fs::read(TEXTS).unwrap()).unwrap()
}

/// Checks a delivered body.
pub(super) fn check(sdk: Sdk, scenario: &str, body: &Value) {
    let texts = texts();
    let event = &body["event"];
    assert_eq!(event["platform"], sdk.platform(), "{scenario}");
    check_options(sdk, &texts["options"], event);
    match scenario {
        "exception" => check_exception(sdk, &texts["exception"], body),
        "chained" => check_chained(sdk, &texts["chained"], body),
        "message" => check_message(sdk, &texts["message"], body),
        "log-record" => check_log_record(&texts["log_record"], body),
        "fingerprint" => {
            assert_eq!(event["fingerprint"], texts["fingerprint"]["fingerprint"]);
            assert_eq!(body["message"], texts["fingerprint"]["value"]);
        }
        "full" => check_full(sdk, &texts["full"], body),
        "plain" | "gzip" | "br" => {
            assert_eq!(body["message"], texts["compressed"]["value"]);
            check_filler(event, texts["compressed"]["filler_bytes"].as_u64().unwrap());
        }
        "big" => check_big(&texts["big"], body),
        "send-event" => check_send_event(body),
        other => panic!("nothing is expected of {other}"),
    }
}

/// What the SDK was configured with is in every event, and in its tags.
fn check_options(sdk: Sdk, options: &Value, event: &Value) {
    for key in ["release", "environment", "dist"] {
        assert_eq!(event[key], options[key]);
        assert_eq!(tag(event, key), options[key].as_str(), "{key}");
    }
    // `sentry-cli` sends the machine's own name.
    if sdk != Sdk::Cli {
        assert_eq!(tag(event, "server_name"), options["server_name"].as_str());
    }
    let keys: Vec<&Value> = event["tags"].as_array().unwrap().iter().map(|pair| &pair[0]).collect();
    assert!(keys.is_sorted_by_key(|key| key.as_str()), "{keys:?}");
}

fn check_exception(sdk: Sdk, texts: &Value, body: &Value) {
    let (ty, value) = (texts["type"][sdk.column()].as_str().unwrap(), texts["value"].as_str().unwrap());
    assert_eq!(body["message"], format!("{ty}: {value}"));
    assert_eq!(body["level"], "error");
    let [exception] = exceptions(body) else { panic!("{body}") };
    assert_eq!((&exception["type"], &exception["value"]), (&json!(ty), &json!(value)));
    if sdk == Sdk::Rust {
        return;
    }
    assert_eq!(exception["mechanism"]["handled"], true);
    let frame = exception["stacktrace"]["frames"].as_array().unwrap().last().unwrap();
    let (function, culprit) = match sdk {
        Sdk::Python => ("parse_price", "__main__ in parse_price"),
        _ => ("parsePrice", "parsePrice(raise)"),
    };
    assert_eq!((&frame["function"], &frame["in_app"]), (&json!(function), &json!(true)));
    assert!(frame["lineno"].as_u64().is_some_and(|line| line > 0));
    assert!(frame["context_line"].as_str().unwrap().contains(if sdk == Sdk::Python { "raise" } else { "throw" }));
    assert_eq!(body["culprit"], culprit);
    if sdk == Sdk::Python {
        // The SDK sends what Python's `repr` makes of a local variable.
        assert_eq!(frame["vars"]["quantity"], texts["locals"]["quantity"].to_string());
        assert_eq!(frame["vars"]["currency"], format!("'{}'", texts["locals"]["currency"].as_str().unwrap()));
    }
}

fn check_chained(sdk: Sdk, texts: &Value, body: &Value) {
    let [cause, raised] = exceptions(body) else { panic!("the cause, then what was raised: {body}") };
    assert_eq!((&cause["type"], &cause["value"]), (&texts["cause_type"][sdk.column()], &texts["cause"]));
    assert_eq!((&raised["type"], &raised["value"]), (&texts["type"], &texts["value"]));
    let title = format!("{}: {}", texts["type"].as_str().unwrap(), texts["value"].as_str().unwrap());
    assert_eq!(body["message"], title);
}

fn check_message(sdk: Sdk, texts: &Value, body: &Value) {
    assert_eq!((&body["message"], &body["event"]["message"]), (&texts["value"], &texts["value"]));
    assert_eq!((&body["level"], &body["event"]["level"]), (&texts["level"], &texts["level"]));
    match (sdk, exceptions(body)) {
        // It makes an exception up to carry the stack.
        (Sdk::Node, [synthetic]) => assert_eq!(synthetic["value"], texts["value"]),
        (Sdk::Node, other) => panic!("{other:?}"),
        (_, exceptions) => assert!(exceptions.is_empty(), "{exceptions:?}"),
    }
}

fn check_log_record(texts: &Value, body: &Value) {
    assert_eq!(body["message"], texts["value"]);
    assert_eq!(body["logger"], texts["logger"]);
    assert_eq!(body["event"]["logentry"]["message"], texts["template"]);
    assert_eq!(body["event"]["logentry"]["formatted"], texts["value"]);
    assert_eq!(body["event"]["logentry"]["params"], texts["arguments"]);
}

fn check_full(sdk: Sdk, texts: &Value, body: &Value) {
    let event = &body["event"];
    let [exception] = exceptions(body) else { panic!("{body}") };
    assert_eq!((&exception["type"], &exception["value"]), (&texts["type"], &texts["value"]));
    assert_eq!(event["transaction"], texts["transaction"]);
    assert_eq!(body["culprit"], texts["transaction"]);
    for (key, value) in texts["user"].as_object().unwrap() {
        assert_eq!(event["user"][key], *value, "user.{key}");
    }
    for (key, value) in texts["tags"].as_object().unwrap() {
        assert_eq!(tag(event, key), value.as_str(), "tag {key}");
    }
    for (key, value) in texts["extra"].as_object().unwrap() {
        assert_eq!(event["extra"][key], *value, "extra.{key}");
    }
    for (name, context) in texts["contexts"].as_object().unwrap() {
        for (key, value) in context.as_object().unwrap() {
            assert_eq!(event["contexts"][name][key], *value, "contexts.{name}.{key}");
        }
    }
    let breadcrumbs = event["breadcrumbs"]["values"].as_array().unwrap();
    let ours: Vec<&Value> = breadcrumbs.iter().filter(|crumb| crumb["category"] != "console").collect();
    let sent = texts["breadcrumbs"].as_array().unwrap();
    assert_eq!(ours.len(), sent.len(), "{breadcrumbs:?}");
    for (crumb, sent) in ours.iter().zip(sent) {
        for (key, value) in sent.as_object().unwrap() {
            // The Rust SDK leaves out the level that Sentry assumes.
            if (sdk, key.as_str()) != (Sdk::Rust, "level") {
                assert_eq!(crumb[key], *value, "{sdk:?}: breadcrumb {key}");
            }
        }
        assert!(crumb["timestamp"].is_number() || crumb["timestamp"].is_string(), "{crumb}");
    }
}

fn check_filler(event: &Value, bytes: u64) {
    let part_bytes = usize::try_from(bytes).unwrap() / FILLER_PARTS;
    for number in 0..FILLER_PARTS {
        let part = event["extra"][format!("part-{number}")].as_str().unwrap();
        assert_eq!(part.len(), part_bytes, "part {number}");
        assert!(part.bytes().all(|byte| byte.is_ascii_hexdigit()), "part {number}");
    }
    assert!(event["extra"]["part-0"].as_str().unwrap().starts_with(FILLER_BEGIN));
}

/// 900 KiB are taken; what one value of `extra` may hold is less, and what was cut is said.
fn check_big(texts: &Value, body: &Value) {
    assert_eq!(body["message"], texts["value"]);
    let extra = body["event"]["extra"].as_object().unwrap();
    assert!(extra["part-0"].as_str().unwrap().starts_with(FILLER_BEGIN));
    let kept: usize = extra.values().filter_map(Value::as_str).map(str::len).sum();
    assert!(kept > 100_000, "only {kept} bytes of the extra data are left");
}

fn check_send_event(body: &Value) {
    let event = &body["event"];
    assert_eq!(body["message"], "deploy 1.4.0 of shop failed");
    assert_eq!(body["level"], "warning");
    assert_eq!(tag(event, "plan"), Some("gold"));
    assert_eq!(event["extra"]["note"], "grüße 😀");
    assert_eq!((&event["user"]["id"], &event["user"]["email"]), (&json!("u-17"), &json!("zoe@example.com")));
    assert_eq!(event["fingerprint"], json!(["deploy", "failed"]));
}

fn exceptions(body: &Value) -> &[Value] {
    body["event"]["exception"]["values"].as_array().unwrap()
}

fn tag<'a>(event: &'a Value, key: &str) -> Option<&'a str> {
    let pair = event["tags"].as_array().unwrap().iter().find(|pair| pair[0] == key)?;
    pair[1].as_str()
}
