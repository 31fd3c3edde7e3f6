//! What Terraform's client (go-sentry) sends for a rule, and what it reads of the answers.
//!
//! It leaves out what is empty, sends what it read before with its changes, and reads `frequency` and `createdBy.id` as numbers.

use serde_json::{Value, json};

use crate::harness::Api;
use crate::rules::{RULES, path};

/// The fields of a rule that the client knows; it ignores all others.
const KNOWN: [&str; 14] = [
    "id",
    "conditions",
    "filters",
    "actions",
    "actionMatch",
    "filterMatch",
    "frequency",
    "name",
    "dateCreated",
    "owner",
    "createdBy",
    "environment",
    "projects",
    "uuid",
];

/// The rule as the client would send it again: without what is null or empty.
fn read_by_client(rule: &Value) -> Value {
    let rule = rule.as_object().unwrap();
    let is_empty = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    rule.iter()
        .filter(|(name, value)| KNOWN.contains(&name.as_str()) && !is_empty(value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[tokio::test]
async fn a_rule_lives_as_terraform_makes_reads_changes_and_destroys_it() {
    let api = Api::start().await;
    let user = api.store_user("jane@example.com").await;
    let token = api.token_of(user, "alerts:write project:read").await;
    let create = json!({
        "conditions": [{
            "id": "sentry.rules.conditions.event_frequency.EventFrequencyCondition",
            "interval": "1h",
            "name": "The issue is seen more than 10 times in 1h",
            "value": 10,
        }],
        "actions": [{
            "channel": "#dummy-channel",
            "channel_id": "XX00X0X0X",
            "id": "sentry.integrations.slack.notify_action.SlackNotifyServiceAction",
            "name": "Send a notification to the Dummy Slack workspace to #dummy-channel",
            "tags": "environment",
            "workspace": "1234",
        }],
        "actionMatch": "all",
        "frequency": 30,
        "name": "Notify errors",
        "environment": "production",
    });
    let made = api.call("POST", RULES, &token, Some(create.clone())).await.with_status(201);
    assert!(made["frequency"].is_u64() && made["createdBy"]["id"].is_i64() && made["id"].is_string(), "{made}");
    assert!(made["createdBy"]["name"].is_string() && made["createdBy"]["email"].is_string());
    assert_eq!((&made["environment"], &made["projects"]), (&json!("production"), &json!(["my-project"])));
    assert_eq!(made["conditions"][0]["value"], 10, "numbers stay numbers: else it sees a drift");
    assert!(made["uuid"].is_null(), "there is no task to wait for");

    let read = api.call("GET", &path(&made), &token, None).await.with_status(200);
    assert_eq!(read, made);
    let listed = api.call("GET", &format!("{RULES}?per_page=100"), &token, None).await.with_status(200);
    assert_eq!(listed, json!([made]));

    let mut change = read_by_client(&read);
    change["name"] = json!("Notify all");
    change["frequency"] = json!(60);
    change["filters"] = json!([{"id": "sentry.rules.filters.level.LevelFilter", "match": "eq", "level": "50"}]);
    change["filterMatch"] = json!("any");
    change.as_object_mut().unwrap().remove("environment");
    let changed = api.call("PUT", &path(&made), &token, Some(change)).await.with_status(200);
    let shown = ["name", "frequency", "filterMatch", "environment", "actionMatch"].map(|name| changed[name].clone());
    assert_eq!(json!(shown), json!(["Notify all", 60, "any", null, "all"]));
    assert_eq!(changed["filters"][0]["level"], "50");
    assert_eq!((&changed["actions"], &changed["id"]), (&made["actions"], &made["id"]));

    let plan_again = api.call("PUT", &path(&made), &token, Some(read_by_client(&changed))).await.with_status(200);
    assert_eq!(plan_again, changed, "what was read and sent back changes nothing");
    assert_eq!(api.call("DELETE", &path(&made), &token, None).await.status, 202);
    assert_eq!(api.call("GET", &path(&made), &token, None).await.status, 404);
}
