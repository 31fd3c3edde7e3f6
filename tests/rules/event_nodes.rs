//! Conditions and filters that the event alone decides, as raised events meet them; the tables of every match code are the
//! model's own tests.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::support::http::Request;
use crate::support::rules::{RuleScene, condition, event, filter, rule_body};

/// How often each event is raised while rules are changed.
const ROUNDS: usize = 60;

#[test]
fn tag_filters_fire_on_the_tags_of_an_event() {
    let scene = RuleScene::start();
    for (name, key, code, value) in [
        ("eq", "SHOP", "eq", "north"),
        ("ne", "shop", "ne", "north"),
        ("starts", "shop", "sw", "no"),
        ("starts not", "shop", "nsw", "no"),
        ("ends", "shop", "ew", "TH"),
        ("ends not", "shop", "new", "th"),
        ("contains", "shop", "co", "out"),
        ("contains not", "shop", "nc", "out"),
        ("one of", "shop", "in", "west, north"),
        ("none of", "shop", "nin", "west, north"),
        ("release", "release", "eq", "shop@1.0.0"),
        ("user", "sentry:user", "co", "u-1"),
    ] {
        let node = filter("tagged_event.TaggedEventFilter", &json!({ "key": key, "match": code, "value": value }));
        scene.rule(name, &json!({ "filters": [node] }));
    }
    for (name, code) in [("is set", "is"), ("is not set", "ns")] {
        let node = condition("tagged_event.TaggedEventCondition", &json!({ "key": "plan", "match": code }));
        scene.rule(name, &json!({ "conditions": [node] }));
    }
    scene.raise(
        event("north", &json!({ "tags": { "shop": "North", "plan": "gold" }, "release": "shop@1.0.0" })),
        &["eq", "starts", "ends", "contains not", "one of", "release", "is set"],
    );
    scene.raise(
        event("south", &json!({ "tags": [["shop", "south"]], "user": { "id": "u-17" } })),
        &["ne", "starts not", "ends", "contains", "none of", "user", "is not set"],
    );
    scene.raise(event("none", &json!({})), &["ne", "starts not", "ends not", "contains not", "none of", "is not set"]);
    scene.ends_explained();
}

#[test]
fn level_filters_fire_on_the_level_of_an_event() {
    let scene = RuleScene::start();
    for (name, order, number) in [("error", "eq", "40"), ("from error on", "gte", "40"), ("up to info", "lte", "20")] {
        let node = filter("level.LevelFilter", &json!({ "match": order, "level": number }));
        scene.rule(name, &json!({ "filters": [node] }));
    }
    let node = condition("level.LevelCondition", &json!({ "match": "eq", "level": 30 }));
    scene.rule("warning", &json!({ "conditions": [node] }));
    for (level, fires) in [
        ("fatal", &["from error on"][..]),
        ("error", &["error", "from error on"]),
        ("warning", &["warning"]),
        ("info", &["up to info"]),
        ("debug", &["up to info"]),
    ] {
        scene.raise(event(level, &json!({ "level": level })), fires);
    }
    scene.ends_explained();
}

#[test]
fn attribute_filters_fire_on_what_an_event_says() {
    let scene = RuleScene::start();
    attribute_rules(&scene);
    for (issue, parts, fires) in attribute_events() {
        scene.raise(event(issue, &parts), fires);
    }
    scene.ends_explained();
}

#[test]
fn an_event_that_meets_a_change_of_rules_on_its_way_is_matched_anew_to_the_same_end() {
    let scene = RuleScene::start();
    attribute_rules(&scene);
    let ended = AtomicBool::new(false);
    // Another rule, which never fires, is changed all the time: what was matched before such a change is matched again.
    let never = condition("regression_event.RegressionEventCondition", &json!({}));
    let other = scene.rule("other", &json!({ "conditions": [never] }));
    let (server, path) = (&scene.server, scene.rule_path(&other));
    let changes = thread::scope(|threads| {
        let changing = threads.spawn(|| {
            let mut changes = 0;
            while !ended.load(Ordering::Relaxed) {
                let parts = json!({ "conditions": [never], "frequency": 5 + changes % 100 });
                server.managed("PUT", &path, &rule_body("other", &parts));
                changes += 1;
            }
            changes
        });
        for round in 0..ROUNDS {
            for (issue, parts, fires) in attribute_events() {
                let mut event = event(issue, &parts);
                event["fingerprint"] = json!([issue, round.to_string()]);
                scene.raise(event, fires);
            }
        }
        ended.store(true, Ordering::Relaxed);
        changing.join().unwrap()
    });
    let events = ROUNDS * attribute_events().len();
    let offered = offered_to_the_writer(&scene);
    println!("{changes} changes of a rule while {events} events came: {} were matched anew", offered - events);
    assert!(offered > events, "no event met a change");
    scene.ends_explained();
}

/// How often the writer was given an event, to record it or to refuse it as matched before a change.
fn offered_to_the_writer(scene: &RuleScene) -> usize {
    let metrics = scene.server.ask(&Request::get("/metrics"));
    let series = metrics.text().lines().find_map(|line| line.strip_prefix("watchfire_record_batch_events_sum "));
    series.unwrap().parse().unwrap()
}

fn attribute_rules(scene: &RuleScene) {
    for (name, attribute, code, value) in [
        ("message", "message", "co", "TILL IS"),
        ("platform", "platform", "eq", "node"),
        ("type", "exception.type", "eq", "typeerror"),
        ("value", "exception.value", "ew", "shut"),
        ("unhandled", "error.unhandled", "eq", "true"),
        ("mail", "user.email", "ew", "@example.com"),
        ("no mail", "user.email", "ns", ""),
        ("method", "http.method", "eq", "POST"),
        ("url", "http.url", "sw", "https://shop.example/"),
        ("status", "http.status_code", "eq", "502"),
        ("module", "stacktrace.module", "eq", "shop.till"),
        ("code", "stacktrace.code", "co", "raise TypeError"),
        ("total", "extra.basket.total", "eq", "31.5"),
        ("item", "extra.basket.items", "eq", "hat"),
    ] {
        let parameters = json!({ "attribute": attribute, "match": code, "value": value });
        scene.rule(name, &json!({ "filters": [filter("event_attribute.EventAttributeFilter", &parameters)] }));
    }
}

/// Issue, what else the event says, and which of these rules fire.
fn attribute_events() -> [(&'static str, Value, &'static [&'static str]); 3] {
    let basket = json!({ "basket": { "total": 31.5, "items": ["coat", "Hat"] } });
    [
        ("the till is open", json!({ "platform": "node" }), &["message", "platform", "no mail"]),
        (
            "an error",
            error(),
            &["message", "type", "value", "unhandled", "mail", "method", "url", "status", "module", "code"],
        ),
        ("a basket", json!({ "extra": basket }), &["no mail", "total", "item"]),
    ]
}

#[test]
fn all_any_and_none_mean_what_they_say_of_conditions_and_of_filters() {
    let scene = RuleScene::start();
    let tag = |key: &str| filter("tagged_event.TaggedEventFilter", &json!({ "key": key, "match": "is" }));
    for quantifier in ["all", "any", "none"] {
        let filters = json!({ "filters": [tag("a"), tag("b")], "filterMatch": quantifier });
        scene.rule(&format!("filters: {quantifier}"), &filters);
    }
    for quantifier in ["all", "any", "none"] {
        let nodes = [first_seen(), tag("a")];
        let conditions = json!({ "conditions": nodes, "actionMatch": quantifier });
        scene.rule(&format!("conditions: {quantifier}"), &conditions);
    }
    let both = json!({ "conditions": [tag("a")], "filters": [tag("b")], "filterMatch": "none" });
    scene.rule("a without b", &both);
    for (issue, tags, fires) in [
        (
            "a and b",
            json!({ "a": "1", "b": "1" }),
            &["filters: all", "filters: any", "conditions: all", "conditions: any"][..],
        ),
        ("a", json!({ "a": "1" }), &["filters: any", "conditions: all", "conditions: any", "a without b"]),
        ("b", json!({ "b": "1" }), &["filters: any", "conditions: any"]),
        ("neither", json!({}), &["filters: none", "conditions: any"]),
        // The issue is known, and has no tag `a`: nothing holds. What else fires has fired for it just now.
        ("neither", json!({}), &["conditions: none"]),
    ] {
        scene.raise(event(issue, &json!({ "tags": tags })), fires);
    }
    scene.ends_explained();
}

fn first_seen() -> Value {
    condition("first_seen_event.FirstSeenEventCondition", &json!({}))
}

/// An exception in a request, with everything that attributes name.
fn error() -> Value {
    let frame = json!({
        "module": "shop.till", "function": "open", "filename": "shop/till.py", "in_app": true,
        "context_line": "    raise TypeError(text)", "pre_context": ["def open(text):"],
    });
    let exception = json!({
        "type": "TypeError",
        "value": "the till is shut",
        "mechanism": { "type": "wsgi", "handled": false },
        "stacktrace": { "frames": [frame] },
    });
    json!({
        "message": null,
        "exception": { "values": [exception] },
        "user": { "email": "Zoe@Example.com" },
        "request": { "method": "POST", "url": "https://shop.example/basket" },
        "contexts": { "response": { "status_code": 502 } },
    })
}
