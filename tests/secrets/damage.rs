//! A hook whose stored secret is damaged: it gets nothing, says so, and is mended by a rotation; nobody else notices.

use serde_json::{Value, json};

use crate::support::ledger::{Ledger, damage};
use crate::support::receiver::Receiver;
use crate::support::scene::Scene;
use crate::support::server::{Hook, TestServer, free_address};

/// The stored number of the delivery state `waiting`.
const WAITING: i64 = 0;

fn path(server: &TestServer, hook: &Hook) -> String {
    format!("{}/hooks/{}/", server.project_path(), hook.id)
}

fn shown(server: &TestServer, hook: &Hook) -> Value {
    server.managed("GET", &path(server, hook), &Value::Null)
}

#[test]
fn a_hook_whose_secret_is_damaged_waits_for_a_new_one_and_holds_up_nobody() {
    let mut scene = Scene::start();
    // Nobody is there, so that the receiver has time to learn the new secret; the log would tell of any attempt.
    let broken = scene.server.add_hook_to(&format!("http://{}/", free_address()));
    scene.server.stop();
    damage(scene.server.folder(), &broken.id, "secret");
    scene.server.restart();

    let first = scene.send_message();
    scene.receiver.wait_for_event(&first);
    let hook = shown(&scene.server, &broken);
    assert_eq!(
        (&hook["status"], &hook["secret"], &hook["signingSecret"]),
        (&json!("unreadable"), &json!(""), &json!(""))
    );
    assert_eq!(hook["health"]["state"], "unreadable");
    assert_eq!(shown(&scene.server, &scene.hook)["status"], "active");
    let test = scene.server.ask(&scene.server.manage("POST", &format!("{}test/", path(&scene.server, &broken))));
    assert_eq!(test.status, 409, "{}", test.text());
    let verify = format!("{}verify/", path(&scene.server, &broken));
    let verify = scene.server.ask(&scene.server.manage("POST", &verify).body(r#"{"body": "{}", "headers": {}}"#));
    assert_eq!(verify.status, 409, "{}", verify.text());
    let answer = scene.server.ask(&scene.server.manage("GET", &path(&scene.server, &broken)));
    let note = "gets nothing: its stored secret is damaged; rotate it with an overlap of 0";
    assert_eq!(answer.headers.get("x-watchfire-note"), Some(note));
    let list = format!("{}/hooks/?status=unreadable", scene.server.project_path());
    assert_eq!(scene.server.managed("GET", &list, &Value::Null).as_array().unwrap().len(), 1);

    scene.server.stop();
    let said = scene.server.said();
    assert!(said.contains("a hook cannot be read") && said.contains(&broken.id), "{said}");
    assert_eq!(Ledger::open(scene.server.folder()).states_of(&broken.id), (vec![WAITING], 0));

    scene.server.restart();
    let rotation = format!("{}rotate-secret/", path(&scene.server, &broken));
    let refused = scene.server.ask(&scene.server.manage("POST", &rotation).body("{}"));
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert!(refused.text().contains("Rotate it with an overlap of 0."), "{}", refused.text());
    let renamed = scene.server.managed("PUT", &path(&scene.server, &broken), &json!({"isActive": true}));
    assert_eq!(renamed["status"], "unreadable", "it is the secret that is missing");
    let mended = scene.server.managed("POST", &rotation, &json!({"overlap": 0}));
    assert_eq!(mended["status"], "active");
    let receiver = Receiver::start();
    receiver.trust(mended["secret"].as_str().unwrap());
    scene.server.managed("PUT", &path(&scene.server, &broken), &json!({"url": receiver.url()}));
    receiver.wait_for_event(&first);
}

#[test]
fn a_hook_whose_headers_are_damaged_waits_until_they_are_set_again() {
    let mut scene = Scene::start();
    let headers = json!({"headers": {"Authorization": "Bearer abc"}});
    scene.server.managed("PUT", &path(&scene.server, &scene.hook), &headers);
    let id = scene.send_message();
    assert_eq!(scene.receiver.wait_for_event(&id).header("authorization"), "Bearer abc");
    scene.server.stop();
    damage(scene.server.folder(), &scene.hook.id, "headers");
    scene.server.restart();
    let id = scene.send_message();
    let hook = shown(&scene.server, &scene.hook);
    assert_eq!((&hook["status"], &hook["headers"]), (&json!("unreadable"), &json!({})));
    let masked = json!({"headers": {"Authorization": "********"}});
    let refused =
        scene.server.ask(&scene.server.manage("PUT", &path(&scene.server, &scene.hook)).body(masked.to_string()));
    assert_eq!(refused.status, 400, "what the mask stood for is lost");
    assert_eq!(scene.receiver.webhooks().len(), 1);
    let mended = scene.server.managed("PUT", &path(&scene.server, &scene.hook), &headers);
    assert_eq!((&mended["status"], &mended["secret"]), (&json!("active"), &json!(scene.hook.secret)));
    assert_eq!(scene.receiver.wait_for_event(&id).header("authorization"), "Bearer abc");
}
