//! Which hooks fire: those that are enabled, for their own project, for every kind of event.

use serde_json::json;

use crate::support::event::{envelope, message_envelope, new_id};
use crate::support::receiver::Receiver;
use crate::support::scene::{Scene, accepted};

#[test]
fn a_disabled_hook_does_not_fire_and_an_enabled_one_fires_again() {
    let scene = Scene::start();
    let other = Receiver::start();
    scene.server.add_hook(&other);
    let first = scene.send_message();
    scene.receiver.wait_for_event(&first);
    switch(&scene, json!({ "isActive": false }));
    let unseen = scene.send_message();
    // The other hook's webhook says that the event has been through everything that would have fired this one.
    other.wait_for_event(&unseen);
    switch(&scene, json!({ "isActive": true }));
    let last = scene.send_message();
    scene.receiver.wait_for_event(&last);
    other.wait_for_event(&last);
    let mut scene = scene;
    scene.server.stop();
    let seen: Vec<String> = scene.receiver.webhooks().iter().map(|webhook| webhook.event_id().to_owned()).collect();
    assert_eq!(seen, [first, last]);
    assert_eq!(other.webhooks().len(), 3);
}

#[test]
fn what_a_disabled_hook_is_still_owed_is_not_sent() {
    let scene = Scene::start();
    // As many as are sent at once; what follows waits behind them.
    scene.receiver.hold();
    let ids: Vec<String> = (0..40).map(|_| scene.send_message()).collect();
    let on_the_wire = scene.receiver.wait_for(16).len();
    switch(&scene, json!({ "isActive": false }));
    scene.receiver.release();
    let mut scene = scene;
    scene.server.stop();
    assert_eq!(scene.receiver.webhooks().len(), on_the_wire, "of {} events", ids.len());
}

#[test]
fn a_deleted_hook_does_not_fire() {
    let scene = Scene::start();
    let other = Receiver::start();
    scene.server.add_hook(&other);
    let path = format!("{}/hooks/{}/", scene.server.project_path(), scene.hook.id);
    let answer = scene.server.ask(&scene.server.manage("DELETE", &path));
    assert_eq!(answer.status, 204, "{}", answer.text());
    let id = scene.send_message();
    other.wait_for_event(&id);
    let mut scene = scene;
    scene.server.stop();
    assert!(scene.receiver.webhooks().is_empty());
}

#[test]
fn every_hook_of_a_project_gets_the_same_bytes_under_its_own_signature() {
    let scene = Scene::start();
    let other = Receiver::start();
    let hook = scene.server.add_hook(&other);
    assert_ne!(hook.secret, scene.hook.secret);
    let id = scene.send_message();
    let (one, two) = (scene.receiver.wait_for_event(&id), other.wait_for_event(&id));
    assert_eq!(one.body, two.body);
    assert_ne!(one.delivery(), two.delivery());
    assert_ne!(one.header("x-sentry-hook-signature"), two.header("x-sentry-hook-signature"));
}

#[test]
fn a_refused_webhook_is_not_sent_again() {
    let scene = Scene::start();
    scene.receiver.answer(500);
    let ids: Vec<String> = (0..3).map(|_| scene.send_message()).collect();
    scene.receiver.wait_for(3);
    let mut scene = scene;
    scene.server.stop();
    scene.server.restart();
    scene.receiver.answer(204);
    let last = scene.send_message();
    scene.receiver.wait_for_event(&last);
    scene.server.stop();
    assert_eq!(scene.receiver.webhooks().len(), ids.len() + 1);
}

#[test]
fn a_security_report_is_an_event_too() {
    let scene = Scene::start();
    let report = json!({ "csp-report": {
        "document-uri": "https://shop.example/basket",
        "violated-directive": "script-src 'self'",
        "effective-directive": "script-src",
        "blocked-uri": "https://evil.example/x.js",
    } });
    let request = scene.server.ingest("security").header("Content-Type", "application/csp-report");
    let answer = scene.server.ask(&request.body(report.to_string()));
    assert_eq!((answer.status, answer.text()), (200, ""));
    let [webhook] = scene.receiver.wait_for(1).try_into().unwrap();
    let body = webhook.json();
    assert_eq!(body["logger"], "csp");
    let message = body["message"].as_str().unwrap();
    assert!(message.contains("script") && message.contains("evil.example"), "{message}");
    let refused = scene.server.ask(&scene.server.ingest("security").header("Content-Type", "text/html").body("<p>"));
    assert_eq!((refused.status, refused.text()), (415, ""));
}

#[test]
fn an_event_that_was_raised_while_handling_webhooks_carries_its_hop_and_the_third_owes_nothing() {
    let scene = Scene::start();
    let mut headers = json!({});
    for hop in 0..3 {
        let id = new_id();
        let event = json!({ "event_id": id, "message": "the handler failed", "request": { "headers": headers } });
        accepted(&scene.send(envelope(&id, event.to_string())), &id);
        let webhook = scene.receiver.wait_for_event(&id);
        assert_eq!(webhook.header("x-sentry-hook-hop"), hop.to_string());
        headers = json!({ "X-Sentry-Hook-Hop": hop.to_string(), "X-Sentry-Hook-Delivery": webhook.delivery() });
    }
    let id = new_id();
    let event = json!({ "event_id": id, "message": "the handler failed", "request": { "headers": headers } });
    accepted(&scene.send(envelope(&id, event.to_string())), &id);
    let last = scene.send_message();
    scene.receiver.wait_for_event(&last);
    let mut scene = scene;
    scene.server.stop();
    assert!(scene.receiver.webhooks().iter().all(|webhook| webhook.event_id() != id));
    let ledger = crate::support::ledger::Ledger::open(scene.server.folder());
    assert!(ledger.event_ids().contains(&id), "it is recorded all the same");
}

#[test]
fn an_event_that_the_sdk_sent_to_a_project_without_hooks_is_stored() {
    let scene = Scene::start();
    let path = format!("{}/hooks/{}/", scene.server.project_path(), scene.hook.id);
    assert_eq!(scene.server.ask(&scene.server.manage("DELETE", &path)).status, 204);
    let id = new_id();
    accepted(&scene.send(message_envelope(&id)), &id);
    let mut scene = scene;
    scene.server.kill();
    let ledger = crate::support::ledger::Ledger::open(scene.server.folder());
    assert!(ledger.event_ids().contains(&id));
    assert!(ledger.states().is_empty());
}

/// Changes the scene's hook.
fn switch(scene: &Scene, change: serde_json::Value) {
    let path = format!("{}/hooks/{}/", scene.server.project_path(), scene.hook.id);
    let answer = scene.server.ask(&scene.server.manage("PUT", &path).body(change.to_string()));
    assert_eq!(answer.status, 200, "{}", answer.text());
}
