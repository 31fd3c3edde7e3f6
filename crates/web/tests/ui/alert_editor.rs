//! Writing alert rules on pages.

use std::time::Duration;

use model::role::Role;
use serde_json::json;

use crate::alerts::{ALERTS, RULES, assert_escaped, marked_up, with_rule};
use crate::harness::Api;
use crate::person::Person;
use crate::recording::Recording;

/// A form with one condition and one filter, as the page sends it.
fn written() -> Vec<(&'static str, &'static str)> {
    vec![
        ("name", "Crashes & co"),
        ("environment", "production"),
        ("frequency", "60"),
        ("actionMatch", "any"),
        ("filterMatch", "none"),
        ("active", "on"),
        ("to", "every"),
        ("conditions.0.id", "sentry.rules.conditions.event_frequency.EventFrequencyCondition"),
        ("conditions.0.value", "7"),
        ("conditions.0.interval", "1h"),
        ("conditions.0.comparisonType", "count"),
        ("conditions.0.comparisonInterval", "5m"),
        ("filters.0.id", "sentry.rules.filters.level.LevelFilter"),
        ("filters.0.match", "gte"),
        ("filters.0.level", "40"),
    ]
}

fn changed(changes: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let mut fields = written();
    fields.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    fields.extend(changes);
    fields
}

#[tokio::test]
async fn a_rule_is_written_as_a_sentence_and_changed() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Member).await;
    let new = format!("{ALERTS}new/");
    let blank = person.see(&new).await;
    for said in ["A new issue is created", "Create alert rule", "no service hook yet", "value=\"add-conditions\""] {
        assert!(blank.contains(said), "{said}: {blank}");
    }
    assert_eq!(person.post(&new, &written()).await.status, 403, "without the token");
    let made = person.submit(&new, &written()).await;
    let rule = api.get(RULES).await.with_status(200)[0].clone();
    let place = format!("{ALERTS}{}/", rule["id"].as_str().unwrap());
    assert_eq!((made.status, made.to()), (303, place.as_str()), "{}", made.html);
    let kept = ["name", "environment", "frequency", "actionMatch", "filterMatch", "status"].map(|name| &rule[name]);
    assert_eq!(json!(kept), json!(["Crashes & co", "production", 60, "any", "none", "active"]));
    assert_eq!(rule["conditions"][0]["value"], 7);
    assert_eq!(rule["filters"][0]["name"], "The event's level is greater than or equal to error");
    assert_eq!(rule["actions"][0]["id"], "sentry.rules.actions.notify_event.NotifyEventAction");
    let edit = format!("{place}edit/");
    let form = person.see(&edit).await;
    for said in [
        "value=\"Crashes &#38; co\"",
        "name=\"conditions.0.value\" value=\"7\"",
        "<option value=\"none\" selected>",
        "<option value=\"60\" selected>hour</option>",
        "<option value=\"gte\" selected>",
        "value=\"production\"",
    ] {
        assert!(form.contains(said), "{said}: {form}");
    }
    let mut silent = changed(&[("name", "Quiet"), ("environment", "")]);
    silent.retain(|(name, _)| *name != "active");
    assert_eq!(person.submit(&edit, &silent).await.to(), place);
    let rule = api.get(RULES).await.with_status(200)[0].clone();
    assert_eq!(json!([rule["name"], rule["environment"], rule["status"]]), json!(["Quiet", null, "disabled"]));
}

#[tokio::test]
async fn a_rule_alerts_the_hooks_that_are_chosen_and_keeps_what_does_nothing_here() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Member).await;
    let hook = json!({"url": "https://receiver.example/<b>", "events": ["event.alert"]});
    let hook = api.post("/api/0/projects/my-org/my-project/hooks/", hook).await.with_status(201);
    let hook = hook["id"].as_str().unwrap();
    let mut body = marked_up();
    body["actions"] = json!([{"id": "sentry.mail.actions.NotifyEmailAction", "targetType": "<q>"}]);
    let rule = api.post(RULES, body).await.with_status(201);
    let mail = rule["actions"][0]["uuid"].as_str().unwrap();
    let place = format!("{ALERTS}{}/", rule["id"].as_str().unwrap());
    let edit = format!("{place}edit/");
    let form = person.see(&edit).await;
    assert_escaped(&form);
    assert!(form.contains("Send a notification to &#60;q&#62;") && !form.contains("example/<b>"), "{form}");
    let chosen = |more: &[(&'static str, &'static str)]| changed(&[&[("to", "chosen")], more].concat());
    let none = person.submit(&edit, &chosen(&[])).await;
    assert_eq!(none.status, 400);
    assert!(none.html.contains("Choose at least one service hook."), "{}", none.html);
    let mut both: Vec<(&str, &str)> = changed(&[]);
    both.push(("hooks", hook));
    let both = person.submit(&edit, &both).await;
    assert!(both.status == 400 && both.html.contains("say which is meant"), "{}", both.html);
    let mut fields: Vec<(&str, &str)> = chosen(&[]);
    fields.extend([("hooks", hook), ("kept", mail)]);
    assert_eq!(person.submit(&edit, &fields).await.to(), place);
    let actions = || async { api.get(RULES).await.with_status(200)[0]["actions"].clone() };
    let saved = actions().await;
    assert_eq!(json!([saved[0]["uuid"], saved[1]["service"]]), json!([mail, hook]));
    let shown = person.see(&place).await;
    assert!(shown.contains("https://receiver.example/") && shown.contains(&format!("/hooks/{hook}/")), "{shown}");
    assert_eq!(person.submit(&edit, &written()).await.status, 303);
    let saved = actions().await;
    assert_eq!(saved.as_array().unwrap().len(), 1, "neither the hook nor what was not kept: {saved}");
}

#[tokio::test]
async fn what_is_wrong_with_a_rule_stands_beside_it_and_what_was_typed_stays() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Member).await;
    let new = format!("{ALERTS}new/");
    let mut fields = changed(&[("name", ""), ("environment", "a/b"), ("filters.0.level", "41")]);
    fields.extend([("filters.1.id", "sentry.rules.filters.issue_occurrences.IssueOccurrencesFilter")]);
    fields.extend([("filters.1.value", "\"><b>many")]);
    let refused = person.submit(&new, &fields).await;
    assert_eq!(refused.status, 400);
    let html = refused.html;
    assert!(!html.contains("<b>many") && html.contains("&#60;b&#62;many"), "{html}");
    for said in ["This field may not be blank.", "is not a name that an environment can have.", "value=\"a/b\""] {
        assert!(html.contains(said), "{said}: {html}");
    }
    let (first, second) = html.split_once("filters.1.id").unwrap();
    assert!(first.contains("level: Select a valid choice") && !second.contains("Select a valid choice"), "{html}");
    fields.retain(|(name, _)| *name != "filters.0.level");
    fields.push(("filters.0.level", "40"));
    let html = person.submit(&new, &fields).await.html;
    let (first, second) = html.split_once("filters.1.id").unwrap();
    assert!(second.contains("value: Enter a whole number, 0 or more.") && !first.contains("Enter a whole"), "{html}");
    assert_eq!(api.get(RULES).await.with_status(200), json!([]));
    assert_eq!(person.submit(&new, &written()).await.status, 303);
    let twice = person.submit(&new, &changed(&[("name", "Other")])).await;
    assert!(twice.html.contains("exact duplicate of &#39;Crashes &#38; co&#39;"), "{}", twice.html);
}

#[tokio::test]
async fn conditions_and_filters_come_and_go_with_buttons() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Member).await;
    let new = format!("{ALERTS}new/");
    let tagged = "sentry.rules.filters.tagged_event.TaggedEventFilter";
    let add = changed(&[("do", "add-filters"), ("new-filters", tagged)]);
    let whole = person.submit(&new, &add).await;
    assert_eq!(whole.status, 200);
    assert!(whole.html.contains("<html") && whole.html.contains("name=\"filters.1.key\""), "{}", whole.html);
    let part = person.part(&new, &add).await.html;
    assert!(part.trim_start().starts_with("<form id=\"editor\"") && part.contains("name=\"filters.1.key\""), "{part}");
    assert!(part.contains("name=\"conditions.0.value\" value=\"7\""), "what was typed stays: {part}");
    let part = person.part(&new, &changed(&[("do", "remove-conditions-0")])).await.html;
    assert!(!part.contains("conditions.0.") && part.contains("filters.0.level"), "{part}");
    assert!(part.contains("any event will do"), "{part}");
    assert_eq!(api.get(RULES).await.with_status(200), json!([]), "nothing is saved");
}

#[tokio::test]
async fn a_node_that_the_form_has_no_fields_for_is_kept_as_it_was_written() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Member).await;
    let mut body = marked_up();
    body["filters"] = json!([{"id": "sentry.rules.filters.issue_category.IssueCategoryFilter", "value": 1}]);
    let rule = api.post(RULES, body).await.with_status(201);
    let edit = format!("{ALERTS}{}/edit/", rule["id"].as_str().unwrap());
    let form = person.see(&edit).await;
    assert!(form.contains("name=\"filters.0.written\""), "{form}");
    let mut fields = written();
    fields.retain(|(name, _)| !name.starts_with("filters."));
    let category = r#"{"id":"sentry.rules.filters.issue_category.IssueCategoryFilter","value":1,"name":"<b>"}"#;
    fields.push(("filters.0.written", category));
    assert_eq!(person.submit(&edit, &fields).await.status, 303);
    let filters = api.get(RULES).await.with_status(200)[0]["filters"].clone();
    assert_eq!(filters[0]["value"], 1);
    fields.pop();
    fields.push(("filters.0.written", "{"));
    let refused = person.submit(&edit, &fields).await;
    assert!(refused.html.contains("Each item must be an object"), "{}", refused.html);
}

#[tokio::test]
async fn a_rule_is_tried_before_it_is_saved() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Member).await;
    let new = format!("{ALERTS}new/");
    let minute = Duration::from_secs(60);
    let mut recording = Recording::start(&api).await;
    let event = |message: &str| json!({"message": message, "level": "error", "environment": "<i>live"});
    let (old, _) = recording.event(event("old"), Duration::from_secs(2 * 86_400)).await;
    let (young, _) = recording.event(event("<em>crash</em>"), minute).await;
    recording.event(event("<em>crash</em>"), minute).await;
    recording.event(json!({"message": "low", "level": "info"}), minute).await;
    let mut fields = changed(&[("do", "preview"), ("name", ""), ("environment", ""), ("filterMatch", "all")]);
    fields.retain(|(name, _)| !name.starts_with("conditions."));
    let whole = person.submit(&new, &fields).await;
    assert_eq!(whole.status, 200, "a name is needed to save only: {}", whole.html);
    let part = person.part(&new, &fields).await.html;
    for html in [&whole.html, &part] {
        assert!(!html.contains("<em>crash") && !html.contains("<i>live"), "{html}");
        for said in [
            "In the last 24 hours this would have fired 1 time",
            "It would have fired 2 times on the last 4 events",
            "Those are all that are kept.",
            "The filters do not match: 1",
            "Too soon after an alert for the same issue: 1",
            "&#60;em&#62;crash",
            &format!("/events/{young}/"),
            &format!("/events/{old}/"),
        ] {
            assert!(html.contains(said), "{said}: {html}");
        }
    }
    let refused = person.part(&new, &changed(&[("do", "preview"), ("conditions.0.value", "many")])).await;
    assert_eq!(refused.status, 400);
    assert!(refused.html.contains("value: Enter a whole number") && refused.html.contains("value=\"many\""));
    assert_eq!(api.get(RULES).await.with_status(200), json!([]), "nothing is saved");
}

#[tokio::test]
async fn who_may_not_write_rules_gets_no_form() {
    let api = Api::start().await;
    let (_, place) = with_rule(&api).await;
    let person = Person::signed_in(&api, Role::ReadOnly).await;
    for path in [format!("{ALERTS}new/"), format!("{place}edit/")] {
        assert_eq!(person.get(&path).await.status, 403);
        assert_eq!(person.submit(&path, &written()).await.status, 403);
        assert_eq!(person.submit(&path, &changed(&[("do", "preview")])).await.status, 403);
    }
}
