//! Rules on what real SDKs raise: users, tags, levels, releases and errors as the SDKs write them, and exactly the alerts that must
//! come.

use serde_json::{Value, json};

use super::expect::Sdk;
use super::programs::raise_described;
use crate::support::rules::{Fires, RuleScene, condition, filter};

/// An error, and the rules that fire on it.
type Raised<'a> = (Value, &'a [&'a str]);

#[test]
#[ignore = "needs Python and Node SDKs: run by scripts/test"]
fn rules_fire_on_what_the_python_sdk_raises() {
    rules_fire(Sdk::Python);
}

#[test]
#[ignore = "needs Python and Node SDKs: run by scripts/test"]
fn rules_fire_on_what_the_node_sdk_raises() {
    rules_fire(Sdk::Node);
}

/// One issue for each type of error, so that no rule is held back by what it did for another.
fn rules_fire(sdk: Sdk) {
    let scene = RuleScene::start();
    issues_and_counts(sdk, &scene);
    what_events_say(sdk, &scene);
    releases(sdk, &scene);
    scene.ends();
}

fn issues_and_counts(sdk: Sdk, scene: &RuleScene) {
    for (name, class, parameters) in [
        ("first seen", "first_seen_event.FirstSeenEventCondition", json!({})),
        ("regression", "regression_event.RegressionEventCondition", json!({})),
        ("reappeared", "reappeared_event.ReappearedEventCondition", json!({})),
        ("three events", "event_frequency.EventFrequencyCondition", json!({ "value": 2, "interval": "1h" })),
        ("three users", "event_frequency.EventUniqueUserFrequencyCondition", json!({ "value": 2, "interval": "1h" })),
    ] {
        scene.rule(name, &json!({ "conditions": [condition(class, &parameters)] }));
    }
    let error = |value: &str, user: &str| json!({ "type": "TillError", "value": value, "user": { "id": user } });
    let ids = raise_all(
        sdk,
        scene,
        &json!({}),
        &[
            (error("the till is shut", "u-1"), &["first seen"]),
            (error("the till is still shut", "u-1"), &[]),
            (error("nobody opens the till", "u-2"), &["three events"]),
            (error("the till is rusty", "u-1"), &[]),
            (error("the till is gone", "u-3"), &["three users"]),
        ],
    );
    let issue = scene.issue_of(&ids[0]);
    let shown = scene.issue(&issue);
    assert_eq!((&shown["count"], &shown["userCount"]), (&json!("5"), &json!(3)));
    scene.change_issue(&issue, &json!({ "status": "resolved" }));
    let again = [(error("the till is shut again", "u-1"), &["regression"][..]), (error("and again", "u-2"), &[])];
    raise_all(sdk, scene, &json!({}), &again);
    scene.change_issue(&issue, &json!({ "status": "ignored", "statusDetails": { "ignoreCount": 2 } }));
    let back = [(error("who cares", "u-1"), &[][..]), (error("somebody cares", "u-1"), &["reappeared"])];
    raise_all(sdk, scene, &json!({}), &back);
}

fn what_events_say(sdk: Sdk, scene: &RuleScene) {
    let tag = |key: &str, value: &str| {
        filter("tagged_event.TaggedEventFilter", &json!({ "key": key, "match": "eq", "value": value }))
    };
    let attribute = |name: &str, code: &str, value: &str| {
        let parameters = json!({ "attribute": name, "match": code, "value": value });
        filter("event_attribute.EventAttributeFilter", &parameters)
    };
    let level = filter("level.LevelFilter", &json!({ "match": "eq", "level": "30" }));
    let occurrences = filter("issue_occurrences.IssueOccurrencesFilter", &json!({ "value": 2 }));
    let age = json!({ "comparison_type": "newer", "value": 1, "time": "hour" });
    for (name, filters) in [
        ("tag", vec![tag("plan", "gold")]),
        ("server", vec![tag("server_name", "till-7"), tag("plan", "silver")]),
        ("level", vec![level]),
        ("type", vec![attribute("exception.type", "eq", "BasketError")]),
        ("value", vec![attribute("exception.value", "co", "on fire")]),
        ("mail", vec![attribute("user.email", "ew", "@example.com")]),
        ("extra", vec![attribute("extra.basket.total", "eq", "31.5")]),
        ("file", vec![attribute("stacktrace.filename", "co", "raise"), tag("plan", "tin")]),
        ("handled", vec![attribute("error.handled", "eq", "true"), tag("plan", "lead")]),
        ("second", vec![occurrences, tag("plan", "zinc")]),
        ("young", vec![filter("age_comparison.AgeComparisonFilter", &age), tag("plan", "iron")]),
    ] {
        scene.rule(name, &json!({ "filters": filters }));
    }
    let error = |ty: &str, mut parts: Value| {
        parts["type"] = json!(ty);
        if parts["value"].is_null() {
            parts["value"] = json!(format!("{ty} was raised"));
        }
        parts
    };
    let zinc = |value: &str| error("ZincError", json!({ "tags": { "plan": "zinc" }, "value": value }));
    let mail = json!({ "user": { "email": "zoe@example.com" } });
    let basket = json!({ "extra": { "basket": { "items": 2, "total": 31.5 } } });
    raise_all(
        sdk,
        scene,
        &json!({}),
        &[
            (error("TagError", json!({ "tags": { "plan": "Gold" } })), &["first seen", "tag"]),
            (error("ServerError", json!({ "tags": { "plan": "silver" } })), &["first seen", "server"]),
            (error("LevelError", json!({ "level": "warning" })), &["first seen", "level"]),
            (error("BasketError", json!({})), &["first seen", "type"]),
            (error("ValueError", json!({ "value": "the shop is on fire" })), &["first seen", "value"]),
            (error("UserError", mail), &["first seen", "mail"]),
            (error("ExtraError", basket), &["first seen", "extra"]),
            (error("FileError", json!({ "tags": { "plan": "tin" } })), &["first seen", "file"]),
            (error("HandledError", json!({ "tags": { "plan": "lead" } })), &["first seen", "handled"]),
            (zinc("one"), &["first seen"]),
            (zinc("two"), &["second"]),
            (error("YoungError", json!({ "tags": { "plan": "iron" } })), &["first seen", "young"]),
            (error("PlainError", json!({})), &["first seen"]),
        ],
    );
}

fn releases(sdk: Sdk, scene: &RuleScene) {
    let latest = filter("latest_release.LatestReleaseFilter", &json!({}));
    let level = filter("level.LevelFilter", &json!({ "match": "eq", "level": "50" }));
    let parts = json!({ "filters": [latest, level], "environment": "production" });
    scene.rule("latest release", &parts);
    let fatal = |ty: &str| json!({ "type": ty, "value": "the shop is closed", "level": "fatal" });
    for (release, environment, ty, fires) in [
        ("shop@2.0.0", "production", "OneError", &["first seen", "latest release"][..]),
        ("shop@2.1.0", "staging", "TwoError", &["first seen"]),
        ("shop@2.1.0", "production", "ThreeError", &["first seen", "latest release"]),
        ("shop@2.0.0", "production", "FourError", &["first seen"]),
    ] {
        let options = json!({ "release": release, "environment": environment });
        raise_all(sdk, scene, &options, &[(fatal(ty), fires)]);
    }
}

/// Raises errors one after the other; the ids of their events.
fn raise_all(sdk: Sdk, scene: &RuleScene, options: &Value, raised: &[Raised<'_>]) -> Vec<String> {
    let errors: Vec<&Value> = raised.iter().map(|(error, _)| error).collect();
    let ids = raise_described(sdk, &scene.server.dsn(), &json!({ "options": options, "errors": errors }));
    assert_eq!(ids.len(), raised.len());
    for (id, (error, fires)) in ids.iter().zip(raised) {
        scene.expect(id, &error.to_string(), Fires::for_all(fires));
    }
    ids
}
