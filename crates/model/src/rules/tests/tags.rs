//! Tags, both those that were sent and those that the event gives.

use serde_json::{Value, json};

use super::*;

fn tagged() -> Value {
    json!({
        "platform": "node", "level": "warning", "logger": "Shop", "environment": "prod", "release": "Shop@1.0",
        "dist": "7", "server_name": "web-1", "transaction": "/cart", "user": {"id": 42},
        "request": {"url": "https://h/cart"},
        "tags": {"Customer": "Acme", "customer": "Globex", "big key": "Blank", "n": 12, "yes": true, "a:b": "c"},
        "contexts": {"runtime": {"name": "Node", "version": "20"}, "browser": {"name": "Firefox", "version": "130"},
                     "os": {"name": "Linux"}, "device": {"model": "D", "family": "F"}},
        "exception": [{"type": "E", "mechanism": {"type": "generic", "handled": false}}]
    })
}

#[test]
fn every_tag_is_found_by_its_key_in_any_case() {
    let event = tagged();
    for (key, expected) in [
        ("customer", &["acme", "globex"][..]),
        ("big-key", &["blank"]),
        ("n", &["12"]),
        ("yes", &["true"]),
        ("a:b", &["c"]),
        ("level", &["warning"]),
        ("logger", &["shop"]),
        ("environment", &["prod"]),
        ("release", &["shop@1.0"]),
        ("dist", &["7"]),
        ("server_name", &["web-1"]),
        ("transaction", &["/cart"]),
        ("user", &["id:42"]),
        ("url", &["https://h/cart"]),
        ("runtime", &["node 20"]),
        ("runtime.name", &["node"]),
        ("browser", &["firefox 130"]),
        ("browser.name", &["firefox"]),
        ("os", &["linux"]),
        ("device", &["d"]),
        ("device.family", &["f"]),
        ("mechanism", &["generic"]),
        ("handled", &["no"]),
        ("absent", &[]),
    ] {
        assert_eq!(values(&event, &Source::Tag(key.to_owned())), expected, "{key}");
        for spelling in [key.to_uppercase(), format!("sentry:{key}"), format!(" {key} ")] {
            assert_eq!(passes(&event, &tag(&spelling, "is", "")), !expected.is_empty(), "{spelling}");
            assert_eq!(passes(&event, &tag(&spelling, "ns", "")), expected.is_empty(), "{spelling}");
        }
    }
}

#[test]
fn each_match_code_has_a_side_that_passes_and_one_that_does_not() {
    let event = tagged();
    for (code, value, holds) in [
        ("eq", "ACME", true),
        ("eq", "acm", false),
        ("ne", "initech", true),
        ("ne", "globex", false),
        ("co", "CM", true),
        ("co", "x y", false),
        ("nc", "initech", true),
        ("nc", "lobe", false),
        ("sw", "glo", true),
        ("sw", "cme", false),
        ("nsw", "lob", true),
        ("nsw", "ac", false),
        ("ew", "EX", true),
        ("ew", "acm", false),
        ("new", "acm", true),
        ("new", "me", false),
        ("in", "initech, Globex", true),
        ("in", "initech,umbrella", false),
        ("nin", "initech,umbrella", true),
        ("nin", ",, acme", false),
        ("is", "ignored", true),
        ("ns", "ignored", false),
    ] {
        assert_eq!(passes(&event, &tag("customer", code, value)), holds, "{code} {value}");
    }
    for (code, holds) in [("eq", false), ("ne", true), ("in", false), ("nin", true), ("is", false), ("ns", true)] {
        assert_eq!(passes(&event, &tag("absent", code, "x")), holds, "{code}");
    }
}

#[test]
fn numbers_and_truth_compare_as_text_whichever_side_writes_them_so() {
    let event = tagged();
    for value in [json!("12"), json!(12), json!(" 12 ")] {
        let node = json!({"id": format!("{FILTERS}tagged_event.TaggedEventFilter"), "key": "n", "match": "eq", "value": value});
        assert!(passes(&event, &node), "{node}");
    }
    let node =
        json!({"id": format!("{FILTERS}tagged_event.TaggedEventFilter"), "key": "yes", "match": "eq", "value": true});
    assert!(passes(&event, &node));
}

#[test]
fn a_list_of_nothing_is_in_nothing() {
    let event = tagged();
    for code in ["in", "nin"] {
        assert!(!passes(&event, &tag("customer", code, " , ,")), "{code}");
    }
}

#[test]
fn letters_beyond_ascii_have_case_too() {
    let event = json!({"message": "m", "tags": {"city": "MÜNCHEN"}});
    assert!(passes(&event, &tag("city", "eq", "münchen")));
    assert!(!passes(&event, &tag("city", "eq", "munchen")));
}
