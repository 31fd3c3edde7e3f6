//! Who may call what, and what they hear who may not.

use axum::body::Body;
use http::Request;
use serde_json::json;

use crate::harness::Api;
use crate::recording::{error, event_id, record};

const HOOKS: &str = "/api/0/projects/my-org/my-project/hooks/";

/// Every call there is (`{hook}`, `{key}`, `{issue}` and `{event}` stand for real ones), with scopes that are just enough and
/// scopes that are not, though they may be many.
const CALLS: &[(&str, &str, &str, &str)] = &[
    ("GET", "/api/0/organizations/", "org:read", "project:admin team:admin"),
    ("GET", "/api/0/organizations/my-org/", "org:read", "project:admin team:admin"),
    ("GET", "/api/0/organizations/my-org/projects/", "project:read", "team:admin event:admin"),
    ("GET", "/api/0/organizations/my-org/teams/", "team:read", "project:admin"),
    ("POST", "/api/0/organizations/my-org/teams/", "team:write", "team:read org:read project:admin"),
    ("GET", "/api/0/teams/my-org/my-org/", "team:read", "org:admin"),
    ("PUT", "/api/0/teams/my-org/my-org/", "team:write", "team:read org:admin"),
    ("POST", "/api/0/teams/my-org/my-org/projects/", "project:write", "project:read team:admin"),
    ("GET", "/api/0/projects/", "project:read", "org:admin"),
    ("GET", "/api/0/projects/my-org/my-project/", "project:read", "org:admin project:releases"),
    ("PUT", "/api/0/projects/my-org/my-project/", "project:write", "project:read org:admin"),
    ("POST", "/api/0/projects/my-org/my-project/teams/my-org/", "project:write", "project:read team:admin"),
    ("DELETE", "/api/0/projects/my-org/my-project/teams/my-org/", "project:write", "project:read team:admin"),
    ("GET", "/api/0/projects/my-org/my-project/keys/", "project:read", "org:admin"),
    ("POST", "/api/0/projects/my-org/my-project/keys/", "project:write", "project:read"),
    ("GET", "/api/0/projects/my-org/my-project/keys/{key}/", "project:read", "org:admin"),
    ("PUT", "/api/0/projects/my-org/my-project/keys/{key}/", "project:write", "project:read"),
    ("GET", "/api/0/projects/my-org/my-project/hooks/", "project:read", "org:admin event:admin"),
    ("POST", "/api/0/projects/my-org/my-project/hooks/", "project:write", "project:read org:admin"),
    ("GET", "/api/0/projects/my-org/my-project/hooks/{hook}/", "project:read", "org:admin"),
    ("PUT", "/api/0/projects/my-org/my-project/hooks/{hook}/", "project:write", "project:read org:admin"),
    ("GET", "/api/0/projects/my-org/my-project/hooks/{hook}/stats/", "project:read", "org:admin"),
    ("POST", "/api/0/projects/my-org/my-project/hooks/{hook}/verify/", "project:read", "org:admin"),
    ("GET", "/api/0/projects/my-org/my-project/issues/", "event:read", "project:admin org:admin"),
    ("PUT", "/api/0/projects/my-org/my-project/issues/", "event:write", "event:read project:admin"),
    ("DELETE", "/api/0/projects/my-org/my-project/issues/", "event:admin", "event:write project:admin"),
    ("GET", "/api/0/organizations/my-org/issues/", "event:read", "project:admin org:admin"),
    ("GET", "/api/0/organizations/my-org/issues/{issue}/", "event:read", "project:admin org:admin"),
    ("PUT", "/api/0/organizations/my-org/issues/{issue}/", "event:write", "event:read project:admin"),
    ("GET", "/api/0/organizations/my-org/issues/{issue}/tags/", "event:read", "project:admin"),
    ("GET", "/api/0/organizations/my-org/issues/{issue}/events/", "event:read", "project:admin"),
    ("GET", "/api/0/organizations/my-org/issues/{issue}/events/latest/", "event:read", "project:admin"),
    ("GET", "/api/0/organizations/my-org/shortids/MY-PROJECT-1/", "event:read", "project:admin"),
    ("GET", "/api/0/organizations/my-org/eventids/{event}/", "event:read", "project:admin"),
    ("GET", "/api/0/issues/{issue}/", "event:read", "project:admin org:admin"),
    ("PUT", "/api/0/issues/{issue}/", "event:write", "event:read project:admin"),
    ("GET", "/api/0/issues/{issue}/tags/", "event:read", "project:admin"),
    ("GET", "/api/0/issues/{issue}/events/", "event:read", "project:admin"),
    ("GET", "/api/0/issues/{issue}/events/oldest/", "event:read", "project:admin"),
    ("GET", "/api/0/projects/my-org/my-project/events/", "event:read", "project:admin org:admin"),
    ("GET", "/api/0/projects/my-org/my-project/events/{event}/", "event:read", "project:admin"),
    ("DELETE", "/api/0/issues/{issue}/", "event:admin", "event:write project:admin"),
    ("DELETE", "/api/0/organizations/my-org/issues/{other issue}/", "event:admin", "event:write project:admin"),
    ("GET", "/api/0/projects/my-org/my-project/rules/", "alerts:read", "org:admin event:admin"),
    ("GET", "/api/0/projects/my-org/my-project/rules/", "project:read", "org:admin team:admin"),
    ("POST", "/api/0/projects/my-org/my-project/rules/", "alerts:write", "alerts:read project:read"),
    ("POST", "/api/0/projects/my-org/my-project/rules/", "project:write", "alerts:read project:read"),
    ("POST", "/api/0/projects/my-org/my-project/rules/preview/", "alerts:write", "alerts:read project:read"),
    ("GET", "/api/0/projects/my-org/my-project/rules/configuration/", "alerts:read", "org:admin"),
    ("GET", "/api/0/projects/my-org/my-project/rules/{rule}/", "alerts:read", "org:admin"),
    ("PUT", "/api/0/projects/my-org/my-project/rules/{rule}/", "alerts:write", "alerts:read project:read"),
    ("POST", "/api/0/projects/my-org/my-project/rules/{rule}/snooze/", "alerts:write", "alerts:read"),
    ("DELETE", "/api/0/projects/my-org/my-project/rules/{rule}/snooze/", "alerts:write", "alerts:read"),
    ("GET", "/api/0/projects/my-org/my-project/rules/{rule}/stats/", "alerts:read", "org:admin"),
    ("GET", "/api/0/projects/my-org/my-project/rules/{rule}/group-history/", "alerts:read", "org:admin"),
    ("DELETE", "/api/0/projects/my-org/my-project/rules/{rule}/", "project:write", "alerts:read project:read"),
    ("GET", "/api/0/api-tokens/", "org:admin", "org:write project:admin"),
    ("POST", "/api/0/api-tokens/", "org:admin", "org:write project:admin"),
    ("DELETE", "/api/0/api-tokens/", "org:admin", "org:write project:admin"),
    ("DELETE", "/api/0/projects/my-org/my-project/hooks/{hook}/", "project:admin", "project:write org:admin"),
    ("DELETE", "/api/0/projects/my-org/my-project/keys/{key}/", "project:admin", "project:write org:admin"),
    ("DELETE", "/api/0/projects/my-org/my-project/", "project:admin", "project:write org:admin"),
    ("DELETE", "/api/0/teams/my-org/my-org/", "team:admin", "team:write org:admin project:admin"),
];

#[tokio::test]
async fn every_call_needs_a_token_and_its_scope_and_no_more() {
    let api = Api::start().await;
    let hook = api.post(HOOKS, json!({"url": "https://example.com/"})).await.with_status(201);
    let rule = crate::rules::make(&api, crate::rules::least("Rule", 30)).await;
    let snooze = format!("{}snooze/", crate::rules::path(&rule));
    api.post(&snooze, json!({"target": "everyone"})).await.with_status(201);
    let keys = api.get("/api/0/projects/my-org/my-project/keys/").await.with_status(200);
    let events = [error(1, "Alpha", json!({})), error(2, "Beta", json!({}))];
    let issues = record(&api, &events).await;
    for (method, path, enough, not_enough) in CALLS {
        let path = path.replace("{issue}", &issues[0].to_string()).replace("{other issue}", &issues[1].to_string());
        let path = path.replace("{event}", &event_id(1)).replace("{hook}", hook["id"].as_str().unwrap());
        let path = path.replace("{rule}", rule["id"].as_str().unwrap());
        let path = path.replace("{key}", keys[0]["id"].as_str().unwrap());
        let name = format!("{method} {path}");

        let request = Request::builder().method(*method).uri(&path).body(Body::empty()).unwrap();
        let answer = api.send(request).await;
        assert_eq!(answer.status, 401, "{name}");
        assert_eq!(answer.json(), json!({"detail": "Authentication credentials were not provided."}), "{name}");

        let weak = api.token(not_enough).await;
        let answer = api.call(method, &path, &weak, None).await;
        assert_eq!(answer.status, 403, "{name} with {not_enough}");
        assert_eq!(answer.json(), json!({"detail": "You do not have permission to perform this action."}), "{name}");

        let strong = api.token(enough).await;
        let answer = api.call(method, &path, &strong, None).await;
        assert!([200, 201, 202, 204, 400].contains(&answer.status), "{name} with {enough}: {}", answer.status);
    }
}

#[tokio::test]
async fn a_refusal_names_the_scopes_that_would_do() {
    let api = Api::start().await;
    let token = api.token("project:read").await;
    let answer = api.call("POST", HOOKS, &token, None).await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.header("www-authenticate"), Some("Bearer error=\"insufficient_scope\", scope=\"project:write\""));
}

#[tokio::test]
async fn a_higher_scope_of_the_family_is_enough() {
    let api = Api::start().await;
    for scope in ["project:read", "project:write", "project:admin"] {
        let token = api.token(scope).await;
        assert_eq!(api.call("GET", HOOKS, &token, None).await.status, 200, "{scope}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_authorization_header_is_said() {
    let api = Api::start().await;
    let unknown = format!("Bearer sntryu_{}", "0".repeat(64));
    for (header, detail) in [
        ("", "Authentication credentials were not provided."),
        ("Basic dXNlcjpwYXNz", "Authentication credentials were not provided."),
        ("DSN https://key@host/1", "Authentication credentials were not provided."),
        ("Bearer", "Invalid token header. No credentials provided."),
        ("Bearer   ", "Invalid token header. No credentials provided."),
        ("Bearer a b", "Invalid token header. Token string should not contain spaces."),
        ("Bearer nonsense", "Invalid token"),
        ("Bearer caf\u{e9}", "Invalid token"),
        (&unknown, "Invalid token"),
    ] {
        let request = Request::builder().uri(HOOKS).header("authorization", header).body(Body::empty()).unwrap();
        let answer = api.send(request).await;
        assert_eq!(answer.with_status(401), json!({"detail": detail}), "{header:?}");
        assert_eq!(answer.header("www-authenticate"), Some("xBasic realm=\"api\""), "{header:?}");
    }
}

#[tokio::test]
async fn the_case_of_the_scheme_does_not_matter() {
    let api = Api::start().await;
    let token = api.token("project:read").await;
    for scheme in ["bearer", "BEARER"] {
        let header = format!("{scheme}  {token}");
        let request = Request::builder().uri(HOOKS).header("authorization", header).body(Body::empty()).unwrap();
        assert_eq!(api.send(request).await.status, 200, "{scheme}");
    }
}

#[tokio::test]
async fn checks_come_in_sentrys_order() {
    let api = Api::start().await;
    let reader = api.token("project:read").await;
    let nowhere = "/api/0/projects/my-org/nowhere/hooks/";
    let bad_query = format!("{nowhere}?cursor=x");
    // Scope before project.
    assert_eq!(api.call("POST", nowhere, &reader, None).await.status, 403);
    // Project before the query string and before the body, whatever is wrong with them.
    assert_eq!(api.call("GET", &bad_query, &reader, None).await.status, 404);
    assert_eq!(api.raw("POST", nowhere, "text/plain", "{").await.status, 404);
    // Hook before the body.
    let nobody = format!("{HOOKS}{}/", "0".repeat(32));
    assert_eq!(api.raw("PUT", &nobody, "application/json", "{").await.status, 404);
}

#[tokio::test]
async fn an_organization_token_may_write_where_its_scopes_allow() {
    let api = Api::start().await;
    let token = api.token("project:write").await;
    let body = json!({"url": "https://example.com/"});
    api.call("POST", HOOKS, &token, Some(body)).await.with_status(201);
}

#[tokio::test]
async fn a_revoked_token_is_unknown_at_once() {
    let api = Api::start().await;
    let token = api.token("project:read").await;
    assert_eq!(api.call("GET", HOOKS, &token, None).await.status, 200);
    let listed = api.get("/api/0/api-tokens/").await.with_status(200);
    let answer = api
        .raw("DELETE", "/api/0/api-tokens/", "application/json", json!({"tokenId": listed[0]["id"]}).to_string())
        .await;
    assert_eq!(answer.status, 204);
    assert_eq!(api.call("GET", HOOKS, &token, None).await.with_status(401), json!({"detail": "Invalid token"}));
}
