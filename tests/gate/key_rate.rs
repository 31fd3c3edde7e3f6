//! A project key's rate limit, as an SDK meets it.

use serde_json::{Value, json};

use super::metric;
use crate::support::event::{message_envelope, new_id};
use crate::support::http::Answer;
use crate::support::server::TestServer;

/// Gives the project's key a limit, or takes it away.
fn limit(server: &TestServer, limit: &Value) {
    let path = format!("{}/keys/{}/", server.project_path(), server.account().key);
    assert_eq!(server.managed("PUT", &path, &json!({ "rateLimit": limit }))["rateLimit"], *limit);
}

fn send(server: &TestServer) -> Answer {
    server.ask(&server.ingest("envelope").body(message_envelope(&new_id())))
}

#[test]
fn a_key_past_its_limit_is_told_for_how_long_and_counts_only_events() {
    let server = TestServer::start();
    limit(&server, &json!({"window": 3_600, "count": 3}));
    let session = "{}\n{\"type\":\"session\",\"length\":2}\n{}\n";
    for _ in 0..3 {
        assert_eq!(server.ask(&server.ingest("envelope").body(session)).status, 200);
        assert_eq!(send(&server).status, 200);
    }
    let refused = send(&server);
    assert_eq!(refused.status, 429);
    // One comes back each 20 minutes.
    let wait: u64 = refused.headers.get("retry-after").unwrap().parse().unwrap();
    assert!((1..=1_200).contains(&wait), "{wait}");
    let announced = format!("{wait}:default;error;security:key:key_quota");
    assert_eq!(refused.headers.get("x-sentry-rate-limits"), Some(announced.as_str()));
    assert_eq!(refused.headers.get("access-control-allow-origin"), Some("*"));
    let said = refused.json();
    assert_eq!(said["detail"], "the project key's rate limit is reached");
    assert!(said["causes"][0].as_str().unwrap().ends_with(" s"), "{said}");
    // It is refused unread, and so is what does not come to an end.
    assert_eq!(server.ask(&server.ingest("store").body("{")).status, 429);
    assert_eq!(metric(server.address(), "watchfire_ingest_requests_total{outcome=\"rate_limited\"}"), 2.0);
    assert_eq!(metric(server.address(), "watchfire_record_batch_events_sum"), 3.0);
    limit(&server, &Value::Null);
    assert_eq!(send(&server).status, 200);
}

#[test]
fn keys_have_limits_of_their_own_also_where_the_key_is_known_by_the_envelope_alone() {
    let server = TestServer::start();
    limit(&server, &json!({"window": 86_400, "count": 1}));
    let keys = format!("{}/keys/", server.project_path());
    let other = server.managed("POST", &keys, &json!({"rateLimit": {"window": 86_400, "count": 1}}));
    for dsn in [server.dsn(), other["dsn"]["public"].as_str().unwrap().to_owned()] {
        let envelope = |id: &str| {
            let event = json!({ "event_id": id, "message": "m" }).to_string();
            format!("{}\n{}\n{event}\n", json!({ "dsn": dsn, "event_id": id }), json!({ "type": "event" }))
        };
        let path = format!("/api/{}/envelope/", server.account().project_id);
        for status in [200, 429] {
            let request = crate::support::http::Request::post(path.as_str()).body(envelope(&new_id()));
            assert_eq!(server.ask(&request).status, status);
        }
    }
}
