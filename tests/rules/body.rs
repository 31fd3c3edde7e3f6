//! What an alert is, byte for byte, and that there is one for each event and hook, however many rules fired.

use serde_json::json;

use crate::support::event::new_id;
use crate::support::json::Members;
use crate::support::rules::{ALERT, Fires, RuleScene, condition, event, filter};
use crate::support::scene::accepted;

#[test]
fn an_alert_has_the_documented_keys_in_their_order_byte_for_byte() {
    let scene = RuleScene::start();
    scene.server.managed("PUT", &format!("{}/", scene.server.project_path()), &json!({ "name": "My Project" }));
    let name = "Ein \"größerer\" Fehler / 日本";
    let rule = scene.rule(name, &json!({ "conditions": [first_seen()] }));
    let exception = json!({ "values": [{
        "type": "TypeError",
        "value": "the till is shut",
        "stacktrace": { "frames": [{ "module": "shop.till", "function": "open", "in_app": true }] },
    }] });
    let id = scene.raise(json!({ "exception": exception, "level": "fatal", "platform": "python" }), &[name]);
    let issue = scene.issue_of(&id);
    let account = scene.server.account();
    let (organization, project, project_id) = (&account.organization, &account.project, &account.project_id);
    let address = scene.server.address();
    let expected = format!(
        "{{\"id\":\"{id}\",\"project\":\"{project}\",\"project_id\":\"{project_id}\",\"project_name\":\"My Project\",\
         \"culprit\":\"shop.till in open\",\"message\":\"TypeError: the till is shut\",\
         \"url\":\"http://{address}/organizations/{organization}/issues/{issue}/\",\"level\":\"fatal\",\
         \"triggering_rules\":[\"Ein \\\"größerer\\\" Fehler / 日本\"],\"issue_id\":\"{issue}\",\
         \"triggering_rule_ids\":[\"{rule}\"]}}"
    );
    for told in [&scene.alerts, &scene.both] {
        let alert = told.alert_of(&id);
        assert_eq!(alert.text(), expected);
        assert_eq!(alert.header("x-sentry-hook-event"), ALERT);
        assert_eq!(alert.header("x-servicehook-guid"), told.hook.id);
        assert_eq!(alert.header("content-type"), "application/json");
        assert_eq!(alert.header("x-sentry-hook-attempt"), "1");
    }
    scene.ends_explained();
}

#[test]
fn a_hook_on_both_kinds_gets_two_deliveries_and_the_alert_agrees_with_the_event() {
    let scene = RuleScene::start();
    scene.rule("every event", &json!({}));
    let id = scene.raise(event("a till", &json!({ "level": "warning" })), &["every event"]);
    let alert = scene.both.alert_of(&id);
    let created = scene.both.receiver.webhooks().into_iter().find(|webhook| webhook.delivery() != alert.delivery());
    let created = created.unwrap_or_else(|| scene.both.receiver.wait_for(2).remove(1));
    assert_eq!(created.header("x-sentry-hook-event"), "event.created");
    let (of_alert, of_created) = (Members::of(alert.text()), Members::of(created.text()));
    for key in ["id", "project", "project_id", "project_name", "culprit", "message", "url", "level", "issue_id"] {
        assert_eq!(of_alert.raw(key), of_created.raw(key), "{key}");
    }
    scene.ends_explained();
}

#[test]
fn rules_that_fire_on_one_event_make_one_alert_that_lists_them_in_the_order_of_their_ids() {
    let scene = RuleScene::start();
    let warnings = json!({ "filters": [filter("level.LevelFilter", &json!({ "match": "eq", "level": "30" }))] });
    scene.rule("zebra", &json!({ "conditions": [first_seen()] }));
    scene.rule("warnings", &warnings);
    scene.rule("aardvark", &json!({}));
    scene.rule("same name", &json!({ "conditions": [first_seen()], "frequency": 6 }));
    scene.raise(event("one", &json!({})), &["zebra", "aardvark", "same name"]);
    scene.raise(event("two", &json!({ "level": "warning" })), &["zebra", "warnings", "aardvark", "same name"]);
    scene.ends_explained();
}

#[test]
fn events_alert_by_whatever_door_they_come() {
    let scene = RuleScene::start();
    scene.rule("first seen", &json!({ "conditions": [first_seen()] }));
    let id = new_id();
    let mut stored = event("by the older door", &json!({}));
    stored["event_id"] = json!(id);
    accepted(&scene.server.ask(&scene.server.ingest("store").body(stored.to_string())), &id);
    scene.expect(&id, "an event by the older door", Fires::for_all(&["first seen"]));
    let report = json!({ "csp-report": {
        "document-uri": "https://shop.example/basket",
        "effective-directive": "script-src",
        "blocked-uri": "https://evil.example/x.js",
    } });
    let request = scene.server.ingest("security").header("Content-Type", "application/csp-report");
    assert_eq!(scene.server.ask(&request.body(report.to_string())).status, 200);
    let [_, of_report] = scene.alerts.receiver.wait_for(2).try_into().unwrap();
    scene.expect(of_report.event_id(), "a security report", Fires::for_all(&["first seen"]));
    scene.ends_explained();
}

#[test]
fn an_alert_that_does_not_come_and_one_that_nobody_expects_are_noticed_by_the_tests_themselves() {
    for (fires, conditions) in [(&["first seen"][..], json!([never()])), (&[], json!([first_seen()]))] {
        let scene = RuleScene::start();
        scene.rule("first seen", &json!({ "conditions": conditions }));
        scene.raise(event("one", &json!({})), fires);
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| scene.ends())).is_err(), "{fires:?}");
    }
}

fn never() -> serde_json::Value {
    condition("regression_event.RegressionEventCondition", &json!({}))
}

fn first_seen() -> serde_json::Value {
    condition("first_seen_event.FirstSeenEventCondition", &json!({}))
}
