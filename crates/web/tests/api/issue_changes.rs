//! What people do to issues: one or many, and what is refused.

use model::ids::IssueId;
use serde_json::{Value, json};
use store::catalog::Catalog as _;

use crate::harness::Api;
use crate::recording::{error, event_id, record, record_in};

const PROJECT: &str = "/api/0/projects/my-org/my-project/";
const ISSUES: &str = "/api/0/projects/my-org/my-project/issues/";

fn one(issue: IssueId) -> String {
    format!("/api/0/organizations/my-org/issues/{issue}/")
}

async fn with_issue() -> (Api, IssueId) {
    let api = Api::start().await;
    let event =
        json!({"release": "shop@1.0.0", "tags": {"b": "2"}, "environment": "production", "logger": "shop.till"});
    let issues = record(&api, &[error(1, "Alpha", event.clone()), error(2, "Alpha", event)]).await;
    (api, issues[0])
}

/// Status, its details and substatus as they are after a change, and shown again.
async fn changed(api: &Api, path: &str, body: Value) -> (Value, Value, Value) {
    let answer = api.put(path, body).await.with_status(200);
    assert_eq!(api.get(path).await.with_status(200), answer, "what is answered is what is kept");
    (answer["status"].clone(), answer["statusDetails"].clone(), answer["substatus"].clone())
}

#[tokio::test]
async fn an_issue_is_found_by_id_and_short_id_at_both_paths_with_its_details() {
    let (api, issue) = with_issue().await;
    let shown = api.get(&one(issue)).await.with_status(200);
    for path in [format!("/api/0/issues/{issue}/"), "/api/0/organizations/my-org/issues/my-project-1/".to_owned()] {
        assert_eq!(api.get(&path).await.with_status(200), shown, "{path}");
    }
    assert_eq!((&shown["count"], &shown["logger"]), (&json!("2"), &json!("shop.till")));
    assert_eq!(shown["firstRelease"]["version"], "shop@1.0.0");
    assert_eq!(shown["lastRelease"]["dateCreated"], "2018-11-06T21:20:08.143Z");
    assert_eq!(shown["stats"]["30d"].as_array().unwrap().len(), 30);
    assert_eq!((&shown["activity"], &shown["userReportCount"]), (&json!([]), &json!(0)));
    assert!(shown["tags"].as_array().unwrap().contains(&json!({"key": "b", "name": "b", "uniqueValues": 1})));
    api.store.create_organization("other".into(), "Other".into(), crate::harness::START).await.unwrap();
    for path in [
        format!("/api/0/organizations/other/issues/{issue}/"),
        "/api/0/organizations/my-org/issues/99/".to_owned(),
        "/api/0/organizations/my-org/issues/MY-PROJECT-9/".to_owned(),
        "/api/0/organizations/my-org/issues/x/".to_owned(),
        "/api/0/issues/MY-PROJECT-1/".to_owned(),
        "/api/0/issues/99999999999999999999/".to_owned(),
    ] {
        let answer = api.get(&path).await;
        assert_eq!(answer.with_status(404), json!({"detail": "The requested resource does not exist"}), "{path}");
    }
}

#[tokio::test]
async fn tags_are_listed_with_their_values() {
    let (api, issue) = with_issue().await;
    record(&api, &[error(3, "Alpha", json!({"tags": {"b": "1"}}))]).await;
    for path in [one(issue), format!("/api/0/issues/{issue}/")] {
        let tags = api.get(&format!("{path}tags/")).await.with_status(200);
        let b = tags.as_array().unwrap().iter().find(|tag| tag["key"] == "b").unwrap();
        let value = |value: &str| json!({"key": "b", "name": value, "value": value});
        let expected = json!({"key": "b", "name": "b", "uniqueValues": 2, "topValues": [value("1"), value("2")]});
        assert_eq!(*b, expected);
    }
}

#[tokio::test]
async fn a_short_id_leads_to_its_issue() {
    let (api, issue) = with_issue().await;
    let found = api.get("/api/0/organizations/my-org/shortids/MY-PROJECT-1/").await.with_status(200);
    assert_eq!((&found["groupId"], &found["shortId"]), (&json!(issue.to_string()), &json!("MY-PROJECT-1")));
    assert_eq!((&found["projectSlug"], &found["organizationSlug"]), (&json!("my-project"), &json!("my-org")));
    assert_eq!(found["group"]["title"], "Alpha: Alpha failed");
    for unknown in ["MY-PROJECT-2", "OTHER-1", "nothing"] {
        assert_eq!(api.get(&format!("/api/0/organizations/my-org/shortids/{unknown}/")).await.status, 404);
    }
}

#[tokio::test]
async fn an_issue_is_resolved_ignored_and_opened_again() {
    let (api, issue) = with_issue().await;
    let path = one(issue);
    let until = "2018-11-06T22:22:08.143Z";
    let snoozed = |changes: Value| {
        let mut all = json!({
            "ignoreCount": null, "ignoreUntil": null, "ignoreUserCount": null, "ignoreUserWindow": null,
            "ignoreWindow": null, "actor": null,
        });
        for (name, value) in changes.as_object().unwrap() {
            all[name] = value.clone();
        }
        all
    };
    let condition = "archived_until_condition_met";
    for (body, details, substatus) in [
        (json!({"status": "resolved"}), json!({}), json!(null)),
        (json!({"status": "unresolved"}), json!({}), json!("ongoing")),
        (
            json!({"status": "resolved", "statusDetails": {"inRelease": "shop@1.0.0"}}),
            json!({"inRelease": "shop@1.0.0"}),
            json!(null),
        ),
        (
            json!({"status": "resolved", "statusDetails": {"inRelease": "latest"}}),
            json!({"inRelease": "shop@1.0.0"}),
            json!(null),
        ),
        (
            json!({"status": "resolved", "statusDetails": {"inNextRelease": true}}),
            json!({"inNextRelease": true}),
            json!(null),
        ),
        (json!({"status": "resolvedInNextRelease"}), json!({"inNextRelease": true}), json!(null)),
        (json!({"status": "ignored"}), json!({}), json!("archived_forever")),
        (
            json!({"status": "ignored", "statusDetails": {"ignoreDuration": 60}}),
            snoozed(json!({"ignoreUntil": until})),
            json!(condition),
        ),
        (
            json!({"status": "ignored", "snoozeDuration": "60"}),
            snoozed(json!({"ignoreUntil": until})),
            json!(condition),
        ),
        (json!({"status": "ignored", "ignoreDuration": 60}), snoozed(json!({"ignoreUntil": until})), json!(condition)),
        (
            json!({"status": "ignored", "statusDetails": {"ignoreUntil": until}}),
            snoozed(json!({"ignoreUntil": until})),
            json!(condition),
        ),
        (
            json!({"status": "ignored", "statusDetails": {"ignoreCount": 3}}),
            snoozed(json!({"ignoreCount": 3})),
            json!(condition),
        ),
        (
            json!({"status": "ignored", "statusDetails": {"ignoreUserCount": 5}, "substatus": condition}),
            snoozed(json!({"ignoreUserCount": 5})),
            json!(condition),
        ),
    ] {
        let status = body["status"].as_str().unwrap().replace("InNextRelease", "");
        assert_eq!(changed(&api, &path, body.clone()).await, (json!(status), details, substatus), "{body}");
    }
}

#[tokio::test]
async fn an_event_counts_down_and_brings_the_issue_back() {
    let (api, issue) = with_issue().await;
    api.put(&one(issue), json!({"status": "ignored", "statusDetails": {"ignoreCount": 2}})).await.with_status(200);
    record(&api, &[error(3, "Alpha", json!({}))]).await;
    let shown = api.get(&one(issue)).await.with_status(200);
    assert_eq!((&shown["status"], &shown["statusDetails"]["ignoreCount"]), (&json!("ignored"), &json!(1)));
    record(&api, &[error(4, "Alpha", json!({}))]).await;
    let shown = api.get(&one(issue)).await.with_status(200);
    assert_eq!((&shown["status"], &shown["substatus"]), (&json!("unresolved"), &json!("ongoing")));
    api.put(&one(issue), json!({"status": "resolvedInNextRelease"})).await.with_status(200);
    record(&api, &[error(5, "Alpha", json!({"release": "shop@1.0.0"}))]).await;
    assert_eq!(api.get(&one(issue)).await.with_status(200)["status"], "resolved");
    record(&api, &[error(6, "Alpha", json!({"release": "shop@1.0.1"}))]).await;
    let shown = api.get(&one(issue)).await.with_status(200);
    assert_eq!((&shown["status"], &shown["substatus"]), (&json!("unresolved"), &json!("regressed")));
}

#[tokio::test]
async fn the_next_release_follows_the_highest_version_not_a_late_fix() {
    let (api, issue) = with_issue().await;
    record(
        &api,
        &[error(3, "Beta", json!({"release": "shop@2.0.0"})), error(4, "Beta", json!({"release": "shop@1.0.1"}))],
    )
    .await;
    api.put(&one(issue), json!({"status": "resolvedInNextRelease"})).await.with_status(200);
    record(&api, &[error(5, "Alpha", json!({"release": "shop@2.0.0"}))]).await;
    assert_eq!(api.get(&one(issue)).await.with_status(200)["status"], "resolved");
}

#[tokio::test]
async fn what_is_personal_is_taken_without_effect_and_priority_is_kept() {
    let (api, issue) = with_issue().await;
    let before = api.get(&one(issue)).await.with_status(200);
    let personal =
        json!({"hasSeen": true, "isBookmarked": true, "isSubscribed": false, "assignedTo": null, "inbox": false});
    assert_eq!(api.put(&one(issue), personal).await.with_status(200), before);
    assert_eq!(api.put(&one(issue), json!({"priority": "low"})).await.with_status(200)["priority"], "low");
    assert_eq!(api.get(&one(issue)).await.with_status(200)["status"], "unresolved");
}

#[tokio::test]
async fn what_is_not_kept_or_cannot_be_is_refused_field_by_field() {
    let api = Api::start().await;
    let issue = record(&api, &[error(1, "Alpha", json!({}))]).await[0];
    let forecast = "Watchfire does not keep forecasts: it cannot tell when an issue escalates.";
    let window = |name: &str| format!("{name}: Watchfire does not keep counts for a window of a snooze.");
    let release = "No release data present in the system to form a basis for 'Next Release'";
    for (body, errors) in [
        (json!({"status": "closed"}), json!({"status": ["\"closed\" is not a valid choice."]})),
        (json!({"status": null}), json!({"status": ["This field may not be null."]})),
        (json!({"status": "ignored", "substatus": "archived_until_escalating"}), json!({"substatus": [forecast]})),
        (json!({"substatus": "odd"}), json!({"substatus": ["\"odd\" is not a valid choice."]})),
        (json!({"priority": "urgent"}), json!({"priority": ["\"urgent\" is not a valid choice."]})),
        (
            json!({"assignedTo": "me", "status": "closed"}),
            json!({
                "assignedTo": ["Watchfire does not keep assignees: leave this out, or null."],
                "status": ["\"closed\" is not a valid choice."],
            }),
        ),
        (json!({"merge": true}), json!({"merge": ["Watchfire does not merge issues."]})),
        (json!({"hasSeen": 7}), json!({"hasSeen": ["Must be a valid boolean."]})),
        (json!({"statusDetails": 7}), json!({"statusDetails": ["Expected a dictionary."]})),
        (
            json!({"status": "ignored", "statusDetails": {"ignoreCount": 5, "ignoreWindow": 60}}),
            json!({"statusDetails": [window("ignoreWindow")]}),
        ),
        (
            json!({"status": "ignored", "statusDetails": {"ignoreUserCount": 5, "ignoreUserWindow": 60}}),
            json!({"statusDetails": [window("ignoreUserWindow")]}),
        ),
        (
            json!({"status": "resolved", "statusDetails": {"inCommit": {"commit": "x"}}}),
            json!({"statusDetails": ["inCommit: Watchfire does not keep commits."]}),
        ),
        (
            json!({"status": "ignored", "statusDetails": {"ignoreCount": "many"}}),
            json!({"statusDetails": ["ignoreCount: A valid integer is required."]}),
        ),
        (
            json!({"status": "ignored", "statusDetails": {"ignoreDuration": -1}}),
            json!({"statusDetails": ["ignoreDuration: Ensure this value is greater than or equal to 0."]}),
        ),
        (
            json!({"statusDetails": {"ignoreCount": 5}}),
            json!({"status": ["This field is required where something says how an issue is ignored or resolved."]}),
        ),
        (
            json!({"status": "resolved", "statusDetails": {"ignoreCount": 1}}),
            json!({"statusDetails": ["Only an ignored issue can wait for something."]}),
        ),
        (json!({"status": "resolvedInNextRelease"}), json!({"statusDetails": [release]})),
        (
            json!({"status": "resolved", "statusDetails": {"inRelease": "shop@9"}}),
            json!({"statusDetails": ["Unable to find a release with the given version."]}),
        ),
        (json!([]), json!({"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]})),
    ] {
        for path in [one(issue), format!("{ISSUES}?id={issue}")] {
            let answer = api.put(&path, body.clone()).await;
            assert_eq!(answer.with_status(400), errors, "{body}");
        }
    }
    assert_eq!(api.get(&one(issue)).await.with_status(200)["substatus"], "new");
}

#[tokio::test]
async fn many_issues_are_changed_by_id_by_status_or_by_query() {
    let api = Api::start().await;
    let other = api.add_project("other").await;
    let foreign = record_in(&api, &other, &[error(1, "Omega", json!({}))]).await[0];
    let events = ["Alpha", "Beta", "Gamma"].map(|name| error(name.len().try_into().unwrap(), name, json!({})));
    let events: Vec<_> = (1..)
        .zip(events)
        .map(|(number, mut event)| {
            event["event_id"] = json!(event_id(number));
            event
        })
        .collect();
    let issues = record(&api, &events).await;
    let statuses = async || {
        let list = api.get(&format!("{ISSUES}?query=&sort=new")).await.with_status(200);
        list.as_array().unwrap().iter().rev().map(|issue| issue["status"].clone()).collect::<Vec<_>>()
    };
    let by_id = format!("{ISSUES}?id={}&id={}&id={foreign}&id=999", issues[0], issues[2]);
    let answer = api.put(&by_id, json!({"status": "resolved"})).await.with_status(200);
    assert_eq!(answer, json!({"status": "resolved", "statusDetails": {}, "substatus": null}));
    assert_eq!(statuses().await, ["resolved", "unresolved", "resolved"]);
    assert_eq!(api.get(&one(foreign)).await.with_status(200)["status"], "unresolved");
    api.put(&format!("{ISSUES}?status=resolved"), json!({"status": "ignored"})).await.with_status(200);
    assert_eq!(statuses().await, ["ignored", "unresolved", "ignored"]);
    api.put(&format!("{ISSUES}?query=is:ignored+Gamma"), json!({"status": "unresolved"})).await.with_status(200);
    assert_eq!(statuses().await, ["ignored", "unresolved", "unresolved"]);
    let answer =
        api.put(&format!("{ISSUES}?"), json!({"status": "resolved", "priority": "low"})).await.with_status(200);
    assert_eq!(answer["priority"], "low");
    assert_eq!(statuses().await, ["ignored", "resolved", "resolved"], "those that a list shows by itself");
    let none = api.put(&format!("{ISSUES}?id=999"), json!({"status": "resolved"})).await;
    assert_eq!((none.status, none.text.as_str()), (204, ""));
    for (parameters, detail) in [
        ("id=x", "Invalid id: `x` is no number."),
        ("status=odd", "Invalid status: `odd`. Valid choices are unresolved, resolved and ignored."),
    ] {
        let answer = api.put(&format!("{ISSUES}?{parameters}"), json!({"status": "resolved"})).await;
        assert_eq!(answer.with_status(400), json!({"detail": detail}));
    }
}

#[tokio::test]
async fn a_deleted_issue_is_gone_and_its_next_event_makes_another() {
    let (api, issue) = with_issue().await;
    let answer = api.delete(&one(issue)).await;
    assert_eq!((answer.status, answer.text.as_str()), (202, ""));
    for path in [one(issue), format!("{}events/", one(issue)), format!("{PROJECT}events/{}/", event_id(1))] {
        assert_eq!(api.get(&path).await.status, 404, "{path}");
    }
    assert_eq!(api.delete(&one(issue)).await.status, 404);
    assert_eq!(api.get(&format!("{ISSUES}?query=")).await.with_status(200), json!([]));
    let again = record(&api, &[error(3, "Alpha", json!({}))]).await[0];
    assert_ne!(again, issue);
    assert_eq!(api.get(&one(again)).await.with_status(200)["shortId"], "MY-PROJECT-2");
}

#[tokio::test]
async fn many_issues_are_deleted_but_never_by_saying_nothing() {
    let api = Api::start().await;
    let issues =
        record(&api, &[error(1, "Alpha", json!({})), error(2, "Beta", json!({})), error(3, "Gamma", json!({}))]).await;
    let detail = "Name the issues to delete: ?id=…, ?status=… or ?query=….";
    for nothing in ["", "?query=", "?query=+&id="] {
        let answer = api.delete(&format!("{ISSUES}{nothing}")).await;
        assert_eq!(answer.with_status(400), json!({"detail": detail}), "{nothing}");
    }
    assert_eq!(api.delete(&format!("{ISSUES}?id={}&id=99", issues[0])).await.status, 202);
    assert_eq!(api.delete(&format!("{ISSUES}?id={}", issues[0])).await.status, 204);
    let left = api.get(ISSUES).await.with_status(200);
    assert_eq!(left.as_array().unwrap().len(), 2);
    assert_eq!(api.delete(&format!("{ISSUES}?status=unresolved")).await.status, 202);
    assert_eq!(api.get(ISSUES).await.with_status(200), json!([]));
}
