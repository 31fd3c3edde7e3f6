//! `/metrics`: what a server tells Prometheus, and on which address.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::support::event::{message_envelope, new_id};
use crate::support::http::Request;
use crate::support::server::{TestServer, free_address};

/// Every line that is not a comment: the series with its labels, and its value.
fn series(address: SocketAddr) -> BTreeMap<String, f64> {
    let answer = Request::get("/metrics").send(address).unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers.get("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = answer.text();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap_or_else(|_| panic!("{line}")))
        })
        .collect()
}

#[test]
fn requests_and_transactions_are_counted_and_shown_on_the_address_for_metrics() {
    let metrics = free_address();
    let server = TestServer::start_with(&[("WATCHFIRE_METRICS_LISTEN", &metrics.to_string())]);
    let before = series(metrics);
    assert_eq!(before["watchfire_record_batch_events_sum"], 0.0);
    for _ in 0..3 {
        assert_eq!(server.ask(&server.ingest("envelope").body(message_envelope(&new_id()))).status, 200);
    }
    assert_eq!(server.ask(&server.ingest("store").body("{")).status, 400);
    assert_eq!(server.ask(&Request::post("/api/1/store/").body("{}")).status, 401);
    let after = series(metrics);
    for (name, value) in [
        ("watchfire_ingest_requests_total{outcome=\"accepted\"}", 3.0),
        ("watchfire_ingest_requests_total{outcome=\"malformed\"}", 1.0),
        ("watchfire_ingest_requests_total{outcome=\"unauthenticated\"}", 1.0),
        ("watchfire_ingest_requests_total{outcome=\"overloaded\"}", 0.0),
        ("watchfire_record_batch_events_sum", 3.0),
        // Each waited for its answer before the next was sent.
        ("watchfire_record_batch_events_count", 3.0),
        ("watchfire_record_batch_events_bucket{le=\"1\"}", 3.0),
    ] {
        assert_eq!(after.get(name), Some(&value), "{name} in {after:?}");
    }
    assert!(after["watchfire_record_commit_seconds_sum"] > 0.0);
    assert!(after["watchfire_record_commit_seconds_count"] >= 3.0);
}

#[test]
fn the_address_for_metrics_has_nothing_else() {
    let metrics = free_address();
    let server = TestServer::start_with(&[("WATCHFIRE_METRICS_LISTEN", &metrics.to_string())]);
    for request in [
        Request::get("/_health/"),
        server.manage("GET", "projects/"),
        server.ingest("envelope").body(message_envelope(&new_id())),
    ] {
        assert_eq!(request.send(metrics).unwrap().status, 404, "{request:?}");
    }
    assert_eq!(Request::post("/metrics").send(metrics).unwrap().status, 405);
}

#[test]
fn with_dev_the_main_address_shows_metrics_too() {
    let server = TestServer::start();
    assert!(series(server.address()).contains_key("watchfire_record_batch_events_count"));
}

#[test]
fn without_dev_only_the_address_for_metrics_shows_them() {
    let metrics = free_address();
    let server = TestServer::start_without_dev(&[("WATCHFIRE_METRICS_LISTEN", &metrics.to_string())]);
    assert_eq!(server.ask(&Request::get("/metrics")).status, 404);
    assert!(series(metrics).contains_key("watchfire_record_batch_events_count"));
}
