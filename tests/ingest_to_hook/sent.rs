//! The request that a hook sends: its line, its headers to the last one, its delivery id.

use std::ops::RangeInclusive;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::http::Headers;
use crate::support::scene::Scene;

/// Every header of a webhook, in lower case and sorted.
const HEADERS: [&str; 16] = [
    "accept-encoding",
    "content-length",
    "content-type",
    "host",
    "user-agent",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
    "x-sentry-hook-attempt",
    "x-sentry-hook-delivery",
    "x-sentry-hook-event",
    "x-sentry-hook-hop",
    "x-sentry-hook-signature",
    "x-servicehook-guid",
    "x-servicehook-signature",
    "x-servicehook-timestamp",
];

/// The store's clock is the wall clock at its start, carried on by another one.
const CLOCKS_APART_MS: u128 = 1_000;

#[test]
fn a_webhook_carries_exactly_the_documented_headers() {
    let scene = Scene::start();
    let before = now_millis();
    let id = scene.send_message();
    let webhook = scene.receiver.wait_for_event(&id);
    let after = now_millis();
    assert_eq!(webhook.start, "POST /hook HTTP/1.1");
    assert_eq!(webhook.headers.names(), HEADERS);
    let header = |name: &str| webhook.header(name);
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("content-length"), webhook.body.len().to_string());
    assert_eq!(header("user-agent"), concat!("Watchfire/", env!("CARGO_PKG_VERSION")));
    assert_eq!(header("accept-encoding"), "identity");
    assert_eq!(format!("http://{}/hook", header("host")), scene.receiver.url());
    assert_eq!(header("x-sentry-hook-event"), "event.created");
    assert_eq!(header("x-sentry-hook-attempt"), "1");
    assert_eq!(header("x-sentry-hook-hop"), "0");
    assert_eq!(header("x-servicehook-guid"), scene.hook.id);
    assert_eq!(header("x-servicehook-signature"), header("x-sentry-hook-signature"));
    assert_eq!(header("x-servicehook-timestamp"), header("webhook-timestamp"));
    assert_eq!(header("webhook-id"), webhook.delivery());
    assert!(header("webhook-signature").starts_with("v1,"));
    assert!(!header("webhook-signature").contains(' '), "one signature while no rotation overlaps");
    let sent: u128 = header("webhook-timestamp").parse().unwrap();
    assert!((before / 1000..=after / 1000).contains(&sent), "{sent} is not between {before} and {after}");
    is_a_delivery_id(webhook.delivery(), before - CLOCKS_APART_MS..=after + CLOCKS_APART_MS);
}

#[test]
fn each_delivery_has_an_id_of_its_own_and_they_rise() {
    let scene = Scene::start();
    let mut deliveries = Vec::new();
    for _ in 0..20 {
        let id = scene.send_message();
        deliveries.push(scene.receiver.wait_for_event(&id).delivery().to_owned());
    }
    assert!(deliveries.is_sorted(), "{deliveries:?}");
    deliveries.dedup();
    assert_eq!(deliveries.len(), 20);
}

#[test]
fn the_signing_secret_is_the_secret_in_the_form_of_standard_webhooks() {
    let scene = Scene::start();
    let secret = webhook::Secret::from_signing_secret(&scene.hook.signing_secret).unwrap();
    assert_eq!(secret.expose(), scene.hook.secret);
}

#[test]
fn a_header_that_is_sent_twice_is_noticed_by_the_test_itself() {
    let headers = Headers(vec![("A".to_owned(), "1".to_owned()), ("a".to_owned(), "2".to_owned())]);
    assert!(std::panic::catch_unwind(|| headers.get("a").map(str::to_owned)).is_err());
}

/// 32 lower-case hex digits: a UUID of version 7 whose first 48 bits are the millisecond of receipt.
fn is_a_delivery_id(id: &str, received: RangeInclusive<u128>) {
    assert_eq!(id.len(), 32);
    assert!(id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{id}");
    assert_eq!(&id[12..13], "7", "{id}");
    assert!(matches!(&id[16..17], "8" | "9" | "a" | "b"), "{id}");
    let millis = u128::from_str_radix(&id[..12], 16).unwrap();
    assert!(received.contains(&millis), "{millis} is not within {received:?}");
}

fn now_millis() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()
}
