//! Every attribute that rules know, in an event that has all of them, and in one that has none.

use serde_json::{Value, json};

use super::*;
use crate::rules::Attribute;

/// An event that has a text under each name.
fn full() -> Value {
    json!({
        "platform": "python", "environment": "Production", "message": "Checkout FAILED for acme",
        "user": {"id": 42, "email": "Ada@Example.com", "username": "Ada", "ip_address": "203.0.113.9", "plan": "Gold",
                 "data": {"team": "Blue", "plan": "Silver"}},
        "request": {"url": "https://Shop.example.com/cart", "method": "POST"},
        "sdk": {"name": "sentry.python", "version": "2.0.0"},
        "contexts": {
            "response": {"status_code": 502}, "unreal": {"crash_type": "Assert"}, "app": {"in_foreground": true},
            "os": {"name": "Linux", "distribution_name": "Debian", "distribution_version": 12},
            "device": {"screen_density": 2.5, "screen_dpi": 320, "screen_height_pixels": 1920}
        },
        "extra": {"cart": {"total": 19.5, "items": [{"sku": "A-1"}, {"sku": "B-2"}, {"other": 1}]},
                  "flags": ["beta", true, null, 3, [7], {"a": 1}], "nothing": null, "cart.total": "not a path"},
        "threads": {"values": [{"id": 7, "main": true}, {"id": "w", "main": false}, {"id": 9}]},
        "exception": {"values": [
            {"type": "KeyError", "value": "'Price'", "thread_id": 7, "mechanism": {"type": "generic", "handled": true},
             "stacktrace": {"frames": [{"module": "shop.cart", "filename": "Cart.py", "abs_path": "/srv/Cart.py",
                "function": "price", "package": "libshop.so", "pre_context": ["def price():", 5],
                "context_line": "    return Row['Price']", "post_context": ["# end"]}]}},
            {"type": "CheckoutError", "value": "first line\nSecond line", "thread_id": "w",
             "mechanism": {"type": "django", "handled": false},
             "stacktrace": {"frames": [{"module": "shop.views", "filename": "views.py", "function": "get"}]}},
            {"type": "Odd", "value": "third", "thread_id": 9}
        ]}
    })
}

fn named(name: &str) -> Source {
    Source::Attribute(Attribute::named(name).unwrap())
}

const EVERY: [(&str, &[&str]); 37] = [
    ("message", &["checkout failed for acme", "odd: third"]),
    ("platform", &["python"]),
    ("environment", &["production"]),
    ("type", &["error"]),
    ("error.handled", &["true", "false"]),
    ("error.unhandled", &["false", "true"]),
    ("error.main_thread", &["true", "false"]),
    ("exception.type", &["keyerror", "checkouterror", "odd"]),
    ("exception.value", &["'price'", "first line\nsecond line", "third"]),
    ("user.id", &["42"]),
    ("user.email", &["ada@example.com"]),
    ("user.username", &["ada"]),
    ("user.ip_address", &["203.0.113.9"]),
    ("user.plan", &["silver"]),
    ("user.team", &["blue"]),
    ("http.method", &["post"]),
    ("http.url", &["https://shop.example.com/cart"]),
    ("http.status_code", &["502"]),
    ("sdk.name", &["sentry.python"]),
    ("stacktrace.code", &["    return row['price']", "def price():", "5", "# end"]),
    ("stacktrace.module", &["shop.cart", "shop.views"]),
    ("stacktrace.filename", &["cart.py", "views.py"]),
    ("stacktrace.abs_path", &["/srv/cart.py", "views.py"]),
    ("stacktrace.package", &["libshop.so"]),
    ("unreal.crash_type", &["assert"]),
    ("app.in_foreground", &["true"]),
    ("os.distribution_name", &["debian"]),
    ("os.distribution_version", &["12"]),
    ("os.name", &["linux"]),
    ("device.screen_density", &["2.5"]),
    ("device.screen_dpi", &["320"]),
    ("device.screen_height_pixels", &["1920"]),
    ("extra.cart.total", &["19.5"]),
    ("extra.cart.items.sku", &["a-1", "b-2"]),
    ("extra.flags", &["beta", "true", "3", "7"]),
    ("extra.flags.a", &["1"]),
    ("extra.cart.items.other", &["1"]),
];

#[test]
fn every_attribute_gives_what_the_event_has_under_its_name_in_lower_case() {
    let event = full();
    for (name, expected) in EVERY {
        assert_eq!(values(&event, &named(name)), expected, "{name}");
    }
}

#[test]
fn every_offered_attribute_is_in_this_table() {
    for name in Attribute::NAMES {
        assert!(EVERY.iter().any(|(known, _)| *known == name), "{name}");
    }
}

#[test]
fn each_attribute_is_compared_without_regard_to_case_and_by_any_of_its_values() {
    let event = full();
    for (name, expected) in EVERY {
        for value in expected.iter().filter(|value| value.trim() == **value) {
            for code in ["eq", "co", "sw", "ew", "is"] {
                assert!(passes(&event, &attribute(name, code, &value.to_uppercase())), "{name} {code} {value}");
            }
            for code in ["ne", "nc", "nsw", "new", "ns"] {
                assert!(!passes(&event, &attribute(name, code, &value.to_uppercase())), "{name} {code} {value}");
            }
        }
        assert!(!passes(&event, &attribute(name, "eq", "something else")), "{name}");
        assert!(passes(&event, &attribute(name, "ne", "something else")), "{name}");
        assert!(passes(&event, &attribute(name, "nin", "something else, and more")), "{name}");
    }
}

#[test]
fn what_an_event_lacks_has_no_values_so_that_only_negative_codes_pass() {
    let bare = json!({"message": "m"});
    for (name, _) in EVERY.into_iter().filter(|(name, _)| !["message", "platform", "type"].contains(name)) {
        assert_eq!(values(&bare, &named(name)), Vec::<String>::new(), "{name}");
        for (code, holds) in [
            ("is", false),
            ("ns", true),
            ("eq", false),
            ("ne", true),
            ("co", false),
            ("nc", true),
            ("sw", false),
            ("nsw", true),
            ("ew", false),
            ("new", true),
            ("in", false),
            ("nin", true),
        ] {
            assert_eq!(passes(&bare, &attribute(name, code, "x")), holds, "{name} {code}");
        }
    }
}

#[test]
fn a_path_that_ends_early_or_in_nothing_has_no_values() {
    let event = full();
    for name in [
        "extra.cart",
        "extra.cart.total.more",
        "extra.nothing",
        "extra.absent.path",
        "extra.flags.b",
        "user.none",
        "os.none",
        "device.none",
    ] {
        assert_eq!(values(&event, &named(name)), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn empty_texts_are_no_values_where_they_say_nothing() {
    let event = json!({"message": "m", "user": {"id": "", "email": ""}, "request": {"url": ""}, "environment": ""});
    for name in ["user.id", "user.email", "http.url", "environment"] {
        assert!(passes(&event, &attribute(name, "ns", "")), "{name}");
    }
}

#[test]
fn handled_counts_only_what_exceptions_say() {
    for (mechanism, handled, unhandled) in [
        (json!({"type": "generic"}), &[][..], &[][..]),
        (json!({"type": "generic", "handled": true}), &["true"], &["false"]),
        (json!({"type": "generic", "handled": false}), &["false"], &["true"]),
        (json!({"type": "generic", "handled": null}), &[], &[]),
    ] {
        let event = json!({"exception": [{"type": "E", "mechanism": mechanism}]});
        assert_eq!(values(&event, &named("error.handled")), handled, "{mechanism}");
        assert_eq!(values(&event, &named("error.unhandled")), unhandled, "{mechanism}");
    }
}

#[test]
fn a_message_is_found_by_the_words_of_its_title_and_of_the_whole_exception() {
    let long = "x".repeat(300);
    for (event, needle, holds) in [
        (json!({"message": "first\nsecond"}), "second", true),
        (json!({"exception": [{"type": "E", "value": "first\nsecond"}]}), "e: first\nsecond", true),
        (json!({"exception": [{"type": "E", "value": "first\nsecond"}]}), "third", false),
        (json!({"exception": [{"type": "E", "value": format!("{long} end")}]}), "x end", true),
        (
            json!({"exception": [{"value": "first\nsecond", "mechanism": {"type": "m", "synthetic": true}}]}),
            "second",
            true,
        ),
        (json!({"logentry": {"message": "order %s", "params": [17]}}), "order 17", true),
        (json!({"logentry": {"message": "order %s", "params": [17]}}), "order %s", false),
    ] {
        assert_eq!(passes(&event, &attribute("message", "co", needle)), holds, "{event} {needle}");
    }
}

#[test]
fn frames_are_those_of_exceptions_else_of_the_stack_trace_beside_them() {
    let frame = |name: &str| json!({"frames": [{"module": name, "context_line": name, "package": name}]});
    let thread = |name: &str| json!({"values": [{"id": 1, "stacktrace": frame(name)}, {"id": 2}]});
    let two = json!({"values": [{"id": 1, "stacktrace": frame("a")}, {"id": 2, "stacktrace": frame("b")}]});
    for (event, expected) in [
        (json!({"exception": [{"type": "E", "stacktrace": frame("own")}], "threads": thread("thread")}), &["own"][..]),
        (json!({"exception": [{"type": "E"}, {"type": "F"}], "stacktrace": frame("beside")}), &["beside"]),
        (json!({"exception": [{"type": "E"}], "stacktrace": frame("moved")}), &["moved"]),
        (json!({"message": "m", "stacktrace": frame("beside"), "threads": thread("thread")}), &["beside"]),
        (json!({"message": "m", "threads": thread("thread")}), &["thread"]),
        (json!({"message": "m", "threads": two}), &[]),
        (json!({"message": "m", "stacktrace": {"frames": []}, "threads": thread("thread")}), &["thread"]),
    ] {
        for name in ["stacktrace.module", "stacktrace.code", "stacktrace.package"] {
            assert_eq!(values(&event, &named(name)), expected, "{name} {event}");
        }
    }
}

#[test]
fn a_matcher_asks_for_the_stored_json_only_where_a_rule_needs_it() {
    let needs = |node: Value| {
        let filters = clause(Quantifier::All, &[node]);
        let in_rule = Matcher::new(vec![rule(1, filters.clone(), Clause::default())], Vec::new()).needs_document();
        let in_hook = Matcher::new(Vec::new(), vec![hook(1, filters)]).needs_document();
        assert_eq!(in_rule, in_hook);
        in_rule
    };
    assert!(!needs(tag("a", "eq", "b")) && !needs(level("eq", "40")));
    // What needs no document is found without one, and what needs it is not.
    for (name, expected) in EVERY {
        let found = with_event(&full(), |event, title, _| {
            let alone = EventView::new(event, title, None);
            alone.values(&named(name)).iter().map(str::to_owned).collect::<Vec<_>>()
        });
        match needs(attribute(name, "is", "")) {
            true => assert!(found.is_empty(), "{name}"),
            false => assert_eq!(found, expected, "{name}"),
        }
    }
}

#[test]
fn a_report_and_a_message_have_their_types() {
    for (event, expected) in [
        (json!({"message": "m"}), "default"),
        (json!({"csp": {"effective_directive": "img-src"}, "message": "Blocked"}), "csp"),
        (json!({"exception": [{"type": "E"}]}), "error"),
    ] {
        assert_eq!(values(&event, &named("type")), [expected]);
    }
}
