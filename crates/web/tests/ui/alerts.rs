//! Alert rules on pages.

use std::time::Duration;

use model::role::Role;
use serde_json::{Value, json};

use crate::harness::Api;
use crate::person::Person;
use crate::recording::Recording;

pub(crate) const ALERTS: &str = "/settings/my-org/projects/my-project/alerts/";
pub(crate) const RULES: &str = "/api/0/projects/my-org/my-project/rules/";
const CONDITIONS: &str = "sentry.rules.conditions.";
const FILTERS: &str = "sentry.rules.filters.";

/// A rule that says something in every place where a page shows what somebody wrote.
pub(crate) fn marked_up() -> Value {
    json!({
        "name": "<b>Crashes</b>",
        "environment": "<i>live<i>",
        "actionMatch": "all",
        "filterMatch": "all",
        "conditions": [{"id": format!("{CONDITIONS}first_seen_event.FirstSeenEventCondition")}],
        "filters": [{
            "id": format!("{FILTERS}tagged_event.TaggedEventFilter"), "key": "<u>plan</u>", "match": "eq", "value": "\"><s>",
        }],
        "actions": [{"id": "sentry.rules.actions.notify_event.NotifyEventAction"}],
        "frequency": 30,
    })
}

/// A rule that there is, and the page of it.
pub(crate) async fn with_rule(api: &Api) -> (Value, String) {
    let rule = api.post(RULES, marked_up()).await.with_status(201);
    let place = format!("{ALERTS}{}/", rule["id"].as_str().unwrap());
    (rule, place)
}

#[track_caller]
pub(crate) fn assert_escaped(html: &str) {
    for markup in ["<b>Crashes", "<i>live", "<u>plan", "\"><s>"] {
        assert!(!html.contains(markup), "{markup}: {html}");
    }
}

#[tokio::test]
async fn rules_are_listed_as_sentences_with_their_state() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Member).await;
    let empty = person.see(ALERTS).await;
    assert!(empty.contains("No alert rule yet") && empty.contains(&format!("{ALERTS}new/")), "{empty}");
    let (_, place) = with_rule(&api).await;
    let listed = person.see(ALERTS).await;
    assert_escaped(&listed);
    for said in [
        &format!("href=\"{place}\""),
        "&#60;b&#62;Crashes&#60;/b&#62;",
        "&#60;i&#62;live",
        "When a new issue is created, if the event&#39;s tag &#60;u&#62;plan",
        "alert every service hook, at most once every 30 minutes for each issue.",
        "<span class=\"badge good\">Active</span>",
        "never",
        "0 alerts in 24 hours",
    ] {
        assert!(listed.contains(said), "{said}: {listed}");
    }
}

#[tokio::test]
async fn a_rule_is_snoozed_and_unsnoozed_from_the_list() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Member).await;
    let (rule, place) = with_rule(&api).await;
    let path = format!("{RULES}{}/", rule["id"].as_str().unwrap());
    let done = person.submit(&format!("{place}snooze/"), &[("for", "4h"), ("back", "list")]).await;
    assert_eq!((done.status, done.to()), (303, ALERTS), "{}", done.html);
    assert_eq!(api.get(&path).await.with_status(200)["snoozeUntil"], "2018-11-07T01:20:08.143Z");
    let listed = person.see(ALERTS).await;
    assert!(listed.contains("The rule is silent until then.") && listed.contains("in 4 h"), "{listed}");
    assert!(listed.contains("by you") && listed.contains("Unsnooze"), "{listed}");
    let refused = person.submit(&format!("{place}snooze/"), &[("for", "forever")]).await;
    assert_eq!(refused.status, 410);
    let done = person.submit(&format!("{place}unsnooze/"), &[("back", "rule")]).await;
    assert_eq!((done.status, done.to()), (303, place.as_str()));
    assert_eq!(api.get(&path).await.with_status(200)["snooze"], false);
    let again = person.submit(&format!("{place}unsnooze/"), &[]).await;
    assert_eq!(again.status, 303, "it is as it was meant to be");
    assert_eq!(person.submit(&format!("{place}snooze/"), &[("for", "ever")]).await.status, 400);
}

#[tokio::test]
async fn a_script_gets_only_the_part_that_shows_the_state() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Member).await;
    let (rule, place) = with_rule(&api).await;
    let part = person.part(&format!("{place}snooze/"), &[("for", "1h"), ("back", "list")]).await;
    assert_eq!(part.status, 200);
    assert!(part.html.trim_start().starts_with("<div") && part.html.contains("Snoozed"), "{}", part.html);
    assert!(part.html.contains(&format!("id=\"state-{}\"", rule["id"].as_str().unwrap())));
    assert_escaped(&part.html);
    let refused = person.part(&format!("{place}snooze/"), &[("for", "1h")]).await;
    assert_eq!(refused.status, 400);
    assert!(refused.html.contains("RuleSnooze already exists for this rule and scope."), "{}", refused.html);
    let part = person.part(&format!("{place}unsnooze/"), &[]).await;
    assert!(part.html.contains("Active"), "{}", part.html);
}

#[tokio::test]
async fn a_rules_page_says_what_it_does_and_what_it_has_done() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Member).await;
    let (_, place) = with_rule(&api).await;
    let quiet = person.see(&place).await;
    assert_escaped(&quiet);
    for said in [
        "&#60;b&#62;Crashes&#60;/b&#62;",
        "When this happens",
        "A new issue is created",
        "The event&#39;s tag &#60;u&#62;plan",
        "every service hook of the project",
        "at most once every 30 minutes for each issue, in the environment\n<strong>&#60;i&#62;live",
        "Sends nothing until a hook that it alerts is active and has event.alert among its events.",
        "No alert in 14 days",
    ] {
        assert!(quiet.contains(said), "{said}: {quiet}");
    }
    let everything = api.post(
        RULES,
        json!({
            "name": "Everything", "actionMatch": "all", "frequency": 5,
            "actions": [{"id": "sentry.mail.actions.NotifyEmailAction", "targetType": "<q>"}],
        }),
    );
    let place = format!("{ALERTS}{}/", everything.await.with_status(201)["id"].as_str().unwrap());
    let mut recording = Recording::start(&api).await;
    let minute = Duration::from_secs(60);
    let (event, _) = recording.event(json!({"message": "<em>crash</em>"}), minute).await;
    recording.event(json!({"message": "leak"}), minute).await;
    let shown = person.see(&place).await;
    assert!(!shown.contains("<em>crash") && !shown.contains("<q>"), "{shown}");
    for said in [
        "When an event arrives",
        "Kept, without effect here: Send a notification to &#60;q&#62;",
        "Alerts <span class=\"soft number\">2</span>",
        "<title>6 Nov: 2</title>",
        "&#60;em&#62;crash",
        &format!("/events/{event}/"),
    ] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    assert!(person.see(&format!("{place}?period=48h")).await.contains("<title>6 Nov, 21:00: 2</title>"));
    assert_eq!(person.get(&format!("{ALERTS}99/")).await.status, 404);
}

#[tokio::test]
async fn a_rule_is_deleted_from_its_page() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Member).await;
    let (_, place) = with_rule(&api).await;
    let delete = format!("{place}delete/");
    assert!(person.see(&place).await.contains(&delete));
    assert_eq!(person.post(&delete, &[]).await.status, 403, "without the token");
    let done = person.submit(&delete, &[]).await;
    assert_eq!((done.status, done.to()), (303, ALERTS));
    assert_eq!(api.get(RULES).await.with_status(200), json!([]));
    assert_eq!(person.submit(&delete, &[]).await.status, 404);
}

#[tokio::test]
async fn who_may_not_change_rules_sees_no_form_for_it_and_is_refused() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::ReadOnly).await;
    assert!(!person.see(ALERTS).await.contains("Create alert rule"));
    let (_, place) = with_rule(&api).await;
    assert!(!person.see(ALERTS).await.contains("Snooze"));
    let shown = person.see(&place).await;
    assert!(!shown.contains("Delete") && !shown.contains("Snooze") && !shown.contains("edit/"), "{shown}");
    for name in ["snooze/", "unsnooze/", "delete/"] {
        let path = format!("{place}{name}");
        assert_eq!(person.post(&path, &[("for", "1h")]).await.status, 403, "{name}: without the token");
    }
    assert_eq!(person.submit(&format!("{place}snooze/"), &[("for", "1h")]).await.status, 403);
}
