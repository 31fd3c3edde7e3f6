//! Paths, methods, media types and bodies, before any resource looks at them.

use axum::body::Body;
use serde_json::json;
use watchfire_web::api::JSON_BODY_BYTES_MAX;

use crate::harness::Api;

const HOOKS: &str = "/api/0/projects/my-org/my-project/hooks/";

#[tokio::test]
async fn every_path_is_answered_with_and_without_its_final_slash() {
    let api = Api::start().await;
    let hook = api.post(HOOKS, json!({"url": "https://example.com/"})).await.with_status(201);
    let keys = api.get("/api/0/projects/my-org/my-project/keys/").await.with_status(200);
    let (hook, key) = (hook["id"].as_str().unwrap(), keys[0]["id"].as_str().unwrap());
    for path in [
        "/api/0",
        "/api/0/users/me/regions",
        "/api/0/organizations",
        "/api/0/organizations/my-org",
        "/api/0/organizations/my-org/projects",
        "/api/0/organizations/my-org/teams",
        "/api/0/teams/my-org/my-org",
        "/api/0/projects",
        "/api/0/projects/my-org/my-project",
        "/api/0/projects/my-org/my-project/keys",
        &format!("/api/0/projects/my-org/my-project/keys/{key}"),
        "/api/0/projects/my-org/my-project/hooks",
        &format!("/api/0/projects/my-org/my-project/hooks/{hook}"),
        &format!("/api/0/projects/my-org/my-project/hooks/{hook}/stats"),
        "/api/0/api-tokens",
    ] {
        let without = api.get(path).await;
        let with = api.get(&format!("{path}/")).await;
        assert_eq!(without.status, 200, "{path}");
        assert_eq!(with.status, 200, "{path}/");
        assert_eq!(without.text, with.text, "{path}");
        assert_eq!(with.header("content-type"), Some("application/json"), "{path}");
    }
    let body = json!({"name": "Team project"});
    api.post("/api/0/teams/my-org/my-org/projects", body.clone()).await.with_status(201);
    api.post("/api/0/teams/my-org/my-org/projects/", body).await.with_status(201);
}

#[tokio::test]
async fn an_unknown_path_is_an_empty_404() {
    let api = Api::start().await;
    for path in ["/api/0/nothing/", "/api/0/projects/my-org/my-project/hooks/a/b/c/", "/api/0/organizations/my-org/x"] {
        for answer in [api.get(path).await, api.post(path, json!({})).await] {
            assert_eq!((answer.status, answer.text.as_str()), (404, ""), "{path}");
        }
    }
}

#[tokio::test]
async fn a_method_that_a_path_does_not_have_is_refused_by_name() {
    let api = Api::start().await;
    let token = api.token("project:admin").await;
    for (method, path, allow) in [
        ("PATCH", HOOKS, "GET,HEAD,POST"),
        ("DELETE", HOOKS, "GET,HEAD,POST"),
        ("POST", "/api/0/projects/", "GET,HEAD"),
        ("GET", "/api/0/teams/my-org/my-org/projects/", "POST"),
        ("OPTIONS", "/api/0/projects/my-org/my-project/", "GET,HEAD,PUT,DELETE"),
    ] {
        let answer = api.call(method, path, &token, None).await;
        let detail = format!("Method \"{method}\" not allowed.");
        assert_eq!(answer.with_status(405), json!({"detail": detail}), "{path}");
        assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
    }
}

#[tokio::test]
async fn what_is_not_json_is_refused_before_it_is_validated() {
    let api = Api::start().await;
    for (body, detail) in [
        ("{", "JSON parse error - EOF while parsing an object at line 1 column 1"),
        ("url=https://example.com/", "JSON parse error - expected value at line 1 column 1"),
        (r#"{"url": NaN}"#, "JSON parse error - expected value at line 1 column 9"),
    ] {
        let answer = api.raw("POST", HOOKS, "application/json", body).await;
        assert_eq!(answer.with_status(400), json!({"detail": detail}), "{body}");
    }
    let deep = "[".repeat(10_000);
    let answer = api.raw("POST", HOOKS, "application/json", deep).await;
    assert!(answer.with_status(400)["detail"].as_str().unwrap().starts_with("JSON parse error - recursion limit"));
    let not_utf8 = b"{\"url\": \"\xff\"}".to_vec();
    assert_eq!(api.raw("POST", HOOKS, "application/json", not_utf8).await.status, 400);
}

#[tokio::test]
async fn only_json_is_read() {
    let api = Api::start().await;
    let body = json!({"url": "https://example.com/"}).to_string();
    for media_type in ["application/x-www-form-urlencoded", "text/plain", "application/jsonp", ""] {
        let answer = api.raw("POST", HOOKS, media_type, body.clone()).await;
        let detail = format!("Unsupported media type \"{media_type}\" in request.");
        assert_eq!(answer.with_status(415), json!({"detail": detail}));
    }
    for media_type in ["application/json", "application/json; charset=utf-8", "Application/JSON ;x=y"] {
        assert_eq!(api.raw("POST", HOOKS, media_type, body.clone()).await.status, 201, "{media_type}");
    }
}

#[tokio::test]
async fn an_empty_body_says_as_much_as_an_empty_object() {
    let api = Api::start().await;
    let answer = api.raw("POST", HOOKS, "text/plain", Body::empty()).await;
    assert_eq!(answer.with_status(400), json!({"url": ["This field is required."]}));
}

#[tokio::test]
async fn a_body_is_read_up_to_its_limit() {
    let api = Api::start().await;
    let body = |length: usize| {
        let frame = json!({"url": "https://example.com/", "x": ""}).to_string().len();
        json!({"url": "https://example.com/", "x": "y".repeat(length - frame)}).to_string()
    };
    let longest = api.raw("POST", HOOKS, "application/json", body(JSON_BODY_BYTES_MAX)).await;
    longest.with_status(201);
    let longer = api.raw("POST", HOOKS, "application/json", body(JSON_BODY_BYTES_MAX + 1)).await;
    assert_eq!(longer.with_status(413), json!({"detail": "The request body is longer than 262144 bytes."}));
}

#[tokio::test]
async fn a_head_request_is_answered_like_a_get_without_its_body() {
    let api = Api::start().await;
    let token = api.token("project:read").await;
    let answer = api.call("HEAD", HOOKS, &token, None).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, ""));
    assert!(answer.header("link").is_some());
}

#[tokio::test]
async fn a_part_of_a_path_that_is_no_text_names_nothing() {
    let api = Api::start().await;
    let answer = api.get("/api/0/projects/my-org/%ff/hooks/").await;
    assert_eq!(answer.with_status(404), json!({"detail": "The requested resource does not exist"}));
}
