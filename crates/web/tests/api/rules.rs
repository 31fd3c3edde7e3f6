//! Issue alert rules, from their making to their end.

use std::time::Duration;

use model::limits::RULES_PER_PROJECT;
use serde_json::{Value, json};
use store::rules::{NewRule, RuleChange, Rules as _};

use crate::harness::{Api, START};

pub(crate) const RULES: &str = "/api/0/projects/my-org/my-project/rules/";
const HOOKS: &str = "/api/0/projects/my-org/my-project/hooks/";

/// The least that a rule must say, under a name, told apart from others by its frequency.
pub(crate) fn least(name: &str, frequency: u32) -> Value {
    json!({
        "name": name,
        "actionMatch": "all",
        "actions": [{"id": "sentry.rules.actions.notify_event.NotifyEventAction"}],
        "frequency": frequency,
    })
}

pub(crate) async fn make(api: &Api, body: Value) -> Value {
    api.post(RULES, body).await.with_status(201)
}

pub(crate) fn path(rule: &Value) -> String {
    format!("{RULES}{}/", rule["id"].as_str().unwrap())
}

fn first_seen() -> Value {
    json!({"id": "sentry.rules.conditions.first_seen_event.FirstSeenEventCondition"})
}

fn level(level: &str) -> Value {
    json!({"id": "sentry.rules.filters.level.LevelFilter", "match": "gte", "level": level})
}

#[tokio::test]
async fn a_new_rule_is_answered_whole() {
    let api = Api::start().await;
    let user = api.store_user("jane@example.com").await;
    let token = api.token_of(user, "alerts:write").await;
    let body = json!({
        "name": "Crashes",
        "environment": "production",
        "actionMatch": "any",
        "filterMatch": "none",
        "conditions": [first_seen()],
        "filters": [level("40")],
        "actions": [{"id": "sentry.rules.actions.notify_event.NotifyEventAction"}],
        "frequency": 30,
        "owner": format!("team:{}", api.team.id),
    });
    let mut rule = api.call("POST", RULES, &token, Some(body)).await.with_status(201);
    let uuid = rule["actions"][0].as_object_mut().unwrap().remove("uuid").unwrap();
    assert_eq!(uuid.as_str().unwrap().len(), 36);
    let mut condition = first_seen();
    condition["name"] = json!("A new issue is created");
    let mut filter = level("40");
    filter["name"] = json!("The event's level is greater than or equal to error");
    let expected = json!({
        "id": rule["id"],
        "conditions": [condition],
        "filters": [filter],
        "actions": [{
            "id": "sentry.rules.actions.notify_event.NotifyEventAction",
            "name": "Send an alert to every service hook",
        }],
        "actionMatch": "any",
        "filterMatch": "none",
        "frequency": 30,
        "name": "Crashes",
        "dateCreated": "2018-11-06T21:20:08.143Z",
        "owner": format!("team:{}", api.team.id),
        "createdBy": {"id": user.get(), "name": "jane@example.com", "email": "jane@example.com"},
        "environment": "production",
        "projects": ["my-project"],
        "status": "active",
        "lastTriggered": null,
        "snooze": false,
    });
    assert_eq!(rule, expected);
    rule["actions"][0]["uuid"] = uuid;
    assert_eq!(api.get(&path(&rule)).await.with_status(200), rule);
    assert_eq!(api.get(RULES).await.with_status(200), json!([rule]));
}

#[tokio::test]
async fn what_a_rule_need_not_say_is_empty() {
    let api = Api::start().await;
    let rule = make(&api, least("Everything", 5)).await;
    let said = ["conditions", "filters", "filterMatch", "environment", "owner", "createdBy", "status"];
    let said: Vec<&Value> = said.iter().map(|name| &rule[name]).collect();
    assert_eq!(json!(said), json!([[], [], "all", null, null, null, "active"]));
}

#[tokio::test]
async fn a_rule_can_be_made_silent() {
    let api = Api::start().await;
    for (field, value, frequency) in [("isActive", json!(false), 5), ("status", json!("disabled"), 6)] {
        let mut body = least("Silent", frequency);
        body[field] = value;
        let rule = make(&api, body).await;
        assert_eq!(rule["status"], "disabled");
        let rule = api.put(&path(&rule), least("Silent", frequency)).await.with_status(200);
        assert_eq!(rule["status"], "disabled", "what a change does not say of it stays");
        let mut body = least("Loud", frequency);
        body["isActive"] = json!(true);
        assert_eq!(api.put(&path(&rule), body).await.with_status(200)["status"], "active");
    }
}

#[tokio::test]
async fn a_change_replaces_what_it_says_and_what_sentry_replaces() {
    let api = Api::start().await;
    let mut body = least("Crashes", 30);
    body["conditions"] = json!([first_seen()]);
    body["filters"] = json!([level("40")]);
    body["filterMatch"] = json!("any");
    body["environment"] = json!("production");
    body["owner"] = json!(format!("team:{}", api.team.id));
    let before = make(&api, body).await;
    let change = json!({"name": "Renamed", "actionMatch": "any", "actions": before["actions"]});
    let after = api.put(&path(&before), change).await.with_status(200);
    assert_eq!((&after["name"], &after["actionMatch"]), (&json!("Renamed"), &json!("any")));
    assert_eq!(
        (&after["conditions"], &after["filters"], &after["filterMatch"]),
        (&json!([]), &json!([]), &json!("all"))
    );
    assert_eq!(after["environment"], Value::Null);
    for kept in ["id", "frequency", "owner", "dateCreated", "actions"] {
        assert_eq!(after[kept], before[kept], "{kept}");
    }
    assert_eq!(api.get(&path(&before)).await.with_status(200), after);
    let mut same = api.get(&path(&before)).await.with_status(200);
    same["owner"] = Value::Null;
    let cleared = api.put(&path(&before), same).await.with_status(200);
    assert_eq!(cleared["owner"], Value::Null, "what was shown can be sent back");
}

#[tokio::test]
async fn a_deleted_rule_is_gone() {
    let api = Api::start().await;
    let rule = make(&api, least("Crashes", 30)).await;
    let answer = api.delete(&path(&rule)).await;
    assert_eq!((answer.status, answer.text.as_str()), (202, ""));
    for answer in [
        api.get(&path(&rule)).await,
        api.put(&path(&rule), least("Crashes", 30)).await,
        api.delete(&path(&rule)).await,
        api.get(&format!("{}stats/", path(&rule))).await,
        api.post(&format!("{}snooze/", path(&rule)), json!({"target": "everyone"})).await,
    ] {
        assert_eq!(answer.with_status(404), json!({"detail": "The requested resource does not exist"}));
    }
    make(&api, least("Crashes", 30)).await;
}

#[tokio::test]
async fn only_the_number_of_a_rule_of_the_project_names_one() {
    let api = Api::start().await;
    let rule = make(&api, least("Crashes", 30)).await;
    api.add_project("other").await;
    let id = rule["id"].as_str().unwrap();
    for path in [
        format!("{RULES}99999/"),
        format!("{RULES}Crashes/"),
        format!("{RULES}0{id}/"),
        format!("/api/0/projects/my-org/other/rules/{id}/"),
    ] {
        assert_eq!(api.get(&path).await.status, 404, "{path}");
        assert_eq!(api.delete(&path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn rules_are_listed_newest_first_in_pages() {
    let api = Api::start().await;
    for frequency in 5..8 {
        make(&api, least(&format!("Rule {frequency}"), frequency)).await;
    }
    let names = |list: Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|rule| rule["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(api.get(RULES).await.with_status(200)), ["Rule 7", "Rule 6", "Rule 5"]);
    let page = api.get(&format!("{RULES}?per_page=2")).await;
    assert_eq!(names(page.with_status(200)), ["Rule 7", "Rule 6"]);
    let link = page.header("link").unwrap();
    let next = link.split(", <").nth(1).unwrap();
    assert!(next.contains("rel=\"next\"; results=\"true\""), "{link}");
    let cursor = next.split("cursor=\"").nth(1).unwrap().trim_end_matches('"');
    let rest = api.get(&format!("{RULES}?per_page=2&cursor={cursor}")).await;
    assert_eq!(names(rest.with_status(200)), ["Rule 5"]);
}

#[tokio::test]
async fn a_change_is_in_the_directory_when_it_is_answered() {
    let api = Api::start().await;
    let generation = || api.directory.current().project(api.project.id).unwrap().project.generation;
    let before = generation();
    let rule = make(&api, least("Crashes", 30)).await;
    let made = generation();
    api.put(&path(&rule), least("Renamed", 30)).await.with_status(200);
    let changed = generation();
    api.post(&format!("{}snooze/", path(&rule)), json!({"target": "everyone"})).await.with_status(201);
    let snoozed = generation();
    api.delete(&path(&rule)).await;
    let deleted = generation();
    assert!(before < made && made < changed && changed < snoozed && snoozed < deleted);
}

#[tokio::test]
async fn a_project_has_at_most_so_many_rules() {
    let api = Api::start().await;
    let change = RuleChange {
        name: "Filler".to_owned(),
        environment: None,
        action_match: model::rules::Quantifier::All,
        filter_match: model::rules::Quantifier::All,
        conditions: Vec::new(),
        filters: Vec::new(),
        actions: Vec::new(),
        frequency_minutes: 5,
        owner: None,
        active: true,
        counters: Vec::new(),
    };
    for _ in 0..RULES_PER_PROJECT {
        let new = NewRule { project: api.project.id, rule: change.clone(), created_by: None, now: START };
        api.store.create_rule(new).await.unwrap();
    }
    let said = api.post(RULES, least("One more", 7)).await.with_status(400);
    assert_eq!(said, json!({"conditions": ["You may not exceed 500 rules per project"]}));
}

#[tokio::test]
async fn a_rule_that_does_what_another_does_is_refused_with_its_id() {
    let api = Api::start().await;
    let body = |name: &str| {
        let mut body = least(name, 30);
        let id = "sentry.rules.conditions.event_frequency.EventFrequencyCondition";
        body["conditions"] = json!([{"id": id, "value": 10, "interval": "1h"}]);
        body
    };
    let first = make(&api, body("First")).await;
    let number: i64 = first["id"].as_str().unwrap().parse().unwrap();
    let said = json!({
        "name": ["This rule is an exact duplicate of 'First' in this project and may not be created."],
        "ruleId": [number],
    });
    let mut same = body("Second");
    same["conditions"][0]["value"] = json!("10");
    assert_eq!(api.post(RULES, same).await.with_status(400), said, "though it is written in another way");
    let mut elsewhere = body("Third");
    elsewhere["environment"] = json!("production");
    let third = make(&api, elsewhere).await;
    assert_eq!(api.put(&path(&third), body("Third")).await.with_status(400), said);
    api.put(&path(&first), body("First")).await.with_status(200);
    let mut silent = body("First");
    silent["isActive"] = json!(false);
    api.put(&path(&first), silent).await.with_status(200);
    make(&api, body("Second")).await;
}

#[tokio::test]
async fn a_snooze_silences_a_rule_until_it_ends() {
    let api = Api::start().await;
    let user = api.store_user("jane@example.com").await;
    let token = api.token_of(user, "alerts:write").await;
    let rule = make(&api, least("Crashes", 30)).await;
    let number: i64 = rule["id"].as_str().unwrap().parse().unwrap();
    let snooze = format!("{}snooze/", path(&rule));
    let until = "2018-11-06T22:20:08.143Z";
    let body = json!({"target": "everyone", "until": until});
    let said = api.call("POST", &snooze, &token, Some(body)).await.with_status(201);
    let expected = json!({
        "ownerId": user.get(),
        "userId": "everyone",
        "until": until,
        "dateAdded": "2018-11-06T21:20:08.143Z",
        "ruleId": number,
        "alertRuleId": null,
    });
    assert_eq!(said, expected);
    let shown = api.call("GET", &path(&rule), &token, None).await.with_status(200);
    assert_eq!((&shown["snooze"], &shown["snoozeCreatedBy"]), (&json!(true), &json!("You")));
    let shown = api.get(&path(&rule)).await.with_status(200);
    assert_eq!((&shown["snoozeForEveryone"], &shown["snoozeCreatedBy"]), (&json!(true), &json!("jane@example.com")));
    assert_eq!(shown["snoozeUntil"], until);
    let again = api.post(&snooze, json!({"target": "everyone"})).await.with_status(410);
    assert_eq!(again, json!({"detail": "RuleSnooze already exists for this rule and scope."}));
    api.clock.advance(Duration::from_secs(3600));
    assert_eq!(api.get(&path(&rule)).await.with_status(200)["snooze"], false, "it has ended by itself");
    assert_eq!(api.delete(&snooze).await.status, 404);
    let forever = api.post(&snooze, json!({"target": "everyone"})).await.with_status(201);
    assert_eq!((&forever["until"], &forever["ownerId"]), (&json!("forever"), &json!(null)));
    assert_eq!(api.get(&path(&rule)).await.with_status(200).get("snoozeUntil"), Some(&json!(null)));
    assert_eq!(api.delete(&snooze).await.status, 204);
    assert_eq!(api.get(&path(&rule)).await.with_status(200)["snooze"], false);
}

#[tokio::test]
async fn a_snooze_for_oneself_silences_nobody_and_a_note_says_so() {
    let api = Api::start().await;
    let user = api.store_user("jane@example.com").await;
    let token = api.token_of(user, "alerts:write").await;
    let rule = make(&api, least("Crashes", 30)).await;
    let snooze = format!("{}snooze/", path(&rule));
    let answer = api.call("POST", &snooze, &token, Some(json!({"target": "me"}))).await;
    assert_eq!(answer.with_status(201)["userId"], json!(user.get()));
    let note = "a snooze for one person changes nothing here, service hooks are nobody's own";
    assert_eq!(answer.header("x-watchfire-note"), Some(note));
    assert_eq!(api.get(&path(&rule)).await.with_status(200)["snooze"], false);
}

#[tokio::test]
async fn a_snooze_says_whom_it_is_for_and_ends_in_the_future() {
    let api = Api::start().await;
    let rule = make(&api, least("Crashes", 30)).await;
    let snooze = format!("{}snooze/", path(&rule));
    for (body, said) in [
        (json!({}), json!({"target": ["This field is required."]})),
        (json!({"target": "us"}), json!({"target": ["\"us\" is not a valid choice."]})),
        (json!({"target": "me", "until": "soon"}), json!({"until": ["Enter a date and time in ISO 8601."]})),
        (json!({"target": "everyone", "until": "2018-11-06"}), json!({"until": ["The time has passed already."]})),
    ] {
        assert_eq!(api.post(&snooze, body).await.with_status(400), said);
    }
}

#[tokio::test]
async fn what_the_configuration_offers_is_accepted() {
    let api = Api::start().await;
    let hook = api.post(HOOKS, json!({"url": "https://example.com/"})).await.with_status(201);
    let offered = api.get(&format!("{RULES}configuration/")).await.with_status(200);
    let services = &offered["actions"][1]["formFields"]["service"]["choices"];
    assert_eq!(services, &json!([["webhooks", "Every service hook"], [hook["id"], "https://example.com/"]]));
    let mut frequency = 5;
    for part in ["conditions", "filters"] {
        for node in offered[part].as_array().unwrap() {
            let mut written = json!({"id": node["id"]});
            for (name, field) in node["formFields"].as_object().into_iter().flatten() {
                written[name] = match field["type"].as_str().unwrap() {
                    "choice" => field["choices"][0][0].clone(),
                    "number" => field["placeholder"].clone(),
                    _ => json!("text"),
                };
            }
            let mut body = least("Offered", frequency);
            body[part] = json!([written]);
            body["filterMatch"] = json!("all");
            make(&api, body).await;
            frequency += 1;
        }
    }
    assert!(frequency > 15, "{frequency}");
}
