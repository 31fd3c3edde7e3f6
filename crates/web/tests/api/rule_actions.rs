//! The actions of rules: which are kept, whom they alert, and what is said where that is nobody.

use serde_json::{Value, json};

use crate::harness::Api;
use crate::rules::{RULES, least, make, path};

const HOOKS: &str = "/api/0/projects/my-org/my-project/hooks/";

#[tokio::test]
async fn actions_of_other_ways_to_notify_are_kept_and_a_note_says_that_they_do_nothing() {
    let api = Api::start().await;
    let hook = json!({"url": "https://example.com/", "events": ["event.alert"]});
    api.post(HOOKS, hook).await.with_status(201);
    let mut body = least("Mail", 30);
    let actions = json!([
        {"id": "sentry.mail.actions.NotifyEmailAction", "targetType": "IssueOwners", "fallthroughType": "ActiveMembers"},
        {"id": "sentry.integrations.slack.notify_action.SlackNotifyServiceAction", "workspace": 1, "channel": "#c"},
        {"id": "sentry.integrations.msteams.notify_action.MsTeamsNotifyServiceAction", "team": 1, "channel": "c"},
        {"id": "sentry.integrations.discord.notify_action.DiscordNotifyServiceAction", "server": 1, "channel_id": 2},
        {"id": "sentry.integrations.pagerduty.notify_action.PagerDutyNotifyServiceAction", "account": 1, "service": 2},
        {"id": "sentry.integrations.opsgenie.notify_action.OpsgenieNotifyTeamAction", "account": 1, "team": "t"},
        {"id": "sentry.rules.actions.notify_event_sentry_app.NotifyEventSentryAppAction", "settings": [],
         "sentryAppInstallationUuid": "u", "hasSchemaFormConfig": true},
        {"id": "sentry.rules.actions.notify_event_service.NotifyEventServiceAction", "service": "mail"},
        {"id": "sentry.rules.actions.notify_event.NotifyEventAction"},
    ]);
    body["actions"] = actions.clone();
    let answer = api.post(RULES, body.clone()).await;
    let rule = answer.with_status(201);
    let mut shown = rule["actions"].clone();
    for action in shown.as_array_mut().unwrap() {
        let action = action.as_object_mut().unwrap();
        assert!(!action.remove("name").unwrap().as_str().unwrap().is_empty());
        assert!(action.remove("uuid").unwrap().is_string());
    }
    assert_eq!(shown, actions);
    let note = answer.header("x-watchfire-note").unwrap();
    assert!(
        note.starts_with("kept without effect, Watchfire alerts service hooks only: sentry.mail.actions."),
        "{note}"
    );
    assert!(note.ends_with(" and 3 more"), "{note}");
    assert_eq!(api.get(&path(&rule)).await.header("x-watchfire-note"), Some(note));
    assert_eq!(api.put(&path(&rule), body).await.header("x-watchfire-note"), Some(note));
    let rule = api.post(RULES, least("Hooks", 30)).await;
    assert_eq!((rule.status, rule.header("x-watchfire-note")), (201, None));
}

#[tokio::test]
async fn a_note_says_that_a_rule_alerts_nobody_yet() {
    let api = Api::start().await;
    let note = Some("sends nothing until a hook that it alerts is active and has event.alert among its events");
    let made = api.post(RULES, least("Rule", 30)).await;
    assert_eq!(made.header("x-watchfire-note"), note);
    let rule = path(&made.with_status(201));
    let mut hooks = Vec::new();
    for (events, active) in [(json!(["event.created"]), true), (json!(["event.alert"]), false)] {
        let hook = json!({"url": "https://example.com/", "events": events, "isActive": active});
        hooks.push(api.post(HOOKS, hook).await.with_status(201)["id"].clone());
        assert_eq!(api.get(&rule).await.header("x-watchfire-note"), note, "{events}");
    }
    let hook = |id: &Value| format!("{HOOKS}{}/", id.as_str().unwrap());
    api.put(&hook(&hooks[1]), json!({"isActive": true})).await.with_status(200);
    assert_eq!(api.get(&rule).await.header("x-watchfire-note"), None);
    let mut one = least("Rule", 30);
    let id = "sentry.rules.actions.notify_event_service.NotifyEventServiceAction";
    one["actions"] = json!([{"id": id, "service": hooks[0]}]);
    assert_eq!(api.put(&rule, one.clone()).await.header("x-watchfire-note"), note, "the other hook is not meant");
    api.put(&hook(&hooks[0]), json!({"events": ["event.alert"]})).await.with_status(200);
    assert_eq!(api.put(&rule, one).await.header("x-watchfire-note"), None);
}

#[tokio::test]
async fn an_action_may_name_a_hook_of_the_project() {
    let api = Api::start().await;
    let hook = json!({"url": "https://example.com/", "events": ["event.alert"]});
    let hook = api.post(HOOKS, hook).await.with_status(201);
    let id = "sentry.rules.actions.notify_event_service.NotifyEventServiceAction";
    let action = |service: &Value| json!([{"id": id, "service": service}]);
    let mut body = least("One hook", 30);
    body["actions"] = action(&hook["id"]);
    let answer = api.post(RULES, body.clone()).await;
    assert_eq!(answer.with_status(201)["actions"][0]["service"], hook["id"]);
    assert_eq!(answer.header("x-watchfire-note"), None);
    body["actions"] = action(&json!("webhooks"));
    make(&api, body.clone()).await;
    api.add_project("other").await;
    let foreign =
        api.post("/api/0/projects/my-org/other/hooks/", json!({"url": "https://example.com/"})).await.with_status(201);
    for service in [json!("0123456789abcdef0123456789abcdef"), foreign["id"].clone(), json!("pagerduty"), json!(1)] {
        body["actions"] = action(&service);
        let name = service.as_str().map_or(service.to_string(), str::to_owned);
        let text = format!("service: Select a valid choice. {name} is not one of the available choices.");
        assert_eq!(api.post(RULES, body.clone()).await.with_status(400), json!({"actions": [text]}));
    }
    body["actions"] = action(&Value::Null);
    assert_eq!(api.post(RULES, body).await.with_status(400), json!({"actions": ["service: This field is required."]}));
}
