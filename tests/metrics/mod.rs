//! `/metrics`: what a server tells Prometheus, and on which address.

mod documents;
mod page;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use self::page::Page;
use crate::support::event::{message_envelope, new_id};
use crate::support::http::Request;
use crate::support::scene::Scene;
use crate::support::server::{TestServer, free_address};

/// A wait this long has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Each line's value, under the name and labels as they are written.
fn series(address: SocketAddr) -> BTreeMap<String, f64> {
    Page::of(address).values
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

/// Asks until a series has a value. Outcomes are written after the receiver has been answered, and nobody is told.
fn wait_for(address: SocketAddr, name: &str, value: f64) -> BTreeMap<String, f64> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let shown = series(address);
        if shown[name] == value {
            return shown;
        }
        assert!(Instant::now() < deadline, "{name} is not {value}: {shown:?}");
        // sleep allowed: a scrape is how one learns of a count
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn what_is_owed_tried_and_settled_is_counted_and_what_is_held_is_shown() {
    let scene = Scene::start();
    let address = scene.server.address();
    for _ in 0..3 {
        scene.send_message();
    }
    scene.receiver.wait_for(3);
    wait_for(address, "watchfire_deliveries_settled_total{state=\"delivered\"}", 3.0);
    scene.receiver.answer(503);
    scene.send_message();
    wait_for(address, "watchfire_deliveries_settled_total{state=\"failed\"}", 1.0);
    wait_for(address, "watchfire_budget_held_bytes{budget=\"intake\"}", 0.0);
    let after = wait_for(address, "watchfire_budget_held_bytes{budget=\"lanes\"}", 0.0);
    for (name, value) in [
        ("watchfire_events_total{result=\"recorded\"}", 4.0),
        ("watchfire_deliveries_owed_total{kind=\"event.created\"}", 4.0),
        ("watchfire_deliveries_owed_total{kind=\"event.alert\"}", 0.0),
        ("watchfire_attempts_total{outcome=\"succeeded\",cause=\"\"}", 3.0),
        ("watchfire_attempts_total{outcome=\"http_error\",cause=\"\"}", 1.0),
        ("watchfire_attempts_total{outcome=\"unreachable\",cause=\"dns\"}", 0.0),
        ("watchfire_attempt_seconds_count", 4.0),
        ("watchfire_first_attempt_wait_seconds_count", 4.0),
        ("watchfire_lanes", 1.0),
        ("watchfire_lane_deliveries", 0.0),
        ("watchfire_budget_limit_bytes{budget=\"intake\"}", 67_108_864.0),
        ("watchfire_budget_limit_bytes{budget=\"lanes\"}", 67_108_864.0),
        ("watchfire_store_away", 0.0),
        ("watchfire_leases_lost_total", 0.0),
    ] {
        assert_eq!(after.get(name), Some(&value), "{name} in {after:#?}");
    }
    assert!(after["watchfire_attempt_seconds_sum"] > 0.0);
    // At least the one that asks.
    assert!(after["watchfire_connections_open"] >= 1.0);
    assert!(after["process_resident_memory_bytes"] > 1e6 && after["process_cpu_seconds_total"] > 0.0);
    assert!(after["process_open_fds"] < after["process_max_fds"]);
}

#[test]
fn what_a_killed_server_held_is_counted_by_the_next() {
    let mut scene = Scene::start();
    scene.receiver.hold();
    scene.send_message();
    scene.receiver.wait_for(1);
    let address = scene.server.address();
    let held = series(address);
    assert_eq!((held["watchfire_lane_deliveries"], held["watchfire_egress_connections_open"]), (1.0, 1.0));
    assert!(held["watchfire_budget_held_bytes{budget=\"lanes\"}"] > 0.0);
    scene.server.kill();
    scene.receiver.release();
    scene.server.restart();
    let after = wait_for(address, "watchfire_deliveries_settled_total{state=\"delivered\"}", 1.0);
    assert_eq!((after["watchfire_leases_freed_total"], after["watchfire_leases_claimed_total"]), (1.0, 1.0));
}
