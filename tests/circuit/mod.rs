//! Receivers that are away, that fail again and again, that are gone: what is owed to them waits, and none of it is lost.

mod retries;

use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::receiver::Receiver;
use crate::support::scene::Scene;
use crate::support::server::{TestServer, free_address};

/// How long the receiver is away.
const AWAY: Duration = Duration::from_secs(2);
/// A probe comes at least every ten seconds, and then the rest.
const PATIENCE: Duration = Duration::from_secs(40);

#[test]
fn a_receiver_that_refuses_connections_for_two_seconds_under_load_loses_nothing() {
    let server = TestServer::start();
    let address = free_address();
    // Whatever a hook's defaults are.
    let hook = server.add_hook_to(&format!("http://{address}/hook"));
    let mut scene = Scene { server, receiver: Receiver::start(), hook };
    let (begun, mut ids) = (Instant::now(), Vec::new());
    while begun.elapsed() < AWAY {
        ids.push(scene.send_message());
    }
    scene.receiver = Receiver::start_at(&address, &scene.hook.secret);
    // The load goes on while the receiver comes back.
    ids.extend((0..100).map(|_| scene.send_message()));
    scene.receiver.wait_until(PATIENCE, |webhooks| webhooks.len() >= ids.len());
    println!("{} events while the receiver was away for {AWAY:?} and after", ids.len());
    scene.ends_with(ids.iter().map(String::as_str));
}

#[test]
fn a_receiver_that_is_gone_disables_its_hook_and_says_so() {
    let scene = Scene::start();
    scene.receiver.answer(410);
    let path = format!("{}/hooks/{}/", scene.server.project_path(), scene.hook.id);
    scene.send_message();
    scene.receiver.wait_for(1);
    // Ten seconds have to pass between the two.
    let begun = Instant::now();
    while scene.server.managed("GET", &path, &json!(null))["status"] == "active" {
        assert!(begun.elapsed() < PATIENCE, "the hook still fires");
        // sleep allowed: nothing tells when the server takes a receiver for gone but asking
        thread::sleep(Duration::from_millis(250));
        scene.send_message();
    }
    let hook = scene.server.managed("GET", &path, &json!(null));
    assert_eq!((&hook["status"], &hook["health"]["disabledBy"]), (&json!("disabled"), &json!("gone")), "{hook}");
    let sent = scene.receiver.webhooks().len();
    scene.send_message();
    let enabled = scene.server.managed("PUT", &path, &json!({"isActive": true}));
    assert_eq!((&enabled["status"], &enabled["health"]["disabledBy"]), (&json!("active"), &json!(null)), "{enabled}");
    let id = scene.send_message();
    scene.receiver.wait_for_event(&id);
    assert_eq!(scene.receiver.webhooks().len(), sent + 1, "a disabled hook never fires");
}

#[test]
fn a_hook_shows_how_its_receiver_stands() {
    let scene = Scene::start();
    let path = format!("{}/hooks/{}/", scene.server.project_path(), scene.hook.id);
    let health = |wanted: &str| {
        let begun = Instant::now();
        loop {
            let health = scene.server.managed("GET", &path, &json!(null))["health"].clone();
            if health["state"] == wanted {
                return health;
            }
            assert!(begun.elapsed() < PATIENCE, "{wanted}: {health}");
            // sleep allowed: a receiver has the answer before the server has noted it
            thread::sleep(Duration::from_millis(20));
        }
    };
    let unknown = health("unknown");
    assert_eq!((&unknown["lastSuccess"], &unknown["failures"]), (&json!(null), &json!(0)), "{unknown}");
    scene.send_message();
    let healthy = health("healthy");
    assert!(healthy["lastSuccess"].is_string() && healthy["circuit"]["open"] == json!(false), "{healthy}");
    scene.receiver.answer(404);
    scene.send_message();
    let failing = health("failing");
    assert!(failing["since"].is_string() && failing["failures"] == json!(1), "{failing}");
    // Held back: what is owed meanwhile is sending, and what finds no place waits.
    assert_eq!(failing["backlog"], json!({"deliveries": 0, "oldest": null, "age": null}), "{failing}");
}

#[test]
fn a_test_is_answered_with_what_the_receiver_said() {
    let scene = Scene::start();
    let path = format!("{}/hooks/{}/", scene.server.project_path(), scene.hook.id);
    let test = || scene.server.managed("POST", &format!("{path}test/"), &json!({}));
    let delivered = test();
    assert_eq!((&delivered["succeeded"], &delivered["status"]), (&json!(true), &json!(204)), "{delivered}");
    let [webhook] = scene.receiver.webhooks().try_into().unwrap();
    assert_eq!(webhook.delivery(), delivered["delivery"]);
    assert_eq!(webhook.header("x-sentry-hook-test"), "1");
    assert_eq!(webhook.header("x-sentry-hook-event"), "event.created");
    let body: serde_json::Value = serde_json::from_slice(&webhook.body).unwrap();
    assert_eq!(
        (&body["project"], &body["message"]),
        (&json!(scene.server.account().project), &json!("TypeError: Cannot read property 'foo' of undefined"))
    );
    scene.receiver.answer(500);
    let failed = test();
    assert_eq!((&failed["succeeded"], &failed["outcome"]), (&json!(false), &json!("http_error")), "{failed}");
    assert_eq!(
        (&failed["status"], &failed["error"]),
        (&json!(500), &json!("the server answered 500 Internal Server Error"))
    );
    scene.server.managed("PUT", &path, &json!({"isActive": false}));
    let refused = scene.server.ask(&scene.server.manage("POST", &format!("{path}test/")).body("{}"));
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert!(refused.text().contains("Enable it first"), "{}", refused.text());
}
